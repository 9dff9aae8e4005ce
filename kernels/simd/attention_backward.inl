// The two backward passes of Attend.  Per edge and head, with p recomputed from the row's lse:
//   dp = <dout_v, m_u>     ds = p (dp - delta_v),  delta_v = sum over v's edges of p dp = <dout_v, out_v>
// The derivative of LeakyReLU(t) is up + bend sign(t): its constant part is one sum of ds a row, and what is left costs
// an edge one sign and one addition a vector.

/// Whether a dynamic score's part that is linear in query and message is summed edge by edge, or known: one number of
/// the row and one that the record has.
enum class Linear { kBothSides, kKnown };

/// score[e] and dp[e] (+)= the shares of vectors [i, i + kVectors); the first piece starts from what first(e) sets.
/// score: of the two sides of the sum under LeakyReLU (dynamic), one of them the row's own, or of the message's side
/// alone where `attention` is given (additive).  dp: of two rows, one of them the row's own `factor_row`.
template <AttentionKind kKind, Linear kLinear, Size kVectors, bool kFirst, class G, class First, class Score,
          class Factor>
KITH_INLINE void AddScoresAndSlopes(const G& g, Leaky leaky, const float* attention, const float* own_row,
                                    const float* factor_row, Size n, const First& first, const Score& score_row,
                                    const Factor& slope_row, Lanes* score, Lanes* dp) {
  Lanes near[kVectors], far[kVectors], own[kVectors], factor[kVectors];
#pragma GCC unroll 4
  for (Size i = 0; i < kVectors; ++i) {
    if constexpr (kKind == AttentionKind::kDynamic) {
      const Lanes a = Load(attention + i * g.step);
      near[i] = a * leaky.up;
      far[i] = a * leaky.bend;
      own[i] = Load(own_row + i * g.step);
    } else {
      near[i] = attention != nullptr ? Load(attention + i * g.step) : Lanes{};
    }
    factor[i] = Load(factor_row + i * g.step);
  }
#pragma GCC unroll 2
  for (Size e = 0; e < n; ++e) {
    const float* to_score = score_row(e);
    const float* to_slope = slope_row(e);
    Lanes sum, slope, bent{};
    if constexpr (kFirst) {
      first(e, sum, slope);
    } else {
      sum = score[e], slope = dp[e];
    }
#pragma GCC unroll 4
    for (Size i = 0; i < kVectors; ++i) {
      if constexpr (kKind == AttentionKind::kDynamic) {
        const Lanes t = own[i] + Load(to_score + i * g.step);
        if constexpr (kLinear == Linear::kBothSides) sum += near[i] * t;
        bent += far[i] * Magnitude(t);
      } else {
        if (attention != nullptr) sum += near[i] * Load(to_score + i * g.step);
      }
      slope += factor[i] * Load(to_slope + i * g.step);
    }
    score[e] = kKind == AttentionKind::kDynamic ? sum + bent : sum;
    dp[e] = slope;
  }
}

/// dquery += a bend sum of ds sign(t);  dattention += bend sum of ds |t|, for vectors [i, i + kVectors).
template <Size kVectors, class G>
KITH_INLINE void AddQuerySlopes(const G& g, Leaky leaky, const float* attention, const float* query,
                                const float* message, Size width, const std::uint32_t* columns, Size n, const Lanes* ds,
                                float* dquery, float* dattention) {
  Lanes own[kVectors], turned[kVectors] = {}, magnitude[kVectors] = {};
#pragma GCC unroll 4
  for (Size i = 0; i < kVectors; ++i) own[i] = Load(query + i * g.step);
  BitLanes lane = g.spread;
#pragma GCC unroll 2
  for (Size e = 0; e < n; ++e, lane += static_cast<std::uint32_t>(g.heads)) {
    const Lanes slope = OfEdge(g, ds, e, lane);
    const float* m = message + columns[e] * width;
#pragma GCC unroll 4
    for (Size i = 0; i < kVectors; ++i) {
      const Lanes t = own[i] + Load(m + i * g.step);
      const Lanes signed_slope = WithSignOf(t, slope);
      turned[i] += signed_slope;
      magnitude[i] += signed_slope * t;
    }
  }
#pragma GCC unroll 4
  for (Size i = 0; i < kVectors; ++i) {
    const Size at = i * g.step;
    Store(dquery + at, Load(dquery + at) + Load(attention + at) * leaky.bend * turned[i]);
    Store(dattention + at, Load(dattention + at) + leaky.bend * magnitude[i]);
  }
}

