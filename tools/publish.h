/// Publishing a trained model: the store is locked for this moment only.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "kith/base/parallel.h"
#include "kith/base/status.h"
#include "kith/recommend/model.h"
#include "kith/storage/graph_store.h"

namespace kith::tools {

/// Ok, or what a published model may be called: 1-64 of [A-Za-z0-9._-].  Checked before hours of training.
[[nodiscard]] Status CheckModelName(std::string_view name);

/// Stores the model under `name` and makes it current.  Where another process writes to the store, waits up to
/// `patience` seconds for it.  Fails as GraphStore::Open and ModelStore::Publish do, and with kFailedPrecondition where
/// the store at `path` is no longer the one the model was trained on.
[[nodiscard]] Result<std::uint64_t> PublishModel(const std::string& path, std::string_view name, const Model& model,
                                                 double patience = 60);

/// Brings the store's snapshot file up to date where that pays, so that the next command opens at once.  A failure is a
/// warning: nothing but speed depends on the file.
void RefreshSnapshot(GraphStore& store, const Runtime& runtime);

}  // namespace kith::tools
