// Gemm by panels: B is packed kPanelDepth x kPanelColumns at a time into slivers of kTileColumns, and tiles of
// kTileRows x kTileColumns of C are summed in registers (Goto and van de Geijn, "Anatomy of high-performance matrix
// multiplication", 2008).  An element of C is summed over k in order, panel by panel, whatever tile it falls into: its
// bits depend on its row of A, its column of B and k alone.

constexpr Size kTileColumns = kTileVectors * kLanes;
constexpr Size kPanelDepth = 256;
constexpr Size kPanelRows = 96;
constexpr Size kPanelColumns = 16 * kTileColumns;
static_assert(kPanelRows % kTileRows == 0 && kTileRows % 4 == 0 && kTileColumns % 4 == 0);
/// The two packed panels, and room to begin them at a cache line.
constexpr Size kGemmWorkspace = kPanelDepth * (kPanelRows + kPanelColumns) + kLineFloats;

/// Four columns of `depth` entries that are `stride` apart and continuous in depth, transposed into `packed`.
template <Size kWidth>
KITH_INLINE void TransposeFour(const float* data, Size depth, Size stride, float* packed) {
  Size p = 0;
  for (; p + 4 <= depth; p += 4) {
    const float* from = data + p;
    const Four r0 = LoadFour(from), r1 = LoadFour(from + stride), r2 = LoadFour(from + 2 * stride),
               r3 = LoadFour(from + 3 * stride);
    const Four low01 = __builtin_shufflevector(r0, r1, 0, 4, 1, 5),
               high01 = __builtin_shufflevector(r0, r1, 2, 6, 3, 7);
    const Four low23 = __builtin_shufflevector(r2, r3, 0, 4, 1, 5),
               high23 = __builtin_shufflevector(r2, r3, 2, 6, 3, 7);
    float* to = packed + p * kWidth;
    StoreFour(to, __builtin_shufflevector(low01, low23, 0, 1, 4, 5));
    StoreFour(to + kWidth, __builtin_shufflevector(low01, low23, 2, 3, 6, 7));
    StoreFour(to + 2 * kWidth, __builtin_shufflevector(high01, high23, 0, 1, 4, 5));
    StoreFour(to + 3 * kWidth, __builtin_shufflevector(high01, high23, 2, 3, 6, 7));
  }
  for (; p < depth; ++p)
    for (Size j = 0; j < 4; ++j) packed[p * kWidth + j] = data[p + j * stride];
}

/// Packs `count` <= kWidth columns of `depth` entries: packed[p * kWidth + j] = data[p * depth_stride + j * stride],
/// zero where j >= count.
template <Size kWidth>
void PackSliver(const float* data, Size depth, Size depth_stride, Size count, Size stride, float* packed) {
  Size j = 0;
  if (stride == 1 && count == kWidth) {
    for (Size p = 0; p < depth; ++p)
#pragma GCC unroll 16
      for (j = 0; j < kWidth; j += 4) StoreFour(packed + p * kWidth + j, LoadFour(data + p * depth_stride + j));
    return;
  }
  if (stride == 1) {
    for (; j + 4 <= count; j += 4)
      for (Size p = 0; p < depth; ++p) StoreFour(packed + p * kWidth + j, LoadFour(data + p * depth_stride + j));
  } else if (depth_stride == 1) {
    for (; j + 4 <= count; j += 4) TransposeFour<kWidth>(data + j * stride, depth, stride, packed + j);
  }
  for (; j < kWidth; ++j)
    for (Size p = 0; p < depth; ++p) packed[p * kWidth + j] = j < count ? data[p * depth_stride + j * stride] : 0.0F;
}

/// One tile: C [kRows x columns] (+)= A B over `depth`, A packed (rows side by side, kTileRows apart) or with its own
/// row stride and columns side by side.
template <Size kRows, bool kPacked>
KITH_INLINE void Tile(Size depth, const float* a, Size a_row, const float* b, float* c, Size ldc, Size columns,
                      bool add) {
  Lanes sum[kRows][kTileVectors] = {};
  for (Size p = 0; p < depth; ++p) {
    Lanes b_p[kTileVectors];
#pragma GCC unroll 4
    for (Size j = 0; j < kTileVectors; ++j) b_p[j] = Load(b + p * kTileColumns + j * kLanes);
#pragma GCC unroll 16
    for (Size i = 0; i < kRows; ++i) {
      const Lanes a_ip = Broadcast(kPacked ? a[p * kTileRows + i] : a[i * a_row + p]);
#pragma GCC unroll 4
      for (Size j = 0; j < kTileVectors; ++j) sum[i][j] += a_ip * b_p[j];
    }
  }
  if (columns == kTileColumns) {
#pragma GCC unroll 16
    for (Size i = 0; i < kRows; ++i)
#pragma GCC unroll 4
      for (Size j = 0; j < kTileVectors; ++j) {
        float* to = c + i * ldc + j * kLanes;
        Store(to, add ? Load(to) + sum[i][j] : sum[i][j]);
      }
    return;
  }
#pragma GCC unroll 16
  for (Size i = 0; i < kRows; ++i)
#pragma GCC unroll 4
    for (Size j = 0; j < kTileVectors; ++j) {
      if (j * kLanes >= columns) continue;
      const Size count = Smaller(kLanes, columns - j * kLanes);
      float* to = c + i * ldc + j * kLanes;
      StorePartial(to, count, add ? LoadPartial(to, count) + sum[i][j] : sum[i][j]);
    }
}

