#include "kith/storage/model_store.h"

#include <algorithm>
#include <map>

#include "model_files.h"
#include "store_folder.h"
#include "store_format.h"

namespace kith {
namespace {

using storage::ModelHistory;

std::string SettingName(std::string_view name) { return std::string(storage::kModelSettingPrefix).append(name); }

Status CheckName(std::string_view name) {
  constexpr std::string_view kAllowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
  if (!name.empty() && name.size() <= 64 && name.find_first_not_of(kAllowed) == std::string_view::npos) {
    return OkStatus();
  }
  return InvalidArgument("model name: expected 1 to 64 of A-Z a-z 0-9 . _ -, found \"" + std::string(name) + "\"");
}

/// Empty where nothing was published under the name.
Result<ModelHistory> ReadHistory(const GraphStore& store, std::string_view name) {
  KITH_ASSIGN_OR_RETURN(const auto text, store.GetSetting(SettingName(name)));
  if (!text) return ModelHistory();
  return storage::DecodeHistory(*text);
}

Status NoModel(const GraphStore& store, std::string_view name) {
  const std::string use = name == "default" ? "" : " --name " + std::string(name);
  const std::string what = name == "default" ? "no published model" : "no model \"" + std::string(name) + "\"";
  return NotFound("store \"" + store.path() + "\" has " + what + "; run: kith train --store " + store.path() + use);
}

}  // namespace

Result<std::uint64_t> ModelStore::Publish(std::string_view name, std::string_view json, std::string_view tensors) {
  KITH_RETURN_IF_ERROR(CheckName(name));
  KITH_ASSIGN_OR_RETURN(ModelHistory history, ReadHistory(store_, name));
  const std::string folder = storage::ModelsPath(store_.path());
  KITH_ASSIGN_OR_RETURN(const std::vector<std::uint64_t> there, storage::ListModels(folder));
  KITH_ASSIGN_OR_RETURN(const auto last, store_.GetSetting(storage::kModelNumberSetting));
  const std::uint64_t given = last ? storage::DecodeU64(*last).value_or(0) : 0;
  const std::uint64_t number = std::max(given, there.empty() ? 0 : there.back()) + 1;
  // The number is taken before any file is written: it is never given twice, and a reader's store is refused here.
  KITH_RETURN_IF_ERROR(store_.PutSetting(storage::kModelNumberSetting, storage::View(storage::EncodeU64(number))));
  const StoredModel model{number, std::string(name), std::string(json), std::string(tensors)};
  KITH_RETURN_IF_ERROR(storage::WriteModel(folder, model));
  history.published.push_back(number);
  history.active.push_back(number);
  KITH_RETURN_IF_ERROR(store_.PutSetting(SettingName(name), storage::EncodeHistory(history)));
  return number;
}

Result<StoredModel> ModelStore::Load(std::string_view name) const {
  KITH_RETURN_IF_ERROR(CheckName(name));
  KITH_ASSIGN_OR_RETURN(const ModelHistory history, ReadHistory(store_, name));
  if (history.active.empty()) return NoModel(store_, name);
  const std::string folder = storage::ModelsPath(store_.path());
  KITH_ASSIGN_OR_RETURN(StoredModel model,
                        storage::ReadModel(folder, history.active.back(), storage::ModelParts::kAll));
  if (model.name == name) return model;
  return Corruption("model " + std::to_string(model.number) + " of store \"" + store_.path() + "\" is named \"" +
                    model.name + "\", expected \"" + std::string(name) + "\"; publish it again: kith train");
}

Result<std::vector<ModelEntry>> ModelStore::List() const {
  const std::string folder = storage::ModelsPath(store_.path());
  KITH_ASSIGN_OR_RETURN(const std::vector<std::uint64_t> there, storage::ListModels(folder));
  std::map<std::string, ModelHistory> histories;
  std::vector<ModelEntry> entries;
  for (const std::uint64_t number : there) {
    KITH_ASSIGN_OR_RETURN(StoredModel model, storage::ReadModel(folder, number, storage::ModelParts::kJson));
    const auto [found, added] = histories.try_emplace(model.name);
    if (added) {
      KITH_ASSIGN_OR_RETURN(found->second, ReadHistory(store_, model.name));
    }
    const ModelHistory& history = found->second;
    // A folder that no history names was written by a publish that did not come to its end.
    if (std::find(history.published.begin(), history.published.end(), number) == history.published.end()) continue;
    const bool current = !history.active.empty() && history.active.back() == number;
    entries.push_back({number, std::move(model.name), std::move(model.json), current});
  }
  return entries;
}

Result<std::uint64_t> ModelStore::Rollback(std::string_view name) {
  KITH_RETURN_IF_ERROR(CheckName(name));
  KITH_ASSIGN_OR_RETURN(ModelHistory history, ReadHistory(store_, name));
  if (history.active.empty()) return NoModel(store_, name);
  if (history.active.size() == 1) {
    return FailedPrecondition("model \"" + std::string(name) + "\" of store \"" + store_.path() +
                              "\" has no earlier one to go back to; its only one is number " +
                              std::to_string(history.active.back()));
  }
  history.active.pop_back();
  KITH_RETURN_IF_ERROR(store_.PutSetting(SettingName(name), storage::EncodeHistory(history)));
  return history.active.back();
}

}  // namespace kith
