#include "kith/graph/social_graph.h"

#include <algorithm>
#include <atomic>
#include <cassert>
#include <cstring>
#include <limits>

namespace kith {
namespace {

constexpr std::size_t kRowGrain = 256;

constexpr std::size_t Place(Relation relation) noexcept { return static_cast<std::size_t>(relation); }

/// Puts `value` at `at`; an empty list stands for `size` times `common` and stays empty as long as that is true.
template <class T>
void InsertAt(std::vector<T>& values, std::size_t size, std::ptrdiff_t at, T value, T common) {
  if (values.empty() && value == common) return;
  if (values.empty()) values.assign(size, common);
  values.insert(values.begin() + at, value);
}

template <class T>
void AssignAt(std::vector<T>& values, std::size_t size, std::ptrdiff_t at, T value, T common) {
  if (values.empty() && value == common) return;
  if (values.empty()) values.assign(size, common);
  values[static_cast<std::size_t>(at)] = value;
}

template <class T>
void EraseAt(std::vector<T>& values, std::ptrdiff_t at) {
  if (!values.empty()) values.erase(values.begin() + at);
}

constexpr std::array<const char*, kNumRelations> kNames = {"interacts", "interacted by", "trusts", "trusted by"};

template <class T>
bool SameBits(std::span<const T> a, std::span<const T> b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size_bytes()) == 0);
}

bool SameBits(const Csr& a, const Csr& b) {
  return a.num_targets() == b.num_targets() && SameBits(a.offsets(), b.offsets()) &&
         SameBits(a.targets(), b.targets()) && SameBits(a.weights(), b.weights()) && SameBits(a.times(), b.times());
}

Status CheckCounts(std::uint32_t num_users, std::uint32_t num_items) {
  if (num_items <= std::numeric_limits<std::uint32_t>::max() - num_users) return OkStatus();
  return InvalidArgument("graph: expected fewer than 2^32 users and items, found " + std::to_string(num_users) +
                         " users and " + std::to_string(num_items) + " items");
}

/// The live rows of one relation as one Csr: no sort, since rows are sorted already.
Csr Freeze(const Runtime& runtime, const SocialGraph& graph, Relation relation) {
  const std::size_t rows = graph.num_rows(relation);
  AlignedBuffer<CsrOffset> offsets(rows + 1);
  std::atomic<bool> weighted = false, timed = false;
  ParallelFor(runtime, rows, kRowGrain, [&](std::size_t begin, std::size_t end) {
    bool any_weight = false, any_time = false;
    for (std::size_t row = begin; row < end; ++row) {
      const Neighbors live = graph.neighbors(relation, static_cast<std::uint32_t>(row));
      offsets[row + 1] = static_cast<CsrOffset>(live.size());
      any_weight =
          any_weight || std::any_of(live.weights.begin(), live.weights.end(), [](float w) { return w != 1.0F; });
      any_time =
          any_time || std::any_of(live.times.begin(), live.times.end(), [](std::int64_t t) { return t != kNoTime; });
    }
    if (any_weight) weighted = true;
    if (any_time) timed = true;
  });
  for (std::size_t row = 0; row < rows; ++row) offsets[row + 1] += offsets[row];

  AlignedBuffer<std::uint32_t> targets(offsets[rows]);
  AlignedBuffer<float> weights(weighted ? targets.size() : 0);
  AlignedBuffer<std::int64_t> times(timed ? targets.size() : 0);
  ParallelFor(runtime, rows, kRowGrain, [&](std::size_t begin, std::size_t end) {
    for (std::size_t row = begin; row < end; ++row) {
      const Neighbors live = graph.neighbors(relation, static_cast<std::uint32_t>(row));
      for (std::size_t i = 0; i < live.size(); ++i) {
        targets[offsets[row] + i] = live.targets[i];
        if (weighted) weights[offsets[row] + i] = live.weight(i);
        if (timed) times[offsets[row] + i] = live.time(i);
      }
    }
  });
  return Csr(graph.num_targets(relation), std::move(offsets), std::move(targets), std::move(weights), std::move(times));
}

}  // namespace

