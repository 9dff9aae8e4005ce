#include "kith/sampler/walk_sampler.h"

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

WalkBatch Walk(const std::shared_ptr<const SocialGraph>& graph, const WalkSamplerOptions& options,
               const std::vector<NodeId>& seeds, std::uint64_t step = 0) {
  const WalkSampler sampler(graph, options);
  const auto scratch = sampler.NewScratch();
  WalkBatch batch;
  sampler.Sample(seeds, step, /*transpose=*/true, *scratch, batch);
  EXPECT_TRUE(batch.block.Check().ok()) << batch.block.Check().ToString();
  return batch;
}

std::vector<NodeId> AllNodes(const SocialGraph& graph) {
  std::vector<NodeId> nodes;
  for (std::uint32_t v = 0; v < graph.num_nodes(); ++v) nodes.push_back(NodeId{v});
  return nodes;
}

/// Visits of every node by the chain's own distribution, step by step: what the counts have as their mean.
std::vector<double> ExpectedVisits(const SocialGraph& graph, std::uint32_t seed, const WalkSamplerOptions& options) {
  const std::uint32_t users = graph.num_users();
  std::vector<double> at(graph.num_nodes()), visits(graph.num_nodes());
  at[seed] = 1;
  for (std::uint32_t move = 0; move < options.moves; ++move) {
    if (move % 2 == 0) {
      for (double& share : at) share *= 1 - static_cast<double>(options.restart);
      at[seed] += static_cast<double>(options.restart);
    }
    std::vector<double> next(graph.num_nodes());
    for (std::uint32_t v = 0; v < at.size(); ++v) {
      const Neighbors row = v < users ? graph.items(UserId{v}) : graph.users(ItemId{v - users});
      for (const std::uint32_t target : row.targets) {
        next[target + (v < users ? users : 0)] += at[v] / static_cast<double>(row.size());
      }
    }
    at = next;
    if (move % 2 == 1) {
      for (std::uint32_t v = 0; v < at.size(); ++v) visits[v] += options.walks * at[v];
    }
  }
  return visits;
}

TEST(WalkSampler, VisitsNodesAsOftenAsTheWalkWithRestartDoes) {
  const auto graph = testing::ToyGraph(Runtime(1));
  const WalkSamplerOptions options{.walks = 4000, .moves = 6, .restart = 0.3F, .keep = 100};
  const auto seeds = AllNodes(*graph);
  constexpr int kBatches = 20;
  std::vector<std::map<std::uint32_t, double>> all_visits(seeds.size());
  for (int step = 0; step < kBatches; ++step) {
    const WalkBatch batch = Walk(graph, options, seeds, static_cast<std::uint64_t>(step));
    for (std::size_t s = 0; s < seeds.size(); ++s) {
      for (EdgeOffset e = batch.block.offsets[s]; e < batch.block.offsets[s + 1]; ++e) {
        all_visits[s][index(batch.block.nodes[batch.block.sources[e]])] += batch.visits[e];
      }
    }
  }
  for (std::size_t s = 0; s < seeds.size(); ++s) {
    auto expected = ExpectedVisits(*graph, index(seeds[s]), options);
    for (double& mean : expected) mean *= kBatches;
    std::map<std::uint32_t, double>& visits = all_visits[s];
    EXPECT_FALSE(visits.contains(index(seeds[s])));
    for (std::uint32_t v = 0; v < graph->num_nodes(); ++v) {
      if (v == index(seeds[s])) continue;
      // A walker's visits of one node are up to three dependent ones: three times binomial variance is a bound.
      EXPECT_NEAR(visits[v], expected[v], 5 * std::sqrt(3 * expected[v]) + 1) << "from " << s << " at " << v;
    }
  }
}

