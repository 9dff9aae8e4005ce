#include <sys/random.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>
#include <vector>

#include "first_failure.h"
#include "graph_store_impl.h"
#include "kith/storage/graph_snapshot.h"

namespace kith::storage {
namespace {

/// An event after the snapshot costs about as much as so many edges read from the database: a file that is further
/// behind than this share of the graph is not worth using, and one that is half as far is written anew.
constexpr std::uint64_t kEdgesPerLateEvent = 32;
constexpr std::uint64_t kFewEvents = 256;
/// Rows are scanned in so many parts, unless they are few.
constexpr std::size_t kScanParts = 64, kLeastRowsPerPart = 1024;

Status DamagedEdges(const std::string& store) {
  return Corruption("reading edges in " + store + ": a record is damaged; restore the store from a backup");
}

/// Consecutive rows of a relation, as scanned.  Weights and times begin with the first that is not the default.
struct ScannedRows {
  std::vector<std::uint32_t> targets;
  std::vector<float> weights;
  std::vector<std::int64_t> times;

  void Add(std::uint32_t target, const EdgeRecord& edge) {
    Append(weights, edge.weight, 1.0F);
    Append(times, edge.time, kNoTime);
    targets.push_back(target);
  }

 private:
  template <class T>
  void Append(std::vector<T>& values, T value, T common) {
    if (values.empty() && value == common) return;
    if (values.empty()) values.assign(targets.size(), common);
    values.push_back(value);
  }
};

/// The live edges of a forward relation, straight into rows: the key space is in their order.
class RelationScan {
 public:
  RelationScan(const Database& database, const SnapshotHandle* view, const std::string& store, Relation relation,
               std::uint32_t rows, std::uint32_t targets)
      : database_(database),
        view_(view),
        store_(store),
        relation_(relation),
        rows_(rows),
        targets_(targets),
        per_part_(std::max(kLeastRowsPerPart, (rows + kScanParts - 1) / kScanParts)),
        parts_((rows + per_part_ - 1) / per_part_),
        offsets_(std::size_t{rows} + 1) {}

  [[nodiscard]] std::size_t parts() const noexcept { return parts_.size(); }
  /// Parts may be scanned at once.
  [[nodiscard]] Status Scan(std::size_t part) {
    const std::size_t first = part * per_part_, end = std::min<std::size_t>(rows_, first + per_part_);
    const auto rows = database_.Scan(Family::kEdges, view_);
    const EdgeKeyBytes start = EncodeEdgeKey({relation_, static_cast<std::uint32_t>(first), 0});
    for (rows->Seek(ToSlice(View(start))); rows->Valid(); rows->Next()) {
      const auto key = DecodeEdgeKey(ToView(rows->key()));
      const auto edge = DecodeEdge(ToView(rows->value()));
      if (!key || !edge) return DamagedEdges(store_);
      if (key->relation != relation_ || (key->source >= end && end < rows_)) break;
      if (key->source >= rows_ || key->target >= targets_) return DamagedEdges(store_);
      if (edge->removed) continue;
      parts_[part].Add(key->target, *edge);
      ++offsets_[key->source + std::size_t{1}];
    }
    return database_.ScanStatus(*rows, Family::kEdges);
  }
  [[nodiscard]] Result<Csr> Take(const Runtime& runtime, std::uint64_t expected) {
    std::uint64_t edges = 0;
    std::vector<std::uint64_t> first;
    bool weighted = false, timed = false;
    for (const ScannedRows& part : parts_) {
      first.push_back(edges);
      edges += part.targets.size();
      weighted = weighted || !part.weights.empty();
      timed = timed || !part.times.empty();
    }
    if (edges != expected) {
      return Corruption("reading edges in " + store_ + ": expected " + std::to_string(expected) + ", found " +
                        std::to_string(edges) + "; restore the store from a backup");
    }
    for (std::size_t row = 0; row < rows_; ++row) offsets_[row + 1] += offsets_[row];
    auto targets = AlignedBuffer<std::uint32_t>::ForOverwrite(edges);
    auto weights = AlignedBuffer<float>::ForOverwrite(weighted ? edges : 0);
    auto times = AlignedBuffer<std::int64_t>::ForOverwrite(timed ? edges : 0);
    ParallelFor(runtime, parts_.size(), /*grain=*/1, [&](std::size_t begin, std::size_t end) {
      for (std::size_t p = begin; p < end; ++p) {
        const std::size_t n = parts_[p].targets.size();
        Copy(parts_[p].targets, n, std::uint32_t{0}, targets.data() + first[p]);
        if (weighted) Copy(parts_[p].weights, n, 1.0F, weights.data() + first[p]);
        if (timed) Copy(parts_[p].times, n, kNoTime, times.data() + first[p]);
        parts_[p] = {};
      }
    });
    return Csr(targets_, std::move(offsets_), std::move(targets), std::move(weights), std::move(times));
  }

