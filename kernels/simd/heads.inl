// Several heads in the lanes of a vector, heads innermost: lane l of every vector of a group belongs to head
// l % heads.  Where there are more heads than lanes, the vectors i, i + groups, ... hold the same heads: one group.

/// Neighbours whose scores are computed together, and whose rows are then in the nearest cache.
constexpr Size kNeighbors = 16;

/// kFixed and kFixedWidth: the number of heads and the floats of a row where the compiler knows them, else 0.
template <Size kFixed, Size kFixedWidth>
struct HeadGroups {
  /// Edges that loops take in one step.  The last step of a block may hold one again and again, then at weight 0.
  static constexpr Size kTogether = kFixed == 4 ? 4 : 1;
  /// Vectors of a row where one piece of ForPieces holds them all, else 0.
  static constexpr Size kWhole = kFixedWidth / kLanes <= 8 ? kFixedWidth / kLanes : 0;
  Size heads;          ///< in one vector
  Size edges;          ///< whose scores share a vector: kLanes / heads
  Size edge_bits;      ///< log2 of edges
  Size groups;         ///< of heads
  Size vectors;        ///< of one group in a row
  Size step;           ///< floats from one of them to the next
  BitLanes even, odd;  ///< of two vectors side by side: the runs of `heads` lanes with an even and an odd number
  BitLanes spread;     ///< l % heads
};

template <Size kFixed, Size kFixedWidth>
KITH_INLINE HeadGroups<kFixed, kFixedWidth> GroupHeads(Size heads, Size width) {
  HeadGroups<kFixed, kFixedWidth> g;
  g.heads = Smaller(heads, kLanes);
  g.edges = kLanes / g.heads;
  g.edge_bits = static_cast<Size>(__builtin_ctzll(g.edges));
  g.groups = heads / g.heads;
  g.step = g.groups * kLanes;
  g.vectors = width / g.step;
  for (Size l = 0; l < kLanes; ++l) {
    const Size in_run = l % g.heads, first = 2 * (l / g.heads) * g.heads + in_run;
    g.even[l] = static_cast<std::uint32_t>(first);
    g.odd[l] = static_cast<std::uint32_t>(first + g.heads);
    g.spread[l] = static_cast<std::uint32_t>(in_run);
  }
  return g;
}

/// v with lane (l + by) % kLanes in lane l.
KITH_INLINE Lanes Rotate(Lanes v, Size by) {
  BitLanes index;
  for (Size i = 0; i < kLanes; ++i) index[i] = static_cast<std::uint32_t>(i);
  return __builtin_shuffle(v, (index + static_cast<std::uint32_t>(by)) % static_cast<std::uint32_t>(kLanes));
}
/// Every lane: the sum (the largest) of the lanes of its head.
template <class G>
KITH_INLINE Lanes SumOfHead(const G& g, Lanes v) {
  for (Size by = g.heads; by < kLanes; by *= 2) v += Rotate(v, by);
  return v;
}
/// a where it is larger, else b: a NaN in a is passed over.
KITH_INLINE Lanes Larger(Lanes a, Lanes b) { return a > b ? a : b; }
template <class G>
KITH_INLINE Lanes LargestOfHead(const G& g, Lanes v) {
  for (Size by = g.heads; by < kLanes; by *= 2) v = Larger(Rotate(v, by), v);
  return v;
}

/// The `heads` floats at p, again and again; no more are read.
template <Size kFixed, Size kFixedWidth>
KITH_INLINE Lanes Spread(const HeadGroups<kFixed, kFixedWidth>& g, const float* p) {
  if constexpr (kFixed == 4) return RepeatFour<Lanes>(LoadFour(p));
  return g.heads == kLanes ? Load(p) : __builtin_shuffle(LoadPartial(p, g.heads), g.spread);
}
/// The numbers of edge e + j among those of edges and heads side by side, in the lanes of their heads; e is a multiple
/// of kTogether, j less.  Whole vectors are read: a part of one that was just stored would have to wait for the cache.
template <Size kFixed, Size kFixedWidth>
KITH_INLINE Lanes OfEdge(const HeadGroups<kFixed, kFixedWidth>& g, const Lanes* numbers, Size e, Size j) {
  if constexpr (kFixed == kLanes) return numbers[e + j];
  // Where kTogether edges fill vectors, e does not count, and the compiler knows the lanes.
  const Size run = (kFixed == 4 ? j : e) * g.heads;
  const BitLanes lane = (g.spread + static_cast<std::uint32_t>(run)) % static_cast<std::uint32_t>(kLanes);
  return __builtin_shuffle(numbers[(e + j) >> g.edge_bits], lane);
}
/// The `heads` floats at p in the first lanes, 0 in the others.
template <Size kFixed, Size kFixedWidth>
KITH_INLINE Lanes LoadHeads(const HeadGroups<kFixed, kFixedWidth>& g, const float* p) {
  if constexpr (kFixed == 4) return FourAndZeros(LoadFour(p));
  return g.heads == kLanes ? Load(p) : LoadPartial(p, g.heads);
}
template <Size kFixed, Size kFixedWidth>
KITH_INLINE void StoreHeads(const HeadGroups<kFixed, kFixedWidth>& g, float* p, Lanes v) {
  if constexpr (kFixed == 4) return StoreFour(p, FirstFour(v));
  if (g.heads == kLanes) return Store(p, v);
  StorePartial(p, g.heads, v);
}

