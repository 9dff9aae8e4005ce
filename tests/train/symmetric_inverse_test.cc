#include "symmetric_inverse.h"

#include <gtest/gtest.h>

#include <Eigen/Dense>
#include <cmath>
#include <cstring>

#include "kith/gnn/init.h"

namespace kith {
namespace {

/// Gram matrix of random rows with a ridge: well conditioned, larger than two blocks, of no round size.
Eigen::MatrixXd PositiveDefinite(std::size_t n) {
  Matrix rows(n, n / 2);
  InitNormal(7, 0.3, rows);
  using RowMajor = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  const Eigen::MatrixXd m =
      Eigen::Map<const RowMajor>(rows.data(), static_cast<Eigen::Index>(n), static_cast<Eigen::Index>(n / 2))
          .cast<double>();
  return m * m.transpose() + 2 * Eigen::MatrixXd::Identity(m.rows(), m.rows());
}

/// The lower triangle; the upper one holds rubbish that must not be read.
Matrix Lower(const Eigen::MatrixXd& from) {
  Matrix to(static_cast<std::size_t>(from.rows()), static_cast<std::size_t>(from.cols()));
  to.fill(1e9F);
  for (std::size_t i = 0; i < to.rows(); ++i) {
    for (std::size_t j = 0; j <= i; ++j) {
      to(i, j) = static_cast<float>(from(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(j)));
    }
  }
  return to;
}

TEST(InvertSymmetric, GivesTheInverseOfOneBlockAndOfSeveral) {
  const Runtime runtime(2);
  for (const std::size_t n : {1U, 5U, 256U, 601U}) {
    const Eigen::MatrixXd whole = PositiveDefinite(n);
    const Eigen::MatrixXd expected = whole.inverse();
    Matrix inverse = Lower(whole);
    CheckOk(InvertSymmetric(runtime, inverse));
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = 0; j < n; ++j) {
        ASSERT_NEAR(inverse(i, j), expected(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(j)), 2e-5)
            << n << ": " << i << ", " << j;
      }
    }
  }
}

TEST(InvertSymmetric, GivesTheSameBitsForAnyNumberOfThreads) {
  const Runtime one(1), four(4);
  Matrix a = Lower(PositiveDefinite(530)), b = Lower(PositiveDefinite(530));
  CheckOk(InvertSymmetric(one, a));
  CheckOk(InvertSymmetric(four, b));
  EXPECT_EQ(std::memcmp(a.data(), b.data(), a.size() * sizeof(float)), 0);
}

TEST(InvertSymmetric, RefusesWhatIsNotPositiveDefiniteAndStopsWhenAsked) {
  const Runtime runtime(1);
  Eigen::MatrixXd whole = PositiveDefinite(300);
  whole(280, 280) = -5;
  Matrix bad = Lower(whole);
  EXPECT_EQ(InvertSymmetric(runtime, bad).code(), StatusCode::kInvalidArgument);
  Matrix good = Lower(PositiveDefinite(300));
  EXPECT_EQ(InvertSymmetric(runtime, good, [] { return true; }).code(), StatusCode::kCancelled);
}

}  // namespace
}  // namespace kith
