/// One hop of a batch: blocks of frontier nodes go through four stages, each of which fetches what the next one reads.
///
///   1  offsets     the rows of the next block's nodes are fetched while this block is worked on
///   2  positions   rows are found and positions drawn in registers; the picked targets are fetched
///   3  neighbours  targets are read; their slots in the relabel table are fetched
///   4  slots       nodes get their local numbers
///
/// Between two stages lie some hundred lines of the same block, so their misses overlap instead of adding up; no stage
/// waits for a single line.  A block is small enough that what was fetched is still in the second cache when it is
/// read. (Three blocks in flight at once, each stage between the others' fetches, were no faster: the loops here are
/// long enough to fill the memory's queue, and short ones cost mispredicted ends.)
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <vector>

#include "degrees.h"
#include "draw.h"
#include "fetch.h"
#include "kith/graph/block.h"
#include "kith/sampler/neighbor_sampler.h"
#include "rows.h"

namespace kith {

constexpr std::uint32_t kFrontierBlock = 128;

/// The nodes met so far, in order; the first are the seeds.
struct MetNodes {
  std::vector<std::int64_t> seed_times;  ///< ascending; empty where times do not matter
  std::vector<NodeId> nodes;             ///< [>= count]
  std::vector<std::uint32_t> times;      ///< [>= count] number of the seed time a node is looked at from, or empty
  std::uint32_t count = 0;
};

/// What a hop asks of its frontier.
struct HopPlan {
  Fanout fanout;
  std::uint32_t num_users = 0;
  bool relations = false;         ///< write block.relations
  std::uint64_t key = 0;          ///< of the hop's word streams over items and users
  std::uint64_t friends_key = 0;  ///< of those over friends
};

/// Capacity for `size` elements with half as many to spare, so that batches of about the same size soon need no more.
template <class T>
void MakeRoom(std::vector<T>& values, std::size_t size) {
  if (values.capacity() < size) values.reserve(size + size / 2);
}
template <class T>
void ResizeTo(std::vector<T>& values, std::size_t size) {
  MakeRoom(values, size);
  values.resize(size);
}
/// At least `size` elements; those beyond what is used are cut off at the end.
template <class T>
void GrowTo(std::vector<T>& values, std::size_t size) {
  if (values.size() < size) ResizeTo(values, size);
}

template <class Picks, class Table>
class Hop {
 public:
  struct Space {
    std::vector<RowRequest> requests;
    std::vector<PickedRow> picked;
    std::vector<std::uint64_t> keys;  ///< of a block's edges where times matter: time number << 32 | node
    typename Picks::Space picks;
  };

  /// `degrees`: null, or what reads the degrees of all nodes of this hop's block, as they are met.
  Hop(const HopPlan& plan, const Picks& picks, const DegreeReader* degrees, Table& table, Space& space, MetNodes& met,
      Block& block)
      : plan_(plan), picks_(picks), degrees_(degrees), table_(table), space_(space), met_(met), block_(block) {
    const Fanout& f = plan.fanout;
    std::uint32_t largest = 0;
    for (const std::uint32_t keep : {f.items_per_user, f.users_per_item, f.friends_per_user}) {
      if (keep != Fanout::kAll) largest = std::max(largest, keep);
    }
    stride_ = DrawStride(largest);
  }

  /// Draws for all nodes met so far and appends what is new; fills the block's offsets, sources, scale and relations.
  void Run() {
    const std::uint32_t destinations = met_.count;
    ResizeTo(block_.offsets, destinations + std::size_t{1});
    ResizeTo(block_.scale, destinations);
    block_.offsets[0] = 0;
    FetchOffsets(0, std::min(destinations, kFrontierBlock));
    if constexpr (Picks::kTimed) table_.Count(std::span(met_.times).first(destinations));
    if (degrees_ != nullptr) ResizeTo(block_.degrees, destinations);
    std::uint32_t first_new = destinations;  // nodes from here on wait for their degrees
    for (std::uint32_t begin = 0; begin < destinations; begin += kFrontierBlock) {
      const std::uint32_t end = std::min(destinations, begin + kFrontierBlock);
      FetchOffsets(end, std::min(destinations, end + kFrontierBlock));
      Ask(begin, end);
      ResizeTo(space_.picked, space_.requests.size());
      picks_.Pick(space_.requests, stride_, space_.picks, space_.picked.data());
      FetchTargets();
      CloseRows(begin, end);
      if (degrees_ != nullptr) {
        degrees_->Read(Met(begin, end), block_.degrees.data() + begin);
        ReadDegrees(first_new, met_.count);
        first_new = met_.count;
      }
      ReadTargets();
      Relabel();
      if (degrees_ != nullptr) degrees_->Fetch(Met(first_new, met_.count));
    }
    if (degrees_ != nullptr) {
      ReadDegrees(first_new, met_.count);
      block_.degrees.resize(met_.count);
    }
    block_.sources.resize(edges_);
    if (plan_.relations) {
      block_.relations.resize(edges_);
    } else {
      block_.relations.clear();
    }
  }

