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

/// Softmax of n scores side by side.
KITH_INLINE void SoftmaxOneHead(float* score, Size n) {
  if (n == 0) return;
  Lanes most = Broadcast(score[0]);
  Size i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    const Lanes s = Load(score + i);
    most = s > most ? s : most;
  }
  float largest = Largest(most);
  for (; i < n; ++i) largest = score[i] > largest ? score[i] : largest;
  const float scale = 1.0F / ExpInPlace(score, n, 1.0F, -largest);
  for (i = 0; i + kLanes <= n; i += kLanes) Store(score + i, Load(score + i) * scale);
  for (; i < n; ++i) score[i] *= scale;
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
    if (heads == 1) {
      SoftmaxOneHead(row, n);
    } else {
      for (Size h = 0; h < heads; h += kHeadChunk) SoftmaxHeads(row + h, n, heads, Smaller(kHeadChunk, heads - h));
    }
  }
}

void SegmentSoftmaxBackward(const EdgeOffset* offsets, Size rows, const float* p, const float* dp, float* dscore,
                            Size heads) noexcept {
  for (Size v = 0; v < rows; ++v) {
    const Size begin = offsets[v] * heads, n = offsets[v + 1] - offsets[v];
    if (heads == 1) {
      const float sum = Sum(DotLanes(p + begin, dp + begin, n));
      for (Size e = begin; e < begin + n; ++e) dscore[e] = p[e] * (dp[e] - sum);
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
