/// Plan: what a run will do, decided from counted work before the first step and never from the clock.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "kith/base/status.h"
#include "kith/gnn/layer.h"
#include "kith/graph/social_graph.h"
#include "kith/sampler/batcher.h"
#include "kith/train/trainer.h"

namespace kith {

/// Settings of the learned branch (docs/model.md gives the formulas they enter).
struct LearnPlan {
  LayerKind kind = LayerKind::kHouse;
  bool sampled = false;
  std::uint32_t width = 128;
  std::uint32_t layers = 2;
  std::uint32_t epochs = 0;          ///< length of the schedule
  std::uint32_t trial_epochs = 0;    ///< of each temperature before one is chosen; 0: no trial
  std::uint32_t evaluate_every = 1;  ///< epochs between looks at the validation part
  std::uint32_t users_per_batch = 1024;
  std::uint32_t candidates = 4096;  ///< shared by a step; all items where the work allows
  /// Sampled mode: neighbours drawn by a seed, and what an interaction then costs in edges (sampling_plan.h).
  std::uint32_t first_fanout = 25;
  double sampled_work = 0;
  double tau = 0.1;               ///< temperature; chosen among kTemperatures on the validation part
  double popularity_power = 0.5;  ///< candidate weight d_i^power over its mean
  double learning_rate = 0.03;
  std::uint32_t warmup_steps = 20;
  double last_rate = 0.05;         ///< share of the learning rate at the end of the linear decay
  bool keeps_checkpoints = false;  ///< a run folder was named
  std::uint64_t seed = 1;
};

/// Temperatures that a search tries, upwards until one is worse: sharp ones suit dense interactions, mild ones sparse.
inline constexpr double kTemperatures[] = {0.1, 0.15, 0.2, 0.3, 0.4};

/// Items with fewer users than this are left out of the spectral kernel, so that the pairs of the others are within a
/// run's work (and memory: a row, its copies while it is made and a second model's hold 8 KiB an item); 0: no kernel.
[[nodiscard]] std::uint32_t KernelLeastDegree(const SocialGraph& graph, std::uint64_t memory_limit);

/// Leading singular vectors that the kernel keeps dense, by the catalogue's size.
[[nodiscard]] std::uint32_t KernelRank(const SocialGraph& graph);

/// Bytes a run of the plan holds at its peak, an estimate from above.
[[nodiscard]] std::uint64_t EstimateMemory(const SocialGraph& graph, const LearnPlan& plan);

/// What a plan asks of the batcher in sampled mode.
[[nodiscard]] BatcherOptions SampledBatches(const LearnPlan& plan);

/// Fails: kOutOfMemory where not even sampled mode fits options.memory_limit, kInvalidArgument for an unknown
/// architecture.
[[nodiscard]] Result<LearnPlan> MakePlan(const std::shared_ptr<const SocialGraph>& graph, const TrainOptions& options);

}  // namespace kith
