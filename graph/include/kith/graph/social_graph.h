/// SocialGraph: users, items and who interacts with what and trusts whom, at one point of the log.
///
/// A frozen Csr per relation, shared, plus an overlay of the rows that newer events changed.  A row in the overlay
/// replaces the frozen one as a whole, so a reader sees one sorted list; a row without news pays a look at one bit.
/// Invariants: every edge stands in its relation and, reversed, in the reverse relation; rows are sorted and unique.
/// Relations that are their own reverse (everybody trusts back) are held once.
/// Threads: immutable; shared as std::shared_ptr<const SocialGraph>.   Cost of WithEdges: O(rows ever touched).
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "kith/base/status.h"
#include "kith/graph/csr.h"
#include "kith/graph/csr_builder.h"
#include "kith/graph/ids.h"

namespace kith {

/// A row of one relation: targets sorted; weights and times are empty or run beside them.
struct Neighbors {
  std::span<const std::uint32_t> targets = {};
  std::span<const float> weights = {};
  std::span<const std::int64_t> times = {};

  [[nodiscard]] std::size_t size() const noexcept { return targets.size(); }
  [[nodiscard]] bool empty() const noexcept { return targets.empty(); }
  [[nodiscard]] float weight(std::size_t i) const noexcept { return weights.empty() ? 1.0F : weights[i]; }
  [[nodiscard]] std::int64_t time(std::size_t i) const noexcept { return times.empty() ? kNoTime : times[i]; }
};

/// One change of the live graph, said in the forward direction (kInteracts or kTrusts).
struct EdgeChange {
  Relation relation = Relation::kInteracts;
  Edge edge = {};
  bool removed = false;
};

/// A graph's frozen parts, made elsewhere: read from a file, or generated.
struct GraphParts {
  std::uint32_t num_users = 0, num_items = 0;
  /// By relation, none null.  One part may stand for a relation and its reverse where the relation is symmetric.
  std::array<std::shared_ptr<const Csr>, kNumRelations> relations = {};
  std::string store_id = {};
  std::uint64_t log_sequence = 0;
};

class SocialGraph {
 public:
  /// Builds from forward edges (user -> item, user -> friend); the reverse relations are made here.
  /// Users and items may be more than the edges mention.  `store_id` and `log_sequence` say where it stands.
  [[nodiscard]] static Result<std::shared_ptr<const SocialGraph>> Build(
      const Runtime& runtime, std::uint32_t num_users, std::uint32_t num_items, std::span<const Edge> interactions,
      std::span<const Edge> friendships, std::string store_id = {}, std::uint64_t log_sequence = 0);

  /// The same from forward relations whose rows are made already.  REQUIRES: each passes Csr::Check.
  [[nodiscard]] static Result<std::shared_ptr<const SocialGraph>> Build(const Runtime& runtime, Csr interacts,
                                                                        Csr trusts, std::string store_id = {},
                                                                        std::uint64_t log_sequence = 0);

  /// Takes the parts over as they are.  Fails (kInvalidArgument) where their rows, targets or numbers of edges do not
  /// fit the counts and each other.  REQUIRES: each passes Csr::Check, and a reverse part is its forward part reversed.
  [[nodiscard]] static Result<std::shared_ptr<const SocialGraph>> Assemble(GraphParts parts);

  /// The same graph after `changes` (applied in order), with counts that may have grown.  The frozen part is shared.
  /// An edge that is there takes the new weight and time; removing one that is not there changes nothing.
  /// REQUIRES: the counts do not shrink, and every edge is within them.
  [[nodiscard]] std::shared_ptr<const SocialGraph> WithEdges(std::span<const EdgeChange> changes,
                                                             std::uint32_t num_users, std::uint32_t num_items,
                                                             std::uint64_t log_sequence) const;

