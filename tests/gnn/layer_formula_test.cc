/// Each architecture against its equation written out with dense loops over node pairs.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <vector>

#include "gnn/random_block.h"
#include "kith/gnn/layer.h"

namespace kith {
namespace {

using testing::RandomBlock;
using testing::RandomMatrix;
using DoubleMatrix = MatrixOf<double>;

constexpr std::uint32_t kSources = 17, kDestinations = 9;
constexpr std::size_t kWidth = 6, kHeads = 2, kHead = kWidth / kHeads;

class LayerFormula : public ::testing::Test {
 protected:
  bool HasEdge(std::size_t v, std::size_t u) const {
    for (EdgeOffset e = block_.offsets[v]; e < block_.offsets[v + 1]; ++e) {
      if (block_.sources[e] == u) return true;
    }
    return false;
  }
  double Norm(std::size_t v, std::size_t u) const {
    return block_.scale[v] / std::sqrt(double{1} * block_.degrees[v] * block_.degrees[u]);
  }
  std::unique_ptr<LayerOf<double>> Make(LayerKind kind) {
    auto layer =
        MakeLayer<double>(kind, {.in = kWidth, .out = kWidth, .heads = kHeads, .num_nodes = 2 * kSources}, runtime_)
            .value();
    std::uint64_t seed = 30;
    for (auto* parameter : layer->Parameters()) {
      parameter->value = RandomMatrix<double>(parameter->value.rows(), parameter->value.cols(), seed++);
    }
    return layer;
  }
  static const DoubleMatrix& Value(LayerOf<double>& layer, std::string_view name) {
    for (auto* parameter : layer.Parameters()) {
      if (parameter->name == name) return parameter->value;
    }
    throw std::runtime_error("no such parameter");
  }
  static DoubleMatrix Times(const DoubleMatrix& a, const DoubleMatrix& b) {
    DoubleMatrix c(a.rows(), b.cols());
    for (std::size_t i = 0; i < a.rows(); ++i) {
      for (std::size_t j = 0; j < b.cols(); ++j) {
        for (std::size_t k = 0; k < a.cols(); ++k) c(i, j) += a(i, k) * b(k, j);
      }
    }
    return c;
  }
  using PairFunction = std::function<double(std::size_t v, std::size_t u)>;

  /// y_v = sum over u of weight(v, u) x_u.
  DoubleMatrix WeightedSum(const PairFunction& weight, const DoubleMatrix& x) const {
    DoubleMatrix y(kDestinations, x.cols());
    for (std::size_t v = 0; v < kDestinations; ++v) {
      for (std::size_t u = 0; u < kSources; ++u) {
        if (!HasEdge(v, u)) continue;
        for (std::size_t k = 0; k < x.cols(); ++k) y(v, k) += weight(v, u) * x(u, k);
      }
    }
    return y;
  }
  /// exp(score(v, u)) over the sum for v's sources.
  PairFunction Softmax(PairFunction score) const {
    return [this, score = std::move(score)](std::size_t v, std::size_t u) {
      double sum = 0;
      for (std::size_t other = 0; other < kSources; ++other) {
        if (HasEdge(v, other)) sum += std::exp(score(v, other));
      }
      return std::exp(score(v, u)) / sum;
    };
  }
  void ExpectHead(const DoubleMatrix& expected, std::size_t h, const DoubleMatrix& y) const {
    ASSERT_EQ(y.rows(), kDestinations);
    for (std::size_t v = 0; v < kDestinations; ++v) {
      for (std::size_t k = 0; k < expected.cols(); ++k) {
        EXPECT_NEAR(y(v, h * kHead + k), expected(v, k), 1e-11) << v << ", " << k;
      }
    }
  }
  static DoubleMatrix Head(const DoubleMatrix& matrix, std::size_t h) {
    DoubleMatrix head(matrix.rows(), kHead);
    for (std::size_t r = 0; r < matrix.rows(); ++r) {
      for (std::size_t k = 0; k < kHead; ++k) head(r, k) = matrix(r, h * kHead + k);
    }
    return head;
  }
  static double Leaky(double s) { return s > 0 ? s : 0.2 * s; }

