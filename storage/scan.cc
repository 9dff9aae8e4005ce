#include "graph_store_impl.h"

namespace kith::storage {
namespace {

/// Calls visit(id, bytes) for the dense ids 0, 1, ... of a family; they must run without holes up to `count`.
template <class Visit>
Status ScanDense(const Database& database, const SnapshotHandle* snapshot, Family family, std::uint32_t count,
                 Visit visit) {
  std::uint32_t expected = 0;
  const auto rows = database.Scan(family, snapshot);
  for (rows->SeekToFirst(); rows->Valid() && expected < count; rows->Next(), ++expected) {
    if (DecodeU32(ToView(rows->key())) != expected) break;
    visit(expected, ToView(rows->value()));
  }
  KITH_RETURN_IF_ERROR(database.ScanStatus(*rows, family));
  if (expected == count) return OkStatus();
  return Corruption("reading " + std::string(Name(family)) + " in " + database.path() + ": expected ids 0.." +
                    std::to_string(count) + ", found a hole at " + std::to_string(expected) + "; restore the store");
}

}  // namespace

Result<KeyTable> GraphStoreImpl::ReadKeys(const SnapshotHandle* snapshot, const Counters& counters) const {
  KeyTable keys;
  KITH_RETURN_IF_ERROR(ScanDense(*database_, snapshot, Family::kUserKeys, counters.users,
                                 [&](std::uint32_t, std::string_view key) { keys.AddUser(key); }));
  KITH_RETURN_IF_ERROR(ScanDense(*database_, snapshot, Family::kItemKeys, counters.items,
                                 [&](std::uint32_t, std::string_view key) { keys.AddItem(key); }));
  if (keys.num_users() != counters.users || keys.num_items() != counters.items) {
    return Corruption("reading keys in " + shown_ + ": a key has two ids; restore the store from a backup");
  }
  const auto names = database_->Scan(Family::kItemNames, snapshot);
  for (names->SeekToFirst(); names->Valid(); names->Next()) {
    keys.SetItemName(ToView(names->key()), ToView(names->value()));
  }
  KITH_RETURN_IF_ERROR(database_->ScanStatus(*names, Family::kItemNames));
  return keys;
}

Result<KeyTable> GraphStoreImpl::LoadKeys() const {
  const auto snapshot = database_->Snapshot();
  KITH_ASSIGN_OR_RETURN(const Counters counters, ReadCounters(snapshot.get()));
  return ReadKeys(snapshot.get(), counters);
}

Status GraphStoreImpl::ScanEvents(FunctionRef<Status(const StoredEvent&)> visit) const {
  const auto snapshot = database_->Snapshot();
  KITH_ASSIGN_OR_RETURN(const Counters counters, ReadCounters(snapshot.get()));
  KITH_ASSIGN_OR_RETURN(const KeyTable keys, ReadKeys(snapshot.get(), counters));
  const auto rows = database_->Scan(Family::kEvents, snapshot.get());
  std::uint64_t sequence = 0;
  for (rows->SeekToFirst(); rows->Valid(); rows->Next()) {
    ++sequence;
    const auto record = DecodeEvent(ToView(rows->value()));
    if (DecodeU64(ToView(rows->key())) != sequence || !record) {
      return Corruption("reading events in " + shown_ + ": event " + std::to_string(sequence) +
                        " is missing or damaged; restore the store from a backup");
    }
    const bool friendship = record->relation == Relation::kTrusts;
    if (record->user >= keys.num_users() || record->target >= (friendship ? keys.num_users() : keys.num_items())) {
      return Corruption("reading events in " + shown_ + ": event " + std::to_string(sequence) +
                        " names an id that is not there; restore the store from a backup");
    }
    StoredEvent stored;
    stored.sequence = sequence;
    stored.event.user = keys.user_key(UserId{record->user});
    stored.event.target = friendship ? keys.user_key(UserId{record->target}) : keys.item_key(ItemId{record->target});
    stored.event.relation = record->relation;
    stored.event.op = record->op;
    stored.event.weight = record->weight;
    stored.event.time = record->time;
    stored.event.id = record->id;
    KITH_RETURN_IF_ERROR(visit(stored));
  }
  KITH_RETURN_IF_ERROR(database_->ScanStatus(*rows, Family::kEvents));
  if (sequence == counters.last_sequence) return OkStatus();
  return Corruption("reading events in " + shown_ + ": expected " + std::to_string(counters.last_sequence) +
                    ", found " + std::to_string(sequence) + "; restore the store from a backup");
}

}  // namespace kith::storage
