/// Weights and times as text: one rule for every format.
#pragma once

#include <cstdint>
#include <string_view>

#include "kith/base/status.h"

namespace kith::tools {

/// A finite float32 above 0, surrounded by spaces or not.  kBadInput: "expected a finite weight above 0, found ...".
[[nodiscard]] Status ParseWeight(std::string_view text, float& weight);

/// Whole unix seconds of 0 or more.  "978300760.0" is whole, as data frames write it; 0.5 is not.
[[nodiscard]] Status ParseTime(std::string_view text, std::int64_t& time);

}  // namespace kith::tools