/// A strip of `rows` rows of C against one sliver of B: whole tiles, then 8, 4, 2 and 1 rows.
template <bool kPacked>
void Strip(Size rows, Size depth, const float* a, Size a_row, const float* b, float* c, Size ldc, Size columns,
           bool add) {
  // A packed sliver of kTileRows rows is followed by the next; within it rows are side by side.
  const auto row = [&](Size i) __attribute__((always_inline)) {
    return kPacked ? a + (i / kTileRows) * kTileRows * depth + i % kTileRows : a + i * a_row;
  };
  Size i = 0;
  for (; i + kTileRows <= rows; i += kTileRows)
    Tile<kTileRows, kPacked>(depth, row(i), a_row, b, c + i * ldc, ldc, columns, add);
  if (kTileRows > 8 && i + 8 <= rows) Tile<8, kPacked>(depth, row(i), a_row, b, c + i * ldc, ldc, columns, add), i += 8;
  if (kTileRows > 4 && i + 4 <= rows) Tile<4, kPacked>(depth, row(i), a_row, b, c + i * ldc, ldc, columns, add), i += 4;
  if (i + 2 <= rows) Tile<2, kPacked>(depth, row(i), a_row, b, c + i * ldc, ldc, columns, add), i += 2;
  if (i < rows) Tile<1, kPacked>(depth, row(i), a_row, b, c + i * ldc, ldc, columns, add);
}

void Gemm(Size m, Size n, Size k, GemmOperand a, GemmOperand b, float* c, Size ldc, bool accumulate,
          float* workspace) noexcept {
  if (m == 0) return;
  if (k == 0 && !accumulate)
    for (Size i = 0; i < m; ++i)
      for (Size j = 0; j < n; ++j) c[i * ldc + j] = 0.0F;
  const Size misaligned = reinterpret_cast<std::uintptr_t>(workspace) / sizeof(float) % kLineFloats;
  float* const packed_b = workspace + (kLineFloats - misaligned) % kLineFloats;
  float* const packed_a = packed_b + kPanelDepth * kPanelColumns;
  // Rows of A that lie side by side in memory are read in place.
  const bool pack_a = a.column_stride != 1;
  for (Size j0 = 0; j0 < n; j0 += kPanelColumns) {
    const Size columns = Smaller(kPanelColumns, n - j0);
    for (Size p0 = 0; p0 < k; p0 += kPanelDepth) {
      const Size depth = Smaller(kPanelDepth, k - p0);
      const bool add = accumulate || p0 > 0;
      for (Size j = 0; j < columns; j += kTileColumns)
        PackSliver<kTileColumns>(b.data + p0 * b.row_stride + (j0 + j) * b.column_stride, depth, b.row_stride,
                                 Smaller(kTileColumns, columns - j), b.column_stride, packed_b + j * depth);
      for (Size i0 = 0; i0 < m; i0 += kPanelRows) {
        const Size rows = Smaller(kPanelRows, m - i0);
        const float* a_block = a.data + i0 * a.row_stride + p0 * a.column_stride;
        if (pack_a)
          for (Size i = 0; i < rows; i += kTileRows)
            PackSliver<kTileRows>(a_block + i * a.row_stride, depth, a.column_stride, Smaller(kTileRows, rows - i),
                                  a.row_stride, packed_a + i * depth);
        for (Size j = 0; j < columns; j += kTileColumns) {
          const Size width = Smaller(kTileColumns, columns - j);
          float* c_tile = c + i0 * ldc + j0 + j;
          if (pack_a) {
            Strip<true>(rows, depth, packed_a, 0, packed_b + j * depth, c_tile, ldc, width, add);
          } else {
            Strip<false>(rows, depth, a_block, a.row_stride, packed_b + j * depth, c_tile, ldc, width, add);
          }
        }
      }
    }
  }
}
