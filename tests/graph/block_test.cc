#include "kith/graph/block.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <string>
#include <tuple>
#include <utility>

#include "graph/random_graph.h"
#include "testing/toy_graph.h"

namespace kith {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// Every message of the block as (source node, destination node).
std::multiset<std::pair<std::uint32_t, std::uint32_t>> Messages(const Block& block) {
  std::multiset<std::pair<std::uint32_t, std::uint32_t>> messages;
  for (std::size_t v = 0; v < block.num_destinations(); ++v) {
    for (EdgeOffset e = block.offsets[v]; e < block.offsets[v + 1]; ++e) {
      messages.emplace(index(block.nodes[block.sources[e]]), index(block.nodes[v]));
    }
  }
  return messages;
}

/// Two destinations, three sources, a repeated edge: what sampling with replacement may give.
Block SmallBlock() {
  Block block;
  block.nodes = {NodeId{7}, NodeId{2}, NodeId{9}};
  block.offsets = {0, 3, 5};
  block.sources = {2, 1, 2, 0, 2};
  block.degrees = {6, 2, 4};
  block.scale = {2.0F, 1.0F};
  block.BuildTranspose();
  return block;
}

TEST(Block, TransposeListsTheSameEdgesBySource) {
  const Block block = SmallBlock();
  CheckOk(block.Check());
  EXPECT_THAT(block.transpose_offsets, ElementsAre(0, 1, 2, 5));
  EXPECT_THAT(block.transpose_destinations, ElementsAre(1, 0, 0, 0, 1));
}

TEST(Block, CheckFindsEachBrokenInvariant) {
  const auto message = [](auto damage) {
    Block block = SmallBlock();
    damage(block);
    return std::string(block.Check().message());
  };
  EXPECT_THAT(message([](Block& b) { b.nodes[2] = NodeId{7}; }), HasSubstr("node 7 stands twice"));
  EXPECT_THAT(message([](Block& b) { b.offsets[0] = 1; }), HasSubstr("do not start at 0"));
  EXPECT_THAT(message([](Block& b) { b.offsets[1] = 6; }), HasSubstr("decrease"));
  EXPECT_THAT(message([](Block& b) { b.offsets[2] = 4; }), HasSubstr("end at 4, expected 5"));
  EXPECT_THAT(message([](Block& b) { b.sources[1] = 3; }), HasSubstr("source 3"));
  EXPECT_THAT(message([](Block& b) { b.degrees.pop_back(); }), HasSubstr("degrees"));
  EXPECT_THAT(message([](Block& b) { b.scale[1] = 0.0F; }), HasSubstr("scale of destination 1"));
  EXPECT_THAT(message([](Block& b) { b.scale.push_back(1.0F); }), HasSubstr("scales"));
  EXPECT_THAT(message([](Block& b) { b.relations = {Relation::kTrusts}; }), HasSubstr("relations"));
  EXPECT_THAT(message([](Block& b) { b.offsets.assign(5, 5); }), HasSubstr("destinations"));
  EXPECT_THAT(message([](Block& b) { b.transpose_offsets.clear(); }), HasSubstr("transpose offsets"));
  EXPECT_THAT(message([](Block& b) { b.transpose_destinations[1] = 1; }),
              HasSubstr("transpose entry 1 says 1 -> 1, expected 1 -> 0"));
  EXPECT_THAT(message([](Block& b) { std::swap(b.transpose_destinations[2], b.transpose_destinations[4]); }),
              HasSubstr("transpose entry 2"));
}

TEST(Block, OfNothingIsValid) {
  Block block;
  CheckOk(block.Check());
  block.BuildTranspose();
  CheckOk(block.Check());
  const Runtime runtime(1);
  const auto nobody = SocialGraph::Build(runtime, 0, 0, {}, {}).value();
  CheckOk(FullGraphBlock(runtime, *nobody).Check());
  SymmetricWeights(runtime, FullGraphBlock(runtime, *nobody), {});
}

TEST(FullGraphBlock, OfTheToyHasAMessageEachWay) {
  const Runtime runtime(2);
  const Block block = FullGraphBlock(runtime, *testing::ToyGraph(runtime));
  CheckOk(block.Check());
  EXPECT_EQ(block.num_destinations(), 11U);
  EXPECT_EQ(block.num_edges(), 22U);
  EXPECT_THAT(block.degrees, ElementsAre(2, 2, 3, 2, 2, 2, 2, 2, 2, 2, 1));
  std::multiset<std::pair<std::uint32_t, std::uint32_t>> expected;
  for (const Edge& edge : testing::kToyInteractions) {
    expected.emplace(edge.source, 5 + edge.target);
    expected.emplace(5 + edge.target, edge.source);
  }
  EXPECT_EQ(Messages(block), expected);
}

TEST(FullGraphBlock, SeesTheOverlayAndTransposesLikeACountingSort) {
  const Runtime runtime(2);
  const auto frozen = testing::RandomGraph(runtime, 11, 300, 200, 4000, 10);
  std::vector<EdgeChange> changes;
  for (const Edge& edge : testing::RandomEdges(12, 310, 205, 300)) {
    changes.push_back({Relation::kInteracts, edge, edge.weight > 4.0F});
  }
  const auto graph = frozen->WithEdges(changes, 310, 205, 1);
  const Block block = FullGraphBlock(runtime, *graph);
  CheckOk(block.Check());
  std::multiset<std::pair<std::uint32_t, std::uint32_t>> expected;
  for (const Edge& edge : graph->Edges(Relation::kInteracts)) {
    expected.emplace(edge.source, 310 + edge.target);
    expected.emplace(310 + edge.target, edge.source);
  }
  EXPECT_EQ(Messages(block), expected);
  Block sorted = block;
  sorted.BuildTranspose();
  EXPECT_EQ(block.transpose_offsets, sorted.transpose_offsets);
  EXPECT_EQ(block.transpose_destinations, sorted.transpose_destinations);
}

TEST(FullGraphBlock, HasTheSameBitsOnOneTwoAndEightThreads) {
  const Runtime one(1);
  const auto graph = testing::RandomGraph(one, 2, 4000, 3000, 60000, 100);
  const Block expected = FullGraphBlock(one, *graph);
  std::vector<float> expected_weights(expected.num_edges());
  SymmetricWeights(one, expected, expected_weights);
  for (int threads : {2, 8}) {
    const Runtime runtime(threads);
    const Block block = FullGraphBlock(runtime, *graph);
    EXPECT_EQ(block.sources, expected.sources);
    EXPECT_EQ(block.offsets, expected.offsets);
    EXPECT_EQ(block.transpose_offsets, expected.transpose_offsets);
    EXPECT_EQ(block.transpose_destinations, expected.transpose_destinations);
    std::vector<float> weights(block.num_edges());
    SymmetricWeights(runtime, block, weights);
    EXPECT_EQ(weights, expected_weights);
  }
}

TEST(TakeRows, KeepsTheWantedRowsAndNothingElse) {
  const Runtime one(1);
  const auto graph = testing::RandomGraph(one, 5, 900, 700, 9000, 20);
  const Block whole = FullGraphBlock(one, *graph);
  Block part;  // used again for each choice
  for (const std::uint32_t every : {3U, 1U, 1000000U, 7U}) {
    std::vector<std::uint8_t> wanted(whole.num_destinations());
    for (std::size_t v = 0; v < wanted.size(); ++v) wanted[v] = v % every == every / 2 ? 1 : 0;
    std::multiset<std::pair<std::uint32_t, std::uint32_t>> expected;
    for (const auto& [source, destination] : Messages(whole)) {
      if (wanted[destination] != 0) expected.emplace(source, destination);
    }
    for (const int threads : {1, 2, 8}) {
      TakeRows(Runtime(threads), whole, wanted, part);
      CheckOk(part.Check());
      EXPECT_EQ(Messages(part), expected) << "every " << every;
      EXPECT_EQ(part.nodes, whole.nodes);
      EXPECT_EQ(part.degrees, whole.degrees) << "of the whole graph, whatever was taken";
      EXPECT_EQ(part.scale, whole.scale);
      EXPECT_EQ(part.transpose_offsets.size(), whole.num_sources() + 1);
    }
  }
}

TEST(SymmetricWeights, UseWholeGraphDegreesAndTheScaleOfTheDestination) {
  const Runtime runtime(1);
  const Block block = SmallBlock();
  std::vector<float> weights(block.num_edges());
  SymmetricWeights(runtime, block, weights);
  EXPECT_FLOAT_EQ(weights[0], 2.0F / std::sqrt(4.0F * 6.0F));
  EXPECT_FLOAT_EQ(weights[1], 2.0F / std::sqrt(2.0F * 6.0F));
  EXPECT_FLOAT_EQ(weights[3], 1.0F / std::sqrt(6.0F * 2.0F));
  EXPECT_FLOAT_EQ(weights[4], 1.0F / std::sqrt(4.0F * 2.0F));
}

/// D^-1/2 A D^-1/2 has the eigenvector sqrt(degree) with eigenvalue 1, whatever the graph.
TEST(SymmetricWeights, LeaveTheRootsOfTheDegreesInPlace) {
  const Runtime runtime(2);
  const auto graph = testing::RandomGraph(runtime, 21, 200, 150, 2500, 0);
  const Block block = FullGraphBlock(runtime, *graph);
  std::vector<float> weights(block.num_edges());
  SymmetricWeights(runtime, block, weights);
  for (std::size_t v = 0; v < block.num_destinations(); ++v) {
    double sum = 0;
    for (EdgeOffset e = block.offsets[v]; e < block.offsets[v + 1]; ++e) {
      const std::uint32_t u = block.sources[e];
      sum += double{weights[e]} * std::sqrt(static_cast<double>(block.degrees[u]));
      const auto row = block.sources.begin() + static_cast<std::ptrdiff_t>(block.offsets[u]);
      const auto reverse = std::find(row, row + block.degrees[u], v) - block.sources.begin();
      EXPECT_EQ(weights[e], weights[static_cast<std::size_t>(reverse)]) << "both directions weigh the same bits";
    }
    EXPECT_NEAR(sum, std::sqrt(static_cast<double>(block.degrees[v])), 1e-4);
  }
}

}  // namespace
}  // namespace kith
