/// Batcher: shuffles users into batches and samples the blocks of several batches ahead, with bounded memory.
///
/// One pass over the users that have items is an epoch.  Order and blocks depend on (seed, epoch) alone.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "kith/base/parallel.h"
#include "kith/base/status.h"
#include "kith/graph/social_graph.h"
#include "kith/sampler/negative_sampler.h"
#include "kith/sampler/neighbor_sampler.h"

namespace kith {

struct BatcherOptions {
  std::uint32_t users_per_batch = 512;
  /// Positive items a user brings into a batch at most (drawn without replacement per step); kAll takes all.
  std::uint32_t positives_per_user = 16;
  /// Uniform candidate items shared by the batch.
  std::uint32_t candidates = 2048;
  /// Batches in flight: bounds the memory of the pipeline.
  std::uint32_t prefetch = 4;
  std::uint64_t seed = 1;
  [[nodiscard]] Status Validate() const;
};

/// What one step of training needs.  Local numbers index mini_batch.seeds.
struct TrainingBatch {
  std::uint64_t step = 0;
  std::vector<std::uint32_t> users;          ///< [B] local number of each user
  std::vector<EdgeOffset> positive_offsets;  ///< [B + 1]
  std::vector<std::uint32_t> positives;      ///< local numbers of the user's positives in this batch
  std::vector<std::uint32_t> candidates;     ///< [C] local numbers of the shared candidates
  MiniBatch mini_batch;
};

/// The users with at least one item, shuffled by (seed, epoch).
[[nodiscard]] std::vector<UserId> ShuffledUsers(const SocialGraph& graph, std::uint64_t seed, std::uint64_t epoch);

class Batcher {
 public:
  Batcher(std::shared_ptr<const SocialGraph> graph, NeighborSamplerOptions sampling, BatcherOptions options);

  [[nodiscard]] std::size_t batches_per_epoch() const noexcept;
  /// Samples ahead in parallel and calls train(batch) for every batch of the epoch in order; stops early when it
  /// returns false.  Returns the share of the wall time in which train had to wait for a batch, 0..1.
  double RunEpoch(const Runtime& runtime, std::uint64_t epoch, FunctionRef<bool(const TrainingBatch&)> train) const;
  /// Fills one batch: what RunEpoch hands to train at batch b of the epoch.
  void Fill(std::span<const UserId> order, std::uint64_t epoch, std::size_t b, NeighborSampler::Scratch& scratch,
            TrainingBatch& batch) const;

 private:
  std::shared_ptr<const SocialGraph> graph_;
  NeighborSampler sampler_;
  NegativeSampler negatives_;
  BatcherOptions options_;
  std::size_t active_users_ = 0;
};

}  // namespace kith
