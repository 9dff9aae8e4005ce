#include "kernels/support.h"
#include "kith/kernels/reference.h"

namespace kith::kernels {
namespace {

using Gemm = EveryIsa;
INSTANTIATE_TEST_SUITE_P(Kernels, Gemm, AllIsas(), IsaName);

/// How a matrix lies in memory.
enum class Layout { kRows, kColumns, kSpread };

struct Strides {
  std::size_t row, column, floats;
};
Strides StridesOf(std::size_t rows, std::size_t columns, Layout layout) {
  switch (layout) {
    case Layout::kRows:
      return {columns + 3, 1, rows * (columns + 3)};
    case Layout::kColumns:
      return {1, rows + 2, columns * (rows + 2)};
    case Layout::kSpread:
      return {2 * columns + 1, 2, rows * (2 * columns + 1) + 1};
  }
  return {};
}

/// One product of every kind of operand against the triple loop in double.
void CheckShape(const Table& isa, std::size_t m, std::size_t n, std::size_t k, Layout a_layout, Layout b_layout,
                bool accumulate) {
  const Strides as = StridesOf(m, k, a_layout), bs = StridesOf(k, n, b_layout);
  const std::size_t ldc = n + 5;
  const auto a = Normals(as.floats, 1), b = Normals(bs.floats, 2);
  auto c = Normals(m * ldc, 3);
  const auto a64 = Doubles(a), b64 = Doubles(b);
  auto expected = Doubles(c);
  reference::Gemm<double>(m, n, k, {a64.data(), as.row, as.column}, {b64.data(), bs.row, bs.column}, expected.data(),
                          ldc, accumulate);
  std::vector<float> workspace(isa.gemm_workspace + 1, 3.25F);
  isa.gemm(m, n, k, {a.data(), as.row, as.column}, {b.data(), bs.row, bs.column}, c.data(), ldc, accumulate,
           workspace.data());
  const std::string what = std::to_string(m) + " x " + std::to_string(n) + " x " + std::to_string(k) + ", layouts " +
                           std::to_string(static_cast<int>(a_layout)) + std::to_string(static_cast<int>(b_layout)) +
                           (accumulate ? ", accumulated" : "");
  EXPECT_EQ(workspace.back(), 3.25F) << "wrote beyond the workspace: " << what;
  ExpectNear(c, expected, 1e-4, what);
}

TEST_P(Gemm, AgreesWithTheTripleLoopForEveryLayoutAndOddSize) {
  const Layout layouts[] = {Layout::kRows, Layout::kColumns, Layout::kSpread};
  for (const std::size_t m : {1, 2, 3, 5, 8, 12, 13, 31})
    for (const std::size_t n : {1, 3, 8, 17, 24, 32, 33, 65})
      for (const std::size_t k : {1, 2, 5, 16, 33})
        for (const Layout a : layouts)
          for (const Layout b : layouts) CheckShape(isa(), m, n, k, a, b, (m + n + k) % 2 == 0);
}

TEST_P(Gemm, AgreesWithTheTripleLoopBeyondOnePanel) {
  for (const Layout a : {Layout::kRows, Layout::kColumns})
    for (const Layout b : {Layout::kRows, Layout::kColumns})
      for (const bool accumulate : {false, true}) {
        CheckShape(isa(), 107, 64, 523, a, b, accumulate);
        CheckShape(isa(), 98, 530, 70, a, b, accumulate);
        CheckShape(isa(), 7, 5, 1030, a, b, accumulate);
      }
}

TEST_P(Gemm, OfNoColumnsOfALeavesZerosOrWhatWasThere) {
  std::vector<float> workspace(isa().gemm_workspace);
  std::vector<float> c = {1, 2, 3, 4, 5, 6};
  isa().gemm(2, 2, 0, {nullptr, 0, 1}, {nullptr, 2, 1}, c.data(), 3, /*accumulate=*/true, workspace.data());
  EXPECT_EQ(c, (std::vector<float>{1, 2, 3, 4, 5, 6}));
  isa().gemm(2, 2, 0, {nullptr, 0, 1}, {nullptr, 2, 1}, c.data(), 3, /*accumulate=*/false, workspace.data());
  EXPECT_EQ(c, (std::vector<float>{0, 0, 3, 0, 0, 6}));
  isa().gemm(0, 2, 3, {nullptr, 3, 1}, {nullptr, 2, 1}, c.data(), 3, /*accumulate=*/false, workspace.data());
}

TEST_P(Gemm, GivesTheSameBitsForAnySplitOfRowsAndColumnsAndAnyLayoutOfA) {
  const std::size_t m = 53, n = 71, k = 300;
  const auto a = Normals(m * k, 1), b = Normals(k * n, 2);
  std::vector<float> workspace(isa().gemm_workspace);
  std::vector<float> whole(m * n), parts(m * n);
  isa().gemm(m, n, k, {a.data(), k, 1}, {b.data(), n, 1}, whole.data(), n, false, workspace.data());
  for (const std::size_t cut : {1, 6, 12, 32, 52}) {
    isa().gemm(cut, n, k, {a.data(), k, 1}, {b.data(), n, 1}, parts.data(), n, false, workspace.data());
    isa().gemm(m - cut, n, k, {a.data() + cut * k, k, 1}, {b.data(), n, 1}, parts.data() + cut * n, n, false,
               workspace.data());
    ASSERT_EQ(parts, whole) << "rows cut at " << cut;
    isa().gemm(m, cut, k, {a.data(), k, 1}, {b.data(), n, 1}, parts.data(), n, false, workspace.data());
    isa().gemm(m, n - cut, k, {a.data(), k, 1}, {b.data() + cut, n, 1}, parts.data() + cut, n, false, workspace.data());
    ASSERT_EQ(parts, whole) << "columns cut at " << cut;
  }
  std::vector<float> transposed(m * k);
  for (std::size_t i = 0; i < m; ++i)
    for (std::size_t p = 0; p < k; ++p) transposed[p * m + i] = a[i * k + p];
  isa().gemm(m, n, k, {transposed.data(), 1, m}, {b.data(), n, 1}, parts.data(), n, false, workspace.data());
  EXPECT_EQ(parts, whole) << "A by columns";
}

}  // namespace
}  // namespace kith::kernels
