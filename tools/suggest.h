/// Suggestions for misspelt names: the nearest known one, where it is near enough to be meant.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace CLI {
class App;
}

namespace kith::tools {

/// Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b`, each place touched once
/// (optimal string alignment, Damerau 1964).
[[nodiscard]] std::size_t EditDistance(std::string_view a, std::string_view b);

/// The nearest of `known` within a third of the word's length (at least two edits); the first of equals; or empty.
[[nodiscard]] std::string Nearest(std::string_view word, std::span<const std::string> known);
/// "; did you mean --epochs?", or empty.
[[nodiscard]] std::string DidYouMean(std::string_view word, std::span<const std::string> known);

[[nodiscard]] std::vector<std::string> CommandNames(const CLI::App& root);
/// Long names with their dashes ("--epochs"), short ones where there is no long one ("-k").
[[nodiscard]] std::vector<std::string> OptionNames(const CLI::App& app);

}  // namespace kith::tools
