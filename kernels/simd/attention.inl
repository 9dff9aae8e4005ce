// Attend: online softmax over blocks of neighbours.  The scores of a block are partial sums in lanes, one vector an
// edge; folded, all edges and heads of a block are a few vectors, so that exp costs a fraction of an edge.

/// The part of the scores that vectors [i, i + kVectors) bring: folded into `scores` where they are the whole row, else
/// added to (the first piece: written to) scores[e] in lanes.  The first piece fetches the rows `ahead`, where given.
template <AttentionKind kKind, Size kVectors, bool kFirst, class G>
KITH_INLINE void AddScores(const G& g, Leaky leaky, const float* attention, const float* query, const float* message,
                           Size width, const Steps<G::kTogether>& steps, const std::uint32_t* ahead, Lanes* scores) {
  Lanes near[kVectors], far[kVectors], own[kVectors];
#pragma GCC unroll 8
  for (Size i = 0; i < kVectors; ++i) {
    const Lanes a = Load(attention + i * g.step);
    near[i] = kKind == AttentionKind::kDynamic ? a * leaky.up : a;
    far[i] = a * leaky.bend;
    own[i] = kKind == AttentionKind::kDynamic ? Load(query + i * g.step) : Lanes{};
  }
  for (Size e = 0; e < steps.end; e += G::kTogether) {
    Lanes sums[G::kTogether];
    const std::uint32_t* columns = steps.At(e);
    if (kFirst && ahead != nullptr) [[likely]]
      for (Size j = 0; j < G::kTogether; ++j) Prefetch(message + ahead[e + j] * width, width);
#pragma GCC unroll 4
    for (Size j = 0; j < G::kTogether; ++j) {
      const float* m = message + columns[j] * width;
      Lanes sum = kFirst ? Lanes{} : scores[e + j], bent{};  // two chains of additions, so that neither is waited for
#pragma GCC unroll 8
      for (Size i = 0; i < kVectors; ++i) {
        if constexpr (kKind == AttentionKind::kDynamic) {
          const Lanes t = own[i] + Load(m + i * g.step);
          sum += near[i] * t;
          bent += far[i] * Magnitude(t);
        } else {
          sum += near[i] * Load(m + i * g.step);
        }
      }
      sums[j] = kKind == AttentionKind::kDynamic ? sum + bent : sum;
    }
    StoreScores(g, sums, e, scores);
  }
}

/// out [vectors] = out * factor + sum over the edges of p[e, head] * message; factor counts where `add`.
template <Size kVectors, class G>
KITH_INLINE void AddMessages(const G& g, const Lanes* p, const float* message, Size width,
                             const Steps<G::kTogether>& steps, bool add, Lanes factor, float* out) {
  Lanes sum[kVectors] = {};
  if (add) {
#pragma GCC unroll 8
    for (Size i = 0; i < kVectors; ++i) sum[i] = Load(out + i * g.step) * factor;
  }
  for (Size e = 0; e < steps.end; e += G::kTogether) {
    const std::uint32_t* columns = steps.At(e);
#pragma GCC unroll 4
    for (Size j = 0; j < G::kTogether; ++j) {
      const Lanes weight = OfEdge(g, p, e, j);
      const float* m = message + columns[j] * width;
#pragma GCC unroll 8
      for (Size i = 0; i < kVectors; ++i) sum[i] += weight * Load(m + i * g.step);
    }
  }
#pragma GCC unroll 8
  for (Size i = 0; i < kVectors; ++i) Store(out + i * g.step, sum[i]);
}

/// How far scores may lie from what is taken off before exp: neither sums of e^40 nor quotients by e^-40 leave the
/// floats.  Most rows never look for their largest score, which all of a block would wait for.
constexpr float kNear = 40.0F;
/// Vectors whose exp is taken in turns.
constexpr Size kTurns = 4;

