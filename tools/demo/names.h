/// Names for the demo's world: composed from word lists, distinct, the same everywhere.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace kith::tools {

inline constexpr std::uint32_t kNumTastes = 16;

/// "slow jazz", "northern noir", ...  REQUIRES: taste < kNumTastes.
[[nodiscard]] std::string_view TasteName(std::uint32_t taste);
/// The n-th name of a taste, "Velvet Ballad"; names of one taste are distinct.
[[nodiscard]] std::string ItemName(std::uint32_t taste, std::uint32_t n);
/// The n-th person, "mira-okafor"; distinct.
[[nodiscard]] std::string PersonName(std::uint32_t n);
/// Lower case with hyphens: "Velvet Ballad" -> "velvet-ballad".
[[nodiscard]] std::string Slug(std::string_view name);

}  // namespace kith::tools