TEST(WalkSampler, KeepsTheMostVisitedFirstWithTheirSharesAsWeights) {
  const auto graph = testing::RandomGraph(Runtime(1), 200, 100, 3000, 800, 2);
  for (const Relation over : {Relation::kInteracts, Relation::kTrusts}) {
    std::vector<NodeId> seeds;
    for (std::uint32_t u = 0; u < 150; ++u) seeds.push_back(NodeId{u});
    const WalkBatch all = Walk(graph, {.over = over, .keep = 1000}, seeds);
    const WalkBatch few = Walk(graph, {.over = over, .keep = 4}, seeds);
    EXPECT_GT(all.moves, 0U);
    for (std::size_t s = 0; s < seeds.size(); ++s) {
      const std::size_t kept = few.block.offsets[s + 1] - few.block.offsets[s];
      const std::size_t visited = all.block.offsets[s + 1] - all.block.offsets[s];
      ASSERT_EQ(kept, std::min<std::size_t>(4, visited));
      double weights = 0;
      for (std::size_t k = 0; k < kept; ++k) {
        const EdgeOffset mine = few.block.offsets[s] + k, theirs = all.block.offsets[s] + k;
        EXPECT_EQ(few.block.nodes[few.block.sources[mine]], all.block.nodes[all.block.sources[theirs]]);
        EXPECT_EQ(few.visits[mine], all.visits[theirs]);
        if (k > 0) {
          EXPECT_LE(few.visits[mine], few.visits[mine - 1]);
        }
        weights += static_cast<double>(few.weights[mine]);
      }
      if (kept != 0) {
        EXPECT_NEAR(weights, 1.0, 1e-5);
      }
    }
  }
}

TEST(WalkSampler, GivesTheSameForTheSameKeyWhateverWasSampledBeforeAndAnotherForAnotherStep) {
  const auto graph = testing::RandomGraph(Runtime(1), 200, 100, 3000, 0, 2);
  const std::vector<NodeId> seeds = {NodeId{5}, NodeId{250}, NodeId{17}};
  const WalkSampler sampler(graph, {});
  const auto scratch = sampler.NewScratch();
  WalkBatch other, again;
  sampler.Sample(AllNodes(*graph), 3, true, *scratch, other);
  sampler.Sample(seeds, 7, true, *scratch, again);
  const WalkBatch fresh = Walk(graph, {}, seeds, 7);
  EXPECT_EQ(again.block.nodes, fresh.block.nodes);
  EXPECT_EQ(again.block.sources, fresh.block.sources);
  EXPECT_EQ(again.visits, fresh.visits);
  EXPECT_NE(Walk(graph, {}, seeds, 8).visits, fresh.visits);
  EXPECT_NE(Walk(graph, {.seed = 2}, seeds, 7).visits, fresh.visits);
}

TEST(WalkSampler, StartsAgainWhereFriendshipsEndAndKeepsNobodyForALoneSeed) {
  // 0 -> 1 -> 2, and 3 trusts nobody.
  const std::vector<Edge> trusts = {{0, 1}, {1, 2}};
  const auto graph = SocialGraph::Build(Runtime(1), 4, 0, {}, trusts).value();
  const WalkBatch batch =
      Walk(graph, {.over = Relation::kTrusts, .walks = 50, .moves = 9, .restart = 0}, AllNodes(*graph));
  EXPECT_EQ(batch.block.offsets, (std::vector<EdgeOffset>{0, 2, 3, 3, 3}));
  EXPECT_EQ(batch.visits, (std::vector<std::uint32_t>{150, 150, 250}));
}

TEST(WalkSampler, SeesEdgesThatArrivedAfterTheSnapshot) {
  const std::vector<Edge> likes = {{0, 0}};
  const auto graph = SocialGraph::Build(Runtime(1), 2, 1, likes, {}).value();
  const auto live = graph->WithEdges(std::vector<EdgeChange>{{Relation::kInteracts, {1, 0}, false}}, 2, 1, 2);
  EXPECT_EQ(Walk(graph, {}, {NodeId{0}}).block.num_edges(), 0U);
  EXPECT_EQ(Walk(live, {}, {NodeId{0}}).block.num_edges(), 1U);
}

TEST(WalkSampler, RefusesOptionsThatCannotBe) {
  EXPECT_TRUE(WalkSamplerOptions{}.Validate().ok());
  EXPECT_FALSE(WalkSamplerOptions{.over = Relation::kTrustedBy}.Validate().ok());
  EXPECT_FALSE(WalkSamplerOptions{.walks = 0}.Validate().ok());
  EXPECT_FALSE(WalkSamplerOptions{.restart = 1.0F}.Validate().ok());
  EXPECT_FALSE(WalkSamplerOptions{.keep = 0}.Validate().ok());
}

}  // namespace
}  // namespace kith
