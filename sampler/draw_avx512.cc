// Draws in registers: 16 words, multiply-highs and conflict tests an instruction.  The standard headers come before the
// pragma: what is compiled under it must not be shared with files that run on lesser machines.
#include "draw_avx512.h"

#include <cstddef>
#include <cstdint>
#include <span>

#if defined(__x86_64__)
#include <immintrin.h>

namespace kith {

bool Avx512DrawsRun() noexcept {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512cd");
}

}  // namespace kith

#pragma GCC push_options
#pragma GCC target("avx512f,avx512dq,avx512cd")
// g++ 12 takes the undefined source operand of its own unmasked intrinsics for an uninitialised variable.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"

namespace kith {
namespace {

#define KITH_INLINE inline __attribute__((always_inline))

KITH_INLINE __m512i Ascending(std::uint32_t first) {
  return _mm512_add_epi32(_mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15),
                          _mm512_set1_epi32(static_cast<int>(first)));
}
KITH_INLINE __m512i Every(std::uint32_t value) { return _mm512_set1_epi32(static_cast<int>(value)); }
KITH_INLINE __mmask16 FirstLanes(std::uint32_t count) {
  return count >= 16 ? __mmask16{0xFFFF} : static_cast<__mmask16>((1U << count) - 1);
}

/// WordStream::word of draws `first` .. `first` + 15.
KITH_INLINE __m512i Words(std::uint32_t low, std::uint32_t high, std::uint32_t first) {
  __m512i x = _mm512_add_epi32(Every(low), _mm512_mullo_epi32(Ascending(first), Every(WordStream::kStride)));
  x = _mm512_mullo_epi32(_mm512_xor_si512(x, _mm512_srli_epi32(x, 16)), Every(WordStream::kFirstMultiplier));
  x = _mm512_xor_si512(x, Every(high));
  x = _mm512_mullo_epi32(_mm512_xor_si512(x, _mm512_srli_epi32(x, 15)), Every(WordStream::kSecondMultiplier));
  return _mm512_xor_si512(x, _mm512_srli_epi32(x, 16));
}

/// The upper halves of words * bounds; `unfair` has the lanes whose word may have to be drawn again.
KITH_INLINE __m512i MultiplyHigh(__m512i words, __m512i bounds, __mmask16& unfair) {
  const __m512i even = _mm512_mul_epu32(words, bounds);
  const __m512i odd = _mm512_mul_epu32(_mm512_srli_epi64(words, 32), _mm512_srli_epi64(bounds, 32));
  const __m512i low = _mm512_mask_blend_epi32(0xAAAA, even, _mm512_slli_epi64(odd, 32));
  unfair = _mm512_cmplt_epu32_mask(low, bounds);
  return _mm512_mask_blend_epi32(0xAAAA, _mm512_srli_epi64(even, 32), odd);
}

/// Lanes of `b` whose value is in any lane of `a`.
KITH_INLINE __mmask16 FoundIn(__m512i a, __m512i b) {
  __mmask16 found = _mm512_cmpeq_epi32_mask(a, b);
  const __m512i next = _mm512_setr_epi32(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0);
  for (int turn = 1; turn < 16; ++turn) {
    a = _mm512_permutexvar_epi32(next, a);
    found = static_cast<__mmask16>(found | _mm512_cmpeq_epi32_mask(a, b));
  }
  return found;
}

KITH_INLINE __mmask16 RepeatsWithin(__m512i v) {
  const __m512i earlier = _mm512_conflict_epi32(v);
  return _mm512_test_epi32_mask(earlier, earlier);
}

/// Draw i takes its bound where its pick is taken: by an earlier pick, or as the bound of an earlier draw i' that did
/// so; `taken` has the former.  A pick names such an i' as pick - first_bound < i, so the chain ends.
KITH_INLINE std::uint32_t WithTakenBounds(std::uint32_t taken, __m512i picks0, __m512i picks1, __m512i first_bound) {
  const __m512i one = Every(1), named0 = _mm512_sub_epi32(picks0, first_bound);
  const __m512i named1 = _mm512_sub_epi32(picks1, first_bound);
  for (std::uint32_t all = taken;; taken = all) {
    const __m512i spread = Every(taken);
    all |= _mm512_test_epi32_mask(_mm512_srlv_epi32(spread, named0), one);
    all |= static_cast<std::uint32_t>(_mm512_test_epi32_mask(_mm512_srlv_epi32(spread, named1), one)) << 16;
    if (all == taken) return taken;
  }
}

/// Up to 32 distinct positions.
KITH_INLINE void DistinctRow(const RowDraws& row, std::uint32_t* positions, StampedSet& taken) {
  const std::uint32_t first = row.degree - row.keep;
  const __m512i last0 = Ascending(first), one = Every(1);
  const __mmask16 lanes0 = FirstLanes(row.keep);
  __mmask16 unfair0 = 0, unfair1 = 0;
  const __m512i picks0 =
      MultiplyHigh(Words(row.words.low(), row.words.high(), 0), _mm512_add_epi32(last0, one), unfair0);
  if (row.keep <= 16) {
    if ((unfair0 & lanes0) != 0) return DrawDistinctRow(row, positions, taken);
    std::uint32_t repeats = RepeatsWithin(picks0) & lanes0;
    if (repeats != 0) repeats = WithTakenBounds(repeats, picks0, picks0, Every(first)) & lanes0;
    _mm512_storeu_si512(positions, _mm512_mask_mov_epi32(picks0, static_cast<__mmask16>(repeats), last0));
    return;
  }
  const __m512i last1 = Ascending(first + 16);
  const __mmask16 lanes1 = FirstLanes(row.keep - 16);
  const __m512i picks1 =
      MultiplyHigh(Words(row.words.low(), row.words.high(), 16), _mm512_add_epi32(last1, one), unfair1);
  if ((unfair0 | (unfair1 & lanes1)) != 0) return DrawDistinctRow(row, positions, taken);
  const std::uint32_t lanes = std::uint32_t{lanes1} << 16 | 0xFFFFU;
  std::uint32_t repeats =
      (RepeatsWithin(picks0) | static_cast<std::uint32_t>(RepeatsWithin(picks1) | FoundIn(picks0, picks1)) << 16) &
      lanes;
  if (repeats != 0) repeats = WithTakenBounds(repeats, picks0, picks1, Every(first)) & lanes;
  _mm512_storeu_si512(positions, _mm512_mask_mov_epi32(picks0, static_cast<__mmask16>(repeats), last0));
  _mm512_storeu_si512(positions + 16, _mm512_mask_mov_epi32(picks1, static_cast<__mmask16>(repeats >> 16), last1));
}

void DistinctRows(std::span<const RowDraws> rows, std::size_t stride, std::uint32_t* positions, StampedSet& taken) {
  for (std::size_t r = 0; r < rows.size(); ++r) {
    if (rows[r].keep <= 32) {
      DistinctRow(rows[r], positions + r * stride, taken);
    } else {
      DrawDistinctRow(rows[r], positions + r * stride, taken);
    }
  }
}

void IndependentRows(std::span<const RowDraws> rows, std::size_t stride, std::uint32_t* positions, StampedSet&) {
  for (std::size_t r = 0; r < rows.size(); ++r) {
    const RowDraws& row = rows[r];
    for (std::uint32_t i = 0; i < row.keep; i += 16) {
      __mmask16 unfair = 0;
      std::uint32_t* out = positions + r * stride + i;
      _mm512_storeu_si512(out, MultiplyHigh(Words(row.words.low(), row.words.high(), i), Every(row.degree), unfair));
      if ((unfair & FirstLanes(row.keep - i)) == 0) continue;
      for (std::uint32_t lane = 0; lane < 16 && i + lane < row.keep; ++lane) {
        out[lane] = row.words.bounded(i + lane, row.degree);
      }
    }
  }
}

}  // namespace

const DrawTable kAvx512Draws = {.distinct = DistinctRows, .independent = IndependentRows};

}  // namespace kith

#pragma GCC diagnostic pop
#pragma GCC pop_options
#endif