Result<std::shared_ptr<const SocialGraph>> SocialGraph::Build(const Runtime& runtime, std::uint32_t num_users,
                                                              std::uint32_t num_items,
                                                              std::span<const Edge> interactions,
                                                              std::span<const Edge> friendships, std::string store_id,
                                                              std::uint64_t log_sequence) {
  KITH_RETURN_IF_ERROR(CheckCounts(num_users, num_items));
  auto interacts = BuildCsr(runtime, num_users, num_items, interactions);
  if (!interacts.ok()) return interacts.status().WithContext("interactions");
  auto trusts = BuildCsr(runtime, num_users, num_users, friendships);
  if (!trusts.ok()) return trusts.status().WithContext("friendships");

  return Build(runtime, std::move(*interacts), std::move(*trusts), std::move(store_id), log_sequence);
}

Result<std::shared_ptr<const SocialGraph>> SocialGraph::Build(const Runtime& runtime, Csr interacts, Csr trusts,
                                                              std::string store_id, std::uint64_t log_sequence) {
  GraphParts parts{interacts.num_rows(), interacts.num_targets(), {}, std::move(store_id), log_sequence};
  const auto keep = [&](Relation relation, Csr csr) {
    const auto reversed = std::make_shared<const Csr>(Transpose(runtime, csr));
    const auto forward = std::make_shared<const Csr>(std::move(csr));
    parts.relations[Place(relation)] = forward;
    parts.relations[Place(Reverse(relation))] = SameBits(*forward, *reversed) ? forward : reversed;
  };
  keep(Relation::kInteracts, std::move(interacts));
  keep(Relation::kTrusts, std::move(trusts));
  return Assemble(std::move(parts));
}

Result<std::shared_ptr<const SocialGraph>> SocialGraph::Assemble(GraphParts parts) {
  KITH_RETURN_IF_ERROR(CheckCounts(parts.num_users, parts.num_items));
  std::shared_ptr<SocialGraph> graph(new SocialGraph);
  graph->store_id_ = std::move(parts.store_id);
  graph->log_sequence_ = parts.log_sequence;
  graph->num_users_ = parts.num_users;
  graph->num_items_ = parts.num_items;
  graph->frozen_ = std::move(parts.relations);
  for (int r = 0; r < kNumRelations; ++r) {
    const auto relation = static_cast<Relation>(r);
    const Csr& csr = graph->frozen(relation);
    const std::size_t reversed = graph->frozen(Reverse(relation)).num_edges();
    if (csr.num_rows() != graph->num_rows(relation) || csr.num_targets() != graph->num_targets(relation) ||
        csr.num_edges() != reversed) {
      return InvalidArgument("graph: expected " + std::to_string(graph->num_rows(relation)) + " rows, " +
                             std::to_string(graph->num_targets(relation)) + " targets and " + std::to_string(reversed) +
                             " edges in \"" + kNames[Place(relation)] + "\", found " + std::to_string(csr.num_rows()) +
                             ", " + std::to_string(csr.num_targets()) + " and " + std::to_string(csr.num_edges()));
    }
    graph->num_edges_[Place(relation)] = csr.num_edges();
  }
  const Csr& interacts = graph->frozen(Relation::kInteracts);
  for (std::uint32_t user = 0; user < parts.num_users; ++user) {
    graph->users_with_items_ += interacts.degree(user) != 0 ? 1U : 0U;
  }
  return std::shared_ptr<const SocialGraph>(std::move(graph));
}

Neighbors SocialGraph::neighbors(Relation relation, std::uint32_t row) const noexcept {
  const Overlay& overlay = overlay_[Place(relation)];
  if (overlay.Touches(row)) {
    const Row& live = *overlay.rows.find(row)->second;
    return {live.targets, live.weights, live.times};
  }
  const Csr& csr = frozen(relation);
  if (row >= csr.num_rows()) return {};
  return {csr.neighbors(row), csr.weights(row), csr.times(row)};
}

std::shared_ptr<const SocialGraph> SocialGraph::WithEdges(std::span<const EdgeChange> changes, std::uint32_t num_users,
                                                          std::uint32_t num_items, std::uint64_t log_sequence) const {
  assert(num_users >= num_users_ && num_items >= num_items_);
  std::shared_ptr<SocialGraph> graph(new SocialGraph(*this));
  graph->num_users_ = num_users;
  graph->num_items_ = num_items;
  graph->log_sequence_ = log_sequence;
  for (const EdgeChange& change : changes) {
    assert(change.edge.source < graph->num_rows(change.relation));
    assert(change.edge.target < graph->num_targets(change.relation));
    Edge reversed = change.edge;
    std::swap(reversed.source, reversed.target);
    graph->ChangeRow(change.relation, change.edge, change.removed);
    graph->ChangeRow(Reverse(change.relation), reversed, change.removed);
  }
  return graph;
}

