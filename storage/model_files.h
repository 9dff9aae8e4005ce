/// The files of published models.  models/<number>/ holds model.json, model.safetensors and checksums.json:
///   {"number":3,"name":"default","files":{"model.json":{"bytes":120,"crc32c":"e3069283"},"model.safetensors":{...}}}
/// A folder is built as models/<number>.tmp, synced and renamed; it never changes afterwards.
/// Which models are published, and which one is current, stands in the store's settings (model_store.cc).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "kith/base/status.h"
#include "kith/storage/model_store.h"

namespace kith::storage {

enum class ModelParts : std::uint8_t { kJson, kAll };

/// Durable when it returns.  `folder` is models/, made where it is missing.
[[nodiscard]] Status WriteModel(const std::string& folder, const StoredModel& model);
/// Checked against its checksums.  Fails: kNotFound, kCorruption, kIoError.
[[nodiscard]] Result<StoredModel> ReadModel(const std::string& folder, std::uint64_t number, ModelParts parts);
/// The numbers of the folders there, ascending; none where `folder` is missing.
[[nodiscard]] Result<std::vector<std::uint64_t>> ListModels(const std::string& folder);
/// Deletes what a killed publish left behind.
[[nodiscard]] Status RemoveUnfinishedModels(const std::string& folder);

/// One name's history, kept as a setting: numbers ascend, `active` ends with the current one.
struct ModelHistory {
  std::vector<std::uint64_t> published;
  std::vector<std::uint64_t> active;  ///< published and not rolled back
};
inline constexpr std::string_view kModelSettingPrefix = "model/";
/// The setting that names the last number given out.
inline constexpr std::string_view kModelNumberSetting = "model_number";
[[nodiscard]] std::string EncodeHistory(const ModelHistory& history);
[[nodiscard]] Result<ModelHistory> DecodeHistory(std::string_view text);

}  // namespace kith::storage
