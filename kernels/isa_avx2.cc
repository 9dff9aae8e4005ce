// The kernels with 32-byte vectors and fused multiply-add.  The standard headers come before the pragma: what is
// compiled under it must not be shared with files that run on lesser machines.
#include <cstddef>
#include <cstdint>

#include "table.h"

#if defined(__x86_64__)
#include <immintrin.h>

#pragma GCC push_options
#pragma GCC target("avx2,fma,bmi2,f16c")

namespace kith::kernels {
namespace avx2 {
namespace {

constexpr std::size_t kLaneBytes = 32;
#include "simd/lanes.inl"

KITH_INLINE Lanes LoadPartial(const float* p, Size count) {
  return _mm256_maskload_ps(p, reinterpret_cast<__m256i>(FirstLanes(count)));
}
KITH_INLINE Lanes LoadPartial(const std::uint16_t* p, Size count) {
  HalfLanes half{};
  for (Size i = 0; i < count; ++i) half[i] = p[i];
  return Widened(half);
}
KITH_INLINE void StorePartial(float* p, Size count, Lanes v) {
  _mm256_maskstore_ps(p, reinterpret_cast<__m256i>(FirstLanes(count)), v);
}
KITH_INLINE unsigned MaskBits(MaskLanes mask) {
  return static_cast<unsigned>(_mm256_movemask_ps(reinterpret_cast<__m256>(mask)));
}
KITH_INLINE Lanes FourAndZeros(Four v) { return _mm256_zextps128_ps256(v); }
/// value with the bits turned over that t and mask share.
KITH_INLINE Lanes FlipWhere(Lanes t, Lanes mask, Lanes value) {
  return reinterpret_cast<Lanes>((reinterpret_cast<BitLanes>(t) & reinterpret_cast<BitLanes>(mask)) ^
                                 reinterpret_cast<BitLanes>(value));
}

// 12 sums, 3 of B and one of A fit into 16 registers.
constexpr Size kTileRows = 4, kTileVectors = 3;
#include "simd/kernels.inl"

}  // namespace
}  // namespace avx2

constexpr Table kAvx2Table = avx2::MakeTable("avx2");

}  // namespace kith::kernels

#pragma GCC pop_options
#endif
