#include "kith/gnn/layer.h"

#include <gtest/gtest.h>

#include <cmath>
#include <stdexcept>
#include <string>

#include "gnn/random_block.h"
#include "testing/toy_graph.h"

namespace kith {
namespace {

using testing::Convert;
using testing::RandomBlock;
using testing::RandomMatrix;
using testing::SameBits;

constexpr std::array kKinds = {LayerKind::kGcn,   LayerKind::kLightGcn, LayerKind::kGat,
                               LayerKind::kGatv2, LayerKind::kHouse,    LayerKind::kSage};

/// Everything that one forward and backward pass leaves behind.
template <class T>
struct Pass {
  MatrixOf<T> y, dx, edges;
  std::vector<MatrixOf<T>> gradients;
};

template <class T>
Pass<T> ForwardAndBackward(LayerKind kind, const Runtime& runtime, const Block& block, const Matrix& x,
                           const Matrix& dy) {
  auto layer =
      MakeLayer<T>(kind,
                   {.in = x.cols(), .out = dy.cols(), .heads = 4, .num_nodes = 2 * block.num_sources(), .seed = 2},
                   runtime)
          .value();
  for (auto* parameter : layer->Parameters()) {
    if (parameter->name == "bias") parameter->value = Convert<T>(RandomMatrix<float>(parameter->value.rows(), 1, 3));
  }
  Pass<T> pass;
  layer->Forward(block, Convert<T>(x), pass.y);
  layer->Backward(block, Convert<T>(x), Convert<T>(dy), pass.dx);
  pass.edges = layer->EdgeWeights(block);
  for (auto* parameter : layer->Parameters()) pass.gradients.push_back(parameter->gradient);
  return pass;
}

void ExpectClose(const Matrix& a, const MatrixOf<double>& b, double tolerance) {
  ASSERT_EQ(a.rows(), b.rows());
  ASSERT_EQ(a.cols(), b.cols());
  double largest = 1.0;
  for (const double value : b.span()) largest = std::max(largest, std::abs(value));
  for (std::size_t i = 0; i < a.size(); ++i) ASSERT_NEAR(a.data()[i], b.data()[i], tolerance * largest);
}

TEST(Layer, FloatAgreesWithDouble) {
  const Runtime runtime(2);
  const Block block = RandomBlock(61, 40, 11);
  const Matrix x = RandomMatrix<float>(61, 16, 1), dy = RandomMatrix<float>(40, 16, 2);
  for (const LayerKind kind : kKinds) {
    SCOPED_TRACE(ToString(kind));
    const auto fast = ForwardAndBackward<float>(kind, runtime, block, x, dy);
    const auto exact = ForwardAndBackward<double>(kind, runtime, block, x, dy);
    ExpectClose(fast.y, exact.y, 1e-5);
    ExpectClose(fast.dx, exact.dx, 1e-5);
    ExpectClose(fast.edges, exact.edges, 1e-5);
    for (std::size_t p = 0; p < fast.gradients.size(); ++p) ExpectClose(fast.gradients[p], exact.gradients[p], 1e-5);
  }
}

TEST(Layer, GivesTheSameBitsOnOneTwoAndEightThreads) {
  const Runtime one(1), two(2), eight(8);
  const Block block = RandomBlock(1400, 900, 12);  // several ranges of rows
  const Matrix x = RandomMatrix<float>(1400, 8, 1), dy = RandomMatrix<float>(900, 8, 2);
  for (const LayerKind kind : kKinds) {
    SCOPED_TRACE(ToString(kind));
    const auto expected = ForwardAndBackward<float>(kind, one, block, x, dy);
    for (const Runtime* runtime : {&two, &eight}) {
      const auto found = ForwardAndBackward<float>(kind, *runtime, block, x, dy);
      EXPECT_TRUE(SameBits(found.y, expected.y));
      EXPECT_TRUE(SameBits(found.dx, expected.dx));
      EXPECT_TRUE(SameBits(found.edges, expected.edges));
      for (std::size_t p = 0; p < found.gradients.size(); ++p) {
        EXPECT_TRUE(SameBits(found.gradients[p], expected.gradients[p]));
      }
    }
  }
}

/// Numbers of 8 significant bits lose nothing in half precision: the same bits, then; others lose at most 2^-9 each.
TEST(Layer, StoresMessagesInHalfPrecisionWhereAsked) {
  const Runtime runtime(2);
  const Block block = RandomBlock(61, 40, 11);
  const auto rounded = [](Matrix m) {
    for (float& value : m.span()) value = std::round(value * 16.0F) / 16.0F;
    return m;
  };
  for (const LayerKind kind : {LayerKind::kLightGcn, LayerKind::kHouse, LayerKind::kGcn, LayerKind::kSage}) {
    SCOPED_TRACE(ToString(kind));
    const auto pass = [&](MessageStorage storage, const Matrix& x, const Matrix& dy) {
      auto layer =
          MakeLayer<float>(kind, {.in = 32, .out = 32, .num_nodes = 2 * block.num_sources(), .seed = 2}, runtime)
              .value();
      layer->StoreMessages(storage);
      Pass<float> made;
      layer->Forward(block, x, made.y);
      layer->Backward(block, x, dy, made.dx);
      return made;
    };
    const Matrix x = RandomMatrix<float>(61, 32, 1), dy = RandomMatrix<float>(40, 32, 2);
    const Pass<float> whole = pass(MessageStorage::kFloat32, rounded(x), rounded(dy)),
                      half = pass(MessageStorage::kBfloat16, rounded(x), rounded(dy));
    EXPECT_TRUE(SameBits(whole.y, half.y));
    if (kind == LayerKind::kLightGcn || kind == LayerKind::kHouse) {
      EXPECT_TRUE(SameBits(whole.dx, half.dx));
    }
    const Pass<float> exact = pass(MessageStorage::kFloat32, x, dy), near = pass(MessageStorage::kBfloat16, x, dy);
    EXPECT_FALSE(SameBits(exact.y, near.y));
    for (std::size_t i = 0; i < exact.y.size(); ++i) ASSERT_NEAR(exact.y.data()[i], near.y.data()[i], 0.05);
    for (std::size_t i = 0; i < exact.dx.size(); ++i) ASSERT_NEAR(exact.dx.data()[i], near.dx.data()[i], 0.05);
  }
}

TEST(Layer, GivesZerosToADestinationWithoutEdges) {
  const Runtime runtime(1);
  const Block block = RandomBlock(20, 10, 13);
  ASSERT_EQ(block.offsets[1], 0U);
  const Matrix x = RandomMatrix<float>(20, 8, 1), dy = RandomMatrix<float>(10, 8, 2);
  for (const LayerKind kind : kKinds) {
    SCOPED_TRACE(ToString(kind));
    const auto pass = ForwardAndBackward<float>(kind, runtime, block, x, dy);
    // GraphSAGE's destination keeps what its own vector gives.
    if (kind != LayerKind::kSage) {
      for (const float value : pass.y.row_span(0)) EXPECT_EQ(value, 0.0F);
    }
    for (const float value : pass.dx.row_span(19)) EXPECT_EQ(value, 0.0F);  // the last source sends nothing
  }
}

TEST(Layer, RunsOnABlockWithoutAnyEdge) {
  const Runtime runtime(2);
  Block block;
  block.nodes = {NodeId{0}, NodeId{1}};
  block.offsets = {0, 0};
  block.degrees = {0, 3};
  block.scale = {1.0F};
  block.BuildTranspose();
  for (const LayerKind kind : kKinds) {
    SCOPED_TRACE(ToString(kind));
    const auto pass =
        ForwardAndBackward<float>(kind, runtime, block, RandomMatrix<float>(2, 8, 1), RandomMatrix<float>(1, 8, 2));
    for (const float value : pass.dx.row_span(1)) EXPECT_EQ(value, 0.0F);
    if (kind == LayerKind::kSage) continue;  // its destination's own vector passes
    for (const float value : pass.y.span()) EXPECT_EQ(value, 0.0F);
    for (const float value : pass.dx.span()) EXPECT_EQ(value, 0.0F);
  }
}

TEST(HouseLayer, StartsAsLightGcnToTheBit) {
  const Runtime runtime(2);
  const auto graph = testing::ToyGraph(runtime);
  for (const Block& block : {FullGraphBlock(runtime, *graph), RandomBlock(700, 500, 14)}) {
    const std::size_t sources = block.num_sources(), destinations = block.num_destinations();
    const LayerOptions options = {.in = 24, .out = 24, .num_nodes = 2 * sources};
    auto light = MakeLayer<float>(LayerKind::kLightGcn, options, runtime).value();
    auto house = MakeLayer<float>(LayerKind::kHouse, options, runtime).value();
    const Matrix x = RandomMatrix<float>(sources, 24, 1), dy = RandomMatrix<float>(destinations, 24, 2);
    Matrix light_y, house_y, light_dx, house_dx;
    light->Forward(block, x, light_y);
    house->Forward(block, x, house_y);
    light->Backward(block, x, dy, light_dx);
    house->Backward(block, x, dy, house_dx);
    EXPECT_TRUE(SameBits(light_y, house_y));
    EXPECT_TRUE(SameBits(light_dx, house_dx));
    EXPECT_TRUE(SameBits(light->EdgeWeights(block), house->EdgeWeights(block)));
  }
}

TEST(LightGcnLayer, BackwardIsTheTransposeOfForward) {
  const Runtime runtime(2);
  const Block block = RandomBlock(40, 25, 15);
  auto layer = MakeLayer<double>(LayerKind::kLightGcn, {.in = 7, .out = 7}, runtime).value();
  const auto x = RandomMatrix<double>(40, 7, 1), g = RandomMatrix<double>(25, 7, 2);
  MatrixOf<double> y, dx;
  layer->Forward(block, x, y);
  layer->Backward(block, x, g, dx);
  EXPECT_NEAR(testing::Inner(y, g), testing::Inner(x, dx), 1e-11);
}

TEST(LightGcnLayer, GivesAConstantOnARegularGraphBack) {
  const Runtime runtime(1);
  // Two users, two items, everybody likes everything: every node has degree 2 and A has row sums 1.
  const std::array<Edge, 4> all = {{{0, 0}, {0, 1}, {1, 0}, {1, 1}}};
  const auto graph = SocialGraph::Build(runtime, 2, 2, all, {}).value();
  const Block block = FullGraphBlock(runtime, *graph);
  auto layer = MakeLayer<float>(LayerKind::kLightGcn, {.in = 3, .out = 3}, runtime).value();
  Matrix x(4, 3), y;
  x.fill(2.5F);
  layer->Forward(block, x, y);
  for (const float value : y.span()) EXPECT_FLOAT_EQ(value, 2.5F);
}

TEST(MakeLayer, RefusesOptionsThatDoNotFitTheKind) {
  const Runtime runtime(1);
  const auto code = [&](LayerKind kind, const LayerOptions& options) {
    return MakeLayer<float>(kind, options, runtime).status().code();
  };
  EXPECT_EQ(code(LayerKind::kLightGcn, {.in = 8, .out = 4}), StatusCode::kInvalidArgument);
  EXPECT_EQ(code(LayerKind::kHouse, {.in = 8, .out = 8}), StatusCode::kInvalidArgument);  // num_nodes missing
  EXPECT_EQ(code(LayerKind::kGat, {.in = 8, .out = 8, .heads = 3}), StatusCode::kInvalidArgument);
  EXPECT_EQ(code(LayerKind::kGatv2, {.in = 8, .out = 8, .heads = 0}), StatusCode::kInvalidArgument);
  EXPECT_EQ(code(LayerKind::kGat, {.leaky_slope = 0.0}), StatusCode::kInvalidArgument);
  EXPECT_EQ(code(LayerKind::kGcn, {.in = 0}), StatusCode::kInvalidArgument);
  EXPECT_EQ(code(LayerKind::kGcn, {.in = 8, .out = 4}), StatusCode::kOk);
}

TEST(Layer, SaysWhichShapeItExpected) {
  const Runtime runtime(1);
  Block block = RandomBlock(20, 10, 16);
  auto layer = MakeLayer<float>(LayerKind::kLightGcn, {.in = 4, .out = 4}, runtime).value();
  Matrix y, dx;
  EXPECT_THROW(layer->Forward(block, Matrix(19, 4), y), std::invalid_argument);
  layer->Forward(block, Matrix(20, 4), y);
  EXPECT_THROW(layer->Backward(block, Matrix(20, 4), Matrix(10, 3), dx), std::invalid_argument);
  block.transpose_offsets.clear();
  EXPECT_THROW(layer->Backward(block, Matrix(20, 4), Matrix(10, 4), dx), std::invalid_argument);
}

TEST(LayerKind, NamesReadBack) {
  for (const LayerKind kind : kKinds) EXPECT_EQ(ParseLayerKind(ToString(kind)).value(), kind);
  const Status unknown = ParseLayerKind("transformer").status();
  EXPECT_EQ(unknown.code(), StatusCode::kInvalidArgument);
  EXPECT_NE(unknown.message().find("lightgcn"), std::string_view::npos);
}

}  // namespace
}  // namespace kith
