/// Fusion: the gates of the ranker, chosen on held-out interactions by ranking with them.
///
/// One gate after the other is tried over a short geometric grid, the strongest evidence first.  A gate opens only
/// where the mean gain per user (recall@20 + ndcg@20) is above its own standard error, paired over users: what does not
/// clearly pay stays closed and costs nothing.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "kith/base/parallel.h"
#include "kith/graph/social_graph.h"
#include "kith/recommend/model.h"
#include "kith/train/evaluator.h"

namespace kith {

struct FusionOptions {
  bool kernel = true, friends = true, popular = true, attention = true;
  std::uint64_t seed = 1;
  /// Asked before each value is tried; true keeps what is chosen so far.
  std::function<bool()> stop = {};
};

/// Means over the users that were measured.
struct FusionReport {
  double recall = -1, ndcg = -1;  ///< @20
};

/// At most `most` of the held-out users, chosen by seed.
[[nodiscard]] HeldOut SampleUsers(const HeldOut& held_out, std::size_t most, std::uint64_t seed);

/// Mean recall@20 and ndcg@20 of the model as it stands on held-out users.
[[nodiscard]] FusionReport Measure(const Runtime& runtime, const SocialGraph& graph, std::shared_ptr<const Model> model,
                                   const HeldOut& held_out);

/// Sets model->gates and model->friend_sharpness.  `graph` lacks the held-out edges.
FusionReport FitGates(const Runtime& runtime, const SocialGraph& graph, const HeldOut& held_out,
                      const FusionOptions& options, const std::shared_ptr<Model>& model);

/// Sets the two gates of users without items, on users with friends who are stripped of theirs for the purpose.
[[nodiscard]] Status FitColdGates(const Runtime& runtime, const SocialGraph& graph, const FusionOptions& options,
                                  const std::shared_ptr<Model>& model);

}  // namespace kith
