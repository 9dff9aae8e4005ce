/// Draws of positions in rows, many rows at a time: the sampler's arithmetic, without memory behind it.
///
/// Draw i of a row is a multiply-high of word i of the row's WordStream; distinct positions come from Floyd's method
/// (Bentley and Floyd, CACM 30(9), 1987): draw i takes t in [0, degree - keep + i], bound included, or that bound where
/// t was taken before.  Every subset of `keep` positions is equally likely; O(keep), whatever the degree is.
/// With AVX-512 a row of up to 32 draws is computed in registers, all draws at once, conflicts found by compares; the
/// plain loop is the specification, and both give the same bits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "kith/base/rng.h"
#include "stamped_set.h"

namespace kith {

/// What is drawn for one row.  REQUIRES: keep <= degree where positions are to be distinct, and degree > 0.
struct RowDraws {
  WordStream words;
  std::uint32_t degree;
  std::uint32_t keep;
};

/// Room in `positions` for one row of up to `keep` draws: whole vectors are stored.
[[nodiscard]] constexpr std::size_t DrawStride(std::size_t keep) noexcept { return (keep + 15) / 16 * 16; }

/// Row r's positions go to positions[r * stride ...]; stride = DrawStride of the largest keep.
using DrawRows = void (*)(std::span<const RowDraws> rows, std::size_t stride, std::uint32_t* positions,
                          StampedSet& taken);

/// Distinct positions, and independent ones.
struct DrawTable {
  DrawRows distinct;
  DrawRows independent;
};

/// The plain loops, and those of the instruction set that runs (KITH_ISA).
extern const DrawTable kPlainDraws;
[[nodiscard]] const DrawTable& ActiveDraws() noexcept;

/// One row by the plain loop.
void DrawDistinctRow(const RowDraws& row, std::uint32_t* positions, StampedSet& taken);

}  // namespace kith
