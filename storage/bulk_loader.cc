#include "bulk_loader.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "files.h"
#include "radix_sort.h"

namespace kith::storage {
namespace {

constexpr std::size_t kMostRows = std::numeric_limits<std::uint32_t>::max() / 2;

Status WriteKeys(const KeyIndex& keys, std::uint32_t first, SstOutput& ids_of_keys, SstOutput& keys_of_ids) {
  std::vector<std::pair<std::string_view, std::uint32_t>> sorted(keys.size());
  for (std::uint32_t i = 0; i < keys.size(); ++i) {
    sorted[i] = {keys.key(i), first + i};
    KITH_RETURN_IF_ERROR(keys_of_ids.Add(View(EncodeU32(first + i)), keys.key(i)));
  }
  std::sort(sorted.begin(), sorted.end());
  for (const auto& [key, id] : sorted) KITH_RETURN_IF_ERROR(ids_of_keys.Add(key, View(EncodeU32(id))));
  return OkStatus();
}

/// Removes the half-written files of a load that does not come to its end.
class LoadFolder {
 public:
  explicit LoadFolder(std::string path) : path_(std::move(path)) {}
  LoadFolder(const LoadFolder&) = delete;
  LoadFolder& operator=(const LoadFolder&) = delete;
  ~LoadFolder() { (void)RemoveAll(path_); }
  [[nodiscard]] Status Make() const {
    KITH_RETURN_IF_ERROR(RemoveAll(path_));
    return MakeFolder(path_);
  }

 private:
  std::string path_;
};

}  // namespace

Result<std::unique_ptr<BulkLoader>> GraphStoreImpl::NewBulkLoader() {
  const std::scoped_lock lock(mutex_);
  KITH_RETURN_IF_ERROR(CheckWritable());
  KITH_RETURN_IF_ERROR(LoadWriterKeys());
  return std::unique_ptr<BulkLoader>(std::make_unique<BulkLoaderImpl>(*this, counters_));
}

std::uint32_t BulkLoaderImpl::UserOf(std::string_view key) {
  const auto known = base_.users == 0 ? std::nullopt : store_.keys_->FindUser(key);
  return known ? index(*known) : base_.users + users_.FindOrAdd(key);
}

std::uint32_t BulkLoaderImpl::ItemOf(std::string_view key) {
  const auto known = base_.items == 0 ? std::nullopt : store_.keys_->FindItem(key);
  return known ? index(*known) : base_.items + items_.FindOrAdd(key);
}

Status BulkLoaderImpl::Add(const Event& event) {
  KITH_RETURN_IF_ERROR(ValidateEvent(event));
  if (event.op != Event::Op::kAdd) return BadInput("op: expected an add, found a removal; removals go through ingest");
  if (finished_) return FailedPrecondition("this load is finished; start another one");
  if (rows_.size() >= kMostRows || base_.users + std::uint64_t{users_.size()} >= kMostRows ||
      base_.items + std::uint64_t{items_.size()} >= kMostRows) {
    return FailedPrecondition("one load takes up to " + std::to_string(kMostRows) + " rows; split the import");
  }
  ++handed_over_;
  LoadRow row{.weight = event.weight, .time = event.time};
  if (!event.id.empty()) {
    const std::uint32_t ids = event_ids_.size();
    if (event_ids_.FindOrAdd(event.id) != ids) return OkStatus();  // the id is its identity: seen before
    row.id_and_relation = 2 * (ids + 1);
  }
  row.user = UserOf(event.user);
  if (event.relation == Relation::kTrusts) {
    row.id_and_relation |= 1U;
    row.target = UserOf(event.target);
  } else {
    row.target = ItemOf(event.target);
  }
  rows_.Add(row);
  return OkStatus();
}

Status BulkLoaderImpl::AddUser(std::string_view key) {
  KITH_RETURN_IF_ERROR(ValidateKey(key, "user key"));
  (void)UserOf(key);
  return OkStatus();
}

Status BulkLoaderImpl::NameItem(std::string_view key, std::string_view name) {
  KITH_RETURN_IF_ERROR(ValidateKey(key, "item key"));
  KITH_RETURN_IF_ERROR(ValidateKey(name, "item name"));
  names_[std::string(key)] = name;
  return OkStatus();
}

Status BulkLoaderImpl::DropKnownIds(std::vector<std::uint8_t>& dropped) const {
  if (event_ids_.size() == 0 || base_.last_sequence == 0) return OkStatus();
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    if (!rows_[i].has_id()) continue;
    KITH_ASSIGN_OR_RETURN(const auto known, store_.database_->Get(Family::kEventIds, event_ids_.key(rows_[i].id())));
    if (known) dropped[i] = 1;
  }
  return OkStatus();
}

