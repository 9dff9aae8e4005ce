#include "readers/found_text.h"

#include <cstdio>

#include "kith/graph/event.h"

namespace kith::tools {
namespace {

constexpr std::size_t kShownBytes = 40;

}  // namespace

std::string FoundText(std::string_view text) {
  if (text.empty()) return "nothing";
  std::string_view shown = text.substr(0, kShownBytes);
  // A cut inside a UTF-8 sequence would show its first bytes as wrong ones.
  if (shown.size() < text.size()) {
    while (!shown.empty() && (static_cast<unsigned char>(text[shown.size()]) & 0xC0U) == 0x80U) shown.remove_suffix(1);
    if (shown.empty()) shown = text.substr(0, kShownBytes);
  }
  std::string result = "\"";
  const bool readable = ValidateKey(shown, "text").ok();
  for (const char c : shown) {
    const auto byte = static_cast<unsigned char>(c);
    if (readable || (byte >= 0x20 && byte < 0x7F)) {
      result += c;
    } else if (c == '\t') {
      result += "\\t";
    } else {
      char escaped[5];
      std::snprintf(escaped, sizeof escaped, "\\x%02x", byte);
      result += escaped;
    }
  }
  if (shown.size() < text.size()) return result + "...\" (" + std::to_string(text.size()) + " bytes)";
  return result + "\"";
}

}  // namespace kith::tools
