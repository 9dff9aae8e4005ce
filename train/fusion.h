/// Fusion: the gates of the ranker and the attention inside the kernel, chosen on held-out interactions.
///
/// Coordinate ascent over a short grid of each gate on recall@20 + ndcg@20 of held-out users (gate_lists.h), then the
/// attention (attention_fit.h), then the gates once more.  An evidence's gate opens, and stays open at the end, only
/// where the mean gain per user is above two of its standard errors, paired over users: what does not clearly pay stays
/// closed and costs nothing.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "gate_lists.h"
#include "kith/base/parallel.h"
#include "kith/graph/social_graph.h"
#include "kith/recommend/model.h"
#include "kith/train/evaluator.h"

namespace kith {

/// Popularity's and the kernel's gates where nothing speaks against them: the loss' popularity weights take popularity
/// out of the vectors.
inline constexpr float kDefaultPopular = 0.5F, kDefaultKernel = 0.3F;

struct FusionOptions {
  bool learned = true, kernel = true, neighbours = true, friends = true, popular = true, attention = true;
  bool held_out_latest = false;  ///< what is held out is later than what was learned from
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

/// The vectors' own quality, user by user, with popularity's gate where it suits them best.  Vectors learned at
/// different temperatures want different gates, so at one fixed gate they would not be compared but their fit to it.
[[nodiscard]] PerUser MeasureVectors(const Runtime& runtime, const SocialGraph& graph, const Model& model,
                                     const HeldOut& held_out, bool popular);
/// Its means.
[[nodiscard]] FusionReport MeasureLearned(const Runtime& runtime, const SocialGraph& graph, const Model& model,
                                          const HeldOut& held_out, bool popular);

/// Sets model->gates, model->friend_sharpness and model->kernel_attention.  `graph` lacks the held-out edges.
FusionReport FitGates(const Runtime& runtime, const SocialGraph& graph, const HeldOut& held_out,
                      const FusionOptions& options, const std::shared_ptr<Model>& model);

/// Sets the two gates of users without items, on users with friends who are stripped of theirs for the purpose.
[[nodiscard]] Status FitColdGates(const Runtime& runtime, const SocialGraph& graph, const FusionOptions& options,
                                  const std::shared_ptr<Model>& model);

}  // namespace kith
