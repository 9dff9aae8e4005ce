/// Distinct draws without touching the whole range: Floyd's method, Bentley and Floyd, CACM 30(9), 1987.
///
/// Position j = n-k .. n-1 draws t in [0, j] (the bound includes j: excluding it favours the range's end) and takes t,
/// or j where t was taken before.  Every k-subset is equally likely; O(k) expected, whatever n is.
#pragma once

#include <bit>
#include <cstdint>
#include <vector>

#include "kith/base/rng.h"

namespace kith {

/// Set of numbers that is emptied in O(1): an entry counts only if it carries the present stamp.
class StampedSet {
 public:
  /// Empty, with room for `size` members.
  void Clear(std::size_t size) {
    const std::size_t slots = std::bit_ceil(2 * size + 2);
    if (slots > slots_.size()) slots_.assign(slots, 0);
    if (++stamp_ == 0) {
      slots_.assign(slots_.size(), 0);
      stamp_ = 1;
    }
  }
  /// Whether the value was new.
  bool Insert(std::uint32_t value) {
    const std::size_t mask = slots_.size() - 1;
    const std::uint64_t entry = (std::uint64_t{stamp_} << 32) | value;
    std::size_t slot = (value * std::size_t{0x9E3779B97F4A7C15ULL} >> 20) & mask;
    while ((slots_[slot] >> 32) == stamp_) {
      if (slots_[slot] == entry) return false;
      slot = (slot + 1) & mask;
    }
    slots_[slot] = entry;
    return true;
  }

 private:
  std::vector<std::uint64_t> slots_;
  std::uint32_t stamp_ = 0;
};

/// Calls take(position) for k distinct positions of [0, n); draws first_draw .. first_draw + k - 1 of `rng`.
/// REQUIRES: k <= n.
template <class Take>
void DrawDistinct(const Rng& rng, std::uint32_t first_draw, std::uint32_t n, std::uint32_t k, StampedSet& taken,
                  Take take) {
  constexpr std::uint32_t kFew = 32;  // below this a look at all former draws is quicker than a set
  if (k <= kFew) {
    std::uint32_t drawn[kFew];
    for (std::uint32_t i = 0; i < k; ++i) {
      const std::uint32_t last = n - k + i;
      std::uint32_t pick = rng.bounded(first_draw + i, last + 1);
      bool repeated = false;
      for (std::uint32_t e = 0; e < i; ++e) repeated |= drawn[e] == pick;
      if (repeated) pick = last;
      drawn[i] = pick;
      take(pick);
    }
    return;
  }
  taken.Clear(k);
  for (std::uint32_t i = 0; i < k; ++i) {
    const std::uint32_t last = n - k + i;
    std::uint32_t pick = rng.bounded(first_draw + i, last + 1);
    if (!taken.Insert(pick)) {
      pick = last;
      taken.Insert(last);
    }
    take(pick);
  }
}

}  // namespace kith
