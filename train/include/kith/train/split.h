/// Split: holds out part of the interactions, for the trainer's own validation and for `kith split`.
///
/// Chance is keyed by (seed, user), so that one user's part does not depend on the others.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "kith/base/parallel.h"
#include "kith/base/status.h"
#include "kith/graph/social_graph.h"
#include "kith/train/evaluator.h"

namespace kith {

struct SplitOptions {
  double ratio = 0.1;       ///< share of a user's items held out, up or down to a whole number by chance, never all
  std::uint32_t least = 5;  ///< users with fewer items give none
  /// Hold out each user's latest items where the interactions have times (see HasHistory), else by chance.
  bool by_time = true;
  std::uint64_t seed = 1;
};

/// Whether times order the users' items: of those with two items or more, nine in ten have a time on each and not the
/// same on all.
[[nodiscard]] bool HasHistory(const SocialGraph& graph);

struct Split {
  std::shared_ptr<const SocialGraph> graph;  ///< without the held-out edges; friendships and counts as before
  HeldOut held_out;
  bool latest = false;  ///< held out are each user's latest items, not some by chance
};

/// Fails (kInvalidArgument) on a ratio that is not between 0 and 1.
[[nodiscard]] Result<Split> HoldOut(const Runtime& runtime, const SocialGraph& graph, const SplitOptions& options);

enum class SplitBy : std::uint8_t {
  kRatio,        ///< of each user's items, by chance
  kLeaveOneOut,  ///< each user's last item; where not all of them have times, one by chance
  kTime,         ///< one moment for everyone: what came before it is known, what came at it or later is asked for
};

struct DealOptions {
  SplitBy by = SplitBy::kRatio;
  double ratio = 0.8;  ///< share kept for training: of each user's items, or of all interactions by time
  /// kTime: the moment itself, in unix seconds, in the place of the ratio.
  std::int64_t at = kNoTime;
  std::uint32_t least = 2;  ///< users with fewer items are kept whole (not by time)
  double cold_users = 0;    ///< share of the users whose every interaction is held out
  std::uint64_t seed = 1;
};

/// Where an interaction goes.  kRepeat: the same user and item stand in another one that is kept.
enum class Part : std::uint8_t { kTrain = 0, kTest = 1, kCold = 2, kRepeat = 3 };

struct Deal {
  std::vector<Part> parts;    ///< one an interaction, in their order
  std::int64_t at = kNoTime;  ///< kTime: the moment that was chosen
};

/// Deals interactions, in any order and with repeats, into parts.  A pair of user and item stands in one part only: of
/// repeated pairs the last by (time, order) counts, as in a store; by time, a pair that was there before the moment is
/// known (with its last row before it) and never asked for.
/// Fails (kInvalidArgument): shares out of range, or kTime where an interaction has no time.
[[nodiscard]] Result<Deal> DealOut(std::span<const Edge> interactions, std::uint32_t num_users,
                                   const DealOptions& options);

}  // namespace kith