/// The columns of a block of n edges in steps of kTogether: the last step is filled up with the last column.
template <Size kTogether>
struct Steps {
  const std::uint32_t* columns;
  Size n, end;  ///< edges, and those of all steps
  std::uint32_t last[kTogether];

  KITH_INLINE Steps(const std::uint32_t* first, Size count)
      : columns(first), n(count), end((count + kTogether - 1) / kTogether * kTogether) {
    for (Size j = 0; j < kTogether; ++j) last[j] = columns[Smaller(end - kTogether + j, n - 1)];
  }
  /// Of the edges [e, e + kTogether).
  KITH_INLINE const std::uint32_t* At(Size e) const { return e + kTogether <= n ? columns + e : last; }
};

/// partial[e] [n] in lanes -> scores of edges and heads side by side, the first ceil(n / edges) vectors of `partial`.
/// What stands between n and the next multiple of `edges` is overwritten by zero first.
template <class G>
KITH_INLINE Size FoldEdges(const G& g, Lanes* partial, Size n) {
  for (Size i = n; i % g.edges != 0; ++i) partial[i] = Lanes{};
#pragma GCC unroll 4
  for (Size runs = g.edges; runs > 1; runs /= 2) {
    const Size pairs = (n + 1) / 2;
    for (Size j = 0; j < pairs; ++j) {
      const Lanes a = partial[2 * j], b = partial[2 * j + 1];
      partial[j] = __builtin_shuffle(a, b, g.even) + __builtin_shuffle(a, b, g.odd);
    }
    n = pairs;
  }
  return n;
}

/// Puts away the sums of edges [e, e + kTogether): folded where they are of whole rows, else in lanes.
template <class G>
KITH_INLINE void StoreScores(const G& g, Lanes (&sums)[G::kTogether], Size e, Lanes* scores) {
  if constexpr (G::kWhole == 0) {
#pragma GCC unroll 4
    for (Size j = 0; j < G::kTogether; ++j) scores[e + j] = sums[j];
  } else {
    const Size vectors = FoldEdges(g, sums, G::kTogether);
#pragma GCC unroll 4
    for (Size j = 0; j < vectors; ++j) scores[(e >> g.edge_bits) + j] = sums[j];
  }
}
/// Folds what StoreScores left of the edges of n / kTogether steps; returns the vectors of their scores.
template <class G>
KITH_INLINE Size FoldScores(const G& g, Lanes* scores, Size n) {
  return G::kWhole == 0 ? FoldEdges(g, scores, n) : (n + g.edges - 1) >> g.edge_bits;
}

/// -1 in the lanes of vector k that belong to one of n edges.
template <class G>
KITH_INLINE MaskLanes LanesOf(const G& g, Size n, Size k) {
  return FirstLanes(n * g.heads - Smaller(k * kLanes, n * g.heads));
}

/// body.operator()<n, i == 0>(i) for pieces of n = 4, 2 or 1 vectors of a row, or all at once, i the first: what a
/// piece sums stays in registers.
template <class G, class Body>
KITH_INLINE void ForPieces(const G& g, const Body& body) {
  if constexpr (G::kWhole != 0) return body.template operator()<G::kWhole, true>(0);
  const Size vectors = g.vectors;
  Size i = 0;
  if (vectors >= 4) body.template operator()<4, true>(0), i = 4;
  for (; i + 4 <= vectors; i += 4) body.template operator()<4, false>(i);
  if (i + 2 <= vectors) {
    i == 0 ? body.template operator()<2, true>(i) : body.template operator()<2, false>(i);
    i += 2;
  }
  if (i < vectors) i == 0 ? body.template operator()<1, true>(i) : body.template operator()<1, false>(i);
}

KITH_INLINE Lanes Magnitude(Lanes v) { return reinterpret_cast<Lanes>(reinterpret_cast<BitLanes>(v) & 0x7FFFFFFFU); }
/// value with its sign turned over where t is negative.
KITH_INLINE Lanes WithSignOf(Lanes t, Lanes value) { return FlipWhere(t, Broadcast(-0.0F), value); }

/// LeakyReLU(t) = up t + bend |t|, and its derivative up + bend sign(t).
struct Leaky {
  Lanes up, bend;
};
KITH_INLINE Leaky MakeLeaky(float slope) {
  return {Broadcast(0.5F * (1.0F + slope)), Broadcast(0.5F * (1.0F - slope))};
}

/// <a, b> of each head in the lanes of that head.
template <class G>
KITH_INLINE Lanes HeadDot(const G& g, const float* a, const float* b) {
  Lanes sum{};
  for (Size i = 0; i < g.vectors; ++i) sum += Load(a + i * g.step) * Load(b + i * g.step);
  return SumOfHead(g, sum);
}
