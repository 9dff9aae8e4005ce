#include "model_files.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <system_error>

#include "crc32c.h"
#include "files.h"

namespace kith::storage {
namespace {

using nlohmann::json;

constexpr const char *kJsonName = "model.json", *kTensorsName = "model.safetensors", *kChecksumsName = "checksums.json";

std::string ModelFolder(const std::string& folder, std::uint64_t number) {
  return folder + "/" + std::to_string(number);
}

std::string Hex(std::uint32_t value) {
  char text[9];
  std::snprintf(text, sizeof text, "%08x", value);
  return text;
}

json Checksum(std::string_view bytes) { return {{"bytes", bytes.size()}, {"crc32c", Hex(Crc32c(bytes))}}; }

Status Damaged(const std::string& path, std::string_view what) {
  return Corruption("model file " + path + " " + std::string(what) + "; publish the model again: kith train");
}

Result<std::string> ReadPart(const std::string& folder, const char* name, const json& files) {
  const std::string path = folder + "/" + name;
  Result<std::string> bytes = ReadFile(path);
  if (!bytes.ok() && bytes.status().code() == StatusCode::kNotFound) return Damaged(path, "is missing");
  if (bytes.ok() && files.value(name, json()) != Checksum(*bytes)) return Damaged(path, "differs from its checksum");
  return bytes;
}

}  // namespace

Status WriteModel(const std::string& folder, const StoredModel& model) {
  KITH_RETURN_IF_ERROR(MakeFolder(folder));
  KITH_RETURN_IF_ERROR(SyncFolder(ParentFolder(folder)));
  const std::string final_path = ModelFolder(folder, model.number), path = final_path + ".tmp";
  KITH_RETURN_IF_ERROR(RemoveAll(path));
  KITH_RETURN_IF_ERROR(MakeFolder(path));
  const json checksums = {
      {"number", model.number},
      {"name", model.name},
      {"files", {{kJsonName, Checksum(model.json)}, {kTensorsName, Checksum(model.tensors)}}},
  };
  KITH_RETURN_IF_ERROR(WriteFileSynced(path + "/" + kTensorsName, model.tensors));
  KITH_RETURN_IF_ERROR(WriteFileSynced(path + "/" + kJsonName, model.json));
  KITH_RETURN_IF_ERROR(WriteFileSynced(path + "/" + kChecksumsName, checksums.dump(1) + "\n"));
  KITH_RETURN_IF_ERROR(SyncFolder(path));
  KITH_RETURN_IF_ERROR(Rename(path, final_path));
  return SyncFolder(folder);
}

Result<StoredModel> ReadModel(const std::string& folder, std::uint64_t number, ModelParts parts) {
  const std::string path = ModelFolder(folder, number);
  const Result<std::string> text = ReadFile(path + "/" + kChecksumsName);
  if (!text.ok() && text.status().code() == StatusCode::kNotFound) {
    return Damaged(path + "/" + kChecksumsName, "is missing");
  }
  if (!text.ok()) return text.status();
  const json checksums = json::parse(*text, nullptr, /*allow_exceptions=*/false);
  if (!checksums.is_object() || checksums.value("number", json()) != number || !checksums.contains("name") ||
      !checksums["name"].is_string() || !checksums.contains("files") || !checksums["files"].is_object()) {
    return Damaged(path + "/" + kChecksumsName, "reads otherwise than expected");
  }
  StoredModel model{.number = number, .name = checksums["name"].get<std::string>(), .json = {}, .tensors = {}};
  KITH_ASSIGN_OR_RETURN(model.json, ReadPart(path, kJsonName, checksums["files"]));
  if (parts == ModelParts::kAll) {
    KITH_ASSIGN_OR_RETURN(model.tensors, ReadPart(path, kTensorsName, checksums["files"]));
  }
  return model;
}

Result<std::vector<std::uint64_t>> ListModels(const std::string& folder) {
  std::vector<std::uint64_t> numbers;
  const auto names = ListFolder(folder);
  if (!names.ok() && names.status().code() == StatusCode::kNotFound) return numbers;
  if (!names.ok()) return names.status();
  for (const std::string& name : *names) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
    if (error == std::errc() && end == name.data() + name.size()) numbers.push_back(number);
  }
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

Status RemoveUnfinishedModels(const std::string& folder) {
  const auto names = ListFolder(folder);
  if (!names.ok() && names.status().code() == StatusCode::kNotFound) return OkStatus();
  if (!names.ok()) return names.status();
  for (const std::string& name : *names) {
    if (name.ends_with(".tmp")) KITH_RETURN_IF_ERROR(RemoveAll(folder + "/" + name));
  }
  return OkStatus();
}

std::string EncodeHistory(const ModelHistory& history) {
  return json({{"published", history.published}, {"active", history.active}}).dump();
}

Result<ModelHistory> DecodeHistory(std::string_view text) {
  const json parsed = json::parse(text, nullptr, /*allow_exceptions=*/false);
  ModelHistory history;
  for (const auto& [name, numbers] :
       {std::pair("published", &history.published), std::pair("active", &history.active)}) {
    if (!parsed.is_object() || !parsed.contains(name) || !parsed[name].is_array()) {
      return Corruption("the history of a model reads otherwise than expected; publish it again: kith train");
    }
    for (const json& number : parsed[name]) {
      if (!number.is_number_unsigned()) return Corruption("the history of a model holds something else than numbers");
      numbers->push_back(number.get<std::uint64_t>());
    }
  }
  return history;
}

}  // namespace kith::storage
