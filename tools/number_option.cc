#include "number_option.h"

#include <charconv>
#include <cmath>
#include <cstdint>
#include <string>

namespace kith::tools {
namespace {

template <class T>
bool Reads(const std::string& text, T& number) {
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  return error == std::errc() && rest == end;
}

}  // namespace

CLI::Validator WholeNumber() {
  const auto check = [](std::string& text) -> std::string {
    std::uint64_t number = 0;
    return Reads(text, number) ? "" : "expected a whole number of 0 or more, found \"" + text + "\"";
  };
  return {check, ""};
}

CLI::Validator FiniteNumber() {
  const auto check = [](std::string& text) -> std::string {
    double number = 0;
    return Reads(text, number) && std::isfinite(number) ? "" : "expected a finite number, found \"" + text + "\"";
  };
  return {check, ""};
}

}  // namespace kith::tools
