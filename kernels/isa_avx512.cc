// The kernels with 64-byte vectors.  The standard headers come before the pragma: what is compiled under it must not
// be shared with files that run on lesser machines.
#include <cstddef>
#include <cstdint>

#include "table.h"

#if defined(__x86_64__)
#include <immintrin.h>

#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,bmi2,f16c,prefer-vector-width=512")

namespace kith::kernels {
namespace avx512 {
namespace {

constexpr std::size_t kLaneBytes = 64;
#include "simd/lanes.inl"

KITH_INLINE __mmask16 FirstBits(Size count) { return static_cast<__mmask16>((1U << count) - 1U); }
KITH_INLINE Lanes LoadPartial(const float* p, Size count) { return _mm512_maskz_loadu_ps(FirstBits(count), p); }
KITH_INLINE Lanes LoadPartial(const std::uint16_t* p, Size count) {
  return Widened(reinterpret_cast<HalfLanes>(_mm256_maskz_loadu_epi16(FirstBits(count), p)));
}
KITH_INLINE void StorePartial(float* p, Size count, Lanes v) { _mm512_mask_storeu_ps(p, FirstBits(count), v); }
KITH_INLINE unsigned MaskBits(MaskLanes mask) { return _mm512_movepi32_mask(reinterpret_cast<__m512i>(mask)); }
KITH_INLINE Lanes FourAndZeros(Four v) { return _mm512_maskz_broadcast_f32x4(0xF, v); }
/// value with the bits turned over that t and mask share.
KITH_INLINE Lanes FlipWhere(Lanes t, Lanes mask, Lanes value) {
  // GCC 12 makes two instructions of the same in operators.
  const __m512i flipped = _mm512_ternarylogic_epi32(reinterpret_cast<__m512i>(t), reinterpret_cast<__m512i>(mask),
                                                    reinterpret_cast<__m512i>(value), 0x6A);
  return reinterpret_cast<Lanes>(flipped);
}

// 24 sums and 2 of B of 32 registers; A is broadcast from memory.
constexpr Size kTileRows = 12, kTileVectors = 2;
#include "simd/kernels.inl"

}  // namespace
}  // namespace avx512

constexpr Table kAvx512Table = avx512::MakeTable("avx512");

}  // namespace kith::kernels

#pragma GCC pop_options
#endif
