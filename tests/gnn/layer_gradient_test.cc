#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "gnn/random_block.h"
#include "kith/gnn/layer.h"

namespace kith {
namespace {

using testing::Inner;
using testing::Moved;
using testing::RandomBlock;
using testing::RandomMatrix;
using DoubleMatrix = MatrixOf<double>;

constexpr std::uint32_t kSources = 23, kDestinations = 11;
constexpr double kStep = 1e-6;

class LayerGradient : public ::testing::TestWithParam<LayerKind> {
 protected:
  LayerGradient() {
    const bool square = GetParam() == LayerKind::kLightGcn || GetParam() == LayerKind::kHouse;
    in_ = square ? 6 : 5;
    layer_ =
        MakeLayer<double>(GetParam(), {.in = in_, .out = 6, .heads = 3, .num_nodes = 2 * kSources, .seed = 3}, runtime_)
            .value();
    x_ = RandomMatrix<double>(kSources, in_, 1);
    dy_ = RandomMatrix<double>(kDestinations, 6, 2);
    // Away from the zero start, and far enough that some of the house layer's edges meet the clip.
    for (ParameterOf<double>* parameter : layer_->Parameters()) {
      const double size = parameter->name == "bias" ? 1.5 : 1.0;
      parameter->value = Moved(DoubleMatrix(parameter->value.rows(), parameter->value.cols()), size,
                               RandomMatrix<double>(parameter->value.rows(), parameter->value.cols(), 4));
    }
  }

  /// <dy, y(x)>: a number whose gradient to y is dy.
  double Value(const DoubleMatrix& x) {
    DoubleMatrix y;
    layer_->Forward(block_, x, y);
    return Inner(y, dy_);
  }

  Runtime runtime_{2};
  Block block_ = RandomBlock(kSources, kDestinations, 7);
  std::size_t in_ = 0;
  std::unique_ptr<LayerOf<double>> layer_;
  DoubleMatrix x_, dy_;
};

TEST_P(LayerGradient, ToTheInputAgreesWithFiniteDifferences) {
  DoubleMatrix y, dx;
  layer_->Forward(block_, x_, y);
  layer_->Backward(block_, x_, dy_, dx);
  ASSERT_EQ(dx.rows(), kSources);
  ASSERT_EQ(dx.cols(), in_);
  for (std::uint64_t seed = 10; seed < 15; ++seed) {
    const DoubleMatrix direction = RandomMatrix<double>(kSources, in_, seed);
    const double numeric = (Value(Moved(x_, kStep, direction)) - Value(Moved(x_, -kStep, direction))) / (2 * kStep);
    EXPECT_NEAR(Inner(dx, direction), numeric, 1e-6 * (1 + std::abs(numeric)));
  }
}

TEST_P(LayerGradient, ToEveryParameterAgreesWithFiniteDifferencesAndIsAdded) {
  DoubleMatrix y, dx;
  for (ParameterOf<double>* parameter : layer_->Parameters()) parameter->gradient.fill(0.25);
  layer_->Forward(block_, x_, y);
  layer_->Backward(block_, x_, dy_, dx);
  for (ParameterOf<double>* parameter : layer_->Parameters()) {
    const DoubleMatrix start = parameter->value;
    DoubleMatrix gradient = parameter->gradient;
    for (double& g : gradient.span()) g -= 0.25;
    for (std::uint64_t seed = 20; seed < 24; ++seed) {
      const DoubleMatrix direction = RandomMatrix<double>(start.rows(), start.cols(), seed);
      parameter->value = Moved(start, kStep, direction);
      const double above = Value(x_);
      parameter->value = Moved(start, -kStep, direction);
      const double below = Value(x_);
      parameter->value = start;
      const double numeric = (above - below) / (2 * kStep);
      EXPECT_NEAR(Inner(gradient, direction), numeric, 1e-6 * (1 + std::abs(numeric))) << parameter->name;
    }
  }
}

TEST_P(LayerGradient, OverwritesTheInputGradient) {
  DoubleMatrix y, first, second(kSources, in_);
  second.fill(99.0);
  layer_->Forward(block_, x_, y);
  layer_->Backward(block_, x_, dy_, first);
  layer_->Backward(block_, x_, dy_, second);
  EXPECT_TRUE(testing::SameBits(first, second));
}

INSTANTIATE_TEST_SUITE_P(Kinds, LayerGradient,
                         ::testing::Values(LayerKind::kGcn, LayerKind::kLightGcn, LayerKind::kGat, LayerKind::kGatv2,
                                           LayerKind::kHouse, LayerKind::kSage),
                         [](const auto& kind) { return std::string(ToString(kind.param)); });

}  // namespace
}  // namespace kith