 private:
  /// What the relabel table tells nodes apart by.
  using Key = std::conditional_t<Picks::kTimed, std::uint64_t, std::uint32_t>;

  /// Keys of the block's edges: in the place of the local numbers that they become, where they are as long.
  [[nodiscard]] Key* FirstKey() noexcept {
    if constexpr (Picks::kTimed)
      return space_.keys.data();
    else
      return block_.sources.data() + edges_;
  }

  [[nodiscard]] bool IsUser(std::uint32_t node) const noexcept { return node < plan_.num_users; }

  [[nodiscard]] std::span<const NodeId> Met(std::uint32_t begin, std::uint32_t end) const noexcept {
    return std::span(met_.nodes).subspan(begin, end - begin);
  }
  void ReadDegrees(std::uint32_t begin, std::uint32_t end) {
    GrowTo(block_.degrees, end);
    degrees_->Read(Met(begin, end), block_.degrees.data() + begin);
  }

  void FetchOffsets(std::uint32_t begin, std::uint32_t end) const {
    for (std::uint32_t v = begin; v < end; ++v) {
      const std::uint32_t node = index(met_.nodes[v]);
      if (!IsUser(node)) {
        if (plan_.fanout.users_per_item != 0) picks_.Prefetch(Relation::kInteractedBy, node - plan_.num_users);
        continue;
      }
      if (plan_.fanout.items_per_user != 0) picks_.Prefetch(Relation::kInteracts, node);
      if (plan_.fanout.friends_per_user != 0) picks_.Prefetch(Relation::kTrusts, node);
    }
  }

  void Ask(std::uint32_t begin, std::uint32_t end) {
    space_.requests.clear();
    MakeRoom(space_.requests, 2 * std::size_t{kFrontierBlock});
    for (std::uint32_t v = begin; v < end; ++v) {
      const std::uint32_t node = index(met_.nodes[v]);
      const std::uint32_t time = Picks::kTimed ? met_.times[v] : 0;
      const std::int64_t before = Picks::kTimed ? met_.seed_times[time] : 0;
      // A node draws anew for every time it is looked at from.
      const std::uint64_t time_key = static_cast<std::uint64_t>(before) * 0xD1342543DE82EF95ULL;
      const auto ask = [&](Relation relation, std::uint32_t row, std::uint32_t fanout, std::uint32_t first_target,
                           std::uint64_t key) {
        if (fanout == 0) return;
        space_.requests.push_back({.words = WordStream(key ^ time_key, node),
                                   .row = row,
                                   .fanout = fanout,
                                   .destination = v,
                                   .first_target = first_target,
                                   .time = time,
                                   .relation = relation});
      };
      if (IsUser(node)) {
        ask(Relation::kInteracts, node, plan_.fanout.items_per_user, plan_.num_users, plan_.key);
        ask(Relation::kTrusts, node, plan_.fanout.friends_per_user, 0, plan_.friends_key);
      } else {
        ask(Relation::kInteractedBy, node - plan_.num_users, plan_.fanout.users_per_item, 0, plan_.key);
      }
    }
  }

  void FetchTargets() const noexcept {
    for (std::size_t r = 0; r < space_.requests.size(); ++r) {
      const PickedRow& row = space_.picked[r];
      if (row.positions == nullptr) {
        PrefetchIds(row.targets, row.keep);
      } else {
        for (std::uint32_t i = 0; i < row.keep; ++i) FetchLine(row.targets + row.positions[i]);
      }
    }
  }