  Runtime runtime_{1};
  Block block_ = RandomBlock(kSources, kDestinations, 5);
  DoubleMatrix x_ = RandomMatrix<double>(kSources, kWidth, 6);
  DoubleMatrix y_;
};

TEST_F(LayerFormula, LightGcnIsTheNormalizedSum) {
  Make(LayerKind::kLightGcn)->Forward(block_, x_, y_);
  ExpectHead(WeightedSum([&](std::size_t v, std::size_t u) { return Norm(v, u); }, x_), 0, y_);
}

TEST_F(LayerFormula, GcnProjectsTheNormalizedSum) {
  auto layer = Make(LayerKind::kGcn);
  layer->Forward(block_, x_, y_);
  const PairFunction norm = [&](std::size_t v, std::size_t u) { return Norm(v, u); };
  ExpectHead(WeightedSum(norm, Times(x_, Value(*layer, "weight"))), 0, y_);
}

TEST_F(LayerFormula, SageAddsTheMeanOfItsNeighboursToItsOwn) {
  auto layer = Make(LayerKind::kSage);
  layer->Forward(block_, x_, y_);
  const PairFunction mean = [&](std::size_t v, std::size_t /*u*/) {
    return 1.0 / static_cast<double>(block_.offsets[v + 1] - block_.offsets[v]);
  };
  DoubleMatrix expected = WeightedSum(mean, Times(x_, Value(*layer, "neighbour")));
  const DoubleMatrix own = Times(x_, Value(*layer, "self"));
  for (std::size_t i = 0; i < expected.size(); ++i) expected.data()[i] += own.data()[i];
  ExpectHead(expected, 0, y_);
}

TEST_F(LayerFormula, HouseWeighsEachEdgeByItsTwoBiasesClippedAtThree) {
  auto layer = Make(LayerKind::kHouse);
  const DoubleMatrix& bias = Value(*layer, "bias");
  for (auto* parameter : layer->Parameters()) {
    for (double& b : parameter->value.span()) b *= 2;
  }
  layer->Forward(block_, x_, y_);
  std::size_t clipped = 0;
  const PairFunction weight = [&](std::size_t v, std::size_t u) {
    const double a = bias(index(block_.nodes[u]), 0) + bias(index(block_.nodes[v]), 0);
    if (std::abs(a) > 3) ++clipped;
    return Norm(v, u) * std::exp(std::min(std::max(a, -3.0), 3.0));
  };
  ExpectHead(WeightedSum(weight, x_), 0, y_);
  EXPECT_GT(clipped, 0U) << "the test should meet the clip";
}

TEST_F(LayerFormula, GatAttendsByTheSumOfTwoDots) {
  auto layer = Make(LayerKind::kGat);
  layer->Forward(block_, x_, y_);
  for (std::size_t h = 0; h < kHeads; ++h) {
    const DoubleMatrix z = Head(Times(x_, Value(*layer, "weight")), h);
    const PairFunction score = [&](std::size_t v, std::size_t u) {
      double s = 0;
      for (std::size_t k = 0; k < kHead; ++k) {
        s += Value(*layer, "att_dst")(h, k) * z(v, k) + Value(*layer, "att_src")(h, k) * z(u, k);
      }
      return Leaky(s);
    };
    ExpectHead(WeightedSum(Softmax(score), z), h, y_);
  }
}

TEST_F(LayerFormula, Gatv2AttendsAfterTheNonlinearity) {
  auto layer = Make(LayerKind::kGatv2);
  layer->Forward(block_, x_, y_);
  for (std::size_t h = 0; h < kHeads; ++h) {
    const DoubleMatrix l = Head(Times(x_, Value(*layer, "left")), h);
    const DoubleMatrix r = Head(Times(x_, Value(*layer, "right")), h);
    const PairFunction score = [&](std::size_t v, std::size_t u) {
      double s = 0;
      for (std::size_t k = 0; k < kHead; ++k) s += Value(*layer, "attention")(h, k) * Leaky(l(v, k) + r(u, k));
      return s;
    };
    ExpectHead(WeightedSum(Softmax(score), r), h, y_);
  }
}

TEST_F(LayerFormula, AttentionOfEveryDestinationSumsToOneInEachHead) {
  for (const LayerKind kind : {LayerKind::kGat, LayerKind::kGatv2}) {
    auto layer = Make(kind);
    layer->Forward(block_, x_, y_);
    const DoubleMatrix alpha = layer->EdgeWeights(block_);
    ASSERT_EQ(alpha.rows(), block_.num_edges());
    ASSERT_EQ(alpha.cols(), kHeads);
    for (std::size_t v = 1; v < kDestinations; ++v) {
      for (std::size_t h = 0; h < kHeads; ++h) {
        double sum = 0;
        for (EdgeOffset e = block_.offsets[v]; e < block_.offsets[v + 1]; ++e) sum += alpha(e, h);
        EXPECT_NEAR(sum, block_.offsets[v + 1] > block_.offsets[v] ? 1.0 : 0.0, 1e-12);
      }
    }
  }
}

}  // namespace
}  // namespace kith
