// The two backward passes of Attend.  Per edge and head, with p recomputed from the row's lse:
//   dp = <dout_v, m_u>     ds = p (dp - delta_v),  delta_v = sum over v's edges of p dp = <dout_v, out_v>
// The derivative of LeakyReLU(t) is up + bend sign(t): its constant part is one sum of ds a row, and what is left costs
// an edge one sign and one addition a vector.

/// Whether a dynamic score's part that is linear in query and message is summed edge by edge, or known: one number of
/// the row and one that the record has.
enum class Linear { kBothSides, kKnown };

/// The parts of n edges' scores and dp that vectors [i, i + kVectors) bring, put away as AddScores does; the first
/// piece starts from what first(e) sets.  score: of the two sides of the sum under LeakyReLU (dynamic), one of them the
/// row's own, or of the message's side alone where `attention` is given (additive).  dp: of two rows, one of them the
/// row's own `factor_row`.  ahead(e) fetches what is read later.
template <AttentionKind kKind, Linear kLinear, Size kVectors, bool kFirst, class G, class First, class Score,
          class Factor, class Ahead>
KITH_INLINE void AddScoresAndSlopes(const G& g, Leaky leaky, const float* attention, const float* own_row,
                                    const float* factor_row, const Steps<G::kTogether>& steps, const First& first,
                                    const Score& score_row, const Factor& slope_row, bool fetches, const Ahead& ahead,
                                    Lanes* score, Lanes* dp) {
  Lanes near[kVectors], far[kVectors], own[kVectors], factor[kVectors];
#pragma GCC unroll 8
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
  for (Size e = 0; e < steps.end; e += G::kTogether) {
    Lanes sums[G::kTogether], slopes[G::kTogether];
    const std::uint32_t* columns = steps.At(e);
    if (kFirst && fetches) [[likely]]
      for (Size j = 0; j < G::kTogether; ++j) ahead(e + j);
#pragma GCC unroll 4
    for (Size j = 0; j < G::kTogether; ++j) {
      const float* to_score = score_row(columns[j]);
      const float* to_slope = slope_row(columns[j]);
      Lanes sum, slope, bent{};
      if constexpr (kFirst) {
        first(e + j, columns[j], sum, slope);
      } else {
        sum = score[e + j], slope = dp[e + j];
      }
#pragma GCC unroll 8
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
      sums[j] = kKind == AttentionKind::kDynamic ? sum + bent : sum;
      slopes[j] = slope;
    }
    StoreScores(g, sums, e, score);
    StoreScores(g, slopes, e, dp);
  }
}

