/// Stable sort by a 64-bit key: least significant digit first, 11 bits a pass; digits that all keys share are skipped.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace kith::storage {

/// Sorts by `key_of(item)`.   Cost: one pass over the items a digit that varies, and a copy of the items as workspace.
template <class T, class KeyOf>
void RadixSort(std::vector<T>& items, KeyOf key_of) {
  constexpr int kDigitBits = 11, kDigits = 6;
  constexpr std::uint64_t kMask = (1U << kDigitBits) - 1;
  std::vector<std::array<std::size_t, kMask + 1>> counts(kDigits);
  for (const T& item : items) {
    std::uint64_t key = key_of(item);
    for (int digit = 0; digit < kDigits; ++digit, key >>= kDigitBits) ++counts[digit][key & kMask];
  }
  std::vector<T> sorted;
  for (int digit = 0; digit < kDigits; ++digit) {
    const int shift = digit * kDigitBits;
    std::array<std::size_t, kMask + 1>& starts = counts[digit];
    if (items.empty() || starts[(key_of(items[0]) >> shift) & kMask] == items.size()) continue;
    std::size_t at = 0;
    for (std::size_t& start : starts) at += std::exchange(start, at);
    sorted.resize(items.size());
    for (const T& item : items) sorted[starts[(key_of(item) >> shift) & kMask]++] = item;
    items.swap(sorted);
  }
}

}  // namespace kith::storage
