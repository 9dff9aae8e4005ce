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

/// -1 in the lanes of `b` whose value is in any lane of `a`.
KITH_INLINE __m512i FoundIn(__m512i a, __m512i b) {
  __mmask16 found = _mm512_cmpeq_epi32_mask(a, b);
  const __m512i next = _mm512_setr_epi32(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0);
  for (int turn = 1; turn < 16; ++turn) {
    a = _mm512_permutexvar_epi32(next, a);
    found = static_cast<__mmask16>(found | _mm512_cmpeq_epi32_mask(a, b));
  }
  return _mm512_maskz_set1_epi32(found, -1);
}

/// The draw whose bound each pick names, i' = pick - first bound, or itself where it names none.
KITH_INLINE __m512i Named(__m512i picks, __m512i first_bound, __m512i own, std::uint32_t draws) {
  const __m512i named = _mm512_sub_epi32(picks, first_bound);
  return _mm512_mask_mov_epi32(own, _mm512_cmplt_epu32_mask(named, Every(draws)), named);
}

// A draw takes its bound where its pick is taken: by an earlier pick, or as the bound of an earlier draw that did so.
// The former is a conflict of lanes; the latter follows the draws that picks name, each earlier than its own, to the
// end of the chain: in every round each lane asks the one that it points to and then points twice as far.  No branch
// depends on what was drawn.

/// Up to 16 distinct positions.
KITH_INLINE void ShortRow(const RowDraws& row, std::uint32_t* positions, StampedSet& taken) {
  const std::uint32_t first = row.degree - row.keep;
  const __m512i last = Ascending(first);
  __mmask16 unfair = 0;
  const __m512i picks =
      MultiplyHigh(Words(row.words.low(), row.words.high(), 0), _mm512_add_epi32(last, Every(1)), unfair);
  if ((unfair & FirstLanes(row.keep)) != 0) [[unlikely]]
    return DrawDistinctRow(row, positions, taken);
  __m512i repeats = _mm512_conflict_epi32(picks);  // not 0 in the lanes whose pick is taken
  __m512i asks = Named(picks, Every(first), Ascending(0), 16);
  for (int round = 0; round < 4; ++round) {
    repeats = _mm512_or_si512(repeats, _mm512_permutexvar_epi32(asks, repeats));
    asks = _mm512_permutexvar_epi32(asks, asks);
  }
  _mm512_storeu_si512(positions, _mm512_mask_mov_epi32(picks, _mm512_test_epi32_mask(repeats, repeats), last));
}

/// 17 to 32 distinct positions.
KITH_INLINE void LongRow(const RowDraws& row, std::uint32_t* positions, StampedSet& taken) {
  const std::uint32_t first = row.degree - row.keep;
  const __m512i last0 = Ascending(first), last1 = Ascending(first + 16);
  __mmask16 unfair0 = 0, unfair1 = 0;
  const __m512i picks0 =
      MultiplyHigh(Words(row.words.low(), row.words.high(), 0), _mm512_add_epi32(last0, Every(1)), unfair0);
  const __m512i picks1 =
      MultiplyHigh(Words(row.words.low(), row.words.high(), 16), _mm512_add_epi32(last1, Every(1)), unfair1);
  if ((unfair0 | (unfair1 & FirstLanes(row.keep - 16))) != 0) [[unlikely]] {
    return DrawDistinctRow(row, positions, taken);
  }
  __m512i repeats0 = _mm512_conflict_epi32(picks0);
  __m512i repeats1 = _mm512_or_si512(_mm512_conflict_epi32(picks1), FoundIn(picks0, picks1));
  __m512i asks0 = Named(picks0, Every(first), Ascending(0), 32);
  __m512i asks1 = Named(picks1, Every(first), Ascending(16), 32);
  for (int round = 0; round < 5; ++round) {
    const __m512i asked0 = _mm512_permutex2var_epi32(repeats0, asks0, repeats1);
    const __m512i asked1 = _mm512_permutex2var_epi32(repeats0, asks1, repeats1);
    repeats0 = _mm512_or_si512(repeats0, asked0);
    repeats1 = _mm512_or_si512(repeats1, asked1);
    const __m512i further0 = _mm512_permutex2var_epi32(asks0, asks0, asks1);
    asks1 = _mm512_permutex2var_epi32(asks0, asks1, asks1);
    asks0 = further0;
  }
  _mm512_storeu_si512(positions, _mm512_mask_mov_epi32(picks0, _mm512_test_epi32_mask(repeats0, repeats0), last0));
  _mm512_storeu_si512(positions + 16, _mm512_mask_mov_epi32(picks1, _mm512_test_epi32_mask(repeats1, repeats1), last1));
}

/// The lower halves of 16 numbers of 64 bits.
KITH_INLINE __m512i LowerHalves(__m512i a, __m512i b) {
  return _mm512_inserti64x4(_mm512_castsi256_si512(_mm512_cvtepi64_epi32(a)), _mm512_cvtepi64_epi32(b), 1);
}

