// GatherScaleSum, its backward and EdgeDots: the loops that wait for memory.  Rows are fetched kAhead edges before they
// are used, across the boundaries of rows, and a row of 64 or 128 floats is summed in registers.

/// Weights of edges: none, in the order of the edges, through the map of a transposed graph, or folded into the ends.
/// operator()(e, c) is the weight of edge e to column c.
struct NoWeight {
  static constexpr bool kWeighted = false, kScaled = false;
  KITH_INLINE float operator()(Size, std::uint32_t) const { return 1.0F; }
  KITH_INLINE void Fetch(Size, std::uint32_t) const {}
  KITH_INLINE NoWeight OfRow(Size) const { return *this; }
};
struct EdgeWeight {
  static constexpr bool kWeighted = true, kScaled = false;
  const float* weights;
  KITH_INLINE float operator()(Size e, std::uint32_t) const { return weights[e]; }
  KITH_INLINE void Fetch(Size, std::uint32_t) const {}
  KITH_INLINE EdgeWeight OfRow(Size) const { return *this; }
};
struct MappedWeight {
  static constexpr bool kWeighted = true, kScaled = false;
  const float* weights;
  const std::uint32_t* edge_of;
  KITH_INLINE float operator()(Size e, std::uint32_t) const { return weights[edge_of[e]]; }
  KITH_INLINE void Fetch(Size e, std::uint32_t) const { __builtin_prefetch(weights + edge_of[e]); }
  KITH_INLINE MappedWeight OfRow(Size) const { return *this; }
};
/// scale is the factor of the row, taken once.  Factors need no fetching: the processor reads them far enough ahead.
struct FoldedWeight {
  static constexpr bool kWeighted = true, kScaled = true;
  const float *row_factors, *column_factors;
  float scale = 1.0F;
  KITH_INLINE float operator()(Size, std::uint32_t c) const { return column_factors[c]; }
  KITH_INLINE void Fetch(Size, std::uint32_t) const {}
  KITH_INLINE FoldedWeight OfRow(Size v) const { return {row_factors, column_factors, row_factors[v]}; }
};
/// The same times the product of two gates, which stays within limits.
struct GatedWeight {
  static constexpr bool kWeighted = true, kScaled = true;
  const float *row_factors, *column_factors;
  const EdgeGates* gates;
  float scale = 1.0F, gate = 1.0F;
  KITH_INLINE float Product(std::uint32_t c) const { return gate * gates->columns[c]; }
  KITH_INLINE float operator()(Size, std::uint32_t c) const {
    float product = Product(c);
    product = product < gates->low ? gates->low : product;
    product = product > gates->high ? gates->high : product;
    return column_factors[c] * product;
  }
  KITH_INLINE void Fetch(Size, std::uint32_t) const {}
  KITH_INLINE GatedWeight OfRow(Size v) const {
    return {row_factors, column_factors, gates, row_factors[v], gates->rows[v]};
  }
};

enum class Into { kStore, kAdd };
enum class Fetch { kRows, kNothing };

/// What is written for one vector of sums.
template <Into kInto, class Weight>
KITH_INLINE Lanes Result(const Weight& weight, Lanes sum, Lanes old) {
  if constexpr (Weight::kScaled) sum *= Broadcast(weight.scale);
  return kInto == Into::kAdd ? old + sum : sum;
}

