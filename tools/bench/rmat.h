/// R-MAT: a random graph with the skewed degrees of social networks, any size, the same for the same seed.
///
/// Every edge falls through the levels of the adjacency matrix, each time into one of its quadrants with probability
/// .57, .19, .19, .05: Chakrabarti, Zhan and Faloutsos, SDM 2004, with the numbers of Graph500.  The matrix is the
/// smallest power of two that holds the nodes; an edge that falls outside of them falls again.
/// Symmetrised, repeats and self-loops dropped, nodes numbered at random so that hubs do not stand together.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "kith/base/parallel.h"
#include "kith/base/status.h"
#include "kith/graph/social_graph.h"

namespace kith::tools {

struct RmatOptions {
  std::uint32_t nodes = 1'000'000;   ///< 2 to 2^26
  std::uint64_t edges = 11'100'000;  ///< drawn, undirected, before repeats and loops are dropped; at most 2^30
  std::uint64_t seed = 1;

  [[nodiscard]] Status Validate() const;
};

/// The graphs that benches name: "rmat-1m" (1 M nodes, 21 M edges in both directions) and "rmat-5m" (5 M and 109 M).
[[nodiscard]] std::optional<RmatOptions> RmatByName(std::string_view name, std::uint64_t seed);

/// Users with friendships in both directions and no items.  The same graph for any number of threads.
/// Edges are functions of their numbers, so they are drawn twice, to count and to place, and never held as a list.
/// Cost: about 10 bytes a drawn direction while it is built, 4 afterwards.
[[nodiscard]] Result<std::shared_ptr<const SocialGraph>> MakeRmatGraph(const Runtime& runtime,
                                                                       const RmatOptions& options = {});

}  // namespace kith::tools