void SocialGraph::ChangeRow(Relation relation, const Edge& edge, bool removed) {
  const Neighbors old = neighbors(relation, edge.source);
  const auto found = std::lower_bound(old.targets.begin(), old.targets.end(), edge.target);
  const std::ptrdiff_t at = found - old.targets.begin();
  const bool present = found != old.targets.end() && *found == edge.target;
  if (removed && !present) return;

  Row& row = MutableRow(relation, edge.source);
  const std::size_t size = row.targets.size();
  if (removed) {
    row.targets.erase(row.targets.begin() + at);
    EraseAt(row.weights, at);
    EraseAt(row.times, at);
    --num_edges_[Place(relation)];
    if (relation == Relation::kInteracts && row.targets.empty()) --users_with_items_;
  } else if (present) {
    AssignAt(row.weights, size, at, edge.weight, 1.0F);
    AssignAt(row.times, size, at, edge.time, kNoTime);
  } else {
    InsertAt(row.weights, size, at, edge.weight, 1.0F);
    InsertAt(row.times, size, at, edge.time, kNoTime);
    row.targets.insert(row.targets.begin() + at, edge.target);
    ++num_edges_[Place(relation)];
    if (relation == Relation::kInteracts && row.targets.size() == 1) ++users_with_items_;
  }
}

SocialGraph::Row& SocialGraph::MutableRow(Relation relation, std::uint32_t row) {
  Overlay& overlay = overlay_[Place(relation)];
  if (overlay.Touches(row)) {
    std::shared_ptr<const Row>& held = overlay.rows.find(row)->second;
    // The snapshot this one is made from lives through the call and holds every row it shares: sole ownership means
    // the row was made by this very call, and no reader has it.
    if (held.use_count() > 1) held = std::make_shared<Row>(*held);
    return const_cast<Row&>(*held);  // every Row is made as a non-const object
  }
  const Neighbors old = neighbors(relation, row);
  auto made = std::make_shared<Row>();
  made->targets.assign(old.targets.begin(), old.targets.end());
  made->weights.assign(old.weights.begin(), old.weights.end());
  made->times.assign(old.times.begin(), old.times.end());
  Row& mutable_row = *made;
  overlay.rows.emplace(row, std::move(made));
  if (overlay.touched.size() <= row / 64) overlay.touched.resize(std::size_t{row / 64} + 1);
  overlay.touched[row / 64] |= std::uint64_t{1} << (row % 64);
  return mutable_row;
}

std::size_t SocialGraph::OverlayRows(Relation relation) const noexcept {
  const Overlay& overlay = overlay_[Place(relation)];
  std::size_t rows = overlay.rows.size();
  for (std::uint32_t row = frozen(relation).num_rows(); row < num_rows(relation); ++row) {
    rows += overlay.Touches(row) ? 0 : 1;
  }
  return rows;
}

std::size_t SocialGraph::overlay_rows() const noexcept {
  std::size_t rows = 0;
  for (int r = 0; r < kNumRelations; ++r) rows += OverlayRows(static_cast<Relation>(r));
  return rows;
}

Result<std::shared_ptr<const SocialGraph>> SocialGraph::Compact(const Runtime& runtime) const {
  std::shared_ptr<SocialGraph> graph(new SocialGraph(*this));
  for (int r = 0; r < kNumRelations; ++r) {
    const auto relation = static_cast<Relation>(r);
    if (num_edges_[Place(relation)] > std::numeric_limits<CsrOffset>::max()) {
      return InvalidArgument(std::string("graph: expected fewer than 2^32 edges in \"") + kNames[Place(relation)] +
                             "\", found " + std::to_string(num_edges_[Place(relation)]));
    }
    const bool same = OverlayRows(relation) == 0 && frozen(relation).num_targets() == num_targets(relation);
    if (!same) graph->frozen_[Place(relation)] = std::make_shared<const Csr>(Freeze(runtime, *this, relation));
    graph->overlay_[Place(relation)] = {};
  }
  return std::shared_ptr<const SocialGraph>(std::move(graph));
}

std::vector<Edge> SocialGraph::Edges(Relation relation) const {
  std::vector<Edge> edges;
  edges.reserve(num_edges_[Place(relation)]);
  for (std::uint32_t source = 0; source < num_rows(relation); ++source) {
    const Neighbors row = neighbors(relation, source);
    for (std::size_t i = 0; i < row.size(); ++i) {
      edges.push_back({source, row.targets[i], row.weight(i), row.time(i)});
    }
  }
  return edges;
}

}  // namespace kith
