/// Trainer: graph in, model out. Chooses on a validation part of its own, then refits on everything.
///
///   1. hold out part of each user's items (train/split.h);  2. learn on the rest, measure, stop early;
///   3. fit the gates of the ranker on the held-out part;  4. refit on all interactions with what was chosen.
/// Never touches RocksDB and never a test file.  Same graph, options and seed: same bits for any number of threads.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "kith/base/log.h"
#include "kith/base/parallel.h"
#include "kith/base/status.h"
#include "kith/graph/social_graph.h"
#include "kith/recommend/model.h"

namespace kith {

enum class TrainMode : std::uint8_t {
  kAuto,     ///< full where the graph and its vectors fit the memory, else sampled
  kFull,     ///< propagates over the whole graph every step
  kSampled,  ///< propagates over sampled blocks (sampler/)
};

struct TrainOptions {
  /// One of kArchitectures (architectures.h); kith is the house layer.
  std::string architecture = "kith";
  TrainMode mode = TrainMode::kAuto;
  /// 0: planned from the size of the graph, stopped early on the validation part. Otherwise exactly as many.
  std::uint32_t epochs = 0;
  std::uint32_t width = 0;   ///< 0: the architecture's (architectures.h), 128 for most
  std::uint32_t layers = 0;  ///< 0: the architecture's, 2 for most
  std::uint64_t seed = 1;
  /// Seconds for the whole run, 0 = none. A run that it cuts short keeps its best state and promises no bits.
  /// Closed-form baselines have no state worth keeping and are not cut short.
  double time_limit = 0;
  /// Bytes the run may use, 0 = no limit; a run whose estimate is above it fails with kOutOfMemory before it starts.
  std::uint64_t memory_limit = 0;
  /// Left out: the evidences friends, popular (but for users without items, whom somebody must answer) and learned; the
  /// item kernel (spectral); the attention of the house layer and over friends (attention).  The baselines, which are
  /// one evidence each, leave nothing out.
  std::vector<std::string> without = {};
  /// Folder for checkpoints, metrics.jsonl and the options; empty = none.
  std::string run_directory = {};
  bool resume = false;
  /// Set from a signal handler: the run writes a checkpoint and returns kCancelled.
  const std::atomic<bool>* cancelled = nullptr;

  [[nodiscard]] Status Validate() const;
  /// What is asked for, or else the architecture's.  REQUIRE: an architecture that is one.
  [[nodiscard]] std::uint32_t ChosenWidth() const;
  [[nodiscard]] std::uint32_t ChosenLayers() const;
};

/// One line of progress.
struct TrainProgress {
  std::string phase;  ///< "try tau 0.10", "search", "refit"; "item kernel" has no epochs
  std::uint32_t epoch = 0, epochs = 0;
  double loss = 0;
  double recall = -1, ndcg = -1;   ///< @20 on the validation part; -1 where not measured this epoch
  double seconds = 0;              ///< since the start
  double epoch_seconds = 0;        ///< of this epoch alone, without what measured it
  double edges_per_second = 0;     ///< over which messages were passed forward in this epoch; 0 outside of epochs
  std::uint64_t memory_bytes = 0;  ///< the process' peak so far
};

struct TrainReport {
  std::string mode = "full";
  std::uint32_t epochs = 0;
  double seconds = 0;
  std::string stopped = {};                             ///< empty, or "time-limit"
  double validation_recall = -1, validation_ndcg = -1;  ///< @20; -1 where the data left no room for validation
  double sampler_wait_share = 0;
  std::uint64_t peak_memory_bytes = 0;
};

struct TrainResult {
  std::shared_ptr<const Model> model;
  TrainReport report;
};

[[nodiscard]] Result<TrainResult> Train(std::shared_ptr<const SocialGraph> graph, const TrainOptions& options,
                                        const Runtime& runtime,
                                        const std::function<void(const TrainProgress&)>& progress = {},
                                        const LogSink& log = {});

/// Removes the checkpoint of a finished run. Call it once the model is safe: until then --resume gives the model again.
void ForgetCheckpoint(const std::string& run_directory);

}  // namespace kith
