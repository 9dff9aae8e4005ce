/// What the commands that read a store share: opening it, its graph, keys and a published model that fits it.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "command.h"
#include "kith/base/status.h"
#include "kith/graph/social_graph.h"
#include "kith/recommend/engine.h"
#include "kith/recommend/model.h"
#include "kith/storage/graph_store.h"

namespace kith::tools {

/// Warnings and errors of the library, to standard error.
[[nodiscard]] LogSink Warnings();

/// Ok, or what is wrong with the key that an option gives (kInvalidArgument, naming the option).
[[nodiscard]] Status CheckKeyOption(std::string_view option, std::string_view key);

/// The named store, opened read-only; never creates one.
[[nodiscard]] Result<std::unique_ptr<GraphStore>> OpenReadOnly(const Globals& globals);

/// The current model of a name, checked against the graph: kFailedPrecondition where it belongs to another store or to
/// a newer log.
[[nodiscard]] Result<std::shared_ptr<const Model>> LoadModel(GraphStore& store, std::string_view name,
                                                             const SocialGraph& graph);

/// The named store behind an engine that serves the model `name`; kNotFound where none is published.
[[nodiscard]] Result<std::unique_ptr<Engine>> OpenEngine(const Globals& globals, const std::string& name,
                                                         const Runtime& runtime);

/// kCancelled once SIGINT or SIGTERM came.
[[nodiscard]] Status CheckInterrupted();

}  // namespace kith::tools
