#include "bench/kernel_bench.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <ctime>
#include <numeric>
#include <utility>

#include "kith/base/rng.h"
#include "kith/graph/csr_builder.h"

namespace kith::tools {
namespace {

double Now(bool on_all_threads) {
  timespec now{};
  (void)clock_gettime(on_all_threads ? CLOCK_MONOTONIC : CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) * 1e-6;
}

double Milliseconds(const std::function<void()>& run, std::uint32_t runs, bool on_all_threads) {
  const double begin = Now(on_all_threads);
  for (std::uint32_t i = 0; i < runs; ++i) run();
  return (Now(on_all_threads) - begin) / runs;
}

/// The least time of the case and of its floor, which take turns.
void Measure(const KernelBenchCase& bench, std::uint32_t repeats, KernelBenchRow& row) {
  for (std::uint32_t i = 0; i <= repeats; ++i) {
    const double time = Milliseconds(bench.run, bench.runs, bench.on_all_threads);
    const double floor = bench.floor ? Milliseconds(bench.floor, bench.runs, bench.on_all_threads) : 0;
    if (i == 0) continue;  // the first finds cold caches
    row.milliseconds = i == 1 ? time : std::min(row.milliseconds, time);
    row.floor_milliseconds = i == 1 ? floor : std::min(row.floor_milliseconds, floor);
  }
  if (row.floor_milliseconds > 0) row.ratio = row.milliseconds / row.floor_milliseconds;
}

/// 0, ..., n - 1 in random order (Fisher and Yates).
std::vector<std::uint32_t> RandomOrder(std::uint32_t n, const Rng& rng) {
  std::vector<std::uint32_t> order(n);
  std::iota(order.begin(), order.end(), 0U);
  for (std::uint32_t i = n; i > 1; --i) std::swap(order[i - 1], order[rng.bounded(i, i)]);
  return order;
}

}  // namespace

Status KernelBenchOptions::Validate() const {
  if (repeats == 0) return InvalidArgument("repeats: expected 1 or more, found 0");
  return OkStatus();
}

Result<Csr> SyntheticKernelGraph(const Runtime& runtime, std::uint64_t seed) {
  constexpr std::uint32_t kUsers = 29858, kItems = 40981, kInteractions = 811000;
  const Rng user_draw(seed, Purpose::kBench, 0), item_draw(seed, Purpose::kBench, 1);
  const auto users = RandomOrder(kUsers, Rng(seed, Purpose::kBench, 2));
  const auto items = RandomOrder(kItems, Rng(seed, Purpose::kBench, 3));
  const auto drawn = [](const Rng& rng, std::uint32_t i, std::uint32_t n, double power) {
    return std::min(n - 1, static_cast<std::uint32_t>(n * std::pow(static_cast<double>(rng.uniform(i)), power)));
  };
  std::vector<Edge> edges;
  edges.reserve(2 * std::size_t{kInteractions});
  for (std::uint32_t i = 0; i < kInteractions; ++i) {
    const std::uint32_t user = users[drawn(user_draw, i, kUsers, 1.7)];
    const std::uint32_t item = kUsers + items[drawn(item_draw, i, kItems, 2.0)];
    edges.push_back({.source = user, .target = item});
    edges.push_back({.source = item, .target = user});
  }
  return BuildCsr(runtime, kUsers + kItems, kUsers + kItems, edges);
}

Result<std::vector<KernelBenchRow>> RunKernelBench(const Runtime& runtime, const KernelBenchOptions& options,
                                                   const Csr* csr) {
  KITH_RETURN_IF_ERROR(options.Validate());
  Csr synthetic;
  if (csr == nullptr) {
    KITH_ASSIGN_OR_RETURN(synthetic, SyntheticKernelGraph(runtime, options.seed));
    csr = &synthetic;
  }
  std::vector<KernelBenchRow> rows;
  for (const KernelBenchCase& bench : KernelBenchCases(runtime, *csr, options.seed)) {
    KernelBenchRow row;
    row.name = bench.name;
    row.size = bench.size;
    row.verified = bench.verify();
    row.floor = bench.floor_name;
    Measure(bench, options.repeats, row);
    if (bench.flops > 0) row.gigaflops = bench.flops / row.milliseconds / 1e6;
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace kith::tools