/// turned += sum over n edges of ds sign(t), for vectors [i, i + kVectors).  ahead as above.
template <Size kVectors, class G, class Ahead>
KITH_INLINE void AddQuerySlopes(const G& g, const float* query, const float* message, Size width,
                                const Steps<G::kTogether>& steps, bool fetches, const Ahead& ahead, const Lanes* ds,
                                float* turned) {
  Lanes own[kVectors], sum[kVectors];
#pragma GCC unroll 8
  for (Size i = 0; i < kVectors; ++i) own[i] = Load(query + i * g.step), sum[i] = Load(turned + i * g.step);
  for (Size e = 0; e < steps.end; e += G::kTogether) {
    const std::uint32_t* columns = steps.At(e);
    if (fetches) [[likely]]
      for (Size j = 0; j < G::kTogether; ++j) ahead(e + j);
#pragma GCC unroll 4
    for (Size j = 0; j < G::kTogether; ++j) {
      const Lanes slope = OfEdge(g, ds, e, j);
      const float* m = message + columns[j] * width;
#pragma GCC unroll 8
      for (Size i = 0; i < kVectors; ++i) sum[i] += WithSignOf(own[i] + Load(m + i * g.step), slope);
    }
  }
#pragma GCC unroll 8
  for (Size i = 0; i < kVectors; ++i) Store(turned + i * g.step, sum[i]);
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
  const auto from_zero = [](Size, std::uint32_t, Lanes & sum, Lanes & slope) __attribute__((always_inline)) {
    sum = slope = Lanes{};
  };
  const Size end = edges.offsets[v + 1];
  for (Size e = edges.offsets[v]; e < end; e += kNeighbors) {
    const Size n = Smaller(kNeighbors, end - e);
    const Steps<G::kTogether> steps(edges.columns + e, n);
    const std::uint32_t* later = edges.columns + e + kAhead;
    const bool fetches = group == 0 && e + kAhead + kNeighbors <= last;
    // Half a row in either loop, so that memory is never idle.
    const Size half = kDynamic ? width / 2 : width;
    ForPieces(
        g, [&]<Size kVectors, bool kFirst>(Size i) __attribute__((always_inline)) {
          const auto row = [&](std::uint32_t column) __attribute__((always_inline)) {
            return message + column * width + i * g.step;
          };
          const auto ahead = [&](Size j) __attribute__((always_inline)) { Prefetch(message + later[j] * width, half); };
          AddScoresAndSlopes<kKind, Linear::kBothSides, kVectors, kFirst>(
              g, leaky, attention + i * g.step, query + i * g.step, dout + i * g.step, steps, from_zero, row, row,
              fetches, ahead, score, dp);
        });
    const Size vectors = FoldScores(g, score, steps.end);
    FoldScores(g, dp, steps.end);
    for (Size i = 0; i < vectors; ++i) {
      const Lanes t = own + score[i];
      const Lanes p = ExpBelow((kDynamic ? score[i] : leaky.up * t + leaky.bend * Magnitude(t)) - row_lse);
      Lanes ds = p * (dp[i] - delta);
      if constexpr (!kDynamic) ds = ds * leaky.up + WithSignOf(t, ds * leaky.bend);
      score[i] = LanesOf(g, n, i) ? ds : Lanes{};
      total += score[i];
    }
    if constexpr (kDynamic)
      ForPieces(
          g, [&]<Size kVectors, bool>(Size i) __attribute__((always_inline)) {
            const auto ahead = [&](Size j) __attribute__((always_inline)) {
              Prefetch(message + later[j] * width + half, width - half);
            };
            AddQuerySlopes<kVectors>(g, query + i * g.step, message + i * g.step, width, steps, fetches && i == 0,
                                     ahead, score, dquery + i * g.step);
          });
  }
  total = SumOfHead(g, total);
  for (Size i = 0; i < g.vectors; ++i) {
    const Size at = i * g.step;
    Store(record + at, Load(dout + at));
    if constexpr (kDynamic) {
      const Lanes turned = leaky.bend * Load(dquery + at);
      Store(dquery + at, Load(attention + at) * (leaky.up * total + turned));
      Store(dattention + at, Load(dattention + at) + turned * Load(query + at));
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
  const auto g = GroupHeads<kHeads, kWidth>(heads, width);
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

/// dmessage += sum of p dout, and (dynamic) with `turned` the sum of ds sign(t), dmessage += a bend turned and
/// dattention += bend turned m, for vectors [i, i + kVectors).  ahead as above.
template <AttentionKind kKind, Size kVectors, class G, class Ahead>
KITH_INLINE void AddMessageSlopes(const G& g, Leaky leaky, const float* attention, const float* message,
                                  const float* records, Size record, Size width, const Steps<G::kTogether>& steps,
                                  bool fetches, const Ahead& ahead, const Lanes* p, const Lanes* ds, float* dmessage,
                                  float* dattention) {
  Lanes own[kVectors], turned[kVectors] = {}, sum[kVectors];
#pragma GCC unroll 8
  for (Size i = 0; i < kVectors; ++i) own[i] = Load(message + i * g.step), sum[i] = Load(dmessage + i * g.step);
  for (Size e = 0; e < steps.end; e += G::kTogether) {
    const std::uint32_t* columns = steps.At(e);
    if (fetches) [[likely]]
      for (Size j = 0; j < G::kTogether; ++j) ahead(e + j);
#pragma GCC unroll 4
    for (Size j = 0; j < G::kTogether; ++j) {
      const Lanes weight = OfEdge(g, p, e, j), slope = OfEdge(g, ds, e, j);
      const float* from = records + columns[j] * record;
#pragma GCC unroll 8
      for (Size i = 0; i < kVectors; ++i) {
        sum[i] += weight * Load(from + i * g.step);
        if constexpr (kKind == AttentionKind::kDynamic)
          turned[i] += WithSignOf(own[i] + Load(from + width + i * g.step), slope);
      }
    }
  }
#pragma GCC unroll 8
  for (Size i = 0; i < kVectors; ++i) {
    const Size at = i * g.step;
    if constexpr (kKind == AttentionKind::kDynamic) {
      turned[i] *= leaky.bend;
      sum[i] += Load(attention + at) * turned[i];
      Store(dattention + at, Load(dattention + at) + turned[i] * own[i]);
    }
    Store(dmessage + at, sum[i]);
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
    const Steps<G::kTogether> steps(edges.columns + e, n);
    const std::uint32_t* later = edges.columns + e + kAhead;
    const bool fetches = group == 0 && e + kAhead + kNeighbors <= last;
    ForPieces(
        g, [&]<Size kVectors, bool kFirst>(Size i) __attribute__((always_inline)) {
          const auto dout = [&](std::uint32_t column) __attribute__((always_inline)) {
            return records + column * record + i * g.step;
          };
          const auto other = [&](std::uint32_t column) __attribute__((always_inline)) { return dout(column) + width; };
          const auto from_numbers = [&](Size j, std::uint32_t column, Lanes & sum, Lanes & slope)
              __attribute__((always_inline)) {
            const float* from = records + column * record + numbers;
            if constexpr (kDynamic) {
              sum = -LoadHeads(g, from);
            } else {
              sum = LoadHeads(g, from), lse[j] = LoadHeads(g, from += a.heads);
            }
            slope = -LoadHeads(g, from + a.heads);
          };
          const auto ahead = [&](Size j) __attribute__((always_inline)) {
            Prefetch(records + later[j] * record, width);
          };
          AddScoresAndSlopes<kKind, Linear::kKnown, kVectors, kFirst>(
              g, leaky, kDynamic ? attention + i * g.step : nullptr, message + i * g.step, message + i * g.step, steps,
              from_numbers, other, dout, fetches, ahead, score, dp);
        });
    const Size vectors = FoldScores(g, score, steps.end);
    FoldScores(g, dp, steps.end);
    if constexpr (!kDynamic) FoldEdges(g, lse, steps.end);
    for (Size i = 0; i < vectors; ++i) {
      const Lanes t = own + score[i];
      Lanes p = ExpBelow(kDynamic ? t : leaky.up * t + leaky.bend * Magnitude(t) - lse[i]);
      Lanes ds = p * dp[i];
      if constexpr (!kDynamic) ds = ds * leaky.up + WithSignOf(t, ds * leaky.bend);
      const MaskLanes kept = LanesOf(g, n, i);
      score[i] = kept ? p : Lanes{};
      dp[i] = kept ? ds : Lanes{};
      total += dp[i];
    }
    ForPieces(
        g, [&]<Size kVectors, bool>(Size i) __attribute__((always_inline)) {
          const auto ahead = [&](Size j) __attribute__((always_inline)) {
            Prefetch(records + later[j] * record + width, record - width);
          };
          AddMessageSlopes<kKind, kVectors>(g, leaky, attention + i * g.step, message + i * g.step,
                                            records + i * g.step, record, width, steps, fetches && i == 0, ahead, score,
                                            dp, dmessage + i * g.step, dattention + i * g.step);
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
  const auto g = GroupHeads<kHeads, kWidth>(kHeads != 0 ? kHeads : a.heads, width);
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
