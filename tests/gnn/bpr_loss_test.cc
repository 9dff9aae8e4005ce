#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "gnn/random_block.h"
#include "kith/gnn/loss.h"

namespace kith {
namespace {

using testing::Inner;
using testing::Moved;
using testing::RandomMatrix;
using DoubleMatrix = MatrixOf<double>;

const std::vector<Triple> kTriples = {{0, 4, 5}, {1, 5, 6}, {0, 6, 4}, {2, 4, 6}, {3, 5, 5}, {0, 4, 5}};

double PlainLoss(const DoubleMatrix& z) {
  double loss = 0;
  for (const Triple& t : kTriples) {
    double margin = 0;
    for (std::size_t k = 0; k < z.cols(); ++k) margin += z(t.user, k) * (z(t.positive, k) - z(t.negative, k));
    loss -= std::log(1 / (1 + std::exp(-margin)));
  }
  return loss / static_cast<double>(kTriples.size());
}

TEST(BprLoss, IsTheMeanOverTriples) {
  const auto z = RandomMatrix<double>(7, 4, 1);
  DoubleMatrix dz(7, 4);
  EXPECT_NEAR(BprLoss<double>(kTriples, z, dz), PlainLoss(z), 1e-13);
}

TEST(BprLoss, GradientAgreesWithFiniteDifferencesAndIsAdded) {
  const auto z = RandomMatrix<double>(7, 4, 2);
  DoubleMatrix dz(7, 4);
  dz.fill(1.0);
  (void)BprLoss<double>(kTriples, z, dz);
  for (double& g : dz.span()) g -= 1.0;
  for (std::uint64_t seed = 3; seed < 8; ++seed) {
    const auto direction = RandomMatrix<double>(7, 4, seed);
    const double numeric = (PlainLoss(Moved(z, 1e-6, direction)) - PlainLoss(Moved(z, -1e-6, direction))) / 2e-6;
    EXPECT_NEAR(Inner(dz, direction), numeric, 1e-8);
  }
}

TEST(BprLoss, FloatAgreesWithDouble) {
  const auto z = RandomMatrix<float>(7, 19, 3);
  Matrix dz(7, 19);
  DoubleMatrix exact(7, 19);
  const double loss = BprLoss<float>(kTriples, z, dz);
  EXPECT_NEAR(loss, BprLoss<double>(kTriples, testing::Convert<double>(z), exact), 1e-5);
  for (std::size_t i = 0; i < dz.size(); ++i) EXPECT_NEAR(dz.data()[i], exact.data()[i], 1e-5);
}

TEST(BprLoss, StaysFiniteForLargeMargins) {
  for (const float margin : {-300.0F, 300.0F}) {
    Matrix z(3, 1), dz(3, 1);
    z(0, 0) = 1.0F;
    z(1, 0) = margin;
    const std::vector<Triple> one = {{0, 1, 2}};
    EXPECT_NEAR(BprLoss<float>(one, z, dz), margin < 0 ? 300.0 : 0.0, 1e-6);
    EXPECT_NEAR(dz(1, 0), margin < 0 ? -1.0 : 0.0, 1e-6);
  }
}

TEST(BprLoss, IsZeroWithoutTriples) {
  const auto z = RandomMatrix<float>(2, 3, 4);
  Matrix dz(2, 3);
  EXPECT_EQ(BprLoss<float>({}, z, dz), 0.0);
}

}  // namespace
}  // namespace kith
