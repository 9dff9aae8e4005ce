#include "kith/gnn/adam.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <stdexcept>

#include "gnn/random_block.h"

namespace kith {
namespace {

using testing::RandomMatrix;
using testing::SameBits;

Parameter MakeParameter(std::size_t rows, std::size_t cols) {
  return {.name = "table", .value = RandomMatrix<float>(rows, cols, 1), .gradient = RandomMatrix<float>(rows, cols, 2)};
}

/// Algorithm 1 of the paper, one element at a time in double.
struct PlainAdam {
  AdamOptions options;
  double m = 0, v = 0;
  double Step(double rate, int t, double value, double gradient) {
    gradient += options.weight_decay * value;
    m = options.beta1 * m + (1 - options.beta1) * gradient;
    v = options.beta2 * v + (1 - options.beta2) * gradient * gradient;
    const double m_hat = m / (1 - std::pow(options.beta1, t)), v_hat = v / (1 - std::pow(options.beta2, t));
    return value - rate * m_hat / (std::sqrt(v_hat) + options.epsilon);
  }
};

TEST(Adam, FollowsThePlainLoop) {
  const Runtime runtime(2);
  const AdamOptions options = {.beta1 = 0.8, .beta2 = 0.95, .epsilon = 1e-6, .weight_decay = 0.1};
  Adam adam(options);
  Parameter parameter = MakeParameter(1300, 3);
  std::vector<PlainAdam> plain(parameter.value.size(), PlainAdam{.options = options});
  std::vector<double> expected(parameter.value.span().begin(), parameter.value.span().end());
  for (int t = 1; t <= 5; ++t) {
    parameter.gradient = RandomMatrix<float>(1300, 3, 10 + static_cast<std::uint64_t>(t));
    for (std::size_t i = 0; i < expected.size(); ++i) {
      expected[i] = plain[i].Step(0.05, t, expected[i], parameter.gradient.data()[i]);
    }
    adam.Step(runtime, 0.05, static_cast<std::uint64_t>(t), parameter);
    for (std::size_t i = 0; i < expected.size(); ++i) ASSERT_NEAR(parameter.value.data()[i], expected[i], 2e-6);
    for (const float g : parameter.gradient.span()) ASSERT_EQ(g, 0.0F);
  }
}

TEST(Adam, SparseRowsLeaveAllOthersAlone) {
  const Runtime runtime(2);
  Adam adam;
  Parameter parameter = MakeParameter(10, 4);
  adam.Step(runtime, 0.1, 1, parameter);
  parameter.gradient = RandomMatrix<float>(10, 4, 3);
  const Parameter before = parameter;
  const Matrix first = adam.first_moment(), second = adam.second_moment();
  const std::array<std::uint32_t, 2> rows = {7, 2};
  adam.Step(runtime, 0.1, 2, parameter, rows, /*all_rows=*/false);
  for (std::size_t r = 0; r < 10; ++r) {
    const bool stepped = r == 7 || r == 2;
    for (std::size_t c = 0; c < 4; ++c) {
      EXPECT_EQ(parameter.value(r, c) != before.value(r, c), stepped);
      EXPECT_EQ(adam.first_moment()(r, c) != first(r, c), stepped);
      EXPECT_EQ(adam.second_moment()(r, c) != second(r, c), stepped);
      EXPECT_EQ(parameter.gradient(r, c), stepped ? 0.0F : before.gradient(r, c));
    }
  }
}

TEST(Adam, SparseStepOverAllRowsIsTheDenseStep) {
  const Runtime runtime(2);
  Adam dense, sparse;
  Parameter a = MakeParameter(6, 5), b = a;
  const std::array<std::uint32_t, 6> rows = {5, 3, 1, 0, 2, 4};
  for (std::uint64_t t = 1; t <= 3; ++t) {
    a.gradient = b.gradient = RandomMatrix<float>(6, 5, t);
    dense.Step(runtime, 0.1, t, a);
    sparse.Step(runtime, 0.1, t, b, rows, /*all_rows=*/false);
  }
  EXPECT_TRUE(SameBits(a.value, b.value));
}

TEST(Adam, NoRowsIsNoStep) {
  const Runtime runtime(1);
  Adam adam;
  Parameter parameter = MakeParameter(3, 2);
  const Parameter before = parameter;
  adam.Step(runtime, 0.1, 1, parameter, {}, /*all_rows=*/false);
  EXPECT_TRUE(SameBits(parameter.value, before.value));
  EXPECT_TRUE(SameBits(parameter.gradient, before.gradient));
}

TEST(Adam, GoesOnFromRestoredMoments) {
  const Runtime runtime(1);
  Adam whole;
  Parameter a = MakeParameter(4, 3);
  whole.Step(runtime, 0.1, 1, a);
  Parameter b = a;
  Adam resumed;
  resumed.first_moment() = whole.first_moment();
  resumed.second_moment() = whole.second_moment();
  a.gradient = b.gradient = RandomMatrix<float>(4, 3, 8);
  whole.Step(runtime, 0.1, 2, a);
  resumed.Step(runtime, 0.1, 2, b);
  EXPECT_TRUE(SameBits(a.value, b.value));
}

TEST(Adam, FindsTheLowestPointOfAParabola) {
  const Runtime runtime(1);
  Adam adam;
  Parameter parameter{.name = "p", .value = Matrix(1, 1), .gradient = Matrix(1, 1)};
  for (std::uint64_t t = 1; t <= 2000; ++t) {
    parameter.gradient(0, 0) = 2.0F * (parameter.value(0, 0) - 3.0F);
    adam.Step(runtime, 0.05 / std::sqrt(static_cast<double>(t)), t, parameter);
  }
  EXPECT_NEAR(parameter.value(0, 0), 3.0F, 1e-3);
}

TEST(Adam, RefusesAGradientOfAnotherShape) {
  const Runtime runtime(1);
  Adam adam;
  Parameter parameter{.name = "p", .value = Matrix(2, 2), .gradient = Matrix(2, 1)};
  EXPECT_THROW(adam.Step(runtime, 0.1, 1, parameter), std::invalid_argument);
}

}  // namespace
}  // namespace kith
