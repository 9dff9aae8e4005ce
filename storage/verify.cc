#include "verify.h"

#include <array>
#include <optional>
#include <utility>

#include "acknowledged.h"
#include "graph_store_impl.h"
#include "key_index.h"
#include "model_files.h"
#include "store_folder.h"
#include "verify_edges.h"

namespace kith::storage {

Result<VerifyReport> GraphStoreImpl::Verify(const Runtime& runtime) const {
  const auto view = database_->Snapshot();
  Result<std::shared_ptr<const SocialGraph>> snapshot = std::shared_ptr<const SocialGraph>();
  if (const auto counters = ReadCounters(view.get()); counters.ok()) {
    const auto file = OpenSnapshot(*counters, view.get());
    // A newer build's file is no damage; this one does without.
    if (!file.ok() && file.status().code() != StatusCode::kFailedPrecondition) snapshot = file.status();
    if (file.ok() && *file) snapshot = (*file)->Read(runtime);
  }
  return Verifier(runtime, *database_, *view, path_).Run(snapshot);
}

template <class Visit>
void Verifier::Scan(Family family, Findings& findings, Visit visit) const {
  const auto rows = database_.Scan(family, &view_);
  for (rows->SeekToFirst(); rows->Valid(); rows->Next()) {
    if (std::string wrong = visit(ToView(rows->key()), ToView(rows->value())); !wrong.empty()) {
      findings.Add(std::string(Name(family)) + ": " + std::move(wrong));
    }
  }
  if (const Status read = database_.ScanStatus(*rows, family); !read.ok()) findings.Add(read.ToString());
}

VerifyReport Verifier::Run(const Result<std::shared_ptr<const SocialGraph>>& snapshot) {
  VerifyReport report;
  std::array<Findings, 9> found;
  CheckMeta(found[0]);
  if (!snapshot.ok()) {
    found[5].Add(std::string(snapshot.status().message()) + " (a copy of the log, which loading does without: delete " +
                 SnapshotPath(store_) + ")");
  }
  EdgeVerifier edges(runtime_, database_, view_, counters_, snapshot.ok() ? snapshot->get() : nullptr);
  const EdgeVerifier::Counts counts = edges.Run(found[4]);
  const auto check = [&](std::size_t part) {
    switch (part) {
      case 0:
        return CheckFiles(found[8]);
      case 1:
        return CheckKeys(Family::kUserIds, Family::kUserKeys, counters_.users, found[1]);
      case 2:
        return CheckKeys(Family::kItemIds, Family::kItemKeys, counters_.items, found[2]);
      case 3:
        return CheckNames(found[3]);
      case 4:
        return CheckEventIds(counts.events_with_id, found[6]);
      default:
        return CheckModels(found[7], report.models);
    }
  };
  ParallelFor(runtime_, 6, /*grain=*/1, [&](std::size_t begin, std::size_t end) {
    for (std::size_t part = begin; part < end; ++part) check(part);
  });
  report.events = counts.events;
  report.edges = counts.interactions + counts.friendships;
  report.users = counters_.users;
  report.items = counters_.items;
  Findings all;
  for (Findings& part : found) all.Add(std::move(part));
  report.violations = std::move(all).Take();
  return report;
}

void Verifier::CheckMeta(Findings& findings) {
  int known = 0;
  Scan(Family::kMeta, findings, [&](std::string_view key, std::string_view value) -> std::string {
    if (key == kMetaFormat && DecodeU32(value) == kFormatVersion) return ++known, "";
    if (key == kMetaStoreId && value.size() == 16) return ++known, "";
    const auto counters = key == kMetaCounters ? DecodeCounters(value) : std::nullopt;
    if (!counters) return "unexpected record \"" + std::string(key) + "\"";
    counters_ = *counters;
    return ++known, "";
  });
  if (known != 3)
    findings.Add("meta: expected format, store_id and counters, found " + std::to_string(known) + " of them");
  const Result<Mark> mark = ReadMark(MarkPath(store_));
  if (!mark.ok()) return findings.Add(mark.status().ToString());
  // A writer beside this object may have moved the mark since; only a mark behind ours tells nothing.
  if (mark->commit == counters_.commit && mark->last_sequence != counters_.last_sequence) {
    findings.Add("ACKNOWLEDGED: commit " + std::to_string(mark->commit) + " stands at event " +
                 std::to_string(mark->last_sequence) + " there and at " + std::to_string(counters_.last_sequence) +
                 " in the counters");
  }
}

void Verifier::CheckKeys(Family ids_of_keys, Family keys_of_ids, std::uint32_t count, Findings& findings) const {
  KeyIndex keys;
  std::uint32_t expected = 0;
  Scan(keys_of_ids, findings, [&](std::string_view id, std::string_view key) -> std::string {
    const auto found = DecodeU32(id);
    if (found != expected) return "expected id " + std::to_string(expected) + ", found another";
    if (const Status valid = ValidateKey(key, "key"); !valid.ok()) return valid.ToString();
    if (keys.FindOrAdd(key) != expected++) return "key \"" + std::string(key) + "\" has two ids";
    return "";
  });
  if (expected != count) {
    findings.Add(std::string(Name(keys_of_ids)) + ": expected " + std::to_string(count) + " keys, found " +
                 std::to_string(expected));
  }
  std::uint32_t back = 0;
  Scan(ids_of_keys, findings, [&](std::string_view key, std::string_view id) -> std::string {
    ++back;
    const auto found = DecodeU32(id);
    if (found && keys.Find(key) == found) return "";
    return "key \"" + std::string(key) + "\" leads to another id than it comes from";
  });
  if (back != count) {
    findings.Add(std::string(Name(ids_of_keys)) + ": expected " + std::to_string(count) + " keys, found " +
                 std::to_string(back));
  }
}

void Verifier::CheckNames(Findings& findings) const {
  Scan(Family::kItemNames, findings, [&](std::string_view key, std::string_view name) -> std::string {
    if (!ValidateKey(key, "item key").ok()) return "a name belongs to what cannot be an item's key";
    return name.empty() ? "item \"" + std::string(key) + "\" has an empty name" : "";
  });
}

void Verifier::CheckEventIds(std::uint64_t events_with_id, Findings& findings) const {
  // Every event with an id was looked up above; as many ids as such events means that none is left over.
  std::uint64_t ids = 0;
  Scan(Family::kEventIds, findings, [&](std::string_view, std::string_view) { return ++ids, std::string(); });
  if (ids != events_with_id) {
    findings.Add("event_ids: expected " + std::to_string(events_with_id) + ", found " + std::to_string(ids));
  }
}

void Verifier::CheckModels(Findings& findings, std::uint64_t& models) const {
  Scan(Family::kSettings, findings, [&](std::string_view name, std::string_view value) -> std::string {
    if (!name.starts_with(kModelSettingPrefix)) return "";
    const Result<ModelHistory> history = DecodeHistory(value);
    if (!history.ok()) return std::string(name) + ": " + history.status().ToString();
    for (const std::uint64_t number : history->published) {
      const Result<StoredModel> model = ReadModel(ModelsPath(store_), number, ModelParts::kAll);
      if (!model.ok()) {
        findings.Add(model.status().ToString());
      } else if (model->name != name.substr(kModelSettingPrefix.size())) {
        findings.Add("model " + std::to_string(number) + " is named \"" + model->name + "\", published as " +
                     std::string(name));
      } else {
        ++models;
      }
    }
    return "";
  });
}

void Verifier::CheckFiles(Findings& findings) const {
  rocksdb::ReadOptions options;
  options.readahead_size = 2 << 20;
  const Status checked =
      FromRocks(database_.rocks().VerifyChecksum(options), "checking the files of", database_.path());
  if (!checked.ok()) findings.Add(checked.ToString());
}

}  // namespace kith::storage
