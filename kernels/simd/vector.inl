// Dot, Axpy and ExpInPlace.

/// sum_k a[k] b[k] in lanes, then across: the order depends on d alone, so that one row scored alone or among others
/// gives the same bits.
KITH_INLINE Lanes DotLanes(const float* a, const float* b, Size d) {
  Lanes sum0{}, sum1{}, sum2{}, sum3{};
  Size i = 0;
  for (; i + 4 * kLanes <= d; i += 4 * kLanes) {
    sum0 += Load(a + i) * Load(b + i);
    sum1 += Load(a + i + kLanes) * Load(b + i + kLanes);
    sum2 += Load(a + i + 2 * kLanes) * Load(b + i + 2 * kLanes);
    sum3 += Load(a + i + 3 * kLanes) * Load(b + i + 3 * kLanes);
  }
  for (; i + kLanes <= d; i += kLanes) sum0 += Load(a + i) * Load(b + i);
  if (i < d) sum1 += LoadPartial(a + i, d - i) * LoadPartial(b + i, d - i);
  return (sum0 + sum1) + (sum2 + sum3);
}

float Dot(const float* a, const float* b, Size d) noexcept { return Sum(DotLanes(a, b, d)); }

void Axpy(float alpha, const float* x, float* y, Size d) noexcept {
  const Lanes factor = Broadcast(alpha);
  Size i = 0;
  for (; i + kLanes <= d; i += kLanes) Store(y + i, Load(y + i) + factor * Load(x + i));
  if (i < d) StorePartial(y + i, d - i, LoadPartial(y + i, d - i) + factor * LoadPartial(x + i, d - i));
}

/// y = n ln 2 + r with |r| <= ln 2 / 2: n in the low bits of `shifted`, exp(r) by the polynomial of Cephes' expf
/// (S. Moshier).  Several vectors take turns, so that none waits for its own last step.
template <Size kCount>
struct SplitExp {
  Lanes shifted[kCount], of_rest[kCount];
};
template <Size kCount>
KITH_INLINE SplitExp<kCount> SplitForExp(const Lanes (&y)[kCount]) {
  // Adding 1.5 * 2^23 rounds to an integer and leaves it in the low bits.
  const Lanes round = Broadcast(12582912.0F);
  SplitExp<kCount> split;
  auto& [shifted, p] = split;
  Lanes r[kCount];
  for (Size i = 0; i < kCount; ++i) shifted[i] = y[i] * 1.44269504F + round;
  // ln 2 in two parts; n times the first is exact.
  for (Size i = 0; i < kCount; ++i) r[i] = y[i] - (shifted[i] - round) * 0.693359375F;
  for (Size i = 0; i < kCount; ++i) r[i] += (shifted[i] - round) * 2.12194440e-4F;
  for (Size i = 0; i < kCount; ++i) p[i] = r[i] * 1.9875691500e-4F + 1.3981999507e-3F;
  for (Size i = 0; i < kCount; ++i) p[i] = p[i] * r[i] + 8.3334519073e-3F;
  for (Size i = 0; i < kCount; ++i) p[i] = p[i] * r[i] + 4.1665795894e-2F;
  for (Size i = 0; i < kCount; ++i) p[i] = p[i] * r[i] + 1.6666665459e-1F;
  for (Size i = 0; i < kCount; ++i) p[i] = p[i] * r[i] + 5.0000001201e-1F;
  for (Size i = 0; i < kCount; ++i) p[i] = p[i] * (r[i] * r[i]) + r[i] + 1.0F;
  return split;
}

/// exp(y).  Above the largest float infinity, below the smallest normal one 0, NaN for NaN.
KITH_INLINE Lanes Exp(Lanes y) {
  const Lanes low = Broadcast(-104.0F), high = Broadcast(90.0F);
  y = y < low ? low : y;
  y = y > high ? high : y;
  const auto [shifted, p] = SplitForExp<1>({y});
  // 2^n in two factors, since neither 2^128 nor 2^-127 is a normal number: biased exponents that sum to n + 254.
  const BitLanes exponent = reinterpret_cast<BitLanes>(shifted[0]) - 0x4B400000U + 254U;
  const BitLanes half = exponent >> 1;
  const Lanes first = reinterpret_cast<Lanes>(half << 23);
  const Lanes second = reinterpret_cast<Lanes>((exponent - half) << 23);
  const Lanes result = p[0] * first * second;
  return result < Broadcast(1.17549435e-38F) ? Lanes{} : result;
}

/// y = exp(y) for y < 80, which is what a softmax asks for: half the work.  Below -87 it stays at exp(-87), which is
/// nothing beside 1; NaN for NaN.
template <Size kCount>
KITH_INLINE void ExpBelow(Lanes (&y)[kCount]) {
  const Lanes low = Broadcast(-87.0F);
  for (Size i = 0; i < kCount; ++i) y[i] = y[i] < low ? low : y[i];
  const auto [shifted, p] = SplitForExp(y);
  for (Size i = 0; i < kCount; ++i)
    y[i] = p[i] * reinterpret_cast<Lanes>((reinterpret_cast<BitLanes>(shifted[i]) << 23) + 0x3F800000U);
}
KITH_INLINE Lanes ExpBelow(Lanes y) {
  Lanes one[1] = {y};
  ExpBelow(one);
  return one[0];
}

/// The natural logarithm of a normal number >= 1, by the polynomial of Cephes' logf (S. Moshier); NaN for infinity and
/// NaN.
KITH_INLINE Lanes Log(Lanes x) {
  // x = m 2^e with m in [sqrt(1/2), sqrt(2)): the bits of sqrt(1/2) split the exponent off.
  const BitLanes shifted = reinterpret_cast<BitLanes>(x) - 0x3F3504F3U;
  const Lanes e = __builtin_convertvector(reinterpret_cast<MaskLanes>(shifted) >> 23, Lanes);
  const Lanes f = reinterpret_cast<Lanes>((shifted & 0x007FFFFFU) + 0x3F3504F3U) - 1.0F;
  Lanes p = f * 7.0376836292e-2F - 1.1514610310e-1F;
  p = p * f + 1.1676998740e-1F;
  p = p * f - 1.2420140846e-1F;
  p = p * f + 1.4249322787e-1F;
  p = p * f - 1.6668057665e-1F;
  p = p * f + 2.0000714765e-1F;
  p = p * f - 2.4999993993e-1F;
  p = p * f + 3.3333331174e-1F;
  const Lanes square = f * f;
  p = p * f * square - 2.12194440e-4F * e - 0.5F * square;
  return (f + p) + 0.693359375F * e + (x - x);
}

float ExpInPlace(float* x, Size n, float scale, float shift) noexcept {
  const Lanes factor = Broadcast(scale), offset = Broadcast(shift);
  Lanes sum0{}, sum1{};
  Size i = 0;
  for (; i + 2 * kLanes <= n; i += 2 * kLanes) {
    const Lanes y0 = Exp(Load(x + i) * factor + offset), y1 = Exp(Load(x + i + kLanes) * factor + offset);
    Store(x + i, y0);
    Store(x + i + kLanes, y1);
    sum0 += y0;
    sum1 += y1;
  }
  for (; i < n; i += kLanes) {
    const Size count = Smaller(kLanes, n - i);
    const Lanes y = Exp(LoadPartial(x + i, count) * factor + offset);
    StorePartial(x + i, count, y);
    sum0 += FirstLanes(count) ? y : Lanes{};
  }
  return Sum(sum0 + sum1);
}
