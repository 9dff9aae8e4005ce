#include "draw.h"

#include <algorithm>

#include "draw_avx512.h"
#include "kith/kernels/isa.h"

namespace kith {
namespace {

/// Up to here a look at all former draws is quicker than a set.
constexpr std::uint32_t kFew = 32;

void DistinctRows(std::span<const RowDraws> rows, std::size_t stride, std::uint32_t* positions, StampedSet& taken) {
  for (std::size_t r = 0; r < rows.size(); ++r) DrawDistinctRow(rows[r], positions + r * stride, taken);
}

void IndependentRows(std::span<const RowDraws> rows, std::size_t stride, std::uint32_t* positions, StampedSet&) {
  for (std::size_t r = 0; r < rows.size(); ++r) {
    for (std::uint32_t i = 0; i < rows[r].keep; ++i) {
      positions[r * stride + i] = rows[r].words.bounded(i, rows[r].degree);
    }
  }
}

void WeightedRows(std::span<const WeightedDraws> rows, std::size_t stride, std::uint32_t* positions,
                  std::uint32_t* kept, StampedSet& taken) {
  for (std::size_t r = 0; r < rows.size(); ++r) kept[r] = DrawWeightedRow(rows[r], positions + r * stride, taken);
}

void Ends(std::span<EndSearch> searches) {
  for (EndSearch& search : searches) {
    const std::uint32_t* times = search.times + search.first;
    std::uint32_t earlier = 0;
    for (std::uint32_t i = 0; i < search.size; ++i) earlier += times[i] < search.before ? 1 : 0;
    search.first += earlier;
  }
}

}  // namespace

void DrawDistinctRow(const RowDraws& row, std::uint32_t* positions, StampedSet& taken) {
  const bool few = row.keep <= kFew;
  if (!few) taken.Clear(row.keep);
  for (std::uint32_t i = 0; i < row.keep; ++i) {
    const std::uint32_t last = row.degree - row.keep + i;
    std::uint32_t pick = row.words.bounded(i, last + 1);
    bool repeated = false;
    if (few) {
      for (std::uint32_t e = 0; e < i; ++e) repeated |= positions[e] == pick;
    } else {
      repeated = !taken.Insert(pick);
      if (repeated) taken.Insert(last);
    }
    positions[i] = repeated ? last : pick;
  }
}

std::uint32_t DrawWeightedRow(const WeightedDraws& row, std::uint32_t* positions, StampedSet& taken) {
  const bool few = row.keep <= kFew;
  if (!few) taken.Clear(row.keep);
  std::uint32_t kept = 0;
  std::uint64_t seen = 0;  // a bit of each edge that was taken; in short rows no two edges share one
  for (std::uint32_t i = 0; kept < row.keep && i < row.tries(); ++i) {
    const std::uint32_t edge = row.candidate(i);
    const std::uint64_t bit = std::uint64_t{1} << (edge % 64);
    bool repeated = (seen & bit) != 0;
    seen |= bit;
    if (!few) {
      repeated = !taken.Insert(edge);
    } else if (repeated && row.degree > 64) {
      repeated = std::find(positions, positions + kept, edge) != positions + kept;
    }
    positions[kept] = edge;  // counts only if it is new
    kept += repeated ? 0 : 1;
  }
  return kept;
}

const DrawTable kPlainDraws = {
    .distinct = DistinctRows, .independent = IndependentRows, .weighted = WeightedRows, .ends = Ends};

const DrawTable& ActiveDraws() noexcept {
#if defined(__x86_64__)
  static const bool vectors = kernels::ActiveIsa() == "avx512" && Avx512DrawsRun();
  if (vectors) return kAvx512Draws;
#endif
  return kPlainDraws;
}

}  // namespace kith
