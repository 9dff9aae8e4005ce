#include "key_index.h"

#include <algorithm>
#include <cstring>
#include <functional>

namespace kith::storage {
namespace {

constexpr std::size_t kArenaBytes = std::size_t{1} << 20;

std::uint64_t Hash(std::string_view key) noexcept { return std::hash<std::string_view>{}(key); }

}  // namespace

std::size_t KeyIndex::Probe(std::string_view key, std::uint64_t hash) const noexcept {
  const std::size_t mask = slots_.size() - 1;
  const auto tag = static_cast<std::uint32_t>(hash >> 32);
  std::size_t at = hash & mask;
  while (slots_[at].id_plus_one != 0 && (slots_[at].tag != tag || this->key(slots_[at].id_plus_one - 1) != key)) {
    at = (at + 1) & mask;
  }
  return at;
}

std::optional<std::uint32_t> KeyIndex::Find(std::string_view key) const noexcept {
  if (slots_.empty()) return std::nullopt;
  const Slot& slot = slots_[Probe(key, Hash(key))];
  if (slot.id_plus_one == 0) return std::nullopt;
  return slot.id_plus_one - 1;
}

std::uint32_t KeyIndex::FindOrAdd(std::string_view key) {
  if ((keys_.size() + 1) * 5 > slots_.size() * 3) Grow();
  const std::uint64_t hash = Hash(key);
  Slot& slot = slots_[Probe(key, hash)];
  if (slot.id_plus_one == 0) {
    keys_.push_back(Store(key));
    slot = {static_cast<std::uint32_t>(hash >> 32), size()};
  }
  return slot.id_plus_one - 1;
}

std::string_view KeyIndex::key(std::uint32_t id) const noexcept {
  std::uint16_t length = 0;
  std::memcpy(&length, keys_[id], sizeof length);
  return {keys_[id] + sizeof length, length};
}

const char* KeyIndex::Store(std::string_view key) {
  const auto length = static_cast<std::uint16_t>(key.size());
  const std::size_t bytes = sizeof length + key.size();
  if (bytes > free_bytes_) {
    free_bytes_ = std::max(kArenaBytes, bytes);
    arena_.push_back(std::make_unique<char[]>(free_bytes_));
    free_ = arena_.back().get();
  }
  char* at = free_;
  std::memcpy(at, &length, sizeof length);
  std::memcpy(at + sizeof length, key.data(), key.size());
  free_ += bytes;
  free_bytes_ -= bytes;
  return at;
}

void KeyIndex::Grow() {
  std::vector<Slot> old(std::max<std::size_t>(64, slots_.size() * 2));
  old.swap(slots_);
  for (std::uint32_t id = 0; id < size(); ++id) {
    const std::uint64_t hash = Hash(key(id));
    std::size_t at = hash & (slots_.size() - 1);
    while (slots_[at].id_plus_one != 0) at = (at + 1) & (slots_.size() - 1);
    slots_[at] = {static_cast<std::uint32_t>(hash >> 32), id + 1};
  }
}

}  // namespace kith::storage
