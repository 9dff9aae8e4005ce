/// ModelStore: published models as named bytes, kept in the store's folder; the current one is named in RocksDB.
///
/// models/<number>/model.safetensors and model.json, written to a temporary folder, synced, renamed, and only then
/// named current: a crash leaves the old model or the new one, never half of one.  Numbers grow and are never reused.
/// Bytes carry a CRC-32C each in model.json's sibling `checksums.json`, checked when read.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kith/base/status.h"
#include "kith/storage/graph_store.h"

namespace kith {

struct StoredModel {
  std::uint64_t number = 0;
  std::string name;     ///< "default" unless `--name` said otherwise
  std::string json;     ///< model.json
  std::string tensors;  ///< model.safetensors; empty in listings
};

struct ModelEntry {
  std::uint64_t number = 0;
  std::string name;
  std::string json;
  bool current = false;  ///< the newest published (and not rolled back) of its name
};

class ModelStore {
 public:
  /// Borrows the store; publishing needs one opened for writing.
  explicit ModelStore(GraphStore& store) : store_(store) {}

  /// Returns the new model's number.  Names: 1-64 of [A-Za-z0-9._-].
  [[nodiscard]] Result<std::uint64_t> Publish(std::string_view name, std::string_view json, std::string_view tensors);
  /// The current model of `name`; kNotFound says to run `kith train`.
  [[nodiscard]] Result<StoredModel> Load(std::string_view name) const;
  /// Ascending by number.
  [[nodiscard]] Result<std::vector<ModelEntry>> List() const;
  /// Makes the one before the current one of `name` current again; kFailedPrecondition where there is none.
  [[nodiscard]] Result<std::uint64_t> Rollback(std::string_view name);

 private:
  GraphStore& store_;
};

}  // namespace kith