/// Columns [0, kVectors * kLanes) of one row: out (+)= sum over begin <= e < end of weight(e) * x[columns[e]].
/// d is the distance between rows; whole rows of edges below `last` are fetched.
template <Size kVectors, Into kInto, Fetch kFetch, class Weight, class X>
KITH_INLINE void GatherColumns(const std::uint32_t* columns, Size begin, Size end, Size last, Weight weight, const X* x,
                               float* out, Size d) {
  Lanes sum[kVectors] = {};
  const auto add = [&](Size e) __attribute__((always_inline)) {
    const X* row = x + columns[e] * d;
    const Lanes factor = Broadcast(weight(e, columns[e]));
#pragma GCC unroll 8
    for (Size i = 0; i < kVectors; ++i)
      sum[i] += Weight::kWeighted ? factor * Load(row + i * kLanes) : Load(row + i * kLanes);
  };
  Size e = begin;
  if constexpr (kFetch == Fetch::kRows) {
    const Size fetched_end = last < kAhead ? 0 : Smaller(end, last - kAhead);
    for (; e < fetched_end; ++e) {
      Prefetch(x + columns[e + kAhead] * d, d);
      weight.Fetch(e + kAhead, columns[e + kAhead]);
      add(e);
    }
  }
  for (; e < end; ++e) add(e);
#pragma GCC unroll 8
  for (Size i = 0; i < kVectors; ++i)
    Store(out + i * kLanes, Result<kInto>(weight, sum[i], kInto == Into::kAdd ? Load(out + i * kLanes) : Lanes{}));
}

/// The same for the last `count` < kLanes columns of a row.
template <Into kInto, class Weight, class X>
KITH_INLINE void GatherLastColumns(const std::uint32_t* columns, Size begin, Size end, Weight weight, const X* x,
                                   float* out, Size d, Size count) {
  Lanes sum{};
  for (Size e = begin; e < end; ++e) {
    const Lanes row = LoadPartial(x + columns[e] * d, count);
    sum += Weight::kWeighted ? Broadcast(weight(e, columns[e])) * row : row;
  }
  StorePartial(out, count, Result<kInto>(weight, sum, kInto == Into::kAdd ? LoadPartial(out, count) : Lanes{}));
}

/// All rows where a row is exactly kVectors vectors.
template <Size kVectors, Into kInto, class Weight, class X>
void GatherWholeRows(EdgeRows edges, Weight weight, const X* x, float* out) {
  constexpr Size d = kVectors * kLanes;
  const Size last = edges.offsets[edges.rows];
  for (Size v = 0; v < edges.rows; ++v)
    GatherColumns<kVectors, kInto, Fetch::kRows>(edges.columns, edges.offsets[v], edges.offsets[v + 1], last,
                                                 weight.OfRow(v), x, out + v * d, d);
}

/// bfloat16 rows of exactly 2 * kPairs vectors.  A vector of 32 bits holds two columns; even and odd ones are summed
/// apart, which takes one operation a vector to widen, and laid together once a row.
template <Size kPairs, class Weight>
void GatherHalfRows(EdgeRows edges, Weight weights, const std::uint16_t* x, float* out) {
  constexpr Size d = 2 * kPairs * kLanes;
  const Size last = edges.offsets[edges.rows];
  BitLanes low, high;
  for (Size l = 0; l < kLanes; ++l) {
    low[l] = static_cast<std::uint32_t>(l / 2 + l % 2 * kLanes);
    high[l] = low[l] + static_cast<std::uint32_t>(kLanes / 2);
  }
  for (Size v = 0; v < edges.rows; ++v) {
    const Weight weight = weights.OfRow(v);
    Lanes even[kPairs] = {}, odd[kPairs] = {};
    for (Size e = edges.offsets[v]; e < edges.offsets[v + 1]; ++e) {
      if (e + kAhead < last) Prefetch(x + edges.columns[e + kAhead] * d, d);
      const std::uint16_t* row = x + edges.columns[e] * d;
      const Lanes factor = Broadcast(weight(e, edges.columns[e]));
#pragma GCC unroll 8
      for (Size i = 0; i < kPairs; ++i) {
        const BitLanes pair = reinterpret_cast<BitLanes>(Load(reinterpret_cast<const float*>(row + i * 2 * kLanes)));
        even[i] += factor * reinterpret_cast<Lanes>(pair << 16);
        odd[i] += factor * reinterpret_cast<Lanes>(pair & 0xFFFF0000U);
      }
    }
    const Lanes scale = Broadcast(weight.scale);
#pragma GCC unroll 8
    for (Size i = 0; i < kPairs; ++i) {
      float* to = out + v * d + i * 2 * kLanes;
      Store(to, __builtin_shuffle(even[i], odd[i], low) * scale);
      Store(to + kLanes, __builtin_shuffle(even[i], odd[i], high) * scale);
    }
  }
}

