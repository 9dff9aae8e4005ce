/// Random edge lists for the tests of graph/: a pure function of the seed.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "kith/base/parallel.h"
#include "kith/base/rng.h"
#include "kith/graph/social_graph.h"

namespace kith::testing {

/// `count` edges, repeats likely where count is near rows * targets; a third carry a weight, a third a time.
[[nodiscard]] inline std::vector<Edge> RandomEdges(std::uint64_t seed, std::uint32_t rows, std::uint32_t targets,
                                                   std::uint32_t count) {
  const Rng rng(seed, Purpose::kTest);
  std::vector<Edge> edges(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    edges[i].source = rng.bounded(8 * i, rows);
    edges[i].target = rng.bounded(8 * i + 2, targets);
    if (rng.bounded(8 * i + 4, 3) == 0) edges[i].weight = 0.5F + static_cast<float>(rng.bounded(8 * i + 5, 8));
    if (rng.bounded(8 * i + 6, 3) == 0) edges[i].time = rng.bounded(8 * i + 7, 1000);
  }
  return edges;
}

/// The same without weights and times.
[[nodiscard]] inline std::vector<Edge> RandomPlainEdges(std::uint64_t seed, std::uint32_t rows, std::uint32_t targets,
                                                        std::uint32_t count) {
  std::vector<Edge> edges = RandomEdges(seed, rows, targets, count);
  for (Edge& edge : edges) edge = {edge.source, edge.target};
  return edges;
}

[[nodiscard]] inline std::shared_ptr<const SocialGraph> RandomGraph(const Runtime& runtime, std::uint64_t seed,
                                                                    std::uint32_t users, std::uint32_t items,
                                                                    std::uint32_t interactions,
                                                                    std::uint32_t friendships) {
  return SocialGraph::Build(runtime, users, items, RandomEdges(seed, users, items, interactions),
                            RandomEdges(seed + 1, users, users, friendships))
      .value();
}

}  // namespace kith::testing
