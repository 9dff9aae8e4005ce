/// RelabelByTime: local numbers of nodes that are told apart by a time too.
///
/// Every time has a region of open addressing of its own, as large as the batch before makes expect, which grows where
/// more nodes are met.  A hop's frontier stands time by time over long stretches, so that its looks fall into the few
/// kilobytes of a region, where one table for all keys would cost a line from far away an edge.
/// Slots are never cleared: one counts only if its number is at least the batch's base (relabel.h).
/// Threads: one at a time.   Numbers are 0, 1, ... in order of first sight.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "fetch.h"
#include "kith/base/buffer.h"

namespace kith {

class RelabelByTime {
  struct Slot {
    std::uint32_t number = 0, node = 0;
  };
  static constexpr std::uint32_t kSlotsPerKey = 2, kSlotsPerExpected = 4, kSmallest = 16, kMix = 0x9E3779B9;
  /// The slots of one time: a power of two.
  struct Region {
    std::uint32_t first = 0;  ///< in units of kSmallest
    std::uint32_t last = 0;   ///< how many, less one
    std::uint32_t shift = 0;  ///< 32 - their logarithm
    std::uint32_t keys = 0;   ///< that it may hold
    [[nodiscard]] std::size_t begin() const noexcept { return std::size_t{first} * kSmallest; }
    [[nodiscard]] std::uint32_t Home(std::uint32_t node) const noexcept { return node * kMix >> shift; }
  };

 public:
  /// A key is time << 32 | node, the times of a batch being numbers.
  explicit RelabelByTime(std::uint32_t /*num_nodes*/) {}

  /// Forgets the batch before, which met `met` nodes at most.
  void Begin(std::uint32_t met, std::size_t num_times) {
    if (base_ > std::numeric_limits<std::uint32_t>::max() / 2) {
      std::fill(slots_.begin(), slots_.end(), Slot{});
      base_ = 1;
    } else {
      base_ += met;
    }
    // Of as many times as there are now or were then: a batch of few times must not make the next one huge.
    const std::size_t expected = met / std::max<std::size_t>({regions_.size(), num_times, 1});
    regions_.resize(num_times);
    used_ = 0;
    for (Region& region : regions_) Place(region, 0, kSlotsPerExpected * static_cast<std::uint32_t>(expected));
    MakeSlots();
  }
  /// Counts keys anew by the times of the nodes met so far: Reserve takes all that it makes room for as new.
  void Count(std::span<const std::uint32_t> times) {
    for (Region& region : regions_) region.keys = 0;
    for (const std::uint32_t time : times) ++regions_[time].keys;
  }
  /// Room for `count` keys more of one time.
  void Reserve(std::uint32_t time, std::uint32_t count) {
    Region& region = regions_[time];
    region.keys += count;
    if (region.keys > region.last / kSlotsPerKey) [[unlikely]]
      Grow(region);
  }
  /// Where keys of one time have their slots.
  class Fetcher {
   public:
    void Prefetch(std::uint64_t key) const noexcept {
      FetchLine(slots_ + (static_cast<std::uint32_t>(key) * kMix >> shift_));
    }

   private:
    friend class RelabelByTime;
    Fetcher(const Slot* slots, std::uint32_t shift) : slots_(slots), shift_(shift) {}
    const Slot* slots_;
    std::uint32_t shift_;
  };
  [[nodiscard]] Fetcher FetcherOf(std::uint32_t time) const noexcept {
    return {slots_.data() + regions_[time].begin(), regions_[time].shift};
  }
  /// The table as a loop holds it: in registers, whatever else the loop writes.
  class Cursor {
   public:
    /// The key's number if it has one, else `next`, which is then its number and counts up.  The one branch is a slot
    /// of another node.  REQUIRES: Reserve made room.
    [[nodiscard]] std::uint32_t Local(std::uint64_t key, std::uint32_t& next) const noexcept {
      const Region& region = regions_[key >> 32];
      const auto node = static_cast<std::uint32_t>(key);
      Slot* const slots = slots_ + region.begin();
      for (std::uint32_t place = region.Home(node);; place = (place + 1) & region.last) {
        const Slot slot = slots[place];
        const std::uint32_t number = std::min(slot.number - base_, next);  // an old slot's difference is huge
        const std::uint32_t is_new = number == next ? 1 : 0;
        std::uint32_t other = (slot.node ^ node) & (is_new - 1);  // not 0: the slot is another node's
        // g++ would make two branches of it, the first of which cannot be foreseen.
        asm("" : "+r"(other));
        if (other != 0) [[unlikely]]
          continue;
        slots[place] = {base_ + number, node};
        next += is_new;
        return number;
      }
    }

   private:
    friend class RelabelByTime;
    explicit Cursor(RelabelByTime& table)
        : regions_(table.regions_.data()), slots_(table.slots_.data()), base_(table.base_) {}
    const Region* regions_;
    Slot* slots_;
    std::uint32_t base_;
  };
  [[nodiscard]] Cursor cursor() noexcept { return Cursor(*this); }

 private:
  void Place(Region& region, std::uint32_t keys, std::uint32_t slots) {
    const std::uint32_t size = std::max(kSmallest, std::bit_ceil(slots));
    region = {.first = static_cast<std::uint32_t>(used_ / kSmallest),
              .last = size - 1,
              .shift = 32 - static_cast<std::uint32_t>(std::countr_zero(size)),
              .keys = keys};
    used_ += size;
  }
  void MakeSlots() {
    if (used_ > slots_.size()) slots_.resize(used_ + used_ / 2);
  }
  /// Moves the region's keys to a larger one at the end.
  void Grow(Region& region) {
    const Region old = region;
    Place(region, old.keys, 2 * kSlotsPerKey * old.keys);
    MakeSlots();
    Slot* const slots = slots_.data() + region.begin();
    for (std::size_t s = old.begin(); s <= old.begin() + old.last; ++s) {
      const Slot held = slots_[s];
      if (held.number < base_) continue;
      std::uint32_t place = region.Home(held.node);
      while (slots[place].number >= base_) place = (place + 1) & region.last;
      slots[place] = held;
    }
  }

  AlignedBuffer<Slot> slots_;
  std::vector<Region> regions_;  ///< [times]
  std::size_t used_ = 0;         ///< slots of all regions, those left behind included
  std::uint32_t base_ = 1;
};

}  // namespace kith
