/// Training's progress on standard error: a bar of one line on a terminal, a line an epoch elsewhere.
#pragma once

#include <string>

#include "kith/train/trainer.h"

namespace kith::tools {

/// "search 3/20  loss 5.1234  recall@20 0.2810  ndcg@20 0.2790  12.3 s"
[[nodiscard]] std::string ProgressLine(const TrainProgress& progress);
/// "[######--------------] " before the same.
[[nodiscard]] std::string ProgressBar(const TrainProgress& progress);

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
  std::string phase_;  ///< of the bar that stands on the current line; empty: none
};

}  // namespace kith::tools
