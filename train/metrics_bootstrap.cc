#include "kith/train/metrics_bootstrap.h"

#include <algorithm>
#include <cmath>

#include "kith/base/rng.h"

namespace kith {
namespace {

constexpr std::size_t kMostGroups = 65'536;

/// Users dealt into groups, one after the other.
struct Groups {
  std::size_t count = 0;
  std::vector<double> sums;   ///< [columns x count]
  std::vector<double> sizes;  ///< [count]
};

Groups DealOut(std::span<const double> values, std::size_t columns) {
  const std::size_t users = values.size() / columns;
  Groups groups;
  groups.count = std::min(users, kMostGroups);
  groups.sums.resize(groups.count * columns);
  groups.sizes.resize(groups.count);
  for (std::size_t u = 0; u < users; ++u) {
    const std::size_t g = u % groups.count;
    groups.sizes[g] += 1;
    for (std::size_t c = 0; c < columns; ++c) groups.sums[c * groups.count + g] += values[u * columns + c];
  }
  return groups;
}

/// In a fixed order, eight sums side by side.
double Dot(const double* a, const double* b, std::size_t n) {
  double lanes[8] = {};
  std::size_t i = 0;
  for (; i + 8 <= n; i += 8) {
    for (std::size_t l = 0; l < 8; ++l) lanes[l] += a[i + l] * b[i + l];
  }
  for (; i < n; ++i) lanes[0] += a[i] * b[i];
  double sum = 0;
  for (const double lane : lanes) sum += lane;
  return sum;
}

/// means [columns] of one resample.  `times` [groups] is work space.
void Resample(const Groups& groups, const BootstrapOptions& options, std::uint32_t resample, std::vector<double>& times,
              std::span<double> means) {
  const Rng rng(options.seed, Purpose::kBootstrap, /*step=*/resample + 1U);
  const WordStream draws(std::uint64_t{rng.bits(0)} << 32 | rng.bits(1), 0);
  times.assign(groups.count, 0.0);
  const auto n = static_cast<std::uint32_t>(groups.count);
  for (std::uint32_t i = 0; i < n; ++i) times[draws.bounded(i, n)] += 1;
  const double users = Dot(times.data(), groups.sizes.data(), groups.count);
  for (std::size_t c = 0; c < means.size(); ++c) {
    means[c] = Dot(times.data(), groups.sums.data() + c * groups.count, groups.count) / users;
  }
}

/// The value below which `share` of the sorted values lie, by linear interpolation at (n + 1) * share.
double Quantile(const std::vector<double>& sorted, double share) {
  const double place =
      std::clamp(share * (static_cast<double>(sorted.size()) + 1) - 1, 0.0, static_cast<double>(sorted.size() - 1));
  const auto below = static_cast<std::size_t>(place);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (place - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

}  // namespace

std::vector<Estimate> BootstrapMeans(const Runtime& runtime, std::span<const double> values, std::size_t columns,
                                     const BootstrapOptions& options) {
  std::vector<Estimate> estimates(columns);
  const std::size_t users = values.size() / columns;
  if (users == 0) return estimates;
  const auto n = static_cast<double>(users);
  for (std::size_t c = 0; c < columns; ++c) {
    double sum = 0, squares = 0;
    for (std::size_t u = 0; u < users; ++u) sum += values[u * columns + c];
    Estimate& estimate = estimates[c];
    estimate.mean = estimate.low = estimate.high = sum / n;
    for (std::size_t u = 0; u < users; ++u) {
      const double off = values[u * columns + c] - estimate.mean;
      squares += off * off;
    }
    if (users > 1) estimate.error = std::sqrt(squares / (n - 1) / n);
  }
  if (users < 2 || options.resamples == 0) return estimates;

  const Groups groups = DealOut(values, columns);
  std::vector<double> means(options.resamples * columns);
  ParallelFor(runtime, options.resamples, 8, [&](std::size_t begin, std::size_t end) {
    std::vector<double> times;
    for (std::size_t b = begin; b < end; ++b) {
      Resample(groups, options, static_cast<std::uint32_t>(b), times, std::span(means).subspan(b * columns, columns));
    }
  });
  std::vector<double> sorted(options.resamples);
  for (std::size_t c = 0; c < columns; ++c) {
    for (std::size_t b = 0; b < sorted.size(); ++b) sorted[b] = means[b * columns + c];
    std::sort(sorted.begin(), sorted.end());
    estimates[c].low = Quantile(sorted, (1 - options.level) / 2);
    estimates[c].high = Quantile(sorted, (1 + options.level) / 2);
  }
  return estimates;
}

}  // namespace kith
