// SoftmaxForward and SoftmaxBackward: the tiles of Gemm, with exp taken while a tile of scores is still in registers.

static_assert(kSoftmaxPanel % kTileColumns == 0 && kSoftmaxPanel % kTileRows == 0);

KITH_INLINE Size PaddedWidth(Size d) { return (d + kTileColumns - 1) / kTileColumns * kTileColumns; }
Size SoftmaxWidth(Size d) noexcept { return PaddedWidth(d); }

void PackSoftmaxPanel(const float* candidates, Size d, float* packed) noexcept {
  const Size width = PaddedWidth(d);
  for (Size j = 0; j < kSoftmaxPanel; j += kTileColumns)
    for (Size c = 0; c < kTileColumns; c += 4)
      TransposeFour<kTileColumns>(candidates + (j + c) * width, d, width, packed + j * d + c);
}

/// sum(i, j) = sum over p < depth of a(i, p) b[p * b_row + j].  ahead(p) fetches what later tiles read.
template <Size kRows, class A, class Ahead>
KITH_INLINE void MultiplyTile(Size depth, const A& a, const float* b, Size b_row, const Ahead& ahead,
                              Lanes (&sum)[kRows][kTileVectors]) {
  for (Size p = 0; p < depth; ++p) {
    ahead(p);
    Lanes b_p[kTileVectors];
#pragma GCC unroll 4
    for (Size j = 0; j < kTileVectors; ++j) b_p[j] = Load(b + p * b_row + j * kLanes);
#pragma GCC unroll 16
    for (Size i = 0; i < kRows; ++i) {
      const Lanes a_ip = Broadcast(*a(i, p));
#pragma GCC unroll 4
      for (Size j = 0; j < kTileVectors; ++j) sum[i][j] += a_ip * b_p[j];
    }
  }
}

/// c (+)= A B for one tile.
template <Size kRows, class A, class Ahead>
KITH_INLINE void StoreTile(Size depth, const A& a, const float* b, Size b_row, const Ahead& ahead, float* c, Size c_row,
                           bool add) {
  Lanes sum[kRows][kTileVectors] = {};
  MultiplyTile<kRows>(depth, a, b, b_row, ahead, sum);
#pragma GCC unroll 16
  for (Size i = 0; i < kRows; ++i)
#pragma GCC unroll 4
    for (Size j = 0; j < kTileVectors; ++j) {
      float* to = c + i * c_row + j * kLanes;
      Store(to, add ? Load(to) + sum[i][j] : sum[i][j]);
    }
}

/// One tile of e, and what its columns add to the rows' sums.
template <Size kRows>
void ExpTile(const SoftmaxBlock& block, Size width, const float* users, const float* packed, const float* weights,
             float* exps, Lanes* sums) {
  Lanes sum[kRows][kTileVectors] = {};
  MultiplyTile<kRows>(
      block.d, [=](Size i, Size p) __attribute__((always_inline)) { return users + i * width + p; }, packed,
      kTileColumns,
      [=](Size p) __attribute__((always_inline)) { Prefetch(packed + (block.d + p) * kTileColumns, kTileColumns); },
      sum);
  const Lanes scale = Broadcast(block.scale), shift = Broadcast(block.shift), low = Broadcast(-87.0F);
  Lanes weight[kTileVectors];
  for (Size j = 0; j < kTileVectors; ++j) weight[j] = Load(weights + j * kLanes);
#pragma GCC unroll 16
  for (Size i = 0; i < kRows; ++i) {
    Lanes total = sums[i];
#pragma GCC unroll 4
    for (Size j = 0; j < kTileVectors; ++j) {
      const Lanes y = sum[i][j] * scale + shift;
      const Lanes e = (y < low ? Lanes{} : ExpBelow(y)) * weight[j];
      Store(exps + i * kSoftmaxPanel + j * kLanes, e);
      total += e;
    }
    sums[i] = total;
  }
}

/// tile.operator()<n>(i) for pieces of n rows, whole tiles first.
template <class Body>
KITH_INLINE void ForTiles(Size rows, const Body& tile) {
  Size i = 0;
  for (; i + kTileRows <= rows; i += kTileRows) tile.template operator()<kTileRows>(i);
  if constexpr (kTileRows > 8)
    if (i + 8 <= rows) tile.template operator()<8>(i), i += 8;
  if constexpr (kTileRows > 4)
    if (i + 4 <= rows) tile.template operator()<4>(i), i += 4;
  if (i + 2 <= rows) tile.template operator()<2>(i), i += 2;
  if (i < rows) tile.template operator()<1>(i);
}

void SoftmaxForward(const SoftmaxBlock& block) noexcept {
  const Size width = PaddedWidth(block.d), count = block.count;
  Lanes sums[kSoftmaxUsers];
  for (Size u = 0; u < count; ++u) sums[u] = Lanes{};
  for (Size panel = 0; panel < block.panels; ++panel) {
    float* exps = block.exps + panel * block.panel_stride;
    const float* packed = block.packed + panel * kSoftmaxPanel * block.d;
    for (Size j = 0; j < kSoftmaxPanel; j += kTileColumns)
      ForTiles(
          count, [&]<Size kRows>(Size u) __attribute__((always_inline)) {
            ExpTile<kRows>(block, width, block.users + u * width, packed + j * block.d,
                           block.weights + panel * kSoftmaxPanel + j, exps + u * kSoftmaxPanel + j, sums + u);
          });
    const float* candidates = block.candidates + panel * kSoftmaxPanel * width;
    for (Size j = 0; j < width; j += kTileColumns)
      ForTiles(
          count, [&]<Size kRows>(Size u) __attribute__((always_inline)) {
            const float* e = exps + u * kSoftmaxPanel;
            StoreTile<kRows>(
                kSoftmaxPanel, [=](Size i, Size p) __attribute__((always_inline)) { return e + i * kSoftmaxPanel + p; },
                candidates + j, width,
                [=](Size p) __attribute__((always_inline)) {
                  Prefetch(candidates + (kSoftmaxPanel + p) * width + j, kTileColumns);
                },
                block.dusers + u * width + j, width, panel != 0);
          });
  }
  for (Size u = 0; u < count; ++u) block.sums[u] = Sum(sums[u]);
  if (block.panels == 0)
    for (Size i = 0; i < count * width; ++i) block.dusers[i] = 0.0F;
}

void SoftmaxBackward(const float* exps, const float* users, Size count, Size d, float* dcandidates, bool add) noexcept {
  const Size width = PaddedWidth(d);
  for (Size j = 0; j < width; j += kTileColumns)
    for (Size c = 0; c < kSoftmaxPanel; c += kTileRows)
      StoreTile<kTileRows>(
          count, [=](Size i, Size p) __attribute__((always_inline)) { return exps + p * kSoftmaxPanel + c + i; },
          users + j, width,
          [=](Size p) __attribute__((always_inline)) { __builtin_prefetch(exps + (p + kAhead) * kSoftmaxPanel + c); },
          dcandidates + c * width + j, width, add);
}
