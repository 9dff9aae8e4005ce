#include "bench/train_bench.h"

#include <algorithm>
#include <atomic>
#include <cmath>

#include "command.h"
#include "kith/base/rng.h"
#include "kith/train/trainer.h"
#include "progress.h"

namespace kith::tools {
namespace {

constexpr std::uint64_t kFewestEdges = 10'000, kMostEdges = 1'000'000'000;
constexpr std::uint32_t kItemsAUser = 20, kMostItemsAUser = 400, kCircle = 500;  // items of a circle

/// Sets the run's flag once the epoch is over; Ctrl-C ends it too.
class OneEpoch {
 public:
  explicit OneEpoch(TrainBenchRow& row) : row_(row) {}

  void operator()(const TrainProgress& progress) {
    WriteStderr(ProgressLine(progress) + "\n");
    if (progress.phase != "search") return;
    row_.seconds = progress.epoch_seconds;
    row_.edges_per_second = progress.edges_per_second;
    row_.peak_memory_bytes = progress.memory_bytes;
    row_.recall = progress.recall;
    row_.verified = std::isfinite(progress.loss) && progress.recall > 10 * 20.0 / row_.items;
    over_ = true;
  }
  [[nodiscard]] const std::atomic<bool>* flag() const noexcept { return &over_; }

 private:
  TrainBenchRow& row_;
  std::atomic<bool> over_ = false;
};

}  // namespace

Status TrainBenchOptions::Validate() const {
  if (edges.empty()) return InvalidArgument("bench train: expected at least one number of edges");
  for (const std::uint64_t n : edges) {
    if (n < kFewestEdges || n > kMostEdges) {
      return InvalidArgument("bench train: expected " + std::to_string(kFewestEdges) + " to " +
                             std::to_string(kMostEdges) + " edges, found " + std::to_string(n));
    }
  }
  return OkStatus();
}

Result<std::shared_ptr<const SocialGraph>> MakeCircleGraph(const Runtime& runtime, std::uint64_t edges,
                                                           std::uint64_t seed) {
  const auto users = static_cast<std::uint32_t>(edges / kItemsAUser), items = users / 2;
  const std::uint32_t circles = std::max(1U, items / kCircle);
  std::vector<std::vector<std::uint32_t>> rows(users);
  ParallelFor(runtime, users, 1024, [&](std::size_t begin, std::size_t end) {
    for (std::size_t u = begin; u < end; ++u) {
      const Rng rng(seed, Purpose::kBench, 0, static_cast<std::uint32_t>(u));
      // Exponentially many, at least a quarter of the mean.
      const double drawn = kItemsAUser * (0.25 - 0.75 * std::log(1.0 - static_cast<double>(rng.uniform(0))));
      const auto n = std::min(static_cast<std::uint32_t>(drawn + 0.5), kMostItemsAUser);
      const auto circle = static_cast<std::uint32_t>(u % circles);
      std::vector<std::uint32_t>& row = rows[u];
      for (std::uint32_t i = 0; i < n; ++i) {
        const double x = rng.uniform(4 * i + 5), popular = x * x * x;  // the first items are the popular ones
        const bool own = rng.uniform(4 * i + 4) < 0.5F;
        const std::uint32_t room = own ? items / circles : items;
        const auto place = std::min(static_cast<std::uint32_t>(popular * room), room - 1);
        row.push_back(own ? circle + circles * place : place);
      }
      std::sort(row.begin(), row.end());
      row.erase(std::unique(row.begin(), row.end()), row.end());
    }
  });
  std::vector<Edge> list;
  list.reserve(edges);
  for (std::uint32_t u = 0; u < users; ++u) {
    for (const std::uint32_t item : rows[u]) list.push_back({u, item});
    rows[u] = {};
  }
  return SocialGraph::Build(runtime, users, items, list, {}, "circles", list.size());
}

Result<std::vector<TrainBenchRow>> RunTrainBench(const Runtime& runtime, const TrainBenchOptions& options) {
  KITH_RETURN_IF_ERROR(options.Validate());
  std::vector<TrainBenchRow> rows;
  for (const std::uint64_t edges : options.edges) {
    KITH_ASSIGN_OR_RETURN(const auto graph, MakeCircleGraph(runtime, edges, options.seed));
    TrainBenchRow row{
        .users = graph->num_users(), .items = graph->num_items(), .interactions = graph->num_interactions()};
    OneEpoch epoch(row);
    const TrainOptions train{.mode = TrainMode::kSampled,
                             .epochs = 1,
                             .seed = options.seed,
                             .memory_limit = options.memory_limit,
                             .cancelled = epoch.flag()};
    const auto result = Train(
        graph, train, runtime, [&](const TrainProgress& progress) { epoch(progress); }, StderrLog());
    if (!result.ok() && result.status().code() != StatusCode::kCancelled) return result.status();
    if (Interrupted()) return Cancelled("bench train was interrupted");
    if (!rows.empty()) {
      const double work = static_cast<double>(row.interactions) / static_cast<double>(rows.front().interactions);
      row.over_linear = row.seconds / rows.front().seconds / work;
    }
    rows.push_back(row);
  }
  return rows;
}

}  // namespace kith::tools