template <AttentionKind kKind, class G>
KITH_INLINE void BackwardToQuery(const G& g, const Attention& a, Size width, Size group, EdgeRows edges, Size v,
                                 Size last, const float* query, const float* message, const float* out,
                                 const float* lse, const float* dout, float* dquery, float* record, float* dattention) {
  constexpr bool kDynamic = kKind == AttentionKind::kDynamic;
  const Leaky leaky = MakeLeaky(a.slope);
  const float* attention = a.message_attention + group * kLanes;
  const Lanes delta = HeadDot(g, dout, out), row_lse = Spread(g, lse);
  const Lanes own = kDynamic ? Lanes{} : HeadDot(g, a.query_attention + group * kLanes, query);
  Lanes total{};  // of ds (dynamic) or of what reaches the sum under LeakyReLU (additive)
  if constexpr (kDynamic)
    for (Size i = 0; i < g.vectors; ++i) Store(dquery + i * g.step, Lanes{});
  Lanes score[kNeighbors], dp[kNeighbors];
  const auto from_zero = [](Size, Lanes & sum, Lanes & slope) __attribute__((always_inline)) { sum = slope = Lanes{}; };
  const Size end = edges.offsets[v + 1];
  for (Size e = edges.offsets[v]; e < end; e += kNeighbors) {
    const Size n = Smaller(kNeighbors, end - e);
    const std::uint32_t* columns = edges.columns + e;
    const Size fetched = group != 0 || e + kAhead >= last ? 0 : Smaller(n, last - kAhead - e);
    for (Size i = 0; i < fetched; ++i) Prefetch(message + columns[i + kAhead] * width, width);
    ForPieces(
        g.vectors, [&]<Size kVectors, bool kFirst>(Size i) __attribute__((always_inline)) {
          const auto row = [&](Size j) __attribute__((always_inline)) {
            return message + columns[j] * width + i * g.step;
          };
          AddScoresAndSlopes<kKind, Linear::kBothSides, kVectors, kFirst>(
              g, leaky, attention + i * g.step, query + i * g.step, dout + i * g.step, n, from_zero, row, row, score, dp);
        });
    const Size vectors = FoldEdges(g, score, n);
    FoldEdges(g, dp, n);
    const MaskLanes kept = FirstLanes(n * g.heads - (vectors - 1) * kLanes);
    for (Size i = 0; i < vectors; ++i) {
      const Lanes t = own + score[i];
      const Lanes p = ExpBelow((kDynamic ? score[i] : leaky.up * t + leaky.bend * Magnitude(t)) - row_lse);
      Lanes ds = p * (dp[i] - delta);
      if constexpr (!kDynamic) ds = ds * leaky.up + WithSignOf(t, ds * leaky.bend);
      if (i + 1 == vectors) ds = kept ? ds : Lanes{};
      score[i] = ds;
      total += ds;
    }
    if constexpr (kDynamic)
      ForPieces(
          g.vectors, [&]<Size kVectors, bool>(Size i) __attribute__((always_inline)) {
            AddQuerySlopes<kVectors>(g, leaky, attention + i * g.step, query + i * g.step, message + i * g.step, width,
                                     columns, n, score, dquery + i * g.step, dattention + i * g.step);
          });
  }
  total = SumOfHead(g, total);
  for (Size i = 0; i < g.vectors; ++i) {
    const Size at = i * g.step;
    Store(record + at, Load(dout + at));
    if constexpr (kDynamic) {
      Store(dquery + at, Load(dquery + at) + Load(attention + at) * leaky.up * total);
      Store(record + width + at, Load(query + at));
    } else {
      Store(dquery + at, Load(a.query_attention + group * kLanes + at) * total);
      Store(dattention + at, Load(dattention + at) + total * Load(query + at));
    }
  }
  // The group's part of the numbers a head: `record` stands at the group's first vector.
  float* numbers = record - group * kLanes + width + (kDynamic ? width : 0) + group * g.heads;
  if constexpr (!kDynamic) StoreHeads(g, numbers, own), numbers += a.heads;
  StoreHeads(g, numbers, kDynamic ? row_lse - leaky.up * HeadDot(g, attention, query) : row_lse);
  StoreHeads(g, numbers + a.heads, delta);
}

