// Vectors of kLaneBytes bytes and what every kernel does with them.  Included inside the namespace of one instruction
// set, which has defined kLaneBytes; everything here has internal linkage and calls nothing of the standard library.

#define KITH_INLINE inline __attribute__((always_inline))

using Size = std::size_t;

typedef float Lanes __attribute__((vector_size(kLaneBytes)));
typedef float UnalignedLanes __attribute__((vector_size(kLaneBytes), aligned(4), may_alias));
typedef std::uint32_t BitLanes __attribute__((vector_size(kLaneBytes)));
typedef std::int32_t MaskLanes __attribute__((vector_size(kLaneBytes)));  // of a comparison: 0 or -1
typedef float Four __attribute__((vector_size(16)));
typedef float UnalignedFour __attribute__((vector_size(16), aligned(4), may_alias));

constexpr Size kLanes = kLaneBytes / sizeof(float);
/// Edges between the one computed and the one whose row is fetched: about 100 ns of work at the rates measured.
constexpr Size kAhead = 16;
constexpr Size kLineBytes = 64, kLineFloats = kLineBytes / sizeof(float);

KITH_INLINE Lanes Load(const float* p) { return *reinterpret_cast<const UnalignedLanes*>(p); }
KITH_INLINE void Store(float* p, Lanes v) { *reinterpret_cast<UnalignedLanes*>(p) = v; }
KITH_INLINE Four LoadFour(const float* p) { return *reinterpret_cast<const UnalignedFour*>(p); }
KITH_INLINE void StoreFour(float* p, Four v) { *reinterpret_cast<UnalignedFour*>(p) = v; }
template <class V>
KITH_INLINE Four FirstFour(V v) {
  if constexpr (sizeof(V) == sizeof(Four)) {
    return v;
  } else {
    return __builtin_shufflevector(v, v, 0, 1, 2, 3);
  }
}
/// v again and again.
template <class V>
KITH_INLINE V RepeatFour(Four v) {
  if constexpr (sizeof(V) == 64) {
    return __builtin_shufflevector(v, v, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3);
  } else if constexpr (sizeof(V) == 32) {
    return __builtin_shufflevector(v, v, 0, 1, 2, 3, 0, 1, 2, 3);
  } else {
    return v;
  }
}
/// value - 0 and not value + 0, which would lose the sign of -0.
KITH_INLINE Lanes Broadcast(float value) { return value - Lanes{}; }
KITH_INLINE Size Smaller(Size a, Size b) { return a < b ? a : b; }

/// -1 in the first `count` lanes.
KITH_INLINE MaskLanes FirstLanes(Size count) {
  MaskLanes index;
  for (Size i = 0; i < kLanes; ++i) index[i] = static_cast<std::int32_t>(i);
  return index < static_cast<std::int32_t>(count);
}

/// The sum of all lanes, halves first: ((0+8)+(4+12)) + ...; the same order wherever it is called.
template <class V>
KITH_INLINE float Sum(V v) {
  if constexpr (sizeof(V) == 64) {
    return Sum(__builtin_shufflevector(v, v, 0, 1, 2, 3, 4, 5, 6, 7) +
               __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15));
  } else if constexpr (sizeof(V) == 32) {
    return Sum(__builtin_shufflevector(v, v, 0, 1, 2, 3) + __builtin_shufflevector(v, v, 4, 5, 6, 7));
  } else {
    const V pair = v + __builtin_shufflevector(v, v, 2, 3, 0, 1);
    return pair[0] + pair[1];
  }
}

/// Fetches d numbers at p into the cache.
template <class X>
KITH_INLINE void Prefetch(const X* p, Size d) {
  for (Size c = 0; c < d; c += kLineBytes / sizeof(X)) __builtin_prefetch(p + c);
}

/// bfloat16: the upper half of a float.
typedef std::uint16_t HalfLanes __attribute__((vector_size(kLaneBytes / 2)));
typedef std::uint16_t UnalignedHalfLanes __attribute__((vector_size(kLaneBytes / 2), aligned(2), may_alias));
KITH_INLINE Lanes Widened(HalfLanes half) {
  return reinterpret_cast<Lanes>(__builtin_convertvector(half, BitLanes) << 16);
}
KITH_INLINE Lanes Load(const std::uint16_t* p) { return Widened(*reinterpret_cast<const UnalignedHalfLanes*>(p)); }