/// One row and one group of heads; pointers stand at the group's first vector.
template <AttentionKind kKind, class G>
KITH_INLINE void AttendRow(const G& g, const Attention& a, Size width, Size group, const std::uint32_t* columns,
                           Size begin, Size end, Size last, const float* query, const float* message, float* out,
                           float* lse) {
  const Leaky leaky = MakeLeaky(a.slope);
  const float* attention = a.message_attention + group * kLanes;
  const Lanes own = kKind == AttentionKind::kAdditive ? HeadDot(g, a.query_attention + group * kLanes, query) : Lanes{};
  Lanes p[kNeighbors + kTurns - 1];
  Lanes base{}, total{};
  for (Size e = begin; e < end; e += kNeighbors) {
    const Size n = Smaller(kNeighbors, end - e);
    const Steps<G::kTogether> steps(columns + e, n);
    const std::uint32_t* ahead = group == 0 && e + kAhead + kNeighbors <= last ? columns + e + kAhead : nullptr;
    ForPieces(
        g, [&]<Size kVectors, bool kFirst>(Size i) __attribute__((always_inline)) {
          AddScores<kKind, kVectors, kFirst>(g, leaky, attention + i * g.step, query + i * g.step, message + i * g.step,
                                             width, steps, ahead, p);
        });
    const Size vectors = FoldScores(g, p, steps.end);
    if constexpr (kKind == AttentionKind::kAdditive) {
      for (Size k = 0; k < vectors; ++k) {
        const Lanes t = own + p[k];
        p[k] = leaky.up * t + leaky.bend * Magnitude(t);
      }
    }
    Lanes factor = Broadcast(1.0F);
    Lanes farthest{};
    for (Size k = 0; k < vectors; ++k) farthest = Larger(Magnitude(p[k] - base), farthest);
    if (MaskBits(farthest > kNear) != 0) [[unlikely]] {
      Lanes most = e == begin ? Broadcast(-__builtin_inff()) : base;
      for (Size k = 0; k < vectors; ++k) most = Larger(LanesOf(g, n, k) ? p[k] : most, most);
      most = LargestOfHead(g, most);
      if (e != begin) factor = ExpBelow(base - most);
      base = most;
    }
    total *= factor;
    for (Size k = 0; k < vectors; k += kTurns) {
      Lanes turns[kTurns];
      for (Size i = 0; i < kTurns; ++i) turns[i] = p[k + i] - base;
      ExpBelow(turns);
      for (Size i = 0; i < kTurns; ++i) {
        p[k + i] = LanesOf(g, n, k + i) ? turns[i] : Lanes{};
        total += p[k + i];
      }
    }
    ForPieces(
        g, [&]<Size kVectors, bool>(Size i) __attribute__((always_inline)) {
          AddMessages<kVectors>(g, p, message + i * g.step, width, steps, e != begin, factor, out + i * g.step);
        });
  }
  total = SumOfHead(g, total);
  const bool any = begin < end;
  const Lanes scale = 1.0F / total;
  for (Size i = 0; i < g.vectors; ++i) Store(out + i * g.step, any ? Load(out + i * g.step) * scale : Lanes{});
  StoreHeads(g, lse, any ? base + Log(total) : Lanes{});
}

/// kHeads and kWidth: what the compiler knows, else 0.
template <AttentionKind kKind, Size kHeads, Size kWidth>
void AttendRows(const Attention& a, EdgeRows edges, const float* query, const float* message, float* out, float* lse) {
  const Size width = kWidth != 0 ? kWidth : a.width(), heads = kHeads != 0 ? kHeads : a.heads;
  const Size last = edges.offsets[edges.rows];
  const auto g = GroupHeads<kHeads, kWidth>(heads, width);
  for (Size v = 0; v < edges.rows; ++v)
    for (Size group = 0; group < g.groups; ++group)
      AttendRow<kKind>(g, a, width, group, edges.columns, edges.offsets[v], edges.offsets[v + 1], last,
                       query + v * width + group * kLanes, message + group * kLanes, out + v * width + group * kLanes,
                       lse + v * heads + group * g.heads);
}

/// Calls body.operator()<kind, heads, width>() with what is compiled for the usual shapes, else for any.
template <class Body>
KITH_INLINE void ForShape(const Attention& a, const Body& body) {
  const auto of_kind = [&]<AttentionKind kKind>() __attribute__((always_inline)) {
    if (a.heads == 4 && a.features == 16) return body.template operator()<kKind, 4, 64>();
    if (a.heads == 4 && a.features == 32) return body.template operator()<kKind, 4, 128>();
    return body.template operator()<kKind, 0, 0>();
  };
  if (a.kind == AttentionKind::kDynamic) return of_kind.template operator()<AttentionKind::kDynamic>();
  of_kind.template operator()<AttentionKind::kAdditive>();
}

void Attend(const Attention& a, EdgeRows edges, const float* query, const float* message, float* out,
            float* lse) noexcept {
  if (edges.rows == 0) return;
  ForShape(a, [&]<AttentionKind kKind, Size kHeads, Size kWidth>() {
    AttendRows<kKind, kHeads, kWidth>(a, edges, query, message, out, lse);
  });
}
