// EdgeScores and the softmax over the edges of a row.  Several heads stand side by side: score[e * heads + h].

/// Heads handled at once: their maxima and sums stay on the stack, whatever the number of heads.
constexpr Size kHeadChunk = 16;

void EdgeScores(EdgeRows edges, const float* q, const float* k, float slope, float* score, Size heads) noexcept {
  const auto leaky = [slope](float sum) __attribute__((always_inline)) { return sum > 0.0F ? sum : slope * sum; };
  if (edges.rows == 0) return;
  const Size last = edges.offsets[edges.rows];
  for (Size v = 0; v < edges.rows; ++v) {
    const float* q_v = q + v * heads;
    for (Size e = edges.offsets[v]; e < edges.offsets[v + 1]; ++e) {
      if (e + kAhead < last) Prefetch(k + edges.columns[e + kAhead] * heads, heads);
      const float* k_u = k + edges.columns[e] * heads;
      float* out = score + e * heads;
      Size h = 0;
      for (; h + 4 <= heads; h += 4) {
        const Four sum = LoadFour(q_v + h) + LoadFour(k_u + h);
        StoreFour(out + h, sum > Four{} ? sum : sum * slope);
      }
      for (; h < heads; ++h) out[h] = leaky(q_v[h] + k_u[h]);
    }
  }
}

/// Where heads divides kLanes, lane l of every vector of a row belongs to head l % heads: one head or several, a row is
/// one run of vectors, and what is taken over its edges is folded across lanes at the end.
KITH_INLINE bool HeadsFillLanes(Size heads) { return heads != 0 && heads <= kLanes && kLanes % heads == 0; }

/// v with lane (l + by) % kLanes in lane l.
KITH_INLINE Lanes Rotate(Lanes v, Size by) {
  BitLanes index;
  for (Size i = 0; i < kLanes; ++i) index[i] = static_cast<std::uint32_t>(i);
  return __builtin_shuffle(v, (index + static_cast<std::uint32_t>(by)) % static_cast<std::uint32_t>(kLanes));
}

/// a where it is larger, else b: a NaN in a is passed over.
KITH_INLINE Lanes Larger(Lanes a, Lanes b) { return a > b ? a : b; }

/// Softmax of one row: n = edges * heads floats.
KITH_INLINE void SoftmaxInLanes(float* score, Size n, Size heads) {
  const Size whole = n - n % kLanes, rest = n % kLanes;
  const MaskLanes in_rest = FirstLanes(rest);
  Lanes most = Broadcast(-__builtin_inff());
  for (Size i = 0; i < whole; i += kLanes) most = Larger(Load(score + i), most);
  if (rest != 0) most = in_rest ? Larger(LoadPartial(score + whole, rest), most) : most;
  for (Size by = heads; by < kLanes; by *= 2) most = Larger(Rotate(most, by), most);
  Lanes sum{};
  for (Size i = 0; i < whole; i += kLanes) {
    const Lanes y = Exp(Load(score + i) - most);
    Store(score + i, y);
    sum += y;
  }
  if (rest != 0) {
    const Lanes y = Exp(LoadPartial(score + whole, rest) - most);
    StorePartial(score + whole, rest, y);
    sum += in_rest ? y : Lanes{};
  }
  for (Size by = heads; by < kLanes; by *= 2) sum += Rotate(sum, by);
  const Lanes scale = 1.0F / sum;
  for (Size i = 0; i < whole; i += kLanes) Store(score + i, Load(score + i) * scale);
  if (rest != 0) StorePartial(score + whole, rest, LoadPartial(score + whole, rest) * scale);
}

/// dscore = p (dp - sum p dp) of one row of n = edges * heads floats.
KITH_INLINE void SoftmaxBackwardInLanes(const float* p, const float* dp, float* dscore, Size n, Size heads) {
  const Size whole = n - n % kLanes, rest = n % kLanes;
  Lanes sum{};
  for (Size i = 0; i < whole; i += kLanes) sum += Load(p + i) * Load(dp + i);
  if (rest != 0) sum += LoadPartial(p + whole, rest) * LoadPartial(dp + whole, rest);
  for (Size by = heads; by < kLanes; by *= 2) sum += Rotate(sum, by);
  for (Size i = 0; i < whole; i += kLanes) Store(dscore + i, Load(p + i) * (Load(dp + i) - sum));
  if (rest != 0)
    StorePartial(dscore + whole, rest, LoadPartial(p + whole, rest) * (LoadPartial(dp + whole, rest) - sum));
}

/// Softmax of `count` heads of n edges; heads of one edge are side by side, edges `heads` apart.
KITH_INLINE void SoftmaxHeads(float* score, Size n, Size heads, Size count) {
  float most[kHeadChunk], sum[kHeadChunk];
  if (n == 0) return;
  for (Size h = 0; h < count; ++h) most[h] = score[h], sum[h] = 0.0F;
  for (Size e = 1; e < n; ++e)
    for (Size h = 0; h < count; ++h) most[h] = score[e * heads + h] > most[h] ? score[e * heads + h] : most[h];
  for (Size e = 0; e < n; ++e)
    for (Size h = 0; h < count; ++h) score[e * heads + h] -= most[h];
  if (count == heads) {
    ExpInPlace(score, n * heads, 1.0F, 0.0F);
  } else {
    for (Size e = 0; e < n; ++e) ExpInPlace(score + e * heads, count, 1.0F, 0.0F);
  }
  for (Size e = 0; e < n; ++e)
    for (Size h = 0; h < count; ++h) sum[h] += score[e * heads + h];
  for (Size h = 0; h < count; ++h) sum[h] = 1.0F / sum[h];
  for (Size e = 0; e < n; ++e)
    for (Size h = 0; h < count; ++h) score[e * heads + h] *= sum[h];
}

void SegmentSoftmax(const EdgeOffset* offsets, Size rows, float* score, Size heads) noexcept {
  for (Size v = 0; v < rows; ++v) {
    float* row = score + offsets[v] * heads;
    const Size n = offsets[v + 1] - offsets[v];
    if (HeadsFillLanes(heads)) {
      SoftmaxInLanes(row, n * heads, heads);
    } else {
      for (Size h = 0; h < heads; h += kHeadChunk) SoftmaxHeads(row + h, n, heads, Smaller(kHeadChunk, heads - h));
    }
  }
}

void SegmentSoftmaxBackward(const EdgeOffset* offsets, Size rows, const float* p, const float* dp, float* dscore,
                            Size heads) noexcept {
  for (Size v = 0; v < rows; ++v) {
    const Size begin = offsets[v] * heads, n = offsets[v + 1] - offsets[v];
    if (HeadsFillLanes(heads)) {
      SoftmaxBackwardInLanes(p + begin, dp + begin, dscore + begin, n * heads, heads);
      continue;
    }
    for (Size first = 0; first < heads; first += kHeadChunk) {
      const Size count = Smaller(kHeadChunk, heads - first);
      float sum[kHeadChunk];
      for (Size h = 0; h < count; ++h) sum[h] = 0.0F;
      for (Size e = 0; e < n; ++e)
        for (Size h = 0; h < count; ++h) {
          const Size at = begin + e * heads + first + h;
          sum[h] += p[at] * dp[at];
        }
      for (Size e = 0; e < n; ++e)
        for (Size h = 0; h < count; ++h) {
          const Size at = begin + e * heads + first + h;
          dscore[at] = p[at] * (dp[at] - sum[h]);
        }
    }
  }
}
