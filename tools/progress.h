/// Training's progress on standard error: a bar of one line on a terminal, a line an epoch elsewhere.
#pragma once

#include <cstdint>
#include <string>

#include "kith/train/trainer.h"

namespace kith::tools {

/// "search 3/20  loss 5.1234  recall@20 0.2810  ndcg@20 0.2790  12.3 s, at most 81 s left  34.1 M edges/s  210.0 MiB"
/// What was not measured is left out; `seconds_left` below 0 is not known.
[[nodiscard]] std::string ProgressLine(const TrainProgress& progress, double seconds_left = -1);
/// "[######--------------] " before the same.
[[nodiscard]] std::string ProgressBar(const TrainProgress& progress, double seconds_left = -1);

/// How long the epochs that are left take at the pace of those of the phase so far; a search may end earlier, and its
/// refit, which takes no more epochs than it, is counted.
class TimeLeft {
 public:
  /// Seconds, or -1 where no pace is known yet.
  [[nodiscard]] double After(const TrainProgress& progress);

 private:
  std::string phase_;
  std::uint32_t first_epoch_ =
      0;  ///< of the phase that was reported, with its time: those before ran in another process
  double first_seconds_ = 0, before_ = 0;
};

class ProgressPrinter {
 public:
  explicit ProgressPrinter(bool terminal) : terminal_(terminal) {}
  /// Ends an open bar's line.
  ~ProgressPrinter();
  ProgressPrinter(const ProgressPrinter&) = delete;
  ProgressPrinter& operator=(const ProgressPrinter&) = delete;

  void Show(const TrainProgress& progress);

 private:
  bool terminal_;
  TimeLeft left_;
  std::string phase_;  ///< of the bar that stands on the current line; empty: none
};

}  // namespace kith::tools
