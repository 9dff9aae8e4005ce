/// KeyIndex: external keys and their dense ids, both ways, in memory.
///
/// Ids are 0, 1, 2, ... in order of adding.  Keys live in an arena and never move.  Open addressing with a hash tag
/// beside each id, so that a probe that misses touches one cache line.
/// Threads: as std::unordered_map.   Cost: key + 10 bytes + 8 to 16 bytes of table a key; a find is about one cache
/// miss.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace kith::storage {

class KeyIndex {
 public:
  [[nodiscard]] std::optional<std::uint32_t> Find(std::string_view key) const noexcept;
  /// The id of `key`, which is new (== size() before the call) where it was not there.  REQUIRES: size() < 2^32 - 1.
  std::uint32_t FindOrAdd(std::string_view key);
  /// REQUIRES: id < size().
  [[nodiscard]] std::string_view key(std::uint32_t id) const noexcept;
  [[nodiscard]] std::uint32_t size() const noexcept { return static_cast<std::uint32_t>(keys_.size()); }

 private:
  struct Slot {
    std::uint32_t tag = 0;
    std::uint32_t id_plus_one = 0;
  };
  /// The slot of the key, or the empty one where it belongs.  REQUIRES: slots_ is not empty.
  [[nodiscard]] std::size_t Probe(std::string_view key, std::uint64_t hash) const noexcept;
  [[nodiscard]] const char* Store(std::string_view key);
  void Grow();

  std::vector<Slot> slots_;        ///< a power of two, at most 3/5 full
  std::vector<const char*> keys_;  ///< length (two bytes), then the key
  std::vector<std::unique_ptr<char[]>> arena_;
  char* free_ = nullptr;
  std::size_t free_bytes_ = 0;
};

}  // namespace kith::storage