  /// The offsets and scales of the block's destinations.
  void CloseRows(std::uint32_t begin, std::uint32_t end) {
    std::size_t r = 0, edges = edges_;
    for (std::uint32_t v = begin; v < end; ++v) {
      std::uint64_t degree = 0, kept = 0;
      for (; r < space_.requests.size() && space_.requests[r].destination == v; ++r) {
        degree += space_.picked[r].degree;
        kept += space_.picked[r].keep;
      }
      edges += kept;
      block_.offsets[v + std::size_t{1}] = edges;
      block_.scale[v] = kept == 0 ? 1.0F : static_cast<float>(degree) / static_cast<float>(kept);
    }
    new_edges_ = edges - edges_;
  }

  /// Writes the picked targets as keys of nodes.
  void ReadTargets() {
    GrowTo(block_.sources, edges_ + new_edges_);
    if constexpr (Picks::kTimed) {
      GrowTo(space_.keys, new_edges_);
      for (std::size_t r = 0; r < space_.requests.size(); ++r) {
        table_.Reserve(space_.requests[r].time, space_.picked[r].keep);
      }
    } else {
      table_.Reserve(new_edges_);
    }
    auto* out = FirstKey();
    for (std::size_t r = 0; r < space_.requests.size(); ++r) {
      const PickedRow& row = space_.picked[r];
      const std::uint32_t first = space_.requests[r].first_target;
      const std::uint64_t time = TimeOf(space_.requests[r]);
      const auto& slots = table_.FetcherOf(space_.requests[r].time);
      if (row.positions == nullptr) {
        for (std::uint32_t i = 0; i < row.keep; ++i) {
          const std::uint32_t node = row.targets[i] + first;
          slots.Prefetch(time | node);
          *out++ = static_cast<Key>(time | node);
        }
      } else {
        for (std::uint32_t i = 0; i < row.keep; ++i) {
          const std::uint32_t node = row.targets[row.positions[i]] + first;
          slots.Prefetch(time | node);
          *out++ = static_cast<Key>(time | node);
        }
      }
    }
  }

  /// Puts local numbers in the place of nodes; a node that is new is met.
  void Relabel() {
    GrowTo(met_.nodes, met_.count + new_edges_);
    if constexpr (Picks::kTimed) GrowTo(met_.times, met_.count + new_edges_);
    if (plan_.relations) NameRelations();
    // Which row an edge is of does not matter here: one loop, whose end is foreseen.
    const Key* key = FirstKey();
    std::uint32_t* edge = block_.sources.data() + edges_;
    std::uint32_t next = met_.count;
    NodeId* const nodes = met_.nodes.data();
    [[maybe_unused]] std::uint32_t* const times = met_.times.data();
    const auto table = table_.cursor();
    for (std::uint32_t* const end = edge + new_edges_; edge != end; ++edge, ++key) {
      const Key met = *key;
      nodes[next] = NodeId{static_cast<std::uint32_t>(met)};  // counts only if the node was new
      if constexpr (Picks::kTimed) times[next] = static_cast<std::uint32_t>(met >> 32);
      *edge = table.Local(met, next);
    }
    met_.count = next;
    edges_ += new_edges_;
  }

  void NameRelations() {
    GrowTo(block_.relations, edges_ + new_edges_);
    auto edge = block_.relations.begin() + static_cast<std::ptrdiff_t>(edges_);
    for (std::size_t r = 0; r < space_.requests.size(); ++r) {
      edge = std::fill_n(edge, space_.picked[r].keep, space_.requests[r].relation);
    }
  }

  [[nodiscard]] static std::uint64_t TimeOf(const RowRequest& request) noexcept {
    return Picks::kTimed ? std::uint64_t{request.time} << 32 : 0;
  }

  const HopPlan& plan_;
  const Picks& picks_;
  const DegreeReader* degrees_;
  Table& table_;
  Space& space_;
  MetNodes& met_;
  Block& block_;
  std::size_t stride_ = 0, edges_ = 0, new_edges_ = 0;
};

}  // namespace kith
