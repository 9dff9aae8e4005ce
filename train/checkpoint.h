/// Checkpoint: a run's folder, from which an interrupted run goes on with the bits of one that never stopped.
///
///   options.json            what was asked for and on which graph; --resume demands the same
///   checkpoint.safetensors  phase, next epoch, choices so far, parameters and optimizer state, after a whole epoch
///   best.json, .safetensors the best model of the search, as a model that `kith` can read
///   metrics.jsonl           one JSON object an epoch; a resumed run cuts off what came after the checkpoint
/// Every file is written beside its place and renamed, so that an interruption leaves the former one whole.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "kith/base/status.h"
#include "kith/gnn/safetensors.h"
#include "kith/recommend/model.h"
#include "kith/train/trainer.h"
#include "own_weight.h"

namespace kith {

enum class TrainPhase : std::uint8_t { kSearch = 0, kRefit = 1 };

/// Where a run stands between two epochs.
struct RunState {
  TrainPhase phase = TrainPhase::kSearch;
  std::uint32_t next_epoch = 0;
  std::uint32_t best_epoch = 0;             ///< epochs chosen by the search; what the refit uses
  double tau = 0;                           ///< chosen by the trial; 0: not yet
  double best_recall = -1, best_ndcg = -1;  ///< of the best look; after the gates: with them
  float user_own_weight = kUserOwnWeight;   ///< chosen after the search, and so are the gates (own_weight.h)
  Gates gates = {};
  KernelAttention kernel_attention = {};
  float friend_sharpness = 0;
};

/// The run's folder; with an empty path every call succeeds and does nothing.
class RunFolder {
 public:
  /// Makes the folder.  `fingerprint` is one JSON object; a resumed run fails (kFailedPrecondition) where it differs.
  [[nodiscard]] static Result<RunFolder> Open(const std::string& path, const std::string& fingerprint, bool resume);

  /// The state to go on from, with the learner's tensors in `file`; none where the run starts anew.
  /// Lines of metrics.jsonl later than that state are cut off: their epochs run again.
  [[nodiscard]] Result<std::optional<RunState>> Load(TensorFile& file) const;
  /// `file` holds the learner's tensors; the state is added to its metadata.
  [[nodiscard]] Status Save(const RunState& state, TensorFile file) const;
  [[nodiscard]] Status SaveBest(const Model& model) const;
  [[nodiscard]] Result<std::shared_ptr<Model>> LoadBest() const;
  [[nodiscard]] Status AppendMetrics(const std::string& line) const;
  /// Removes what only a resume needs; a finished run keeps its options and metrics.
  static void Forget(const std::string& path);

 private:
  [[nodiscard]] Status CutMetrics(std::uintmax_t size) const;

  std::string path_;
  bool resume_ = false;
};

}  // namespace kith
