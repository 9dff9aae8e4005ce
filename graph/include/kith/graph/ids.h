/// Dense ids of users, items and nodes, each a type of its own: mixing them up does not compile.
///
/// Users and items are numbered from 0 in the order in which they were first acknowledged; a number is never reused.
/// A NodeId exists only inside a Block and the Boost view: users first, then items (node = num_users + item).
#pragma once

#include <cstdint>

namespace kith {

enum class UserId : std::uint32_t {};
enum class ItemId : std::uint32_t {};
enum class NodeId : std::uint32_t {};

[[nodiscard]] constexpr std::uint32_t index(UserId id) noexcept { return static_cast<std::uint32_t>(id); }
[[nodiscard]] constexpr std::uint32_t index(ItemId id) noexcept { return static_cast<std::uint32_t>(id); }
[[nodiscard]] constexpr std::uint32_t index(NodeId id) noexcept { return static_cast<std::uint32_t>(id); }

/// Stored in every edge key. Never renumber; add at the end and raise the storage format version.
/// Each fact is kept in both directions: kInteracts and kTrusts as said, the other two as their transposes.
enum class Relation : std::uint8_t {
  kInteracts = 0,     ///< user -> item
  kInteractedBy = 1,  ///< item -> user
  kTrusts = 2,        ///< user -> user (friend)
  kTrustedBy = 3,     ///< user -> user, reversed
};
inline constexpr int kNumRelations = 4;

[[nodiscard]] constexpr Relation Reverse(Relation relation) noexcept {
  return static_cast<Relation>(static_cast<std::uint8_t>(relation) ^ 1U);
}

/// The time of an edge or event that carries none. Real times are unix seconds >= 0.
inline constexpr std::int64_t kNoTime = -1;

}  // namespace kith
