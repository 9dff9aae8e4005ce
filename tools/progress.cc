#include "progress.h"

#include <algorithm>

#include "command.h"
#include "table.h"

namespace kith::tools {

std::string ProgressLine(const TrainProgress& progress) {
  if (progress.epochs == 0) return progress.phase + "  " + Fixed(progress.seconds, 1) + " s";
  std::string line = progress.phase + " " + std::to_string(progress.epoch);
  line += "/" + std::to_string(progress.epochs);
  line += "  loss " + Fixed(progress.loss, 4);
  if (progress.recall >= 0) line += "  recall@20 " + Fixed(progress.recall, 4);
  if (progress.ndcg >= 0) line += "  ndcg@20 " + Fixed(progress.ndcg, 4);
  return line + "  " + Fixed(progress.seconds, 1) + " s";
}

std::string ProgressBar(const TrainProgress& progress) {
  if (progress.epochs == 0) return ProgressLine(progress);
  constexpr std::size_t kWidth = 20;
  const std::size_t epochs = std::max<std::size_t>(progress.epochs, 1);
  const std::size_t filled = std::min<std::size_t>(kWidth, kWidth * progress.epoch / epochs);
  return "[" + std::string(filled, '#') + std::string(kWidth - filled, '-') + "] " + ProgressLine(progress);
}

ProgressPrinter::~ProgressPrinter() {
  if (!phase_.empty()) WriteStderr("\n");
}

void ProgressPrinter::Show(const TrainProgress& progress) {
  if (!terminal_) {
    WriteStderr(ProgressLine(progress) + "\n");
    return;
  }
  // A new phase keeps the last line of the one before; within a phase the bar is drawn over itself.
  const std::string start = phase_.empty() ? "" : phase_ == progress.phase ? "\r\x1b[K" : "\n";
  WriteStderr(start + ProgressBar(progress));
  phase_ = progress.phase;
}

}  // namespace kith::tools