std::uint64_t BulkLoaderImpl::Number(const std::vector<std::uint8_t>& dropped) {
  sequences_.resize(rows_.size());
  std::uint32_t sequence = 0;
  for (std::size_t i = 0; i < rows_.size(); ++i) sequences_[i] = dropped[i] != 0 ? 0 : ++sequence;
  return sequence;
}

Status BulkLoaderImpl::WriteEvents(const std::vector<std::uint8_t>& dropped, SstOutput& out) const {
  std::string bytes;
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    if (dropped[i] != 0) continue;
    const LoadRow& row = rows_[i];
    const std::string_view id = row.has_id() ? event_ids_.key(row.id()) : std::string_view();
    EncodeEvent({row.relation(), Event::Op::kAdd, row.user, row.target, row.weight, row.time, id}, bytes);
    KITH_RETURN_IF_ERROR(out.Add(View(EncodeU64(base_.last_sequence + sequences_[i])), bytes));
  }
  return out.Finish();
}

Status BulkLoaderImpl::WriteEventIds(const std::vector<std::uint8_t>& dropped, SstOutput& out) const {
  std::vector<std::pair<std::string_view, std::uint64_t>> sorted;
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    if (dropped[i] != 0 || !rows_[i].has_id()) continue;
    sorted.emplace_back(event_ids_.key(rows_[i].id()), base_.last_sequence + sequences_[i]);
  }
  std::sort(sorted.begin(), sorted.end());
  for (const auto& [id, sequence] : sorted) KITH_RETURN_IF_ERROR(out.Add(id, View(EncodeU64(sequence))));
  return out.Finish();
}

Status BulkLoaderImpl::WriteEdges(std::vector<Winner> winners, Relation relation, SstOutput& out) const {
  const auto write = [&](const Winner& winner, bool reversed) {
    const EdgeKey key{relation, winner.source, winner.target};
    const EdgeRecord edge{.weight = winner.weight,
                          .time = winner.time,
                          .order_time = winner.order_time,
                          .sequence = base_.last_sequence + winner.row};
    return out.Add(View(EncodeEdgeKey(reversed ? key.Reversed() : key)), View(EncodeEdge(edge)));
  };
  for (Winner& winner : winners) {
    winner.row = sequences_[winner.row];  // looked up once, in both directions then read in order
    KITH_RETURN_IF_ERROR(write(winner, /*reversed=*/false));
  }
  RadixSort(winners, [](const Winner& winner) { return std::uint64_t{winner.target}; });
  for (const Winner& winner : winners) KITH_RETURN_IF_ERROR(write(winner, /*reversed=*/true));
  return OkStatus();
}

Status BulkLoaderImpl::WriteNames(SstOutput& out) const {
  for (const auto& [key, name] : names_) KITH_RETURN_IF_ERROR(out.Add(key, name));
  return out.Finish();
}

