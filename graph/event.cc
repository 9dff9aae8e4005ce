#include "kith/graph/event.h"

#include <cmath>
#include <cstdio>
#include <string>

namespace kith {
namespace {

/// One code point of well-formed UTF-8 (Unicode 15, table 3-7), or length 0 where the bytes are not one.
struct CodePoint {
  std::uint32_t value = 0;
  std::size_t length = 0;
};

CodePoint Decode(std::string_view text, std::size_t at) noexcept {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(text[i])); };
  const std::uint32_t lead = byte(at);
  if (lead < 0x80) return {lead, 1};
  const std::size_t length = lead < 0xC2 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF5 ? 4 : 0;
  if (length == 0 || text.size() - at < length) return {};
  std::uint32_t value = lead & (0xFFU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    const std::uint32_t next = byte(at + i);
    if ((next & 0xC0U) != 0x80U) return {};
    value = (value << 6) | (next & 0x3FU);
  }
  const bool overlong = (length == 3 && value < 0x800) || (length == 4 && value < 0x10000);
  const bool surrogate = value >= 0xD800 && value <= 0xDFFF;
  if (overlong || surrogate || value > 0x10FFFF) return {};
  return {value, length};
}

std::string Hex(const char* format, std::uint32_t value) {
  char text[16];
  std::snprintf(text, sizeof text, format, value);
  return text;
}

bool IsControl(std::uint32_t value) noexcept { return value < 0x20 || (value >= 0x7F && value <= 0x9F); }

}  // namespace

Status ValidateKey(std::string_view key, std::string_view what) {
  if (key.empty()) return BadInput(std::string(what) + ": expected 1 to 512 bytes of UTF-8, found an empty key");
  if (key.size() > kMaxKeyBytes) {
    return BadInput(std::string(what) + ": expected 1 to 512 bytes of UTF-8, found " + std::to_string(key.size()) +
                    " bytes; shorten the key");
  }
  for (std::size_t at = 0; at < key.size();) {
    const CodePoint point = Decode(key, at);
    if (point.length == 0) {
      return BadInput(std::string(what) + ": expected UTF-8, found byte " +
                      Hex("0x%02X", static_cast<unsigned char>(key[at])) + " at position " + std::to_string(at) +
                      "; convert the text to UTF-8");
    }
    if (IsControl(point.value)) {
      return BadInput(std::string(what) + ": expected text without control characters, found " +
                      Hex("U+%04X", point.value) + " at position " + std::to_string(at));
    }
    at += point.length;
  }
  return OkStatus();
}

Status ValidateEvent(const Event& event) {
  if (event.relation != Relation::kInteracts && event.relation != Relation::kTrusts) {
    return BadInput("relation: expected interacts or trusts, found a reverse direction; say the fact from its user");
  }
  const bool friendship = event.relation == Relation::kTrusts;
  KITH_RETURN_IF_ERROR(ValidateKey(event.user, "user key"));
  KITH_RETURN_IF_ERROR(ValidateKey(event.target, friendship ? "friend key" : "item key"));
  if (friendship && event.user == event.target) {
    return BadInput("friendship: expected two different users, found \"" + std::string(event.user) +
                    "\" trusting itself; leave the row out");
  }
  if (!std::isfinite(event.weight) || event.weight <= 0.0F) {
    return BadInput("weight: expected a finite number above 0, found " + std::to_string(event.weight));
  }
  if (event.time < 0 && event.time != kNoTime) {
    return BadInput("time: expected unix seconds of 0 or more, found " + std::to_string(event.time));
  }
  if (!event.id.empty()) KITH_RETURN_IF_ERROR(ValidateKey(event.id, "event id"));
  return OkStatus();
}

}  // namespace kith
