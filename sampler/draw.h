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
#include "kith/sampler/alias_column.h"
#include "stamped_set.h"

namespace kith {

/// What is drawn for one row.  REQUIRES: keep <= degree where positions are to be distinct, and degree > 0.
struct RowDraws {
  WordStream words;
  std::uint32_t degree;
  std::uint32_t keep;
};

/// What is drawn for one row in proportion to weights: candidate i is column word(i) of an alias table, or its other
/// edge as word(kCoins + i) says; the first `keep` different candidates count (successive sampling).
struct WeightedDraws {
  WordStream words;
  std::uint32_t degree;
  std::uint32_t keep;
  const AliasColumn* columns;  ///< [degree]; null where all edges weigh the same

  static constexpr std::uint32_t kCoins = 1U << 26;
  /// Candidates that are looked at before a row is given up: a few edges must have nearly all of its weight.
  [[nodiscard]] constexpr std::uint32_t tries() const noexcept { return keep < 4 ? 32 : 8 * keep; }
  /// Candidates whose columns are fetched beforehand: some more than are kept, for repeats.
  [[nodiscard]] constexpr std::uint32_t fetched() const noexcept { return keep + 2; }
  [[nodiscard]] constexpr std::uint32_t candidate(std::uint32_t i) const noexcept {
    const std::uint32_t column = words.bounded(i, degree);
    if (columns == nullptr || words.word(kCoins + i) < columns[column].accept) return column;
    return columns[column].other;
  }
};

/// Room in `positions` for one row of up to `keep` draws: whole vectors are stored.
[[nodiscard]] constexpr std::size_t DrawStride(std::size_t keep) noexcept { return (keep + 15) / 16 * 16; }

/// Row r's positions go to positions[r * stride ...]; stride = DrawStride of the largest keep.
using DrawRows = void (*)(std::span<const RowDraws> rows, std::size_t stride, std::uint32_t* positions,
                          StampedSet& taken);

/// The same by weight: distinct positions, and kept[r], how many of row r's were found.
using DrawWeightedRows = void (*)(std::span<const WeightedDraws> rows, std::size_t stride, std::uint32_t* positions,
                                  std::uint32_t* kept, StampedSet& taken);

/// Where the times before `before` end among ascending ones: in [first, first + size].
struct EndSearch {
  const std::uint32_t* times;
  std::uint32_t before, first, size;
};
/// Times among which an end is found by counting, all at once, instead of by halving: a line.
constexpr std::uint32_t kFewTimes = 16;
/// `first` of each search becomes the end.  REQUIRES: size <= kFewTimes.
using CountEnds = void (*)(std::span<EndSearch> searches);

struct DrawTable {
  DrawRows distinct;
  DrawRows independent;
  DrawWeightedRows weighted;
  CountEnds ends;
};

/// The plain loops, and those of the instruction set that runs (KITH_ISA).
extern const DrawTable kPlainDraws;
[[nodiscard]] const DrawTable& ActiveDraws() noexcept;

/// One row by the plain loop.
void DrawDistinctRow(const RowDraws& row, std::uint32_t* positions, StampedSet& taken);
[[nodiscard]] std::uint32_t DrawWeightedRow(const WeightedDraws& row, std::uint32_t* positions, StampedSet& taken);

}  // namespace kith
