#include "encoder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <string>
#include <vector>

#include "encoder_world.h"
#include "kith/sampler/neighbor_sampler.h"
#include "needed_hops.h"
#include "testing/random_graph.h"

namespace kith {
namespace {

using testing::ChangeParameters;
using testing::FillNormal;
using testing::kAllKinds;
using testing::RandomEncoder;
using testing::Tensors;

std::shared_ptr<const SocialGraph> Graph(const Runtime& runtime) {
  return testing::RandomGraph(runtime, 30, 25, 180, 0, 6);
}

/// Whole neighbourhoods of a few seeds, two hops.
MiniBatch WholeNeighbourhoods(const std::shared_ptr<const SocialGraph>& graph, const std::vector<NodeId>& seeds) {
  const Fanout whole{Fanout::kAll, Fanout::kAll, 0};
  const NeighborSampler sampler(graph, {.fanouts = {whole, whole}});
  const auto scratch = sampler.NewScratch();
  MiniBatch batch;
  sampler.Sample(seeds, 0, /*transpose=*/true, *scratch, batch);
  return batch;
}

const std::vector<NodeId> kSeeds = {NodeId{40}, NodeId{2}, NodeId{31}, NodeId{17}};

/// The gradient of every parameter, by name without ".value".  Adam's first moment after the first step is a tenth of
/// it; at a rate of 0 the step moves nothing.
std::map<std::string, Matrix> Gradients(Encoder& encoder) {
  encoder.Step(/*learning_rate=*/0.0, /*step=*/1);
  std::map<std::string, Matrix> gradients;
  for (const auto& [name, tensor] : Tensors(encoder).tensors) {
    const std::size_t dot = name.rfind('.');
    if (name.substr(dot) != ".first") continue;
    Matrix moment = tensor.AsMatrix().value();
    for (float& value : moment.span()) value *= 10.0F;
    gradients.emplace(name.substr(0, dot), std::move(moment));
  }
  return gradients;
}

double Dot(const Matrix& a, const Matrix& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += static_cast<double>(a.data()[i]) * b.data()[i];
  return sum;
}

TEST(Encoder, WithLightGcnLayersIsTheSumOfThePowersOfTheNormalisedAdjacency) {
  const Runtime runtime(2);
  const auto graph = Graph(runtime);
  const std::size_t n = graph->num_nodes(), width = 8;
  std::vector<std::vector<double>> adjacency(n, std::vector<double>(n));
  for (const Edge& edge : graph->Edges(Relation::kInteracts)) {
    const double degrees = static_cast<double>(graph->degree(Relation::kInteracts, edge.source)) *
                           graph->degree(Relation::kInteractedBy, edge.target);
    const std::size_t item = graph->num_users() + edge.target;
    adjacency[edge.source][item] = adjacency[item][edge.source] = 1 / std::sqrt(degrees);
  }
  const auto encoder = RandomEncoder(LayerKind::kLightGcn, n, runtime, width);
  encoder->ForwardFull(FullGraphBlock(runtime, *graph));
  ASSERT_EQ(encoder->output().rows(), n);
  for (std::size_t c = 0; c < width; ++c) {
    std::vector<double> power(n), sum(n);
    for (std::size_t v = 0; v < n; ++v) sum[v] = power[v] = encoder->table()(v, c);
    for (int hop = 0; hop < 2; ++hop) {
      std::vector<double> next(n);
      for (std::size_t v = 0; v < n; ++v) {
        next[v] = std::inner_product(power.begin(), power.end(), adjacency[v].begin(), 0.0);
      }
      power = next;
      for (std::size_t v = 0; v < n; ++v) sum[v] += power[v];
    }
    for (std::size_t v = 0; v < n; ++v) {
      EXPECT_NEAR(encoder->output()(v, c), sum[v], 1e-5) << "node " << v << " column " << c;
    }
  }
}

TEST(Encoder, GivesOverSampledWholeNeighbourhoodsWhatItGivesOverTheWholeGraph) {
  const Runtime runtime(2);
  const auto graph = Graph(runtime);
  const MiniBatch batch = WholeNeighbourhoods(graph, kSeeds);
  for (const LayerKind kind : kAllKinds) {
    SCOPED_TRACE(ToString(kind));
    const auto encoder = RandomEncoder(kind, graph->num_nodes(), runtime);
    encoder->ForwardFull(FullGraphBlock(runtime, *graph));
    const Matrix full = encoder->output();
    encoder->ForwardSampled(batch.blocks);
    ASSERT_EQ(encoder->output().rows(), kSeeds.size());
    for (std::size_t s = 0; s < kSeeds.size(); ++s) {
      for (std::size_t c = 0; c < full.cols(); ++c) {
        EXPECT_NEAR(encoder->output()(s, c), full(index(kSeeds[s]), c), 1e-5);
      }
    }
  }
}

TEST(Encoder, HasTheSameGradientsOverSampledWholeNeighbourhoodsAsOverTheWholeGraph) {
  const Runtime runtime(2);
  const auto graph = Graph(runtime);
  const MiniBatch batch = WholeNeighbourhoods(graph, kSeeds);
  for (const LayerKind kind : kAllKinds) {
    SCOPED_TRACE(ToString(kind));
    Matrix of_seeds(kSeeds.size(), 8);
    FillNormal("of seeds", 1.0, 1, of_seeds);
    Matrix of_nodes(graph->num_nodes(), 8);
    of_nodes.fill(0.0F);
    for (std::size_t s = 0; s < kSeeds.size(); ++s) {
      std::copy_n(of_seeds.row(s), 8, of_nodes.row(index(kSeeds[s])));
    }
    const auto full = RandomEncoder(kind, graph->num_nodes(), runtime);
    const Block block = FullGraphBlock(runtime, *graph);
    full->ForwardFull(block);
    full->BackwardFull(block, of_nodes);
    const auto sampled = RandomEncoder(kind, graph->num_nodes(), runtime);
    sampled->ForwardSampled(batch.blocks);
    sampled->BackwardSampled(batch.blocks, of_seeds);
    const auto expected = Gradients(*full), found = Gradients(*sampled);
    ASSERT_EQ(found.size(), expected.size());
    for (const auto& [name, gradient] : expected) {
      const double scale = std::sqrt(Dot(gradient, gradient));
      EXPECT_GT(scale, 0) << name;
      for (std::size_t i = 0; i < gradient.size(); ++i) {
        EXPECT_NEAR(found.at(name).data()[i], gradient.data()[i], 1e-5 * scale) << name << " at " << i;
      }
    }
  }
}

/// A step that reads a few rows passes messages over the hops that these need, and learns what it would have learned.
TEST(Encoder, HasTheSameGradientsOverTheNeededHopsAsOverTheWholeGraph) {
  const Runtime runtime(2);
  const auto graph = Graph(runtime);
  const Block block = FullGraphBlock(runtime, *graph);
  NeededHops needed(runtime, block, 2);
  for (const std::vector<std::uint32_t>& rows :
       {std::vector<std::uint32_t>{3}, {0, 5, 11}, {1, graph->num_users(), graph->num_users() + 4}}) {
    Matrix dz(graph->num_nodes(), 8), random(graph->num_nodes(), 8);
    FillNormal("dz", 1.0, 1, random);
    dz.fill(0.0F);
    for (const std::uint32_t row : rows) std::copy_n(random.row(row), 8, dz.row(row));
    const std::span<const Block> hops = needed.For({rows});
    EXPECT_LT(needed.num_edges(), 2 * block.num_edges());
    for (const LayerKind kind : kAllKinds) {
      SCOPED_TRACE(ToString(kind));
      const auto full = RandomEncoder(kind, graph->num_nodes(), runtime);
      full->ForwardFull(block);
      full->BackwardFull(block, dz);
      const auto part = RandomEncoder(kind, graph->num_nodes(), runtime);
      part->ForwardFull(hops);
      for (const std::uint32_t row : rows) {
        EXPECT_TRUE(std::equal(part->output().row(row), part->output().row(row) + 8, full->output().row(row))) << row;
      }
      part->BackwardFull(hops, dz);
      const auto expected = Gradients(*full), found = Gradients(*part);
      for (const auto& [name, gradient] : expected) {
        const double scale = std::sqrt(Dot(gradient, gradient));
        EXPECT_GT(scale, 0) << name;
        for (std::size_t i = 0; i < gradient.size(); ++i) {
          EXPECT_NEAR(found.at(name).data()[i], gradient.data()[i], 1e-5 * scale) << name << " at " << i;
        }
      }
    }
  }
}

/// f = <weights, z>: along a random direction of every parameter, the gradient gives what central differences give.
TEST(Encoder, GradientsAgreeWithFiniteDifferences) {
  const Runtime runtime(2);
  const auto graph = Graph(runtime);
  const Block block = FullGraphBlock(runtime, *graph);
  for (const LayerKind kind : kAllKinds) {
    const auto encoder = RandomEncoder(kind, graph->num_nodes(), runtime);
    Matrix weights(graph->num_nodes(), 8);
    FillNormal("weights", 1.0, 2, weights);
    encoder->ForwardFull(block);
    encoder->BackwardFull(block, weights);
    const auto gradients = Gradients(*encoder);
    for (const auto& [name, gradient] : gradients) {
      // Half random, half along the gradient: the slope is well above float's rounding.
      Matrix direction(gradient.rows(), gradient.cols());
      FillNormal("direction of " + name, 1.0, 3, direction);
      const double steepness = std::sqrt(Dot(gradient, gradient) / static_cast<double>(gradient.size()));
      ASSERT_GT(steepness, 0) << ToString(kind) << " " << name;
      for (std::size_t i = 0; i < gradient.size(); ++i) {
        direction.data()[i] += gradient.data()[i] / static_cast<float>(steepness);
      }
      const auto value_along = [&](float step) {
        const auto move = [&](float by) {
          ChangeParameters(*encoder, [&](const std::string& parameter, Matrix& value) {
            if (parameter != name + ".value") return;
            for (std::size_t i = 0; i < value.size(); ++i) value.data()[i] += by * direction.data()[i];
          });
        };
        const TensorFile before = Tensors(*encoder);
        move(step);
        encoder->ForwardFull(block);
        CheckOk(encoder->Load("", before));
        return Dot(weights, encoder->output());
      };
      const float h = 1e-4F;  // small, since LeakyReLU has kinks
      const double slope = (value_along(h) - value_along(-h)) / (2 * static_cast<double>(h));
      const double expected = Dot(gradient, direction);
      EXPECT_NEAR(slope, expected, 0.005 * std::abs(expected) + 0.01) << ToString(kind) << " " << name;
    }
  }
}

TEST(Encoder, GivesTheSameBitsOnAnyNumberOfThreads) {
  const Runtime one(1), two(2), eight(8);
  const auto graph = testing::RandomGraph(one, 1500, 1200, 20000, 0, 12);
  const Block block = FullGraphBlock(one, *graph);
  Matrix dz(graph->num_nodes(), 16);
  FillNormal("dz", 1.0, 5, dz);
  for (const LayerKind kind : kAllKinds) {
    const auto after_two_steps = [&](const Runtime& runtime) {
      const auto encoder = RandomEncoder(kind, graph->num_nodes(), runtime, 16);
      for (std::uint64_t step = 1; step <= 2; ++step) {
        encoder->ForwardFull(block);
        encoder->BackwardFull(block, dz);
        encoder->Step(0.01, step);
      }
      encoder->ForwardFull(block);
      TensorFile file = Tensors(*encoder);
      file.tensors["z"] = Tensor::Of(encoder->output());
      return EncodeSafetensors(file);
    };
    const std::string alone = after_two_steps(one);
    EXPECT_TRUE(after_two_steps(two) == alone) << ToString(kind) << " on 2 threads";
    EXPECT_TRUE(after_two_steps(eight) == alone) << ToString(kind) << " on 8 threads";
  }
}

TEST(Encoder, StepsOnlyTheRowsOfTheTableThatASampledBatchTouched) {
  const Runtime runtime(1);
  const auto graph = Graph(runtime);
  const auto encoder = RandomEncoder(LayerKind::kLightGcn, graph->num_nodes(), runtime);
  const Matrix before = encoder->table();
  const NeighborSampler sampler(graph, {.fanouts = {{2, 2, 0}, {1, 1, 0}}});
  const auto scratch = sampler.NewScratch();
  MiniBatch batch;
  sampler.Sample(kSeeds, 0, /*transpose=*/true, *scratch, batch);
  Matrix dz(kSeeds.size(), 8);
  dz.fill(1.0F);
  encoder->ForwardSampled(batch.blocks);
  encoder->BackwardSampled(batch.blocks, dz);
  std::vector<std::uint32_t> touched;
  for (const NodeId node : batch.input_nodes()) touched.push_back(index(node));
  encoder->StepRows(0.01, 1, touched);
  // The outermost sources of a seed alone do not reach z: a touched row may stay, an untouched one must.
  std::size_t moved_rows = 0;
  for (std::uint32_t v = 0; v < graph->num_nodes(); ++v) {
    const bool moved = !std::equal(before.row(v), before.row(v) + 8, encoder->table().row(v));
    if (std::find(touched.begin(), touched.end(), v) == touched.end()) {
      EXPECT_FALSE(moved) << "node " << v;
    }
    if (std::find(kSeeds.begin(), kSeeds.end(), NodeId{v}) != kSeeds.end()) {
      EXPECT_TRUE(moved) << "seed " << v;
    }
    moved_rows += moved ? 1 : 0;
  }
  EXPECT_GT(moved_rows, kSeeds.size());
}

TEST(Encoder, GoesOnFromItsSavedTensorsAsIfItHadNeverStopped) {
  const Runtime runtime(2);
  const auto graph = Graph(runtime);
  const Block block = FullGraphBlock(runtime, *graph);
  Matrix dz(graph->num_nodes(), 8);
  FillNormal("dz", 1.0, 5, dz);
  for (const LayerKind kind : kAllKinds) {
    const auto step = [&](Encoder& encoder, std::uint64_t number) {
      encoder.ForwardFull(block);
      encoder.BackwardFull(block, dz);
      encoder.Step(0.05, number);
    };
    const auto never_stopped = RandomEncoder(kind, graph->num_nodes(), runtime);
    step(*never_stopped, 1);
    const std::string saved = EncodeSafetensors(Tensors(*never_stopped));
    step(*never_stopped, 2);
    const EncoderOptions options = never_stopped->options();
    const auto restored = Encoder::Make(options, runtime).value();
    CheckOk(restored->Load("", DecodeSafetensors(saved).value()));
    step(*restored, 2);
    EXPECT_TRUE(EncodeSafetensors(Tensors(*restored)) == EncodeSafetensors(Tensors(*never_stopped))) << ToString(kind);
  }
}

TEST(Encoder, RefusesTensorsOfAnotherShapeOrThatAreMissing) {
  const Runtime runtime(1);
  const auto small = RandomEncoder(LayerKind::kGat, 20, runtime), large = RandomEncoder(LayerKind::kGat, 21, runtime);
  EXPECT_EQ(large->Load("", Tensors(*small)).code(), StatusCode::kFailedPrecondition);
  TensorFile file = Tensors(*small);
  file.tensors.erase("layer.0.weight.value");
  EXPECT_EQ(small->Load("", file).code(), StatusCode::kCorruption);
  file = Tensors(*small);
  file.tensors["table.second"] = Tensor::Of(Matrix(3, 8));
  EXPECT_EQ(small->Load("", file).code(), StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace kith
