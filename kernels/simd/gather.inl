// GatherScaleSum, its backward and EdgeDots: the loops that wait for memory.  Rows are fetched kAhead edges before they
// are used, across the boundaries of rows, and a row of 64 or 128 floats is summed in registers.

/// Weights of edges: none, in the order of the edges, or through the map of a transposed graph.
struct NoWeight {
  static constexpr bool kWeighted = false;
  KITH_INLINE float operator()(Size) const { return 1.0F; }
  KITH_INLINE void Fetch(Size) const {}
};
struct EdgeWeight {
  static constexpr bool kWeighted = true;
  const float* weights;
  KITH_INLINE float operator()(Size e) const { return weights[e]; }
  KITH_INLINE void Fetch(Size) const {}
};
struct MappedWeight {
  static constexpr bool kWeighted = true;
  const float* weights;
  const std::uint32_t* edge_of;
  KITH_INLINE float operator()(Size e) const { return weights[edge_of[e]]; }
  KITH_INLINE void Fetch(Size e) const { __builtin_prefetch(weights + edge_of[e]); }
};

enum class Into { kStore, kAdd };
enum class Fetch { kRows, kNothing };

/// Columns [0, kVectors * kLanes) of one row: out (+)= sum over begin <= e < end of weight(e) * x[columns[e]].
/// d is the distance between rows; whole rows of edges below `last` are fetched.
template <Size kVectors, Into kInto, Fetch kFetch, class Weight>
KITH_INLINE void GatherColumns(const std::uint32_t* columns, Size begin, Size end, Size last, Weight weight,
                               const float* x, float* out, Size d) {
  Lanes sum[kVectors] = {};
  const auto add = [&](Size e) __attribute__((always_inline)) {
    const float* row = x + columns[e] * d;
    const Lanes factor = Broadcast(weight(e));
#pragma GCC unroll 8
    for (Size i = 0; i < kVectors; ++i)
      sum[i] += Weight::kWeighted ? factor * Load(row + i * kLanes) : Load(row + i * kLanes);
  };
  Size e = begin;
  if constexpr (kFetch == Fetch::kRows) {
    const Size fetched_end = last < kAhead ? 0 : Smaller(end, last - kAhead);
    for (; e < fetched_end; ++e) {
      Prefetch(x + columns[e + kAhead] * d, d);
      weight.Fetch(e + kAhead);
      add(e);
    }
  }
  for (; e < end; ++e) add(e);
#pragma GCC unroll 8
  for (Size i = 0; i < kVectors; ++i)
    Store(out + i * kLanes, kInto == Into::kAdd ? Load(out + i * kLanes) + sum[i] : sum[i]);
}

/// The same for the last `count` < kLanes columns of a row.
template <Into kInto, class Weight>
KITH_INLINE void GatherLastColumns(const std::uint32_t* columns, Size begin, Size end, Weight weight, const float* x,
                                   float* out, Size d, Size count) {
  Lanes sum{};
  for (Size e = begin; e < end; ++e) {
    const Lanes row = LoadPartial(x + columns[e] * d, count);
    sum += Weight::kWeighted ? Broadcast(weight(e)) * row : row;
  }
  StorePartial(out, count, kInto == Into::kAdd ? LoadPartial(out, count) + sum : sum);
}

/// All rows where a row is exactly kVectors vectors.
template <Size kVectors, Into kInto, class Weight>
void GatherWholeRows(EdgeRows edges, Weight weight, const float* x, float* out) {
  constexpr Size d = kVectors * kLanes;
  const Size last = edges.offsets[edges.rows];
  for (Size v = 0; v < edges.rows; ++v)
    GatherColumns<kVectors, kInto, Fetch::kRows>(edges.columns, edges.offsets[v], edges.offsets[v + 1], last, weight, x,
                                                 out + v * d, d);
}

/// All rows of any width: pieces of 8, 4, 2 and 1 vectors and a rest; a piece after the first finds its rows in cache.
template <Into kInto, class Weight>
void GatherAnyRows(EdgeRows edges, Weight weight, const float* x, float* out, Size d) {
  const Size last = edges.offsets[edges.rows];
  for (Size v = 0; v < edges.rows; ++v) {
    const Size begin = edges.offsets[v], end = edges.offsets[v + 1];
    float* out_v = out + v * d;
    Size c = 0;
    const auto piece = [&]<Size kVectors>() __attribute__((always_inline)) {
      if (c == 0) {
        GatherColumns<kVectors, kInto, Fetch::kRows>(edges.columns, begin, end, last, weight, x, out_v, d);
      } else {
        GatherColumns<kVectors, kInto, Fetch::kNothing>(edges.columns, begin, end, last, weight, x + c, out_v + c, d);
      }
      c += kVectors * kLanes;
    };
    while (d - c >= 8 * kLanes) piece.template operator()<8>();
    if (d - c >= 4 * kLanes) piece.template operator()<4>();
    if (d - c >= 2 * kLanes) piece.template operator()<2>();
    if (d - c >= kLanes) piece.template operator()<1>();
    if (c < d) GatherLastColumns<kInto>(edges.columns, begin, end, weight, x + c, out_v + c, d, d - c);
  }
}

template <Into kInto, class Weight>
KITH_INLINE void GatherRows(EdgeRows edges, Weight weight, const float* x, float* out, Size d) {
  if (edges.rows == 0) return;
  if (d == 8 * kLanes) return GatherWholeRows<8, kInto>(edges, weight, x, out);
  if (d == 4 * kLanes) return GatherWholeRows<4, kInto>(edges, weight, x, out);
  if (d == 2 * kLanes) return GatherWholeRows<2, kInto>(edges, weight, x, out);
  GatherAnyRows<kInto>(edges, weight, x, out, d);
}

void GatherScaleSum(EdgeRows edges, const float* weights, const float* x, float* out, Size d) noexcept {
  if (weights == nullptr) return GatherRows<Into::kStore>(edges, NoWeight{}, x, out, d);
  GatherRows<Into::kStore>(edges, EdgeWeight{weights}, x, out, d);
}

void GatherScaleSumBackward(EdgeRows edges, const std::uint32_t* edge_of, const float* weights, const float* dout,
                            float* dx, Size d) noexcept {
  if (weights == nullptr) return GatherRows<Into::kAdd>(edges, NoWeight{}, dout, dx, d);
  GatherRows<Into::kAdd>(edges, MappedWeight{weights, edge_of}, dout, dx, d);
}

void EdgeDots(EdgeRows edges, const float* dout, const float* x, float* dweight, Size d) noexcept {
  if (edges.rows == 0) return;
  const Size last = edges.offsets[edges.rows];
  for (Size v = 0; v < edges.rows; ++v)
    for (Size e = edges.offsets[v]; e < edges.offsets[v + 1]; ++e) {
      if (e + kAhead < last) Prefetch(x + edges.columns[e + kAhead] * d, d);
      dweight[e] = Sum(DotLanes(dout + v * d, x + edges.columns[e] * d, d));
    }
}
