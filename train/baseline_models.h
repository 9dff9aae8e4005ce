/// Closed-form baselines: models of one evidence each, with the settings that their papers leave open chosen on a
/// validation part, as the default model's are.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "kith/base/log.h"
#include "kith/base/parallel.h"
#include "kith/base/status.h"
#include "kith/graph/social_graph.h"
#include "kith/recommend/model.h"

namespace kith {

struct BaselineOptions {
  std::uint32_t width = 128;
  std::uint64_t seed = 1;
  std::uint64_t memory_limit = 0;               ///< bytes; 0: what kMostEaseBytes says
  std::function<bool()> stop = {};              ///< after a true the status is kCancelled
  std::function<Status(Model&)> spectral = {};  ///< adds the spectral kernel, as the default model has it
  LogSink log = {};
};

/// Fails: kFailedPrecondition where the method's cost is beyond the graph (says what it needs and what to choose
/// instead), kOutOfMemory where its matrix does not fit options.memory_limit, kCancelled.
[[nodiscard]] Result<std::shared_ptr<const Model>> MakeBaseline(const Runtime& runtime, const SocialGraph& graph,
                                                                const std::string& architecture,
                                                                const BaselineOptions& options);

}  // namespace kith
