/// What a graph looks like, in plain numbers: counts, degrees, components, cores, clustering, central items.
///
/// Components, cores and PageRank are of the undirected simple union of interactions and friendships over users and
/// items (a user or an item without an edge is a component of its own), by Boost's algorithms on the view of
/// graph/bgl.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "kith/base/parallel.h"
#include "kith/graph/ids.h"
#include "kith/graph/social_graph.h"

namespace kith {

/// Degrees of all users, or of all items, in one relation.
struct DegreeSummary {
  double mean = 0;  ///< over all rows of the kind, 0 where there are none
  std::uint32_t max = 0;
};

/// An item and its PageRank.
struct RankedItem {
  ItemId item = {};
  double rank = 0;
};

struct GraphStatistics {
  std::uint32_t users = 0, items = 0;
  std::size_t interactions = 0, social_edges = 0;  ///< social edges are directed: u -> v and v -> u are two
  std::uint32_t components = 0;
  std::uint32_t largest_component = 0;  ///< its nodes
  std::uint32_t max_core = 0;  ///< largest k of which a k-core is left: all its nodes have k neighbours inside it
  /// Earliest and latest time an edge carries, unix seconds; nothing where none does.
  std::optional<std::pair<std::int64_t, std::int64_t>> time_range = {};
  DegreeSummary user_items, item_users, user_friends;
  /// Mean local clustering coefficient of the friendships without their arrows, over users with a friend; a user with
  /// one friend counts as 0.  Watts and Strogatz, "Collective dynamics of small-world networks", 1998.
  double mean_clustering = 0;
  /// At most ten items of the largest PageRank (damping 0.85, 50 rounds) in the union, largest first, ties by id.
  /// Page et al., 1999, in Boost's scale: the mean over nodes with an edge is 1, a node without one has 0.15.
  std::vector<RankedItem> top_items = {};
};

/// Cost: O(U + I + E) and O(F^1.5) for the clustering of F friendships: Gowalla's 0.8 M interactions a third of a
/// second. The same numbers for any number of threads.
[[nodiscard]] GraphStatistics ComputeStatistics(const Runtime& runtime, const SocialGraph& graph);

}  // namespace kith
