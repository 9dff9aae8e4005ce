/// Bootstrap: how sure a mean over users is, by drawing the users again.
///
/// The percentile interval of Efron and Tibshirani 1993, chapter 13: users are drawn with replacement `resamples`
/// times, and the interval spans the middle `level` of the means.  Several columns share the draws, so the difference
/// of two models is resampled as a column of per-user differences (paired). Differs from the book: of more than 65 536
/// users, groups of users as equal in size as can be are drawn in their place; their sums vary as much, and the work
/// stays bounded. Same seed, same bits for any number of threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "kith/base/parallel.h"

namespace kith {

struct BootstrapOptions {
  /// The ends of the interval stand still to about a twentieth of its width.
  std::uint32_t resamples = 1000;
  double level = 0.95;
  std::uint64_t seed = 1;
};

/// A mean, its standard error sd / sqrt(n) and its interval.  Of fewer than two users the error is 0 and the interval
/// is the mean.
struct Estimate {
  double mean = 0, error = 0, low = 0, high = 0;
};

/// values [users x columns]; one estimate a column.  REQUIRES: columns > 0 divides the number of values.
[[nodiscard]] std::vector<Estimate> BootstrapMeans(const Runtime& runtime, std::span<const double> values,
                                                   std::size_t columns, const BootstrapOptions& options = {});

}  // namespace kith
