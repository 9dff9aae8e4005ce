/// Local numbers of the nodes of a batch, in tables that are never cleared.
///
/// A table's entry counts only if its slot is at least the batch's base; the next batch's base lies above all slots of
/// this one, so that beginning a batch costs nothing.  (When 32 bits are used up, after thousands of batches, the table
/// is cleared once.)
/// DenseRelabel: a slot a node, one cache line a look-up; 4 bytes a node of the graph.
/// HashedRelabel: open addressing by 64-bit keys, 8 bytes a slot and four to eight slots a node of the largest batch; a
/// slot has half of the mixed key, and the key itself, looked at where the halves agree, stands apart by number.  For
/// graphs whose dense table would be larger than what a batch can meet.
/// Nodes that a time tells apart too: relabel_by_time.h.
/// Threads: one at a time.   Both give the same numbers: 0, 1, ... in order of first sight.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "fetch.h"
#include "kith/base/buffer.h"

namespace kith {

class DenseRelabel {
 public:
  explicit DenseRelabel(std::uint32_t num_nodes) : slots_(num_nodes) {}

  /// Forgets the batch before, which met `met` nodes at most.
  void Begin(std::uint32_t met) {
    if (base_ > std::numeric_limits<std::uint32_t>::max() - slots_.size() - met) {
      std::fill(slots_.begin(), slots_.end(), 0);
      base_ = 1;
    } else {
      base_ += met;
    }
  }
  /// Room for `count` nodes more; nothing to do here.
  void Reserve(std::size_t /*count*/) noexcept {}
  void Prefetch(std::uint64_t key) const noexcept { FetchLine(slots_.data() + key); }
  /// What fetches slots; `time` does not matter here.
  [[nodiscard]] const DenseRelabel& FetcherOf(std::uint32_t /*time*/) const noexcept { return *this; }
  /// The table as a loop holds it: in registers, whatever else the loop writes.
  class Cursor {
   public:
    /// The key's number if it has one, else `next`, which is then its number and counts up.  Without a branch: which
    /// of both it is cannot be foreseen; and whether `next` counts up does not wait for what it was.
    [[nodiscard]] std::uint32_t Local(std::uint64_t key, std::uint32_t& next) const noexcept {
      const std::uint32_t held = slots_[key], fresh = base_ + next;
      const bool is_new = held < base_;
      const std::uint32_t slot = is_new ? fresh : held;
      slots_[key] = slot;
      next += is_new ? 1 : 0;
      return slot - base_;
    }

   private:
    friend class DenseRelabel;
    Cursor(std::uint32_t* slots, std::uint32_t base) : slots_(slots), base_(base) {}
    std::uint32_t* slots_;
    std::uint32_t base_;
  };
  [[nodiscard]] Cursor cursor() noexcept { return {slots_.data(), base_}; }

 private:
  AlignedBuffer<std::uint32_t> slots_;
  std::uint32_t base_ = 1;
};

class HashedRelabel {
 public:
  explicit HashedRelabel(std::uint32_t /*num_nodes*/) {}

  void Begin(std::uint32_t met) {
    if (base_ > std::numeric_limits<std::uint32_t>::max() / 2) {
      std::fill(slots_.begin(), slots_.end(), Slot{});
      base_ = 1;
    } else {
      base_ += met;
    }
    used_ = 0;
  }
  /// Room for `count` keys that may be new: three of four slots stay empty, so that most looks end at the first.
  void Reserve(std::size_t count) {
    const std::size_t slots = kSlotsPerKey * (used_ + count);
    if (slots > slots_.size()) Grow(std::bit_ceil(slots + 2));
  }
  void Prefetch(std::uint64_t key) const noexcept { FetchLine(slots_.data() + Home(Mixed(key))); }
  [[nodiscard]] const HashedRelabel& FetcherOf(std::uint32_t /*time*/) const noexcept { return *this; }
  class Cursor {
   public:
    /// As DenseRelabel's.  REQUIRES: Reserve made room.
    [[nodiscard]] std::uint32_t Local(std::uint64_t key, std::uint32_t& next) const noexcept {
      Slot& slot = table_->Find(key);
      if (slot.number < table_->base_) {
        slot = {table_->base_ + next, TagOf(Mixed(key))};
        table_->keys_[next++] = key;
        ++table_->used_;
      }
      return slot.number - table_->base_;
    }

   private:
    friend class HashedRelabel;
    explicit Cursor(HashedRelabel* table) : table_(table) {}
    HashedRelabel* table_;
  };
  [[nodiscard]] Cursor cursor() noexcept { return Cursor(this); }

 private:
  struct Slot {
    std::uint32_t number = 0, tag = 0;
  };

  [[nodiscard]] static std::uint64_t Mixed(std::uint64_t key) noexcept { return key * 0x9E3779B97F4A7C15ULL; }
  /// 32 of the bits that the home does not tell, high ones of a product: all of the key counts in them.
  [[nodiscard]] static std::uint32_t TagOf(std::uint64_t mixed) noexcept {
    return static_cast<std::uint32_t>(mixed >> 12);
  }
  [[nodiscard]] std::size_t Home(std::uint64_t mixed) const noexcept { return mixed >> shift_; }
  /// The key's slot, or the free one where it belongs.
  [[nodiscard]] Slot& Find(std::uint64_t key) noexcept {
    const std::uint64_t mixed = Mixed(key);
    std::size_t place = Home(mixed);
    while (slots_[place].number >= base_ &&
           (slots_[place].tag != TagOf(mixed) || keys_[slots_[place].number - base_] != key)) {
      place = (place + 1) & (slots_.size() - 1);
    }
    return slots_[place];
  }
  void Grow(std::size_t size) {
    const AlignedBuffer<Slot> old = std::move(slots_);
    slots_ = AlignedBuffer<Slot>(size);
    keys_.resize(size / kSlotsPerKey);
    shift_ = 64 - std::countr_zero(size);
    for (const Slot& slot : old) {
      if (slot.number >= base_) Find(keys_[slot.number - base_]) = slot;
    }
  }

  static constexpr std::size_t kSlotsPerKey = 4;
  AlignedBuffer<Slot> slots_;
  AlignedBuffer<std::uint64_t> keys_;  ///< [slots / kSlotsPerKey] by number
  std::size_t used_ = 0;
  int shift_ = 63;
  std::uint32_t base_ = 1;
};

}  // namespace kith
