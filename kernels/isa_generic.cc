// The kernels with 16-byte vectors: the compiler maps them to what every machine of the architecture has.
#include <cstddef>
#include <cstdint>

#include "table.h"

namespace kith::kernels {
namespace generic {
namespace {

constexpr std::size_t kLaneBytes = 16;
#include "simd/lanes.inl"

KITH_INLINE Lanes LoadPartial(const float* p, Size count) {
  Lanes v{};
  for (Size i = 0; i < kLanes; ++i) v[i] = i < count ? p[i] : 0.0F;
  return v;
}
KITH_INLINE Lanes LoadPartial(const std::uint16_t* p, Size count) {
  HalfLanes half{};
  for (Size i = 0; i < count; ++i) half[i] = p[i];
  return Widened(half);
}
KITH_INLINE void StorePartial(float* p, Size count, Lanes v) {
  for (Size i = 0; i < kLanes; ++i)
    if (i < count) p[i] = v[i];
}
KITH_INLINE unsigned MaskBits(MaskLanes mask) {
  unsigned bits = 0;
  for (Size i = 0; i < kLanes; ++i) bits |= (mask[i] != 0 ? 1U : 0U) << i;
  return bits;
}
KITH_INLINE Lanes FourAndZeros(Four v) { return v; }
/// value with the bits turned over that t and mask share.
KITH_INLINE Lanes FlipWhere(Lanes t, Lanes mask, Lanes value) {
  return reinterpret_cast<Lanes>((reinterpret_cast<BitLanes>(t) & reinterpret_cast<BitLanes>(mask)) ^
                                 reinterpret_cast<BitLanes>(value));
}

// 8 sums, 2 of B, one of A and a product fit into 16 registers.
constexpr Size kTileRows = 4, kTileVectors = 2;
#include "simd/kernels.inl"

}  // namespace
}  // namespace generic

constexpr Table kGenericTable = generic::MakeTable("generic");

}  // namespace kith::kernels