template <AttentionKind kKind, Size kHeads, Size kWidth>
void BackwardToQueries(const Attention& a, EdgeRows edges, const float* query, const float* message, const float* out,
                       const float* lse, const float* dout, float* dquery, float* records, float* dattention) {
  const Size width = kWidth != 0 ? kWidth : a.width(), heads = kHeads != 0 ? kHeads : a.heads;
  const Size record = a.record(), last = edges.offsets[edges.rows];
  const auto g = GroupHeads<kHeads>(heads, width);
  for (Size v = 0; v < edges.rows; ++v)
    for (Size group = 0; group < g.groups; ++group) {
      const Size at = v * width + group * kLanes;
      BackwardToQuery<kKind>(g, a, width, group, edges, v, last, query + at, message + group * kLanes, out + at,
                             lse + v * heads + group * g.heads, dout + at, dquery + at,
                             records + v * record + group * kLanes, dattention + group * kLanes);
    }
}

void AttendBackwardToQueries(const Attention& a, EdgeRows edges, const float* query, const float* message,
                             const float* out, const float* lse, const float* dout, float* dquery, float* records,
                             float* dattention) noexcept {
  if (edges.rows == 0) return;
  ForShape(a, [&]<AttentionKind kKind, Size kHeads, Size kWidth>() {
    BackwardToQueries<kKind, kHeads, kWidth>(a, edges, query, message, out, lse, dout, dquery, records, dattention);
  });
}

/// dmessage += sum of p dout, and (dynamic) a bend sum of ds sign(t), for vectors [i, i + kVectors).
template <AttentionKind kKind, Size kVectors, class G>
KITH_INLINE void AddMessageSlopes(const G& g, Leaky leaky, const float* attention, const float* message,
                                  const float* records, Size record, Size width, const std::uint32_t* columns, Size n,
                                  const Lanes* p, const Lanes* ds, float* dmessage) {
  Lanes own[kVectors], turned[kVectors] = {}, sum[kVectors] = {};
#pragma GCC unroll 4
  for (Size i = 0; i < kVectors; ++i) own[i] = Load(message + i * g.step);
  BitLanes lane = g.spread;
#pragma GCC unroll 2
  for (Size e = 0; e < n; ++e, lane += static_cast<std::uint32_t>(g.heads)) {
    const Lanes weight = OfEdge(g, p, e, lane), slope = OfEdge(g, ds, e, lane);
    const float* from = records + columns[e] * record;
#pragma GCC unroll 4
    for (Size i = 0; i < kVectors; ++i) {
      sum[i] += weight * Load(from + i * g.step);
      if constexpr (kKind == AttentionKind::kDynamic)
        turned[i] += WithSignOf(own[i] + Load(from + width + i * g.step), slope);
    }
  }
#pragma GCC unroll 4
  for (Size i = 0; i < kVectors; ++i) {
    const Size at = i * g.step;
    if constexpr (kKind == AttentionKind::kDynamic) sum[i] += Load(attention + at) * leaky.bend * turned[i];
    Store(dmessage + at, Load(dmessage + at) + sum[i]);
  }
}

