#include "readers/numbers.h"

#include <charconv>
#include <cmath>
#include <string>

#include "readers/found_text.h"

namespace kith::tools {
namespace {

std::string_view Trimmed(std::string_view text) noexcept {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

/// Whether all of `text` is one number of T.
template <class T>
bool Parse(std::string_view text, T& value) noexcept {
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value);
  return error == std::errc{} && rest == end;
}

}  // namespace

Status ParseWeight(std::string_view text, float& weight) {
  float value = 0;
  if (!Parse(Trimmed(text), value) || !std::isfinite(value) || value <= 0) {
    return BadInput("expected a weight (a finite number above 0, within float32), found " + FoundText(text));
  }
  weight = value;
  return OkStatus();
}

Status ParseTime(std::string_view text, std::int64_t& time) {
  const std::string_view trimmed = Trimmed(text);
  std::int64_t value = 0;
  if (!Parse(trimmed, value)) {
    // Every double of 2^53 or less is exact, and that many seconds are 285 million years.
    double real = -1;
    if (!Parse(trimmed, real) || !(real >= 0 && real <= 0x1p53) || real != std::floor(real)) {
      return BadInput("expected a time in whole unix seconds of 0 or more, found " + FoundText(text));
    }
    value = static_cast<std::int64_t>(real);
  }
  if (value < 0) return BadInput("expected a time in whole unix seconds of 0 or more, found " + FoundText(text));
  time = value;
  return OkStatus();
}

}  // namespace kith::tools
