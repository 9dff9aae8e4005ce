#include "progress.h"

#include <algorithm>

#include "command.h"
#include "table.h"

namespace kith::tools {

namespace {

/// "81 s", "4 min", "2.5 h".
std::string Roughly(double seconds) {
  if (seconds < 120) return Fixed(seconds, 0) + " s";
  return seconds < 7200 ? Fixed(seconds / 60, 0) + " min" : Fixed(seconds / 3600, 1) + " h";
}

}  // namespace

std::string ProgressLine(const TrainProgress& progress, double seconds_left) {
  if (progress.epochs == 0) return progress.phase + "  " + Fixed(progress.seconds, 1) + " s";
  std::string line = progress.phase + " " + std::to_string(progress.epoch);
  line += "/" + std::to_string(progress.epochs);
  line += "  loss " + Fixed(progress.loss, 4);
  if (progress.recall >= 0) line += "  recall@20 " + Fixed(progress.recall, 4);
  if (progress.ndcg >= 0) line += "  ndcg@20 " + Fixed(progress.ndcg, 4);
  line += "  " + Fixed(progress.seconds, 1) + " s";
  if (seconds_left >= 0) line += ", at most " + Roughly(seconds_left) + " left";
  if (progress.edges_per_second > 0) line += "  " + Fixed(progress.edges_per_second / 1e6, 1) + " M edges/s";
  if (progress.memory_bytes != 0) line += "  " + Bytes(progress.memory_bytes);
  return line;
}

double TimeLeft::After(const TrainProgress& progress) {
  if (progress.epochs == 0) return -1;
  if (progress.phase != phase_) {
    phase_ = progress.phase;
    first_epoch_ = progress.epoch;
    first_seconds_ = progress.seconds;
  }
  const bool first = progress.epoch <= first_epoch_;
  const double pace = first ? progress.seconds - before_  // from the report before, which another phase made
                            : (progress.seconds - first_seconds_) / (progress.epoch - first_epoch_);
  before_ = progress.seconds;
  if (phase_ != "search" && phase_ != "refit") return -1;
  const std::uint32_t left = progress.epochs - std::min(progress.epoch, progress.epochs);
  return pace * (left + (phase_ == "search" ? progress.epochs : 0));
}

std::string ProgressBar(const TrainProgress& progress, double seconds_left) {
  if (progress.epochs == 0) return ProgressLine(progress);
  constexpr std::size_t kWidth = 20;
  const std::size_t epochs = std::max<std::size_t>(progress.epochs, 1);
  const std::size_t filled = std::min<std::size_t>(kWidth, kWidth * progress.epoch / epochs);
  return "[" + std::string(filled, '#') + std::string(kWidth - filled, '-') + "] " +
         ProgressLine(progress, seconds_left);
}

ProgressPrinter::~ProgressPrinter() {
  if (!phase_.empty()) WriteStderr("\n");
}

void ProgressPrinter::Show(const TrainProgress& progress) {
  const double seconds_left = left_.After(progress);
  if (!terminal_) {
    WriteStderr(ProgressLine(progress, seconds_left) + "\n");
    return;
  }
  // A new phase keeps the last line of the one before; within a phase the bar is drawn over itself.
  const std::string start = phase_.empty() ? "" : phase_ == progress.phase ? "\r\x1b[K" : "\n";
  WriteStderr(start + ProgressBar(progress, seconds_left));
  phase_ = progress.phase;
}

}  // namespace kith::tools