 private:
  template <class T>
  static void Copy(const std::vector<T>& values, std::size_t n, T common, T* out) {
    if (values.empty()) {
      std::fill_n(out, n, common);
    } else {
      std::copy(values.begin(), values.end(), out);
    }
  }

  const Database& database_;
  const SnapshotHandle* view_;
  const std::string& store_;
  const Relation relation_;
  const std::uint32_t rows_, targets_;
  const std::size_t per_part_;
  std::vector<ScannedRows> parts_;
  AlignedBuffer<CsrOffset> offsets_;  ///< degrees until Take
};

/// The edges that the events after `sequence` are about, said forward, once each.
Result<std::vector<EdgeKey>> EdgesAfter(const Database& database, const SnapshotHandle* view, std::uint64_t sequence) {
  std::vector<EdgeKey> edges;
  const auto rows = database.Scan(Family::kEvents, view);
  for (rows->Seek(ToSlice(View(EncodeU64(sequence + 1)))); rows->Valid(); rows->Next()) {
    const auto event = DecodeEvent(ToView(rows->value()));
    if (!event) return Corruption("reading events in " + database.path() + ": a record is damaged");
    edges.push_back({event->relation, event->user, event->target});
  }
  KITH_RETURN_IF_ERROR(database.ScanStatus(*rows, Family::kEvents));
  std::sort(edges.begin(), edges.end());
  edges.erase(std::unique(edges.begin(), edges.end()), edges.end());
  return edges;
}

/// What the database says of these edges now.
Result<std::vector<EdgeChange>> StateOf(const Database& database, const SnapshotHandle* view,
                                        const std::vector<EdgeKey>& edges, const Counters& counters) {
  std::vector<EdgeChange> changes;
  changes.reserve(edges.size());
  const auto rows = database.Scan(Family::kEdges, view);
  for (const EdgeKey& key : edges) {
    const EdgeKeyBytes wanted = EncodeEdgeKey(key);
    rows->Seek(ToSlice(View(wanted)));
    const bool found = rows->Valid() && ToView(rows->key()) == View(wanted);
    const auto edge = found ? DecodeEdge(ToView(rows->value())) : std::nullopt;
    const std::uint32_t targets = key.relation == Relation::kTrusts ? counters.users : counters.items;
    if (!edge || key.source >= counters.users || key.target >= targets) return DamagedEdges(database.path());
    changes.push_back({key.relation, {key.source, key.target, edge->weight, edge->time}, edge->removed});
  }
  KITH_RETURN_IF_ERROR(database.ScanStatus(*rows, Family::kEdges));
  return changes;
}

Result<std::uint64_t> RandomStamp() {
  std::uint64_t stamp = 0;
  if (::getrandom(&stamp, sizeof stamp, 0) != static_cast<ssize_t>(sizeof stamp)) {
    return ErrnoStatus(errno, "drawing", "a stamp");
  }
  return stamp;
}

}  // namespace

Result<std::shared_ptr<const SocialGraph>> GraphStoreImpl::GraphFromEdges(const Runtime& runtime,
                                                                          const Counters& counters,
                                                                          const SnapshotHandle* view) const {
  RelationScan interacts(*database_, view, shown_, Relation::kInteracts, counters.users, counters.items);
  RelationScan trusts(*database_, view, shown_, Relation::kTrusts, counters.users, counters.users);
  KITH_RETURN_IF_ERROR(FirstFailure(runtime, interacts.parts() + trusts.parts(), [&](std::size_t part) {
    return part < interacts.parts() ? interacts.Scan(part) : trusts.Scan(part - interacts.parts());
  }));
  KITH_ASSIGN_OR_RETURN(Csr interactions, interacts.Take(runtime, counters.interactions));
  KITH_ASSIGN_OR_RETURN(Csr friendships, trusts.Take(runtime, counters.friendships));
  return SocialGraph::Build(runtime, std::move(interactions), std::move(friendships), identity_.store_id,
                            counters.last_sequence);
}

Result<std::unique_ptr<SnapshotFile>> GraphStoreImpl::OpenSnapshot(const Counters& counters,
                                                                   const SnapshotHandle* view) const {
  KITH_ASSIGN_OR_RETURN(const auto setting, database_->Get(Family::kSettings, kSnapshotSetting, view));
  if (!setting) return std::unique_ptr<SnapshotFile>();
  const std::optional<SnapshotName> name = DecodeSnapshotName(*setting);
  if (!name) return Corruption("the setting " + std::string(kSnapshotSetting) + " reads otherwise than expected");
  Result<SnapshotFile> file = SnapshotFile::Open(SnapshotPath(path_));
  if (!file.ok() && file.status().code() == StatusCode::kNotFound) return std::unique_ptr<SnapshotFile>();
  if (!file.ok()) return file.status();
  const SnapshotHead& head = file->head();
  const bool ours = head.store_id == identity_.store_id && SnapshotName{head.log_sequence, head.stamp} == *name &&
                    head.log_sequence <= counters.last_sequence && head.users <= counters.users &&
                    head.items <= counters.items;
  return ours ? std::make_unique<SnapshotFile>(std::move(*file)) : std::unique_ptr<SnapshotFile>();
}

Result<std::shared_ptr<const SocialGraph>> GraphStoreImpl::GraphFromSnapshot(const Runtime& runtime,
                                                                             const Counters& counters,
                                                                             const SnapshotHandle* view) const {
  KITH_ASSIGN_OR_RETURN(const auto file, OpenSnapshot(counters, view));
  if (!file) return std::shared_ptr<const SocialGraph>();
  const std::uint64_t late = counters.last_sequence - file->head().log_sequence;
  if (late > kFewEvents && late * kEdgesPerLateEvent > counters.interactions + counters.friendships) {
    return std::shared_ptr<const SocialGraph>();
  }
  KITH_ASSIGN_OR_RETURN(std::shared_ptr<const SocialGraph> graph, file->Read(runtime));
  KITH_ASSIGN_OR_RETURN(const auto edges, EdgesAfter(*database_, view, file->head().log_sequence));
  KITH_ASSIGN_OR_RETURN(const auto changes, StateOf(*database_, view, edges, counters));
  graph = graph->WithEdges(changes, counters.users, counters.items, counters.last_sequence);
  if (graph->num_interactions() != counters.interactions || graph->num_friendships() != counters.friendships) {
    return Corruption("graph snapshot: with the events after it, it has " + std::to_string(graph->num_interactions()) +
                      " interactions and " + std::to_string(graph->num_friendships()) + " friendships, expected " +
                      std::to_string(counters.interactions) + " and " + std::to_string(counters.friendships));
  }
  // News in many rows cost every reader a look aside: folded in once, they cost nothing.
  return graph->overlay_rows() > graph->num_nodes() / 64 ? graph->Compact(runtime) : graph;
}

Result<std::shared_ptr<const SocialGraph>> GraphStoreImpl::LoadGraph(const Runtime& runtime) const {
  const auto view = database_->Snapshot();
  KITH_ASSIGN_OR_RETURN(const Counters counters, ReadCounters(view.get()));
  auto graph = GraphFromSnapshot(runtime, counters, view.get());
  if (graph.ok() && *graph) return graph;
  if (!graph.ok()) {
    Log(log_, LogLevel::kWarning,
        SnapshotPath(shown_) + " is left aside (" + graph.status().ToString() +
            "), the graph is built from the log; the next import, ingest or train writes the file anew");
  }
  return GraphFromEdges(runtime, counters, view.get());
}

Status GraphStoreImpl::RefreshSnapshot(const Runtime& runtime) {
  const std::scoped_lock one(refresh_mutex_);
  {
    const std::scoped_lock lock(mutex_);
    KITH_RETURN_IF_ERROR(CheckWritable());
  }
  {
    const auto view = database_->Snapshot();
    KITH_ASSIGN_OR_RETURN(const Counters counters, ReadCounters(view.get()));
    if (counters.last_sequence == 0) return OkStatus();
    const auto file = OpenSnapshot(counters, view.get());
    if (file.ok() && *file) {
      const std::uint64_t late = counters.last_sequence - (*file)->head().log_sequence;
      const bool near =
          late <= kFewEvents || 2 * late * kEdgesPerLateEvent <= counters.interactions + counters.friendships;
      if (near && (*file)->CheckSums(runtime).ok()) return OkStatus();
    }
  }
  KITH_ASSIGN_OR_RETURN(const auto graph, LoadGraph(runtime));
  KITH_ASSIGN_OR_RETURN(const std::uint64_t stamp, RandomStamp());
  KITH_RETURN_IF_ERROR(WriteGraphSnapshot(runtime, *graph, SnapshotPath(path_), stamp));
  // A power cut before this leaves a file that the log does not know, which counts as none.
  return PutSetting(kSnapshotSetting, View(EncodeSnapshotName({graph->log_sequence(), stamp})));
}

}  // namespace kith::storage