  [[nodiscard]] std::uint32_t num_users() const noexcept { return num_users_; }
  [[nodiscard]] std::uint32_t num_items() const noexcept { return num_items_; }
  /// Users, then items: the node space of Blocks and of the Boost view.
  [[nodiscard]] std::uint32_t num_nodes() const noexcept { return num_users_ + num_items_; }
  [[nodiscard]] NodeId node(UserId user) const noexcept { return NodeId{index(user)}; }
  [[nodiscard]] NodeId node(ItemId item) const noexcept { return NodeId{num_users_ + index(item)}; }

  [[nodiscard]] std::size_t num_interactions() const noexcept { return num_edges_[0]; }
  [[nodiscard]] std::size_t num_friendships() const noexcept { return num_edges_[2]; }
  /// Users with at least one item: those that a model can be learned from.
  [[nodiscard]] std::uint32_t users_with_items() const noexcept { return users_with_items_; }
  [[nodiscard]] std::uint64_t log_sequence() const noexcept { return log_sequence_; }
  [[nodiscard]] const std::string& store_id() const noexcept { return store_id_; }

  /// The live row (overlay before frozen). REQUIRES: row < num_rows(relation).
  [[nodiscard]] Neighbors neighbors(Relation relation, std::uint32_t row) const noexcept;
  [[nodiscard]] std::uint32_t degree(Relation relation, std::uint32_t row) const noexcept {
    return static_cast<std::uint32_t>(neighbors(relation, row).size());
  }
  [[nodiscard]] std::uint32_t num_rows(Relation relation) const noexcept {
    return relation == Relation::kInteractedBy ? num_items_ : num_users_;
  }
  [[nodiscard]] std::uint32_t num_targets(Relation relation) const noexcept { return num_rows(Reverse(relation)); }

  [[nodiscard]] Neighbors items(UserId user) const noexcept { return neighbors(Relation::kInteracts, index(user)); }
  [[nodiscard]] Neighbors users(ItemId item) const noexcept { return neighbors(Relation::kInteractedBy, index(item)); }
  [[nodiscard]] Neighbors friends(UserId user) const noexcept { return neighbors(Relation::kTrusts, index(user)); }

  /// Rows, over all relations, that newer events changed or that are later than the frozen part.
  [[nodiscard]] std::size_t overlay_rows() const noexcept;
  /// The frozen adjacency, with the counts of its time.  Equal to the live one where overlay_rows() == 0; `Compact`
  /// gives such a graph.
  [[nodiscard]] const Csr& frozen(Relation relation) const& noexcept {
    return *frozen_[static_cast<std::size_t>(relation)];
  }
  /// This graph with the overlay folded into new frozen parts.
  [[nodiscard]] Result<std::shared_ptr<const SocialGraph>> Compact(const Runtime& runtime) const;
  /// All edges of a forward relation, ordered by source, then target.
  [[nodiscard]] std::vector<Edge> Edges(Relation relation) const;

 private:
  struct Row {
    std::vector<std::uint32_t> targets;
    std::vector<float> weights;
    std::vector<std::int64_t> times;
  };
  struct Overlay {
    std::unordered_map<std::uint32_t, std::shared_ptr<const Row>> rows;
    std::vector<std::uint64_t> touched;  ///< a bit a row

    [[nodiscard]] bool Touches(std::uint32_t row) const noexcept {
      return row / 64 < touched.size() && ((touched[row / 64] >> (row % 64)) & 1U) != 0;
    }
  };
  SocialGraph() = default;
  SocialGraph(const SocialGraph&) = default;
  void ChangeRow(Relation relation, const Edge& edge, bool removed);
  [[nodiscard]] Row& MutableRow(Relation relation, std::uint32_t row);
  [[nodiscard]] std::size_t OverlayRows(Relation relation) const noexcept;

  std::string store_id_;
  std::uint64_t log_sequence_ = 0;
  std::uint32_t num_users_ = 0, num_items_ = 0, users_with_items_ = 0;
  std::array<std::size_t, kNumRelations> num_edges_ = {};
  std::array<std::shared_ptr<const Csr>, kNumRelations> frozen_;
  std::array<Overlay, kNumRelations> overlay_;
};

}  // namespace kith
