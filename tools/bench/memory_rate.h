/// The random-line rates of the machine: how many cache lines a second one thread reads in random order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "kith/base/buffer.h"

namespace kith::tools {

struct MemoryRate {
  double prefetched = 0;  ///< lines a second where addresses are known long before: misses overlap; the better hint
  double dependent = 0;   ///< where each address is in the line before: one miss after the other
};

/// CPU seconds of the calling thread so far: what a core has spent on it, whatever else the machine does.
[[nodiscard]] double ThreadSeconds();

/// An array of `bytes` (at least a page) in 2 MiB-advised memory, whose lines are read in random order.
class RandomLines {
 public:
  RandomLines(std::size_t bytes, std::uint64_t seed);

  /// One measurement of lines a CPU second, some milliseconds each.  Prefetched: fetched into the first cache or into
  /// the second, whichever is faster here, so that no sampler gets lines faster by another hint.
  [[nodiscard]] double Prefetched() const;
  [[nodiscard]] double Dependent() const;

 private:
  template <int kLocality>
  [[nodiscard]] double PrefetchedBy() const;

  AlignedBuffer<std::uint32_t> memory_;  ///< the first word of each line is the number of the next one
  std::vector<std::uint32_t> order_;
};

/// The value in the middle; reorders `values`.
[[nodiscard]] double Median(std::vector<double>& values);

}  // namespace kith::tools
