/// R-MAT: a random graph with the skewed degrees of social networks, any size, the same for the same seed.
///
/// Every edge falls through `scale` levels of the adjacency matrix, each time into one of its quadrants with
/// probability .57, .19, .19, .05: Chakrabarti, Zhan and Faloutsos, SDM 2004, with the numbers of Graph500.
/// Symmetrised, repeats and self-loops dropped, nodes numbered at random so that hubs do not stand together.
#pragma once

#include <cstdint>
#include <memory>

#include "kith/base/parallel.h"
#include "kith/base/status.h"
#include "kith/graph/social_graph.h"

namespace kith::tools {

struct RmatOptions {
  std::uint32_t scale = 20;          ///< 2^scale nodes, 1 to 26
  std::uint32_t edges_per_node = 8;  ///< drawn, undirected, before repeats are dropped
  std::uint64_t seed = 1;

  [[nodiscard]] Status Validate() const;
};

/// Users with friendships in both directions and no items.  The same graph for any number of threads.
/// Cost: about 45 bytes a drawn direction while it is built; 0.75 GB at the default.
[[nodiscard]] Result<std::shared_ptr<const SocialGraph>> MakeRmatGraph(const Runtime& runtime,
                                                                       const RmatOptions& options = {});

}  // namespace kith::tools
