#include "quantities.h"

#include <charconv>
#include <cmath>
#include <string>
#include <utility>

namespace kith::tools {
namespace {

/// The number at the front of `text`, which is left with the rest; or NaN.
double TakeNumber(std::string_view& text) {
  double number = std::nan("");
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (error != std::errc() || !std::isfinite(number) || number <= 0) return std::nan("");
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

}  // namespace

Result<double> ParseDuration(std::string_view text) {
  std::string_view unit = text;
  const double number = TakeNumber(unit);
  constexpr std::pair<std::string_view, double> kUnits[] = {{"", 1}, {"s", 1}, {"ms", 1e-3}, {"m", 60}, {"h", 3600}};
  for (const auto& [name, seconds] : kUnits) {
    if (unit == name && !std::isnan(number)) return number * seconds;
  }
  return InvalidArgument("expected a duration like 90s, 2m or 1h, found \"" + std::string(text) + "\"");
}

Result<std::uint64_t> ParseBytes(std::string_view text) {
  std::string_view unit = text;
  const double number = TakeNumber(unit);
  constexpr std::pair<std::string_view, double> kUnits[] = {
      {"", 1},         {"B", 1},    {"KiB", 0x1p10}, {"MiB", 0x1p20}, {"GiB", 0x1p30},
      {"TiB", 0x1p40}, {"KB", 1e3}, {"MB", 1e6},     {"GB", 1e9},     {"TB", 1e12}};
  for (const auto& [name, bytes] : kUnits) {
    if (unit != name || std::isnan(number)) continue;
    const double total = std::floor(number * bytes);
    if (total >= 1 && total < 0x1p63) return static_cast<std::uint64_t>(total);
  }
  return InvalidArgument("expected an amount of memory like 512MiB or 4GiB, found \"" + std::string(text) + "\"");
}

}  // namespace kith::tools
