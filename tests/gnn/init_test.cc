#include "kith/gnn/init.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "gnn/random_block.h"

namespace kith {
namespace {

TEST(InitNormal, HasTheAskedMeanAndDeviation) {
  Matrix matrix(400, 50);
  InitNormal(3, 0.1, matrix);
  double sum = 0, squares = 0;
  for (const float x : matrix.span()) sum += x, squares += double{x} * x;
  const double n = static_cast<double>(matrix.size());
  EXPECT_NEAR(sum / n, 0.0, 5 * 0.1 / std::sqrt(n));
  EXPECT_NEAR(std::sqrt(squares / n), 0.1, 5 * 0.1 / std::sqrt(2 * n));
}

TEST(InitGlorot, FillsItsIntervalEvenly) {
  Matrix matrix(300, 60);
  InitGlorot(3, matrix);
  const float bound = std::sqrt(6.0F / 360.0F);
  std::array<double, 10> counts = {};
  for (const float x : matrix.span()) {
    ASSERT_LE(std::abs(x), bound);
    ++counts[std::min<std::size_t>(9, static_cast<std::size_t>((x + bound) / (2 * bound) * 10))];
  }
  const double expected = static_cast<double>(matrix.size()) / 10;
  double chi_square = 0;
  for (const double count : counts) chi_square += (count - expected) * (count - expected) / expected;
  EXPECT_LT(chi_square, 27.9);  // 9 degrees of freedom, p = 0.001
}

TEST(Init, RowsDependOnSeedAndRowAlone) {
  Matrix small(3, 8), large(9, 8), other(3, 8);
  InitNormal(7, 1.0, small);
  InitNormal(7, 1.0, large);
  InitNormal(8, 1.0, other);
  EXPECT_TRUE(std::equal(small.data(), small.data() + small.size(), large.data()));
  EXPECT_FALSE(testing::SameBits(small, other));
  EXPECT_FALSE(std::equal(small.row(0), small.row(1), small.row(1)));
}

TEST(Init, DoubleAndFloatAgree) {
  Matrix f(4, 5);
  MatrixOf<double> d(4, 5);
  InitGlorot(1, f);
  InitGlorot(1, d);
  for (std::size_t i = 0; i < f.size(); ++i) EXPECT_FLOAT_EQ(f.data()[i], static_cast<float>(d.data()[i]));
}

}  // namespace
}  // namespace kith
