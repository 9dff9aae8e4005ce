/// Split: holds out part of the interactions for validation. By ratio within each user; chance keyed by (seed, user).
#pragma once

#include <cstdint>
#include <memory>

#include "kith/base/parallel.h"
#include "kith/base/status.h"
#include "kith/graph/social_graph.h"
#include "kith/train/evaluator.h"

namespace kith {

struct SplitOptions {
  double ratio = 0.1;       ///< share of a user's items held out, up or down to a whole number by chance, never all
  std::uint32_t least = 5;  ///< users with fewer items give none
  std::uint64_t seed = 1;
};

struct Split {
  std::shared_ptr<const SocialGraph> graph;  ///< without the held-out edges; friendships and counts as before
  HeldOut held_out;
};

/// Fails (kInvalidArgument) on a ratio that is not between 0 and 1.
[[nodiscard]] Result<Split> HoldOut(const Runtime& runtime, const SocialGraph& graph, const SplitOptions& options);

}  // namespace kith
