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

/// exp(y): y = n ln 2 + r with |r| <= ln 2 / 2, exp(r) by the polynomial of Cephes' expf (S. Moshier), times 2^n.
/// Above the largest float infinity, below the smallest normal one 0, NaN for NaN.
KITH_INLINE Lanes Exp(Lanes y) {
  // Adding 1.5 * 2^23 rounds to an integer and leaves it in the low bits.
  const Lanes round = Broadcast(12582912.0F);
  const Lanes low = Broadcast(-104.0F), high = Broadcast(90.0F);
  y = y < low ? low : y;
  y = y > high ? high : y;
  const Lanes shifted = y * 1.44269504F + round;
  const Lanes n = shifted - round;
  // ln 2 in two parts; n times the first is exact.
  const Lanes r = (y - n * 0.693359375F) + n * 2.12194440e-4F;
  Lanes p = r * 1.9875691500e-4F + 1.3981999507e-3F;
  p = p * r + 8.3334519073e-3F;
  p = p * r + 4.1665795894e-2F;
  p = p * r + 1.6666665459e-1F;
  p = p * r + 5.0000001201e-1F;
  p = p * (r * r) + r + 1.0F;
  // 2^n in two factors, since neither 2^128 nor 2^-127 is a normal number: biased exponents that sum to n + 254.
  const BitLanes exponent = reinterpret_cast<BitLanes>(shifted) - 0x4B400000U + 254U;
  const BitLanes half = exponent >> 1;
  const Lanes first = reinterpret_cast<Lanes>(half << 23);
  const Lanes second = reinterpret_cast<Lanes>((exponent - half) << 23);
  const Lanes result = p * first * second;
  return result < Broadcast(1.17549435e-38F) ? Lanes{} : result;
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
