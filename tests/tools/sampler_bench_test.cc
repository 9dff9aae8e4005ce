#include "bench/sampler_bench.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <vector>

#include "testing/random_graph.h"
#include "testing/toy_graph.h"

namespace kith::tools {
namespace {

TEST(Rmat, IsSymmetricWithoutRepeatsOrLoopsAndTheSameOnAnyNumberOfThreads) {
  const Runtime one(1), eight(8);
  const auto graph = MakeRmatGraph(one, {.scale = 10, .edges_per_node = 6}).value();
  EXPECT_EQ(graph->num_users(), 1024U);
  const std::vector<Edge> edges = graph->Edges(Relation::kTrusts);
  std::set<std::pair<std::uint32_t, std::uint32_t>> pairs;
  for (const Edge& edge : edges) {
    EXPECT_NE(edge.source, edge.target);
    EXPECT_TRUE(pairs.emplace(edge.source, edge.target).second);
  }
  for (const auto& [source, target] : pairs) EXPECT_TRUE(pairs.contains({target, source}));
  EXPECT_EQ(MakeRmatGraph(eight, {.scale = 10, .edges_per_node = 6}).value()->Edges(Relation::kTrusts), edges);
  EXPECT_NE(MakeRmatGraph(one, {.scale = 10, .edges_per_node = 6, .seed = 2}).value()->Edges(Relation::kTrusts), edges);
}

TEST(Rmat, HasHubsAndManyNodesOfFewEdges) {
  const Runtime runtime(2);
  const auto graph = MakeRmatGraph(runtime, {.scale = 13}).value();
  std::vector<std::uint32_t> degrees;
  for (std::uint32_t u = 0; u < graph->num_users(); ++u) degrees.push_back(graph->degree(Relation::kTrusts, u));
  std::sort(degrees.begin(), degrees.end());
  const double mean = static_cast<double>(graph->num_friendships()) / graph->num_users();
  EXPECT_GT(mean, 8);
  EXPECT_LT(mean, 16) << "two directions of eight draws, less repeats";
  EXPECT_GT(degrees.back(), 20 * mean);
  EXPECT_LT(degrees[degrees.size() / 2], mean / 2);
}

/// Small enough for a test, with hops enough to relabel.
SamplerBenchOptions Small() {
  SamplerBenchOptions options{.fanouts = {{5, 3}, {4, 3, 2}}, .seeds_per_batch = 64, .batches = 9, .repeats = 2};
  options.rmat.scale = 10;
  return options;
}

TEST(SamplerBench, GivesVerifiedRowsForBothGraphsWithOneHashForAnyNumberOfThreads) {
  const Runtime one(1), two(2), eight(8);
  const NamedGraph data = {"random", testing::RandomGraph(one, 300, 200, 4000, 0, 3)};
  const auto alone = RunSamplerBench(one, Small(), data).value();
  ASSERT_EQ(alone.size(), 4U);
  for (const SamplerBenchRow& row : alone) {
    EXPECT_TRUE(row.verified) << row.graph << " " << row.fanouts;
    EXPECT_GT(row.edges, 9U * 64);
    EXPECT_GT(row.edges_per_core_second, 0);
  }
  EXPECT_EQ(alone[0].graph, "random");
  EXPECT_EQ(alone[0].fanouts, "5,3");
  EXPECT_EQ(alone[3].graph, "rmat-scale10");
  EXPECT_EQ(alone[3].fanouts, "4,3,2");
  for (const Runtime* runtime : {&two, &eight}) {
    const auto rows = RunSamplerBench(*runtime, Small(), data).value();
    for (std::size_t i = 0; i < rows.size(); ++i) {
      EXPECT_TRUE(rows[i].verified);
      EXPECT_EQ(rows[i].hash, alone[i].hash);
      EXPECT_EQ(rows[i].edges, alone[i].edges);
    }
  }
  SamplerBenchOptions other = Small();
  other.seed = 2;
  EXPECT_NE(RunSamplerBench(one, other, data).value()[0].hash, alone[0].hash);
}

TEST(SamplerBench, TakesGraphsOfFewerNodesThanABatchAndRefusesOnesWithoutEdges) {
  const Runtime runtime(1);
  const auto toy = RunSamplerCase(runtime, {"toy", testing::ToyGraph(runtime)}, {2, 2}, Small()).value();
  EXPECT_TRUE(toy.verified);
  EXPECT_EQ(toy.nodes, 11U);
  EXPECT_EQ(toy.graph_edges, 22U);
  const NamedGraph empty = {"empty", SocialGraph::Build(runtime, 3, 3, {}, {}).value()};
  EXPECT_EQ(RunSamplerBench(runtime, Small(), empty).status().code(), StatusCode::kInvalidArgument);
  SamplerBenchOptions none = Small();
  none.batches = 0;
  EXPECT_EQ(RunSamplerBench(runtime, none).status().code(), StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace kith::tools
