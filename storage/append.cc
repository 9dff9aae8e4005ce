#include <cstring>
#include <limits>
#include <unordered_map>
#include <unordered_set>

#include "edge_rule.h"
#include "graph_store_impl.h"

namespace kith::storage {
namespace {

struct EdgeKeyHash {
  std::size_t operator()(const EdgeKey& key) const noexcept {
    const std::uint64_t ends = (std::uint64_t{key.source} << 32) | key.target;
    return static_cast<std::size_t>((ends ^ static_cast<std::uint64_t>(key.relation)) * 0x9E3779B97F4A7C15ULL >> 7);
  }
};

/// The ids that a batch gives to keys that the store does not know yet.  Views borrow from the caller's events.
class NewKeys {
 public:
  explicit NewKeys(std::uint32_t first) noexcept : first_(first) {}
  [[nodiscard]] std::uint32_t IdOf(std::string_view key) {
    const auto [found, added] = ids_.try_emplace(key, first_ + static_cast<std::uint32_t>(keys_.size()));
    if (added) keys_.push_back(key);
    return found->second;
  }
  [[nodiscard]] std::uint32_t first() const noexcept { return first_; }
  [[nodiscard]] std::span<const std::string_view> keys() const noexcept { return keys_; }

 private:
  std::uint32_t first_;
  std::unordered_map<std::string_view, std::uint32_t> ids_;
  std::vector<std::string_view> keys_;
};

/// The edges that a batch meets: as stored, then as the batch's events change them.
class MetEdges {
 public:
  explicit MetEdges(const Database& database) : database_(database) {}

  struct Entry {
    std::optional<EdgeRecord> edge;
    bool changed = false;
  };
  [[nodiscard]] Result<Entry*> Meet(const EdgeKey& key) {
    const auto [found, added] = entries_.try_emplace(key);
    if (!added) return &found->second;
    KITH_ASSIGN_OR_RETURN(const auto bytes, database_.Get(Family::kEdges, View(EncodeEdgeKey(key))));
    if (bytes) {
      found->second.edge = DecodeEdge(*bytes);
      if (!found->second.edge) return Corruption("reading edges in " + database_.path() + ": a record is damaged");
    }
    return &found->second;
  }
  void Put(Batch& batch) const {
    for (const auto& [key, entry] : entries_) {
      if (!entry.changed) continue;
      const EdgeBytes value = EncodeEdge(*entry.edge);
      database_.Put(batch, Family::kEdges, View(EncodeEdgeKey(key)), View(value));
      database_.Put(batch, Family::kEdges, View(EncodeEdgeKey(key.Reversed())), View(value));
    }
  }