Result<LoadReport> BulkLoaderImpl::Finish() {
  if (finished_) return FailedPrecondition("this load is finished; start another one");
  finished_ = true;
  const std::scoped_lock lock(store_.mutex_);
  KITH_RETURN_IF_ERROR(store_.CheckWritable());
  if (store_.counters_.users != base_.users || store_.counters_.items != base_.items ||
      store_.counters_.last_sequence != base_.last_sequence) {
    return FailedPrecondition("store \"" + store_.shown_ + "\" was written to while rows were collected; load again");
  }

  std::vector<std::uint8_t> dropped(rows_.size(), 0);
  KITH_RETURN_IF_ERROR(DropKnownIds(dropped));
  KITH_ASSIGN_OR_RETURN(Resolved interactions, ResolveRows(rows_, Relation::kInteracts, *store_.database_, dropped));
  KITH_ASSIGN_OR_RETURN(Resolved friendships, ResolveRows(rows_, Relation::kTrusts, *store_.database_, dropped));

  LoadReport report{.rows = handed_over_, .new_users = users_.size(), .new_items = items_.size()};
  report.stored = Number(dropped);
  report.repeats = report.rows - report.stored;
  if (report.stored == 0 && users_.size() == 0 && items_.size() == 0 && names_.empty()) return report;

  Counters next = base_;
  next.commit = store_.counters_.commit + 1;
  next.last_sequence += report.stored;
  next.users += users_.size();
  next.items += items_.size();
  next.interactions += interactions.new_live;
  next.friendships += friendships.new_live;

  const LoadFolder folder(LoadPath(store_.path_));
  KITH_RETURN_IF_ERROR(folder.Make());
  const auto output = [&](Family family) { return SstOutput(LoadPath(store_.path_), family); };
  SstOutput meta = output(Family::kMeta), events = output(Family::kEvents), edges = output(Family::kEdges);
  SstOutput user_ids = output(Family::kUserIds), user_keys = output(Family::kUserKeys);
  SstOutput item_ids = output(Family::kItemIds), item_keys = output(Family::kItemKeys);
  SstOutput names = output(Family::kItemNames), event_ids = output(Family::kEventIds);

  KITH_RETURN_IF_ERROR(WriteEvents(dropped, events));
  KITH_RETURN_IF_ERROR(WriteEventIds(dropped, event_ids));
  // In the order of the key space: each relation forward, then reversed.
  KITH_RETURN_IF_ERROR(WriteEdges(std::move(interactions.winners), Relation::kInteracts, edges));
  KITH_RETURN_IF_ERROR(WriteEdges(std::move(friendships.winners), Relation::kTrusts, edges));
  KITH_RETURN_IF_ERROR(edges.Finish());
  KITH_RETURN_IF_ERROR(WriteKeys(users_, base_.users, user_ids, user_keys));
  KITH_RETURN_IF_ERROR(WriteKeys(items_, base_.items, item_ids, item_keys));
  KITH_RETURN_IF_ERROR(WriteNames(names));
  KITH_RETURN_IF_ERROR(meta.Add(kMetaCounters, View(EncodeCounters(next))));
  const std::vector<SstOutput*> outputs = {&meta,     &events,    &edges, &user_ids, &user_keys,
                                           &item_ids, &item_keys, &names, &event_ids};
  for (SstOutput* out : outputs) KITH_RETURN_IF_ERROR(out->Finish());

  // Batches before this one may wait for their sync: files must not become durable before what they build on.
  if (const Status synced = store_.database_->SyncLog(); !synced.ok()) return store_.broken_ = synced;
  if (const Status taken = TakeOver(*store_.database_, outputs); !taken.ok()) return store_.broken_ = taken;
  if (const Status marked = store_.Acknowledge(next); !marked.ok()) return store_.broken_ = marked;
  store_.counters_ = next;
  for (std::uint32_t i = 0; i < users_.size(); ++i) store_.keys_->AddUser(users_.key(i));
  for (std::uint32_t i = 0; i < items_.size(); ++i) store_.keys_->AddItem(items_.key(i));
  return report;
}

}  // namespace kith::storage
