/// `kith bench train`: one epoch of training in sampled mode on synthetic graphs that grow, under a memory limit.
///
/// Users and items belong to circles; half of a user's items are of the own circle, popular ones more often than
/// others, so that there is something to learn.  20 items a user on average, half as many items as users.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "kith/base/parallel.h"
#include "kith/base/status.h"
#include "kith/graph/social_graph.h"

namespace kith::tools {

struct TrainBenchOptions {
  std::vector<std::uint64_t> edges = {250'000, 500'000, 1'000'000};  ///< interactions drawn, before repeats are lost
  std::uint64_t memory_limit = 0;                                    ///< of training; 0: none
  std::uint64_t seed = 1;

  [[nodiscard]] Status Validate() const;
};

struct TrainBenchRow {
  std::uint32_t users = 0, items = 0;
  std::uint64_t interactions = 0;       ///< of the graph; a tenth of them is held out
  double seconds = 0;                   ///< of the epoch, without what comes before and after
  double edges_per_second = 0;          ///< over which messages were passed forward
  double over_linear = 1;               ///< seconds over those of the first row, over the same of interactions
  std::uint64_t peak_memory_bytes = 0;  ///< of the process until then
  double recall = 0;                    ///< @20 on the held-out part after the epoch
  bool verified = false;                ///< the loss is finite, and recall is ten times that of chance
};

/// The same graph for any number of threads.
[[nodiscard]] Result<std::shared_ptr<const SocialGraph>> MakeCircleGraph(const Runtime& runtime, std::uint64_t edges,
                                                                         std::uint64_t seed);

/// Fails: kOutOfMemory where the limit cannot be met, kCancelled when interrupted.
[[nodiscard]] Result<std::vector<TrainBenchRow>> RunTrainBench(const Runtime& runtime,
                                                               const TrainBenchOptions& options = {});

}  // namespace kith::tools