 private:
  const Database& database_;
  std::unordered_map<EdgeKey, Entry, EdgeKeyHash> entries_;
};

void PutKeys(const Database& database, Batch& batch, const NewKeys& keys, Family ids_of_keys, Family keys_of_ids) {
  std::uint32_t id = keys.first();
  for (const std::string_view key : keys.keys()) {
    const Bytes4 bytes = EncodeU32(id++);
    database.Put(batch, ids_of_keys, key, View(bytes));
    database.Put(batch, keys_of_ids, View(bytes), key);
  }
}

bool SameToReaders(const std::optional<EdgeRecord>& a, const std::optional<EdgeRecord>& b) {
  if (IsLive(a) != IsLive(b)) return false;
  return !IsLive(a) || (a->weight == b->weight && a->time == b->time);
}

}  // namespace

Result<AppendResult> GraphStoreImpl::Append(std::span<const Event> events) {
  Result<AppendResult> appended = Append(events, Database::Durability::kSynced);
  // Where all events were known, some may be known from a batch that is not durable yet.
  if (appended.ok()) KITH_RETURN_IF_ERROR(Sync(appended->last_sequence));
  return appended;
}

Result<AppendResult> GraphStoreImpl::AppendUnsynced(std::span<const Event> events) {
  return Append(events, Database::Durability::kLogged);
}

Result<AppendResult> GraphStoreImpl::Append(std::span<const Event> events, Database::Durability durability) {
  for (std::size_t i = 0; i < events.size(); ++i) {
    if (const Status valid = ValidateEvent(events[i]); !valid.ok()) {
      return valid.WithContext("event " + std::to_string(i + 1) + " of " + std::to_string(events.size()));
    }
  }
  const std::scoped_lock lock(mutex_);
  KITH_RETURN_IF_ERROR(CheckWritable());
  KITH_RETURN_IF_ERROR(LoadWriterKeys());

  AppendResult result;
  Counters next = counters_;
  Batch batch;
  NewKeys users(counters_.users), items(counters_.items);
  MetEdges edges(*database_);
  std::unordered_set<std::string_view> ids;
  std::string bytes;
  const auto user_id = [&](std::string_view key) {
    const auto known = keys_->FindUser(key);
    return known ? index(*known) : users.IdOf(key);
  };
  const auto item_id = [&](std::string_view key) {
    const auto known = keys_->FindItem(key);
    return known ? index(*known) : items.IdOf(key);
  };

  for (const Event& event : events) {
    if (!event.id.empty()) {
      KITH_ASSIGN_OR_RETURN(const auto stored, database_->Get(Family::kEventIds, event.id));
      if (stored || !ids.insert(event.id).second) {
        ++result.known_ids;
        continue;
      }
    }
    const std::uint64_t sequence = ++next.last_sequence;
    EventRecord record{event.relation, event.op, user_id(event.user), 0, event.weight, event.time, event.id};
    record.target = event.relation == Relation::kTrusts ? user_id(event.target) : item_id(event.target);
    EncodeEvent(record, bytes);
    database_->Put(batch, Family::kEvents, View(EncodeU64(sequence)), bytes);
    if (!event.id.empty()) database_->Put(batch, Family::kEventIds, event.id, View(EncodeU64(sequence)));

    const EdgeKey key{record.relation, record.user, record.target};
    KITH_ASSIGN_OR_RETURN(MetEdges::Entry * met, edges.Meet(key));
    const std::optional<EdgeRecord> after = ApplyEvent(met->edge, record, sequence);
    if (!after) continue;
    std::uint64_t& live = record.relation == Relation::kTrusts ? next.friendships : next.interactions;
    live += (IsLive(after) ? 1U : 0U);
    live -= (IsLive(met->edge) ? 1U : 0U);
    if (!SameToReaders(met->edge, after)) {
      result.changes.push_back(
          {record.relation, {record.user, record.target, record.weight, record.time}, after->removed});
    }
    *met = {after, true};
  }

  result.stored = next.last_sequence - counters_.last_sequence;
  result.last_sequence = next.last_sequence;
  if (result.stored == 0) return result;
  constexpr std::size_t kMost = std::numeric_limits<std::uint32_t>::max();
  if (users.first() + users.keys().size() >= kMost || items.first() + items.keys().size() >= kMost) {
    return FailedPrecondition("store \"" + shown_ + "\" holds as many users or items as 32-bit ids can name");
  }
  next.users += static_cast<std::uint32_t>(users.keys().size());
  next.items += static_cast<std::uint32_t>(items.keys().size());
  edges.Put(batch);
  PutKeys(*database_, batch, users, Family::kUserIds, Family::kUserKeys);
  PutKeys(*database_, batch, items, Family::kItemIds, Family::kItemKeys);
  KITH_RETURN_IF_ERROR(Commit(batch, next, durability));

  for (const std::string_view key : users.keys()) {
    keys_->AddUser(key);
    result.new_users.emplace_back(key);
  }
  for (const std::string_view key : items.keys()) {
    keys_->AddItem(key);
    result.new_items.emplace_back(key);
  }
  return result;
}

}  // namespace kith::storage