template <AttentionKind kKind, class G>
KITH_INLINE void BackwardToMessage(const G& g, const Attention& a, Size width, Size group, EdgeRows edges, Size u,
                                   Size last, const float* message, const float* records, float* dmessage,
                                   float* dattention) {
  constexpr bool kDynamic = kKind == AttentionKind::kDynamic;
  const Leaky leaky = MakeLeaky(a.slope);
  const Size record = a.record();
  // Where the group's numbers a head stand, from the group's first vector of a record.
  const Size numbers = width + (kDynamic ? width : 0) + group * g.heads - group * kLanes;
  const float* attention = a.message_attention + group * kLanes;
  const Lanes linear = HeadDot(g, attention, message), own = kDynamic ? leaky.up * linear : linear;
  Lanes total{};
  for (Size i = 0; i < g.vectors; ++i) Store(dmessage + i * g.step, Lanes{});
  // A destination's numbers a head enter as what the sums over its columns start from.
  Lanes score[kNeighbors], dp[kNeighbors], lse[kNeighbors];
  const Size end = edges.offsets[u + 1];
  for (Size e = edges.offsets[u]; e < end; e += kNeighbors) {
    const Size n = Smaller(kNeighbors, end - e);
    const std::uint32_t* columns = edges.columns + e;
    const Size fetched = group != 0 || e + kAhead >= last ? 0 : Smaller(n, last - kAhead - e);
    for (Size i = 0; i < fetched; ++i) Prefetch(records + columns[i + kAhead] * record, record);
    ForPieces(
        g.vectors, [&]<Size kVectors, bool kFirst>(Size i) __attribute__((always_inline)) {
          const auto dout = [&](Size j) __attribute__((always_inline)) {
            return records + columns[j] * record + i * g.step;
          };
          const auto other = [&](Size j) __attribute__((always_inline)) { return dout(j) + width; };
          const auto from_numbers = [&](Size j, Lanes & sum, Lanes & slope) __attribute__((always_inline)) {
            const float* from = records + columns[j] * record + numbers;
            if constexpr (kDynamic) {
              sum = -LoadHeads(g, from);
            } else {
              sum = LoadHeads(g, from), lse[j] = LoadHeads(g, from += a.heads);
            }
            slope = -LoadHeads(g, from + a.heads);
          };
          AddScoresAndSlopes<kKind, Linear::kKnown, kVectors, kFirst>(
              g, leaky, kDynamic ? attention + i * g.step : nullptr, message + i * g.step, message + i * g.step, n,
              from_numbers, other, dout, score, dp);
        });
    const Size vectors = FoldEdges(g, score, n);
    FoldEdges(g, dp, n);
    if constexpr (!kDynamic) FoldEdges(g, lse, n);
    const MaskLanes kept = FirstLanes(n * g.heads - (vectors - 1) * kLanes);
    for (Size i = 0; i < vectors; ++i) {
      const Lanes t = own + score[i];
      Lanes p = ExpBelow(kDynamic ? t : leaky.up * t + leaky.bend * Magnitude(t) - lse[i]);
      Lanes ds = p * dp[i];
      if constexpr (!kDynamic) ds = ds * leaky.up + WithSignOf(t, ds * leaky.bend);
      if (i + 1 == vectors) p = kept ? p : Lanes{}, ds = kept ? ds : Lanes{};
      score[i] = p;
      dp[i] = ds;
      total += ds;
    }
    ForPieces(
        g.vectors, [&]<Size kVectors, bool>(Size i) __attribute__((always_inline)) {
          AddMessageSlopes<kKind, kVectors>(g, leaky, attention + i * g.step, message + i * g.step,
                                            records + i * g.step, record, width, columns, n, score, dp,
                                            dmessage + i * g.step);
        });
  }
  total = SumOfHead(g, total);
  for (Size i = 0; i < g.vectors; ++i) {
    const Size at = i * g.step;
    const Lanes factor = kDynamic ? total * leaky.up : total;
    Store(dmessage + at, Load(dmessage + at) + Load(attention + at) * factor);
    Store(dattention + at, Load(dattention + at) + factor * Load(message + at));
  }
}

template <AttentionKind kKind, Size kHeads, Size kWidth>
void BackwardToMessages(const Attention& a, EdgeRows edges, const float* message, const float* records, float* dmessage,
                        float* dattention) {
  const Size width = kWidth != 0 ? kWidth : a.width(), last = edges.offsets[edges.rows];
  const auto g = GroupHeads<kHeads>(kHeads != 0 ? kHeads : a.heads, width);
  for (Size u = 0; u < edges.rows; ++u)
    for (Size group = 0; group < g.groups; ++group) {
      const Size at = u * width + group * kLanes;
      BackwardToMessage<kKind>(g, a, width, group, edges, u, last, message + at, records + group * kLanes,
                               dmessage + at, dattention + group * kLanes);
    }
}

void AttendBackwardToMessages(const Attention& a, EdgeRows edges, const float* message, const float* records,
                              float* dmessage, float* dattention) noexcept {
  if (edges.rows == 0) return;
  ForShape(a, [&]<AttentionKind kKind, Size kHeads, Size kWidth>() {
    BackwardToMessages<kKind, kHeads, kWidth>(a, edges, message, records, dmessage, dattention);
  });
}
