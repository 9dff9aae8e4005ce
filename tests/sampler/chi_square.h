/// Pearson's statistic, told in standard deviations of its chi-square distribution.
#pragma once

#include <cmath>
#include <vector>

namespace kith::testing {

/// `counts` against shares that sum to 1; above 5 is no chance.  REQUIRES: expected counts of some five and more.
inline double ChiSquareDeviations(const std::vector<double>& counts, const std::vector<double>& shares) {
  double total = 0, statistic = 0;
  for (const double count : counts) total += count;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const double expected = total * shares[i];
    statistic += (counts[i] - expected) * (counts[i] - expected) / expected;
  }
  const double freedom = static_cast<double>(counts.size()) - 1;
  return (statistic - freedom) / std::sqrt(2 * freedom);
}

/// Against equal shares.
inline double ChiSquareDeviations(const std::vector<double>& counts) {
  return ChiSquareDeviations(counts, std::vector<double>(counts.size(), 1.0 / static_cast<double>(counts.size())));
}

}  // namespace kith::testing
