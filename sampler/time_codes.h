/// TimeCodes: times as numbers of 32 bits in the same order, so that a cache line holds sixteen.
///
/// Where all times lie within 2^32 - 1 of each other (seconds do) a code is the distance from the earliest; else it is
/// the rank among the different times, of which there are at most as many as edges.
/// Threads: immutable, read from anywhere.   Cost: nothing, or 8 bytes a different time and a binary search a code.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace kith {

class TimeCodes {
 public:
  /// `times`: all that edges may have, besides none.
  explicit TimeCodes(std::span<const std::span<const std::int64_t>> times);

  /// Of a time that was given or any other: t < before if and only if Code(t) < Code(before), for every t given.
  [[nodiscard]] std::uint32_t Code(std::int64_t before) const noexcept {
    if (!ranked_.empty()) {
      return static_cast<std::uint32_t>(std::lower_bound(ranked_.begin(), ranked_.end(), before) - ranked_.begin());
    }
    if (before <= earliest_) return 0;
    const std::uint64_t distance = static_cast<std::uint64_t>(before) - static_cast<std::uint64_t>(earliest_);
    return static_cast<std::uint32_t>(std::min(distance, kLargest));
  }

 private:
  static constexpr std::uint64_t kLargest = std::numeric_limits<std::uint32_t>::max();
  std::int64_t earliest_ = 0;
  std::vector<std::int64_t> ranked_;  ///< all different times, ascending, where they lie too far apart; else empty
};

}  // namespace kith