/// Candidates first, first + 1, ... in `lanes`; the columns of the others are not looked at.
KITH_INLINE __m512i Candidates(const WeightedDraws& row, std::uint32_t first, __mmask16 lanes, __mmask16& unfair) {
  const __m512i columns = MultiplyHigh(Words(row.words.low(), row.words.high(), first), Every(row.degree), unfair);
  unfair = static_cast<__mmask16>(unfair & lanes);
  if (row.columns == nullptr) return columns;
  const __m512i coins = Words(row.words.low(), row.words.high(), WeightedDraws::kCoins + first);
  const __m512i none = _mm512_setzero_si512();
  const __m512i low =
      _mm512_mask_i32gather_epi64(none, static_cast<__mmask8>(lanes), _mm512_castsi512_si256(columns), row.columns, 8);
  const __m512i high = _mm512_mask_i32gather_epi64(none, static_cast<__mmask8>(lanes >> 8),
                                                   _mm512_extracti64x4_epi64(columns, 1), row.columns, 8);
  const __mmask16 own = _mm512_cmplt_epu32_mask(coins, LowerHalves(low, high));
  return _mm512_mask_mov_epi32(LowerHalves(_mm512_srli_epi64(low, 32), _mm512_srli_epi64(high, 32)), own, columns);
}

constexpr std::uint32_t kUnfair = 0xFFFFFFFFU;

/// The first positions + lane, up to `found`; `none` in the lanes beyond.
KITH_INLINE __m512i Found(const std::uint32_t* positions, std::uint32_t found, std::uint32_t none) {
  return _mm512_mask_loadu_epi32(Every(none), FirstLanes(found), positions);
}

/// Up to 32 positions, and how many there are; kUnfair where a word may have to be drawn again.
KITH_INLINE std::uint32_t WeightedRow(const WeightedDraws& row, std::uint32_t* positions) {
  std::uint32_t found = 0, next = 0;
  while (found < row.keep && next < row.tries()) {
    // In a short row all columns lie near each other; in a long one each may be a line of its own.
    const std::uint32_t wanted = row.degree <= 64 ? 16 : next == 0 ? row.fetched() : 2 * (row.keep - found) + 2;
    const std::uint32_t left = row.tries() - next, most = wanted < left ? wanted : left;
    const __mmask16 lanes = FirstLanes(most);
    __mmask16 unfair = 0;
    const __m512i candidates = Candidates(row, next, lanes, unfair);
    if (unfair != 0) [[unlikely]]
      return kUnfair;
    __m512i repeats = _mm512_conflict_epi32(candidates);
    if (found > 0) repeats = _mm512_or_si512(repeats, FoundIn(Found(positions, found, row.degree), candidates));
    if (found > 16) {
      repeats = _mm512_or_si512(repeats, FoundIn(Found(positions + 16, found - 16, row.degree), candidates));
    }
    const auto fresh = static_cast<__mmask16>(_mm512_testn_epi32_mask(repeats, repeats) & lanes);
    const std::uint32_t missing = row.keep - found, count = static_cast<std::uint32_t>(__builtin_popcount(fresh));
    _mm512_mask_storeu_epi32(positions + found, FirstLanes(missing), _mm512_maskz_compress_epi32(fresh, candidates));
    found += count < missing ? count : missing;
    next += most < 16 ? most : 16;
  }
  return found;
}

void WeightedRows(std::span<const WeightedDraws> rows, std::size_t stride, std::uint32_t* positions,
                  std::uint32_t* kept, StampedSet& taken) {
  for (std::size_t r = 0; r < rows.size(); ++r) {
    kept[r] = rows[r].keep <= 32 ? WeightedRow(rows[r], positions + r * stride) : kUnfair;
    if (kept[r] == kUnfair) [[unlikely]]
      kept[r] = DrawWeightedRow(rows[r], positions + r * stride, taken);
  }
}

void DistinctRows(std::span<const RowDraws> rows, std::size_t stride, std::uint32_t* positions, StampedSet& taken) {
  for (std::size_t r = 0; r < rows.size(); ++r) {
    if (rows[r].keep <= 16) {
      ShortRow(rows[r], positions + r * stride, taken);
    } else if (rows[r].keep <= 32) {
      LongRow(rows[r], positions + r * stride, taken);
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

void Ends(std::span<EndSearch> searches) {
  for (EndSearch& search : searches) {
    if (search.size == 0) continue;
    const __mmask16 lanes = FirstLanes(search.size);
    const __m512i times = _mm512_maskz_loadu_epi32(lanes, search.times + search.first);
    const unsigned earlier = _mm512_mask_cmplt_epu32_mask(lanes, times, Every(search.before));
    search.first += static_cast<std::uint32_t>(__builtin_popcount(earlier));
  }
}

}  // namespace

const DrawTable kAvx512Draws = {
    .distinct = DistinctRows, .independent = IndependentRows, .weighted = WeightedRows, .ends = Ends};

}  // namespace kith

#pragma GCC diagnostic pop
#pragma GCC pop_options
#endif
