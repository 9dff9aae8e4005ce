/// Random graphs whose edges have weights and times.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "kith/base/parallel.h"
#include "kith/base/rng.h"
#include "kith/graph/social_graph.h"

namespace kith::testing {

/// Weights of 1/8 to 8, times of 0 to 999 and, of every tenth edge, none.
[[nodiscard]] inline std::shared_ptr<const SocialGraph> RandomWeightedGraph(std::uint32_t users, std::uint32_t items,
                                                                            std::uint32_t interactions,
                                                                            std::uint32_t friendships,
                                                                            std::uint64_t seed) {
  const WordStream words(seed, 1);
  std::uint32_t draw = 0;
  const auto bounded = [&](std::uint32_t n) { return words.bounded(draw++, n); };
  const auto edge = [&](std::uint32_t source, std::uint32_t target) {
    const std::int64_t time = bounded(10) == 0 ? kNoTime : bounded(1000);
    return Edge{source, target, static_cast<float>(1 + bounded(64)) / 8.0F, time};
  };
  std::vector<Edge> likes, trusts;
  for (std::uint32_t e = 0; e < interactions; ++e) likes.push_back(edge(bounded(users), bounded(items)));
  for (std::uint32_t e = 0; e < friendships; ++e) trusts.push_back(edge(bounded(users), bounded(users)));
  return SocialGraph::Build(Runtime(1), users, items, likes, trusts).value();
}

}  // namespace kith::testing
