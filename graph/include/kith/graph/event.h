/// Event: one fact as the host knows it, in external keys. `user` did something with an item, or trusts a friend.
///
/// Keys are 1-512 bytes of UTF-8 without control characters, compared as bytes. The views borrow from the caller.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "kith/base/status.h"
#include "kith/graph/ids.h"

namespace kith {

inline constexpr std::size_t kMaxKeyBytes = 512;

struct Event {
  enum class Op : std::uint8_t { kAdd = 0, kRemove = 1 };

  std::string_view user = {};
  std::string_view target = {};              ///< the item, or the friend
  Relation relation = Relation::kInteracts;  ///< kInteracts or kTrusts: the direction in which facts are said
  Op op = Op::kAdd;
  float weight = 1.0F;          ///< finite and > 0
  std::int64_t time = kNoTime;  ///< unix seconds >= 0, or none
  std::string_view id = {};     ///< optional; an id that the store holds already is not stored again

  friend bool operator==(const Event&, const Event&) = default;
};

/// Ok, or kBadInput: the key is empty, too long, not well-formed UTF-8 (no overlong forms, no surrogates), or holds a
/// control character (U+0000-001F, U+007F-009F). `what` names it ("user key").
[[nodiscard]] Status ValidateKey(std::string_view key, std::string_view what);
/// Ok, or kBadInput with the first thing wrong with the event: a key, the weight, the time, the relation, a friendship
/// with oneself.
[[nodiscard]] Status ValidateEvent(const Event& event);

}  // namespace kith
