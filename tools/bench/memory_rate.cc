#include "bench/memory_rate.h"

#include <algorithm>
#include <ctime>
#include <numeric>
#include <utility>

#include "kith/base/rng.h"

namespace kith::tools {
namespace {

/// Stream of Purpose::kBench: the order of the lines.
constexpr std::uint64_t kLineOrder = 40;
constexpr std::size_t kLineWords = 64 / sizeof(std::uint32_t);
constexpr std::size_t kReads = 1U << 20;
constexpr std::size_t kDependentReads = 1U << 17;
/// Lines in flight before the one that is read.
constexpr std::size_t kAhead = 64;

}  // namespace

double ThreadSeconds() {
  timespec now{};
  (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

RandomLines::RandomLines(std::size_t bytes, std::uint64_t seed) {
  const auto lines = static_cast<std::uint32_t>(std::max<std::size_t>(bytes / 64, 64));
  memory_ = AlignedBuffer<std::uint32_t>(lines * kLineWords);
  const Rng rng(seed, Purpose::kBench, kLineOrder);
  const WordStream words(std::uint64_t{rng.bits(0)} << 32 | rng.bits(1), 0);

  // One cycle through all lines in random order (Sattolo), so that a dependent walk never falls into a short one.
  std::vector<std::uint32_t> next(lines);
  std::iota(next.begin(), next.end(), 0U);
  for (std::uint32_t i = lines - 1; i > 0; --i) {
    std::swap(next[i], next[static_cast<std::uint32_t>(std::uint64_t{words.word(i)} * i >> 32)]);
  }
  for (std::uint32_t i = 0; i < lines; ++i) memory_[i * kLineWords] = next[i];
  order_.resize(kReads + kAhead);
  for (std::uint32_t i = 0; i < order_.size(); ++i) {
    order_[i] = static_cast<std::uint32_t>(std::uint64_t{words.word(~i)} * lines >> 32);
  }
}

template <int kLocality>
double RandomLines::PrefetchedBy() const {
  [[maybe_unused]] volatile std::uint32_t sink = 0;
  const double begin = ThreadSeconds();
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < kReads; ++i) {
    __builtin_prefetch(memory_.data() + order_[i + kAhead] * kLineWords, /*rw=*/0, kLocality);
    sum += memory_[order_[i] * kLineWords];
  }
  sink = sum;
  return static_cast<double>(kReads) / (ThreadSeconds() - begin);
}

double RandomLines::Prefetched() const {
  constexpr int kFirstCache = 3, kSecondCache = 2;
  return std::max(PrefetchedBy<kFirstCache>(), PrefetchedBy<kSecondCache>());
}

double RandomLines::Dependent() const {
  [[maybe_unused]] volatile std::uint32_t sink = 0;
  std::uint32_t at = order_[0];
  const double begin = ThreadSeconds();
  for (std::size_t i = 0; i < kDependentReads; ++i) at = memory_[at * kLineWords];
  sink = at;
  return static_cast<double>(kDependentReads) / (ThreadSeconds() - begin);
}

double Median(std::vector<double>& values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace kith::tools