/// All rows of any width: pieces of 8, 4, 2 and 1 vectors and a rest; a piece after the first finds its rows in cache.
template <Into kInto, class Weight, class X>
void GatherAnyRows(EdgeRows edges, Weight weights, const X* x, float* out, Size d) {
  const Size last = edges.offsets[edges.rows];
  for (Size v = 0; v < edges.rows; ++v) {
    const Size begin = edges.offsets[v], end = edges.offsets[v + 1];
    const Weight weight = weights.OfRow(v);
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

template <Into kInto, class Weight, class X>
KITH_INLINE void GatherRows(EdgeRows edges, Weight weight, const X* x, float* out, Size d) {
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

void GatherFolded(EdgeRows edges, const float* row_factors, const float* column_factors, const float* x, float* out,
                  Size d) noexcept {
  GatherRows<Into::kStore>(edges, FoldedWeight{row_factors, column_factors}, x, out, d);
}

template <class Weight>
KITH_INLINE void GatherBfloat16(EdgeRows edges, Weight weights, const std::uint16_t* x, float* out, Size d) {
  if (edges.rows == 0) return;
  if (d == 8 * kLanes) return GatherHalfRows<4>(edges, weights, x, out);
  if (d == 4 * kLanes) return GatherHalfRows<2>(edges, weights, x, out);
  GatherAnyRows<Into::kStore>(edges, weights, x, out, d);
}

void GatherFoldedBfloat16(EdgeRows edges, const float* row_factors, const float* column_factors, const std::uint16_t* x,
                          float* out, Size d) noexcept {
  GatherBfloat16(edges, FoldedWeight{row_factors, column_factors}, x, out, d);
}

void GatherGated(EdgeRows edges, const float* row_factors, const float* column_factors, const EdgeGates& gates,
                 const float* x, float* out, Size d) noexcept {
  GatherRows<Into::kStore>(edges, GatedWeight{row_factors, column_factors, &gates}, x, out, d);
}

void GatherGatedBfloat16(EdgeRows edges, const float* row_factors, const float* column_factors, const EdgeGates& gates,
                         const std::uint16_t* x, float* out, Size d) noexcept {
  GatherBfloat16(edges, GatedWeight{row_factors, column_factors, &gates}, x, out, d);
}

void GatedDots(EdgeRows edges, const float* row_factors, const float* column_factors, const EdgeGates& gates,
               const float* x, const float* out, const float* against, float* dots, Size d) noexcept {
  const GatedWeight weights{row_factors, column_factors, &gates};
  for (Size v = 0; v < edges.rows; ++v) {
    if (edges.offsets[v] == edges.offsets[v + 1]) continue;
    const GatedWeight weight = weights.OfRow(v);
    float dot = Sum(DotLanes(out + v * d, against + v * d, d));
    // Rows without a product at its limit, nearly all, need not look at their edges.
    const bool limited = weight.gate * gates.least <= gates.low || weight.gate * gates.most >= gates.high;
    for (Size e = edges.offsets[v]; limited && e < edges.offsets[v + 1]; ++e) {
      const std::uint32_t c = edges.columns[e];
      const float product = weight.Product(c);
      if (product > gates.low && product < gates.high) continue;
      dot -= weight.scale * weight(e, c) * Sum(DotLanes(x + c * d, against + v * d, d));
    }
    dots[v] += dot;
  }
}

/// Round to nearest, ties to even; NaN stays NaN.
void ToBfloat16(const float* x, Size n, std::uint16_t* out) noexcept {
  for (Size i = 0; i < n; ++i) {
    std::uint32_t bits;
    __builtin_memcpy(&bits, x + i, sizeof(bits));
    const bool nan = (bits & 0x7FFFFFFFU) > 0x7F800000U;
    out[i] = static_cast<std::uint16_t>((nan ? bits | 0x00400000U : bits + 0x7FFFU + (bits >> 16 & 1U)) >> 16);
  }
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
