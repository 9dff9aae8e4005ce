/// Random graphs for tests, the same for the same seed.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "kith/base/parallel.h"
#include "kith/base/rng.h"
#include "kith/graph/social_graph.h"

namespace kith::testing {

/// `interactions` and `friendships` draws with repeats; low item numbers are popular.
[[nodiscard]] inline std::shared_ptr<const SocialGraph> RandomGraph(const Runtime& runtime, std::uint32_t users,
                                                                    std::uint32_t items, std::uint32_t interactions,
                                                                    std::uint32_t friendships, std::uint64_t seed) {
  const Rng rng(seed, Purpose::kTest);
  std::vector<Edge> likes, trusts;
  for (std::uint32_t e = 0; e < interactions; ++e) {
    const float skew = rng.uniform(4 * e + 1);
    likes.push_back({rng.bounded(4 * e, users), static_cast<std::uint32_t>(skew * skew * static_cast<float>(items))});
  }
  for (std::uint32_t e = 0; e < friendships; ++e) {
    const std::uint32_t user = rng.bounded(4 * e + 2, users), other = rng.bounded(4 * e + 3, users);
    if (user != other) trusts.push_back({user, other});
  }
  return SocialGraph::Build(runtime, users, items, likes, trusts, "random", likes.size() + trusts.size()).value();
}

}  // namespace kith::testing
