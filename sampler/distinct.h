/// Distinct draws without touching the whole range: Floyd's method, Bentley and Floyd, CACM 30(9), 1987.
///
/// Position j = n-k .. n-1 draws t in [0, j] (the bound includes j: excluding it favours the range's end) and takes t,
/// or j where t was taken before.  Every k-subset is equally likely; O(k) expected, whatever n is.
#pragma once

#include <cstdint>

#include "kith/base/rng.h"
#include "stamped_set.h"

namespace kith {

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
