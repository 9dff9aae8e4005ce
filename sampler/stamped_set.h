/// StampedSet: a set of numbers that is emptied in O(1), for draws without replacement.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace kith {

/// An entry counts only if it carries the present stamp.
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
    const std::uint64_t entry = (std::uint64_t{stamp_} << 32) | value;
    std::size_t slot = Home(value);
    while ((slots_[slot] >> 32) == stamp_) {
      if (slots_[slot] == entry) return false;
      slot = (slot + 1) & (slots_.size() - 1);
    }
    slots_[slot] = entry;
    return true;
  }
  [[nodiscard]] bool Contains(std::uint32_t value) const {
    const std::uint64_t entry = (std::uint64_t{stamp_} << 32) | value;
    std::size_t slot = Home(value);
    while ((slots_[slot] >> 32) == stamp_) {
      if (slots_[slot] == entry) return true;
      slot = (slot + 1) & (slots_.size() - 1);
    }
    return false;
  }

 private:
  [[nodiscard]] std::size_t Home(std::uint32_t value) const {
    return (value * std::size_t{0x9E3779B97F4A7C15ULL} >> 20) & (slots_.size() - 1);
  }

  std::vector<std::uint64_t> slots_;
  std::uint32_t stamp_ = 0;
};

}  // namespace kith
