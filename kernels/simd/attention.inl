// Attend: online softmax over blocks of neighbours.  The scores of a block are partial sums in lanes, one vector an
// edge; folded, all edges and heads of a block are a few vectors, so that exp costs a fraction of an edge.

/// partial[e] (+)= the share of vectors [i, i + kVectors) in the scores of n edges; the first piece fetches the rows of
/// the edges kAhead further on.
template <AttentionKind kKind, Size kVectors, bool kFirst, class G>
KITH_INLINE void AddScores(const G& g, Leaky leaky, const float* attention, const float* query, const float* message,
                           Size width, const std::uint32_t* columns, Size n, Size fetched, Lanes* partial) {
  Lanes near[kVectors], far[kVectors], own[kVectors];
#pragma GCC unroll 4
  for (Size i = 0; i < kVectors; ++i) {
    const Lanes a = Load(attention + i * g.step);
    near[i] = kKind == AttentionKind::kDynamic ? a * leaky.up : a;
    far[i] = a * leaky.bend;
    own[i] = kKind == AttentionKind::kDynamic ? Load(query + i * g.step) : Lanes{};
  }
#pragma GCC unroll 2
  for (Size e = 0; e < n; ++e) {
    if (kFirst && e < fetched) Prefetch(message + columns[e + kAhead] * width, width);
    const float* m = message + columns[e] * width;
    Lanes sum = kFirst ? Lanes{} : partial[e], bent{};  // two chains of additions, so that neither is waited for
#pragma GCC unroll 4
    for (Size i = 0; i < kVectors; ++i) {
      if constexpr (kKind == AttentionKind::kDynamic) {
        const Lanes t = own[i] + Load(m + i * g.step);
        sum += near[i] * t;
        bent += far[i] * Magnitude(t);
      } else {
        sum += near[i] * Load(m + i * g.step);
      }
    }
    partial[e] = kKind == AttentionKind::kDynamic ? sum + bent : sum;
  }
}

/// out [vectors] = out * factor + sum over n edges of p[e, head] * message; factor counts where `add`.
template <Size kVectors, class G>
KITH_INLINE void AddMessages(const G& g, const Lanes* p, const float* message, Size width, const std::uint32_t* columns,
                             Size n, bool add, Lanes factor, float* out) {
  Lanes sum[kVectors] = {};
  if (add) {
#pragma GCC unroll 4
    for (Size i = 0; i < kVectors; ++i) sum[i] = Load(out + i * g.step) * factor;
  }
  BitLanes lane = g.spread;
#pragma GCC unroll 2
  for (Size e = 0; e < n; ++e, lane += static_cast<std::uint32_t>(g.heads)) {
    const Lanes weight = OfEdge(g, p, e, lane);
    const float* m = message + columns[e] * width;
#pragma GCC unroll 4
    for (Size i = 0; i < kVectors; ++i) sum[i] += weight * Load(m + i * g.step);
  }
#pragma GCC unroll 4
  for (Size i = 0; i < kVectors; ++i) Store(out + i * g.step, sum[i]);
}

/// One row and one group of heads; pointers stand at the group's first vector.
template <AttentionKind kKind, class G>
KITH_INLINE void AttendRow(const G& g, const Attention& a, Size width, Size group, const std::uint32_t* columns,
                           Size begin, Size end, Size last, const float* query, const float* message, float* out,
                           float* lse) {
  const Leaky leaky = MakeLeaky(a.slope);
  const float* attention = a.message_attention + group * kLanes;
  const Lanes own = kKind == AttentionKind::kAdditive ? HeadDot(g, a.query_attention + group * kLanes, query) : Lanes{};
  Lanes p[kNeighbors];
  Lanes most = Broadcast(-__builtin_inff()), total{};
  for (Size e = begin; e < end; e += kNeighbors) {
    const Size n = Smaller(kNeighbors, end - e);
    const Size fetched = e + kAhead < last ? last - kAhead - e : 0;
    ForPieces(
        g.vectors, [&]<Size kVectors, bool kFirst>(Size i) __attribute__((always_inline)) {
          AddScores<kKind, kVectors, kFirst>(g, leaky, attention + i * g.step, query + i * g.step, message + i * g.step,
                                             width, columns + e, n, group == 0 ? fetched : 0, p);
        });
    const Size vectors = FoldEdges(g, p, n);
    const MaskLanes kept = FirstLanes(n * g.heads - (vectors - 1) * kLanes);
    Lanes block_most = most;
    for (Size i = 0; i < vectors; ++i) {
      if constexpr (kKind == AttentionKind::kAdditive) {
        const Lanes t = own + p[i];
        p[i] = leaky.up * t + leaky.bend * Magnitude(t);
      }
      if (i + 1 == vectors) p[i] = kept ? p[i] : Broadcast(-__builtin_inff());
      block_most = Larger(p[i], block_most);
    }
    block_most = LargestOfHead(g, block_most);
    const Lanes factor = e == begin ? Lanes{} : ExpBelow(most - block_most);
    most = block_most;
    total *= factor;
    for (Size i = 0; i < vectors; ++i) {
      p[i] = ExpBelow(p[i] - most);
      total += p[i];
    }
    ForPieces(
        g.vectors, [&]<Size kVectors, bool>(Size i) __attribute__((always_inline)) {
          AddMessages<kVectors>(g, p, message + i * g.step, width, columns + e, n, e != begin, factor,
                                out + i * g.step);
        });
  }
  total = SumOfHead(g, total);
  const bool any = begin < end;
  const Lanes scale = 1.0F / total;
  for (Size i = 0; i < g.vectors; ++i) Store(out + i * g.step, any ? Load(out + i * g.step) * scale : Lanes{});
  StoreHeads(g, lse, any ? most + Log(total) : Lanes{});
}

/// kHeads and kWidth: what the compiler knows, else 0.
template <AttentionKind kKind, Size kHeads, Size kWidth>
void AttendRows(const Attention& a, EdgeRows edges, const float* query, const float* message, float* out, float* lse) {
  const Size width = kWidth != 0 ? kWidth : a.width(), heads = kHeads != 0 ? kHeads : a.heads;
  const Size last = edges.offsets[edges.rows];
  const auto g = GroupHeads<kHeads>(heads, width);
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
