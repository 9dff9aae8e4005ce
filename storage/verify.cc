#include "verify.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "acknowledged.h"
#include "graph_store_impl.h"
#include "model_files.h"
#include "store_folder.h"

namespace kith::storage {
namespace {

constexpr std::size_t kMostViolations = 100;

std::string Describe(const EdgeKey& key) {
  constexpr std::array<const char*, kNumRelations> kNames = {"interacts", "interacted_by", "trusts", "trusted_by"};
  return std::string(kNames[static_cast<std::size_t>(key.relation)]) + " " + std::to_string(key.source) + " -> " +
         std::to_string(key.target);
}

}  // namespace

Result<VerifyReport> GraphStoreImpl::Verify(const Runtime&) const {
  const auto snapshot = database_->Snapshot();
  return Verifier(*database_, *snapshot, path_).Run();
}

void Verifier::Violation(std::string sentence) {
  if (report_.violations.size() < kMostViolations) report_.violations.push_back(std::move(sentence));
}

template <class Visit>
void Verifier::Scan(Family family, Visit visit) {
  const auto rows = database_.Scan(family, &snapshot_);
  for (rows->SeekToFirst(); rows->Valid(); rows->Next()) {
    if (std::string wrong = visit(ToView(rows->key()), ToView(rows->value())); !wrong.empty()) {
      Violation(std::string(Name(family)) + ": " + std::move(wrong));
    }
  }
  if (const Status read = database_.ScanStatus(*rows, family); !read.ok()) Violation(read.ToString());
}

VerifyReport Verifier::Run() {
  CheckMeta();
  CheckKeys(Family::kUserIds, Family::kUserKeys, counters_.users);
  CheckKeys(Family::kItemIds, Family::kItemKeys, counters_.items);
  CheckNames();
  CheckEvents();
  CheckEventIds();
  CheckEdges();
  CheckModels();
  CheckFiles();
  report_.users = counters_.users;
  report_.items = counters_.items;
  return std::move(report_);
}

void Verifier::CheckMeta() {
  int known = 0;
  Scan(Family::kMeta, [&](std::string_view key, std::string_view value) -> std::string {
    if (key == kMetaFormat && DecodeU32(value) == kFormatVersion) return ++known, "";
    if (key == kMetaStoreId && value.size() == 16) return ++known, "";
    const auto counters = key == kMetaCounters ? DecodeCounters(value) : std::nullopt;
    if (!counters) return "unexpected record \"" + std::string(key) + "\"";
    counters_ = *counters;
    return ++known, "";
  });
  if (known != 3)
    Violation("meta: expected format, store_id and counters, found " + std::to_string(known) + " of them");
  const Result<Mark> mark = ReadMark(MarkPath(store_));
  if (!mark.ok()) return Violation(mark.status().ToString());
  // A writer beside this object may have moved the mark since; only a mark behind ours tells nothing.
  if (mark->commit == counters_.commit && mark->last_sequence != counters_.last_sequence) {
    Violation("ACKNOWLEDGED: commit " + std::to_string(mark->commit) + " stands at event " +
              std::to_string(mark->last_sequence) + " there and at " + std::to_string(counters_.last_sequence) +
              " in the counters");
  }
}

void Verifier::CheckKeys(Family ids_of_keys, Family keys_of_ids, std::uint32_t count) {
  KeyIndex keys;
  std::uint32_t expected = 0;
  Scan(keys_of_ids, [&](std::string_view id, std::string_view key) -> std::string {
    const auto found = DecodeU32(id);
    if (found != expected) return "expected id " + std::to_string(expected) + ", found another";
    if (const Status valid = ValidateKey(key, "key"); !valid.ok()) return valid.ToString();
    if (keys.FindOrAdd(key) != expected++) return "key \"" + std::string(key) + "\" has two ids";
    return "";
  });
  if (expected != count) {
    Violation(std::string(Name(keys_of_ids)) + ": expected " + std::to_string(count) + " keys, found " +
              std::to_string(expected));
  }
  std::uint32_t back = 0;
  Scan(ids_of_keys, [&](std::string_view key, std::string_view id) -> std::string {
    ++back;
    const auto found = DecodeU32(id);
    if (found && keys.Find(key) == found) return "";
    return "key \"" + std::string(key) + "\" leads to another id than it comes from";
  });
  if (back != count) {
    Violation(std::string(Name(ids_of_keys)) + ": expected " + std::to_string(count) + " keys, found " +
              std::to_string(back));
  }
}

void Verifier::CheckNames() {
  Scan(Family::kItemNames, [&](std::string_view key, std::string_view name) -> std::string {
    if (!ValidateKey(key, "item key").ok()) return "a name belongs to what cannot be an item's key";
    return name.empty() ? "item \"" + std::string(key) + "\" has an empty name" : "";
  });
}

void Verifier::CheckEvents() {
  std::uint64_t expected = 0;
  Scan(Family::kEvents, [&](std::string_view key, std::string_view value) -> std::string {
    const auto sequence = DecodeU64(key);
    ++expected;
    if (!sequence) return "a key of " + std::to_string(key.size()) + " bytes, expected 8";
    if (*sequence != expected) {
      return "expected event " + std::to_string(std::exchange(expected, *sequence)) + ", found event " +
             std::to_string(*sequence);
    }
    const auto event = DecodeEvent(value);
    if (!event) return "event " + std::to_string(*sequence) + " is damaged";
    const bool friendship = event->relation == Relation::kTrusts;
    if (event->user >= counters_.users || event->target >= (friendship ? counters_.users : counters_.items)) {
      return "event " + std::to_string(*sequence) + " names an id that is not there";
    }
    if (friendship && event->user == event->target) {
      return "event " + std::to_string(*sequence) + " is a friendship with oneself";
    }
    ++report_.events;
    events_.push_back({{event->relation, event->user, event->target},
                       *sequence,
                       event->time,
                       event->weight,
                       event->op == Event::Op::kRemove});
    if (event->id.empty()) return "";
    ++events_with_id_;
    const auto stored = database_.Get(Family::kEventIds, event->id, &snapshot_);
    if (stored.ok() && *stored && DecodeU64(**stored) == *sequence) return "";
    return "the id \"" + std::string(event->id) + "\" of event " + std::to_string(*sequence) + " leads elsewhere";
  });
  if (expected != counters_.last_sequence) {
    Violation("events: the counters say " + std::to_string(counters_.last_sequence) + ", the log ends at " +
              std::to_string(expected));
  }
}

void Verifier::CheckEventIds() {
  // Every event with an id was looked up above; as many ids as such events means that none is left over.
  std::uint64_t ids = 0;
  Scan(Family::kEventIds, [&](std::string_view, std::string_view) { return ++ids, std::string(); });
  if (ids != events_with_id_) {
    Violation("event_ids: expected " + std::to_string(events_with_id_) + ", found " + std::to_string(ids));
  }
}

std::vector<Verifier::ExpectedEdge> Verifier::Replay(std::vector<LoggedEvent> events) {
  std::sort(events.begin(), events.end(),
            [](const auto& a, const auto& b) { return std::pair(a.key, a.sequence) < std::pair(b.key, b.sequence); });
  std::vector<ExpectedEdge> edges;
  for (std::size_t begin = 0, end = 0; begin < events.size(); begin = end) {
    while (end < events.size() && events[end].key == events[begin].key) ++end;
    // An event without a time stands at the latest time of the events before it; then the greatest (time, sequence)
    // wins.
    std::int64_t latest = kNoTime;
    std::pair<std::int64_t, std::size_t> winner = {kNoTime, begin};
    for (std::size_t i = begin; i < end; ++i) {
      const std::int64_t time = events[i].time == kNoTime ? latest : events[i].time;
      latest = std::max(latest, time);
      winner = std::max(winner, std::pair(time, i));
    }
    const LoggedEvent& won = events[winner.second];
    edges.push_back({won.key,
                     {.removed = won.removed,
                      .weight = won.weight,
                      .time = won.time,
                      .order_time = latest,
                      .sequence = won.sequence}});
  }
  const std::size_t forward = edges.size();
  for (std::size_t i = 0; i < forward; ++i) edges.push_back({edges[i].key.Reversed(), edges[i].edge});
  std::sort(edges.begin(), edges.end(), [](const auto& a, const auto& b) { return a.key < b.key; });
  return edges;
}

void Verifier::CheckEdges() {
  const std::vector<ExpectedEdge> expected = Replay(std::move(events_));
  auto next = expected.begin();
  std::uint64_t interactions = 0, friendships = 0;
  const auto missing = [&](const EdgeKey* before) {
    for (; next != expected.end() && (before == nullptr || next->key < *before); ++next) {
      Violation("edges: " + Describe(next->key) + " is missing");
    }
  };
  Scan(Family::kEdges, [&](std::string_view key_bytes, std::string_view value) -> std::string {
    const auto key = DecodeEdgeKey(key_bytes);
    if (!key) return "a key of no known relation";
    missing(&*key);
    if (next == expected.end() || next->key != *key) return Describe(*key) + " comes from no event";
    const auto edge = DecodeEdge(value);
    const EdgeRecord& right = (next++)->edge;
    if (!edge) return Describe(*key) + " is damaged";
    if (*edge != right) {
      return Describe(*key) + " differs from what its events add up to, event " + std::to_string(right.sequence);
    }
    if (edge->removed) return "";
    if (key->relation == Relation::kInteracts) ++interactions;
    if (key->relation == Relation::kTrusts) ++friendships;
    return "";
  });
  missing(nullptr);
  report_.edges = interactions + friendships;
  if (interactions != counters_.interactions || friendships != counters_.friendships) {
    Violation("edges: the counters say " + std::to_string(counters_.interactions) + " interactions and " +
              std::to_string(counters_.friendships) + " friendships, found " + std::to_string(interactions) + " and " +
              std::to_string(friendships));
  }
}

void Verifier::CheckModels() {
  Scan(Family::kSettings, [&](std::string_view name, std::string_view value) -> std::string {
    if (!name.starts_with(kModelSettingPrefix)) return "";
    const Result<ModelHistory> history = DecodeHistory(value);
    if (!history.ok()) return std::string(name) + ": " + history.status().ToString();
    for (const std::uint64_t number : history->published) {
      const Result<StoredModel> model = ReadModel(ModelsPath(store_), number, ModelParts::kAll);
      if (!model.ok()) {
        Violation(model.status().ToString());
      } else if (model->name != name.substr(kModelSettingPrefix.size())) {
        Violation("model " + std::to_string(number) + " is named \"" + model->name + "\", published as " +
                  std::string(name));
      } else {
        ++report_.models;
      }
    }
    return "";
  });
}

void Verifier::CheckFiles() {
  rocksdb::ReadOptions options;
  options.readahead_size = 2 << 20;
  const Status checked =
      FromRocks(database_.rocks().VerifyChecksum(options), "checking the files of", database_.path());
  if (!checked.ok()) Violation(checked.ToString());
}

}  // namespace kith::storage
