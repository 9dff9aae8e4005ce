/// Learner: the learned branch on one graph, epoch by epoch, by whole-graph or sampled steps over the same layers.
///
/// Loss: multi-positive softmax over popularity-weighted candidates (gnn/loss.h), Adam with warm-up and linear decay.
/// Everything random is keyed by (seed, epoch, step), so a learner restored from a checkpoint goes on with the bits of
/// one that never stopped.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "encoder.h"
#include "kith/base/parallel.h"
#include "kith/base/status.h"
#include "kith/gnn/loss.h"
#include "kith/graph/social_graph.h"
#include "kith/recommend/model.h"
#include "kith/sampler/batcher.h"
#include "needed_hops.h"
#include "plan.h"

namespace kith {

struct EpochResult {
  double loss = 0;          ///< mean over the steps
  double wait_share = 0;    ///< of the epoch's time, spent waiting for sampled batches
  bool stopped = false;     ///< `stop` said so; the state is that of the last whole step
  std::uint64_t edges = 0;  ///< over which messages were passed forward, once a layer and step
  double seconds = 0;       ///< reported, never looked at
};

class Learner {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Learner>> Make(std::shared_ptr<const SocialGraph> graph,
                                                             const LearnPlan& plan, const Runtime& runtime);

  /// One pass over the users.  kFailedPrecondition where the loss or a weight is no longer finite.
  [[nodiscard]] Result<EpochResult> RunEpoch(std::uint32_t epoch, FunctionRef<bool()> stop);

  /// The vectors as they stand, whole neighbourhoods propagated, nodes' own rows weighed (own_weight.h), with gates
  /// still to be chosen.
  [[nodiscard]] Result<std::shared_ptr<Model>> Export(float user_own_weight);

  void Save(TensorFile& file) { encoder_->Save("learner.", file); }
  [[nodiscard]] Status Load(const TensorFile& file) { return encoder_->Load("learner.", file); }

 private:
  Learner(std::shared_ptr<const SocialGraph> graph, const LearnPlan& plan, const Runtime& runtime);
  [[nodiscard]] double LearningRate(std::uint64_t step) const;
  [[nodiscard]] double FullStep(std::span<const UserId> users, std::uint64_t step);
  [[nodiscard]] double SampledStep(const TrainingBatch& batch);
  [[nodiscard]] const Block& WholeGraph();

  std::shared_ptr<const SocialGraph> graph_;
  LearnPlan plan_;
  const Runtime& runtime_;
  SoftmaxLoss loss_;
  NegativeSampler candidates_;
  std::uint64_t steps_per_epoch_ = 0;
  std::vector<float> item_weights_;  ///< [I] d_i^power / mean
  std::unique_ptr<Encoder> encoder_;
  std::unique_ptr<Block> whole_graph_;
  std::unique_ptr<NeededHops> needed_;
  Matrix dz_;
};

}  // namespace kith
