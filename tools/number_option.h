/// Checks of options that are numbers, made before the parser converts them: it would take -1 for 18446744073709551615,
/// and say no more than that it could not convert a word.
#pragma once

#include <CLI/CLI.hpp>

namespace kith::tools {

/// Decimal digits and nothing else: a whole number of 0 or more within 64 bits.
[[nodiscard]] CLI::Validator WholeNumber();
/// A finite decimal number.
[[nodiscard]] CLI::Validator FiniteNumber();

}  // namespace kith::tools
