#include "kith/sampler/neighbor_sampler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <vector>

#include "testing/random_graph.h"
#include "testing/toy_graph.h"

namespace kith {
namespace {

std::vector<NodeId> Seeds(std::initializer_list<std::uint32_t> nodes) {
  std::vector<NodeId> seeds;
  for (const std::uint32_t node : nodes) seeds.push_back(NodeId{node});
  return seeds;
}

MiniBatch SampleOnce(const std::shared_ptr<const SocialGraph>& graph, NeighborSamplerOptions options,
                     const std::vector<NodeId>& seeds, std::uint64_t step = 0) {
  const NeighborSampler sampler(graph, std::move(options));
  const NeighborSampler::ScratchPtr scratch = sampler.NewScratch();
  MiniBatch batch;
  sampler.Sample(seeds, step, /*transpose=*/true, *scratch, batch);
  return batch;
}

bool HasEdge(const SocialGraph& graph, std::uint32_t destination, std::uint32_t source) {
  const std::uint32_t users = graph.num_users();
  const auto holds = [&](Relation relation, std::uint32_t row, std::uint32_t target) {
    const auto targets = graph.neighbors(relation, row).targets;
    return std::binary_search(targets.begin(), targets.end(), target);
  };
  if (destination >= users) return source < users && holds(Relation::kInteractedBy, destination - users, source);
  return source >= users ? holds(Relation::kInteracts, destination, source - users)
                         : holds(Relation::kTrusts, destination, source);
}

/// Pearson's statistic against equal shares, in standard deviations of its chi-square distribution.
double ChiSquareDeviations(const std::vector<double>& counts) {
  double total = 0;
  for (const double count : counts) total += count;
  const double expected = total / static_cast<double>(counts.size());
  double statistic = 0;
  for (const double count : counts) statistic += (count - expected) * (count - expected) / expected;
  const double freedom = static_cast<double>(counts.size()) - 1;
  return (statistic - freedom) / std::sqrt(2 * freedom);
}

std::shared_ptr<const SocialGraph> Star(const Runtime& runtime, std::uint32_t degree) {
  std::vector<Edge> edges;
  for (std::uint32_t i = 0; i < degree; ++i) edges.push_back({0, i});
  return SocialGraph::Build(runtime, 1, degree, edges, {}).value();
}

TEST(NeighborSampler, KeepsOnlyEdgesOfTheGraphAndMinOfFanoutAndDegree) {
  const Runtime runtime(2);
  const auto graph = testing::RandomGraph(runtime, 60, 80, 900, 200, 3);
  const NeighborSamplerOptions options{.fanouts = {{7, 3, 2}, {4, 5, 0}}, .seed = 9};
  const MiniBatch batch = SampleOnce(graph, options, Seeds({0, 5, 61, 100, 17}));
  ASSERT_EQ(batch.blocks.size(), 2U);
  EXPECT_EQ(batch.blocks[1].num_destinations(), 5U);
  for (std::size_t b = 0; b < 2; ++b) {
    const Block& block = batch.blocks[b];
    const Fanout& fanout = options.fanouts[1 - b];
    ASSERT_TRUE(block.Check().ok()) << block.Check().ToString();
    for (std::size_t v = 0; v < block.num_destinations(); ++v) {
      const std::uint32_t node = index(block.nodes[v]);
      std::map<Relation, std::set<std::uint32_t>> drawn;
      std::size_t edges = 0;
      for (EdgeOffset e = block.offsets[v]; e < block.offsets[v + 1]; ++e, ++edges) {
        const std::uint32_t source = index(block.nodes[block.sources[e]]);
        EXPECT_TRUE(HasEdge(*graph, node, source));
        drawn[block.relations[e]].insert(source);
      }
      const bool is_user = node < graph->num_users();
      const std::uint32_t main = is_user ? graph->degree(Relation::kInteracts, node)
                                         : graph->degree(Relation::kInteractedBy, node - graph->num_users());
      const std::uint32_t trusts = is_user && fanout.friends_per_user ? graph->degree(Relation::kTrusts, node) : 0;
      const std::size_t want = std::min(main, is_user ? fanout.items_per_user : fanout.users_per_item);
      const std::size_t want_friends = std::min(trusts, fanout.friends_per_user);
      EXPECT_EQ(edges, want + want_friends);
      EXPECT_EQ(drawn[Relation::kTrusts].size(), want_friends) << "friends repeat";
      EXPECT_EQ(drawn[is_user ? Relation::kInteracts : Relation::kInteractedBy].size(), want) << "neighbours repeat";
      EXPECT_FLOAT_EQ(block.scale[v],
                      edges == 0 ? 1.0F : static_cast<float>(main + trusts) / static_cast<float>(edges));
    }
  }
  for (std::size_t v = 0; v < batch.blocks[1].num_sources(); ++v) {
    EXPECT_EQ(batch.blocks[0].nodes[v], batch.blocks[1].nodes[v]) << "inner sources are the outer destinations";
  }
  EXPECT_EQ(batch.blocks[0].num_destinations(), batch.blocks[1].num_sources());
}

TEST(NeighborSampler, SaysTheDegreeOfEveryNodeInEveryBlock) {
  const Runtime runtime(1);
  const auto graph = testing::RandomGraph(runtime, 400, 500, 3000, 900, 3);  // more than one block of the frontier
  for (const std::uint32_t friends : {0U, 2U}) {
    const MiniBatch batch =
        SampleOnce(graph, {.fanouts = {{5, 5, friends}, {5, 5, 0}}}, Seeds({0, 5, 61, 100, 17, 430, 600, 899}));
    for (const Block& block : batch.blocks) {
      ASSERT_EQ(block.degrees.size(), block.nodes.size());
      for (std::size_t v = 0; v < block.nodes.size(); ++v) {
        const std::uint32_t node = index(block.nodes[v]), users = graph->num_users();
        const std::uint32_t degree = node >= users ? graph->degree(Relation::kInteractedBy, node - users)
                                                   : graph->degree(Relation::kInteracts, node) +
                                                         (friends != 0 ? graph->degree(Relation::kTrusts, node) : 0);
        ASSERT_EQ(block.degrees[v], degree) << "node " << node;
      }
    }
  }
}

TEST(NeighborSampler, TakesWholeNeighbourhoodsWhereAsked) {
  const Runtime runtime(1);
  const auto graph = testing::ToyGraph(runtime);
  const MiniBatch batch = SampleOnce(graph, {.fanouts = {{Fanout::kAll, Fanout::kAll, 0}}}, Seeds({2, 8}));
  const Block& block = batch.blocks[0];
  ASSERT_EQ(block.num_edges(), 5U);  // cem has 3 items; gilgamesh (node 5 + 3) has 2 users
  EXPECT_FLOAT_EQ(block.scale[0], 1.0F);
  EXPECT_EQ(block.degrees[0], 3U);
  EXPECT_EQ(block.degrees[1], 2U);
}

TEST(NeighborSampler, GivesTheSameBlocksForTheSameKeyAndOthersForAnotherStep) {
  const Runtime runtime(2);
  const auto graph = testing::RandomGraph(runtime, 200, 200, 6000, 0, 4);
  const NeighborSampler sampler(graph, {.fanouts = {{5, 5, 0}, {5, 5, 0}}, .seed = 2});
  const auto scratch = sampler.NewScratch();
  MiniBatch warm, again, other;
  sampler.Sample(Seeds({7, 8, 300}), 1, true, *scratch, warm);
  sampler.Sample(Seeds({1, 2, 3, 250}), 2, true, *scratch, other);
  sampler.Sample(Seeds({7, 8, 300}), 1, true, *scratch, again);
  EXPECT_EQ(warm.blocks[0].nodes, again.blocks[0].nodes);
  EXPECT_EQ(warm.blocks[0].sources, again.blocks[0].sources);
  sampler.Sample(Seeds({7, 8, 300}), 3, true, *scratch, again);
  EXPECT_NE(warm.blocks[0].sources, again.blocks[0].sources);
}

TEST(NeighborSampler, DrawsRepeatsWithReplacement) {
  const Runtime runtime(1);
  const MiniBatch batch = SampleOnce(Star(runtime, 3), {.fanouts = {{50, 0, 0}}, .with_replacement = true}, Seeds({0}));
  EXPECT_EQ(batch.blocks[0].num_edges(), 50U);
  EXPECT_EQ(batch.blocks[0].num_sources(), 4U);
  EXPECT_FLOAT_EQ(batch.blocks[0].scale[0], 3.0F / 50.0F);
}

TEST(NeighborSampler, DrawsEveryNeighbourOfAHubEquallyOften) {
  const Runtime runtime(1);
  // A modulo of a 16-bit number at 40 000 favours the front of the row; a product with one favours single neighbours
  // all over it, and at 100 000 never reaches every third: fewer distinct ones are met.
  for (const std::uint32_t degree : {3U, 40000U, 65535U, 65536U, 100000U}) {
    const auto graph = Star(runtime, degree);
    for (const bool with_replacement : {false, true}) {
      SCOPED_TRACE(::testing::Message() << "degree " << degree << (with_replacement ? " with" : " without"));
      const std::uint32_t keep = degree == 3 ? 2 : 20;
      const NeighborSampler sampler(graph,
                                    {.fanouts = {{keep, 0, 0}}, .with_replacement = with_replacement, .seed = 5});
      const auto scratch = sampler.NewScratch();
      MiniBatch batch;
      const std::size_t cells = std::min<std::size_t>(degree, 100);
      std::vector<double> counts(cells);
      std::vector<char> met(degree);
      double draws = 0;
      for (std::uint64_t step = 0; step < 5000; ++step) {
        sampler.Sample(Seeds({0}), step, false, *scratch, batch);
        for (const std::uint32_t source : batch.blocks[0].sources) {
          const std::uint64_t item = index(batch.blocks[0].nodes[source]) - 1;
          counts[item * cells / degree] += 1;
          met[item] = 1;
          draws += 1;
        }
      }
      EXPECT_LT(ChiSquareDeviations(counts), 4.0);
      // Neighbours met by `draws` throws into `degree` boxes: mean and variance of the occupancy problem.
      const double load = draws / degree, missed = std::exp(-load);
      const double expected = degree * (1 - missed);
      const double deviation = std::sqrt(degree * missed * (1 - (1 + load) * missed));
      EXPECT_NEAR(static_cast<double>(std::count(met.begin(), met.end(), 1)), expected, 5 * deviation + 1);
    }
  }
}

TEST(NeighborSampler, MakesEverySubsetOfASmallNodeEquallyLikely) {
  const Runtime runtime(1);
  for (const std::uint32_t keep : {1U, 3U, 5U}) {
    const NeighborSampler sampler(Star(runtime, 6), {.fanouts = {{keep, 0, 0}}, .seed = 11});
    const auto scratch = sampler.NewScratch();
    MiniBatch batch;
    std::map<std::set<std::uint32_t>, double> subsets;
    for (std::uint64_t step = 0; step < 12000; ++step) {
      sampler.Sample(Seeds({0}), step, false, *scratch, batch);
      std::set<std::uint32_t> subset;
      for (const std::uint32_t source : batch.blocks[0].sources) subset.insert(index(batch.blocks[0].nodes[source]));
      ASSERT_EQ(subset.size(), keep);
      subsets[subset] += 1;
    }
    const std::size_t expected = keep == 3 ? 20 : 6;
    ASSERT_EQ(subsets.size(), expected);
    std::vector<double> counts;
    for (const auto& [subset, count] : subsets) counts.push_back(count);
    EXPECT_LT(ChiSquareDeviations(counts), 4.0) << keep << " of 6";
  }
}

TEST(NeighborSampler, DrawsManyDistinctNeighboursBySetAsByScan) {
  const Runtime runtime(1);
  const NeighborSampler sampler(Star(runtime, 500), {.fanouts = {{200, 0, 0}}, .seed = 3});
  const auto scratch = sampler.NewScratch();
  MiniBatch batch;
  std::vector<double> counts(500);
  for (std::uint64_t step = 0; step < 2000; ++step) {
    sampler.Sample(Seeds({0}), step, false, *scratch, batch);
    const std::set<std::uint32_t> distinct(batch.blocks[0].sources.begin(), batch.blocks[0].sources.end());
    ASSERT_EQ(distinct.size(), 200U);
    for (const std::uint32_t source : batch.blocks[0].sources) counts[index(batch.blocks[0].nodes[source]) - 1] += 1;
  }
  EXPECT_LT(ChiSquareDeviations(counts), 4.0);
}

TEST(NeighborSampler, LeavesOutEveryNeighbourEquallyOftenWhereItKeepsAllButOne) {
  const Runtime runtime(1);
  for (const std::uint32_t degree : {20U, 41U}) {  // by scan, by set
    const NeighborSampler sampler(Star(runtime, degree), {.fanouts = {{degree - 1, 0, 0}}, .seed = 6});
    const auto scratch = sampler.NewScratch();
    MiniBatch batch;
    std::vector<double> left_out(degree);
    for (std::uint64_t step = 0; step < 4000; ++step) {
      sampler.Sample(Seeds({0}), step, false, *scratch, batch);
      std::vector<char> kept(degree);
      for (const std::uint32_t source : batch.blocks[0].sources) kept[index(batch.blocks[0].nodes[source]) - 1] = 1;
      for (std::uint32_t i = 0; i < degree; ++i) left_out[i] += kept[i] ? 0 : 1;
    }
    EXPECT_LT(ChiSquareDeviations(left_out), 4.0) << "of " << degree;
  }
}

TEST(NeighborSampler, DrawsIndependentlyInDifferentHopsAndNodes) {
  const Runtime runtime(1);
  // Two users with the same ten items: how often their single draws agree is binomial(1/10).
  std::vector<Edge> edges;
  for (std::uint32_t u = 0; u < 2; ++u) {
    for (std::uint32_t i = 0; i < 10; ++i) edges.push_back({u, i});
  }
  const auto graph = SocialGraph::Build(runtime, 2, 10, edges, {}).value();
  const NeighborSampler sampler(graph, {.fanouts = {{1, 1, 0}, {1, 1, 0}}, .seed = 8});
  const auto scratch = sampler.NewScratch();
  MiniBatch batch;
  int nodes_agree = 0, hops_agree = 0;
  constexpr int kSteps = 5000;
  for (std::uint64_t step = 0; step < kSteps; ++step) {
    sampler.Sample(Seeds({0, 1}), step, false, *scratch, batch);
    const Block &inner = batch.blocks[1], &outer = batch.blocks[0];
    nodes_agree += inner.nodes[inner.sources[0]] == inner.nodes[inner.sources[1]] ? 1 : 0;
    hops_agree += inner.nodes[inner.sources[0]] == outer.nodes[outer.sources[0]] ? 1 : 0;
  }
  const double deviation = std::sqrt(kSteps * 0.1 * 0.9);
  EXPECT_NEAR(nodes_agree, kSteps * 0.1, 5 * deviation);
  EXPECT_NEAR(hops_agree, kSteps * 0.1, 5 * deviation);
}

TEST(NeighborSampler, SeesEdgesThatArrivedAfterTheSnapshot) {
  const Runtime runtime(1);
  const auto graph = testing::ToyGraph(runtime);
  const std::vector<EdgeChange> news = {{Relation::kInteracts, {0, 5}, false}, {Relation::kInteracts, {0, 0}, true}};
  const auto live = graph->WithEdges(news, 5, 6, 17);
  const MiniBatch batch = SampleOnce(live, {.fanouts = {{Fanout::kAll, Fanout::kAll, 0}}}, Seeds({0}));
  std::set<std::uint32_t> items;
  for (const std::uint32_t source : batch.blocks[0].sources) items.insert(index(batch.blocks[0].nodes[source]) - 5);
  EXPECT_EQ(items, (std::set<std::uint32_t>{1, 5}));
}

TEST(NeighborSampler, RefusesOptionsThatCannotBe) {
  EXPECT_FALSE(NeighborSamplerOptions{.fanouts = {}}.Validate().ok());
  EXPECT_FALSE((NeighborSamplerOptions{.fanouts = {{Fanout::kAll, 1, 0}}, .with_replacement = true}.Validate().ok()));
  EXPECT_TRUE(NeighborSamplerOptions{}.Validate().ok());
}

}  // namespace
}  // namespace kith
