#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <vector>

#include "chi_square.h"
#include "kith/sampler/neighbor_sampler.h"
#include "weighted_graph.h"

namespace kith {
namespace {

Relation RelationOf(const SocialGraph& graph, std::uint32_t node, std::uint32_t source) {
  if (node >= graph.num_users()) return Relation::kInteractedBy;
  return source >= graph.num_users() ? Relation::kInteracts : Relation::kTrusts;
}

Neighbors RowOf(const SocialGraph& graph, Relation relation, std::uint32_t node) {
  return graph.neighbors(relation, relation == Relation::kInteractedBy ? node - graph.num_users() : node);
}

/// Times of a row's edges before `before`, latest first.
std::vector<std::int64_t> TimesBefore(const Neighbors& row, std::int64_t before) {
  std::vector<std::int64_t> times;
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (row.time(i) < before) times.push_back(row.time(i));
  }
  std::sort(times.rbegin(), times.rend());
  return times;
}

/// Looks at every edge of a batch: whose, how many, how old.
void Check(const SocialGraph& graph, const NeighborSamplerOptions& options, const MiniBatch& batch) {
  for (std::size_t b = 0; b < batch.blocks.size(); ++b) {
    const Block& block = batch.blocks[b];
    const Fanout& fanout = options.fanouts[batch.blocks.size() - 1 - b];
    ASSERT_TRUE(block.Check().ok()) << block.Check().ToString();
    for (std::size_t v = 0; v < block.num_destinations(); ++v) {
      const std::uint32_t node = index(block.nodes[v]);
      std::map<Relation, std::vector<std::int64_t>> drawn;
      for (EdgeOffset e = block.offsets[v]; e < block.offsets[v + 1]; ++e) {
        const std::uint32_t source = index(block.nodes[block.sources[e]]);
        ASSERT_EQ(block.times[block.sources[e]], block.times[v]) << "a neighbour is looked at from the seed's time";
        const Relation relation = RelationOf(graph, node, source);
        const Neighbors row = RowOf(graph, relation, node);
        const std::uint32_t target = relation == Relation::kInteracts ? source - graph.num_users() : source;
        const auto at = std::lower_bound(row.targets.begin(), row.targets.end(), target);
        ASSERT_TRUE(at != row.targets.end() && *at == target);
        drawn[relation].push_back(row.time(static_cast<std::size_t>(at - row.targets.begin())));
      }
      const auto expect_row = [&](Relation relation, std::uint32_t keep) {
        const auto eligible = TimesBefore(RowOf(graph, relation, node), block.times[v]);
        std::vector<std::int64_t>& times = drawn[relation];
        std::sort(times.rbegin(), times.rend());
        ASSERT_EQ(times.size(), std::min<std::size_t>(keep, eligible.size()));
        for (std::size_t i = 0; i < times.size(); ++i) {
          ASSERT_LT(times[i], block.times[v]);
          if (options.choice == NeighborChoice::kMostRecent) {
            ASSERT_EQ(times[i], eligible[i]);
          }
        }
      };
      if (node >= graph.num_users()) {
        expect_row(Relation::kInteractedBy, fanout.users_per_item);
      } else {
        expect_row(Relation::kInteracts, fanout.items_per_user);
        expect_row(Relation::kTrusts, fanout.friends_per_user);
      }
    }
  }
}

TEST(TemporalSampler, DrawsOnlyEdgesBeforeTheSeedsTimeInEveryHop) {
  const auto frozen = testing::RandomWeightedGraph(120, 90, 4000, 900, 6);
  const auto live = frozen->WithEdges(std::vector<EdgeChange>{{Relation::kInteracts, {0, 3, 1.0F, 10}, false},
                                                              {Relation::kInteracts, {0, 90, 1.0F, 990}, false},
                                                              {Relation::kInteracts, {120, 3, 1.0F, 400}, false},
                                                              {Relation::kTrusts, {0, 7, 1.0F, 300}, false}},
                                      121, 91, 9);
  for (const auto& graph : {frozen, live}) {
    for (const NeighborChoice choice : {NeighborChoice::kBefore, NeighborChoice::kMostRecent}) {
      const NeighborSamplerOptions options{.fanouts = {{5, 6, 2}, {7, 3, 1}}, .choice = choice};
      const NeighborSampler sampler(graph, options);
      const auto scratch = sampler.NewScratch();
      MiniBatch batch;
      for (std::uint64_t step = 0; step < 20; ++step) {
        std::vector<NodeId> seeds;
        std::vector<std::int64_t> times;
        for (std::uint32_t s = 0; s < 40; ++s) {
          seeds.push_back(NodeId{s / 2 * 7 % graph->num_nodes()});
          times.push_back(static_cast<std::int64_t>((s * 131 + step * 17) % 1010));
        }
        sampler.SampleBefore(seeds, times, step, /*transpose=*/true, *scratch, batch);
        Check(*graph, options, batch);
      }
    }
  }
}

/// Rows of all lengths, so that prefixes end in every place of a line, before and behind the marks between lines; times
/// in seconds and, as some logs have them, in microseconds; every third edge shares its time with the one before.
TEST(TemporalSampler, FindsTheEndOfEarlierEdgesInRowsOfAllLengths) {
  for (const std::int64_t unit : {1, 1'000'000}) {
    constexpr std::uint32_t kUsers = 90, kItems = 4000;
    std::vector<Edge> edges;
    for (std::uint32_t user = 0; user < kUsers; ++user) {
      const std::uint32_t degree = user < 60 ? user : user * user / 2;
      for (std::uint32_t i = 0; i < degree && i < kItems; ++i) {
        edges.push_back({user, i, 1.0F, (1'000'000'000 + std::int64_t{i} - (i % 3 == 0 ? 1 : 0)) * unit});
      }
    }
    const auto graph = SocialGraph::Build(Runtime(1), kUsers, kItems, edges, {}).value();
    const NeighborSamplerOptions options{.fanouts = {{3, 0, 0}}, .choice = NeighborChoice::kMostRecent};
    const NeighborSampler sampler(graph, options);
    const auto scratch = sampler.NewScratch();
    MiniBatch batch;
    for (std::int64_t after = -2; after < kItems + 2; after += after < 100 ? 1 : 37) {
      std::vector<NodeId> seeds;
      for (std::uint32_t user = 0; user < kUsers; ++user) seeds.push_back(NodeId{user});
      const std::vector<std::int64_t> times(kUsers, (1'000'000'000 + after) * unit);
      sampler.SampleBefore(seeds, times, 0, /*transpose=*/false, *scratch, batch);
      Check(*graph, options, batch);
    }
  }
}

TEST(TemporalSampler, TellsTheSameNodeAtTwoTimesApartAndSharesItAtOne) {
  std::vector<Edge> edges = {{0, 0, 1.0F, 10}, {0, 1, 1.0F, 20}, {1, 1, 1.0F, 15}};
  const auto graph = SocialGraph::Build(Runtime(1), 2, 2, edges, {}).value();
  const NeighborSampler sampler(graph, {.fanouts = {{5, 5, 0}}, .choice = NeighborChoice::kBefore});
  const auto scratch = sampler.NewScratch();
  MiniBatch batch;
  const std::vector<NodeId> seeds = {NodeId{0}, NodeId{0}, NodeId{1}, NodeId{0}};
  const std::vector<std::int64_t> times = {20, 21, 21, 10};
  sampler.SampleBefore(seeds, times, 0, false, *scratch, batch);
  const Block& block = batch.blocks[0];
  EXPECT_EQ(block.offsets, (std::vector<EdgeOffset>{0, 1, 3, 4, 4}))
      << "an edge of the seed's very time does not count";
  // Seeds, then item 0 at 20, items 0 and 1 at 21, which the third seed shares.
  EXPECT_EQ(block.times, (std::vector<std::int64_t>{20, 21, 21, 10, 20, 21, 21}));
  EXPECT_EQ(block.sources[3], block.sources[2]);
}

TEST(TemporalSampler, DrawsUniformlyAmongTheEdgesBefore) {
  std::vector<Edge> edges;
  for (std::uint32_t i = 0; i < 1000; ++i) edges.push_back({0, i, 1.0F, static_cast<std::int64_t>(i * 7919 % 1000)});
  const auto graph = SocialGraph::Build(Runtime(1), 1, 1000, edges, {}).value();
  const NeighborSampler sampler(graph, {.fanouts = {{4, 0, 0}}, .choice = NeighborChoice::kBefore});
  const auto scratch = sampler.NewScratch();
  MiniBatch batch;
  std::vector<double> counts(50);
  const std::vector<NodeId> seeds = {NodeId{0}};
  const std::vector<std::int64_t> times = {50};
  for (std::uint64_t step = 0; step < 10'000; ++step) {
    sampler.SampleBefore(seeds, times, step, false, *scratch, batch);
    for (const std::uint32_t source : batch.blocks[0].sources) {
      const std::uint32_t item = index(batch.blocks[0].nodes[source]) - 1;
      ASSERT_LT(item * 7919 % 1000, 50U);
      counts[item * 7919 % 1000] += 1;
    }
  }
  EXPECT_LT(testing::ChiSquareDeviations(counts), 5.0);
}

TEST(TemporalSampler, TakesEdgesWithoutATimeForOlderThanAllOthers) {
  const std::vector<Edge> edges = {{0, 0}, {0, 1, 1.0F, 5}, {0, 2}};
  const auto graph = SocialGraph::Build(Runtime(1), 1, 3, edges, {}).value();
  const NeighborSampler sampler(graph, {.fanouts = {{2, 0, 0}}, .choice = NeighborChoice::kMostRecent});
  const auto scratch = sampler.NewScratch();
  MiniBatch batch;
  sampler.SampleBefore(std::vector<NodeId>{NodeId{0}}, std::vector<std::int64_t>{100}, 0, false, *scratch, batch);
  std::set<std::uint32_t> items;
  for (const std::uint32_t source : batch.blocks[0].sources) items.insert(index(batch.blocks[0].nodes[source]) - 1);
  EXPECT_EQ(items.size(), 2U);
  EXPECT_TRUE(items.contains(1));
  sampler.SampleBefore(std::vector<NodeId>{NodeId{0}}, std::vector<std::int64_t>{5}, 0, false, *scratch, batch);
  EXPECT_EQ(batch.blocks[0].num_edges(), 2U) << "the two without a time";
}

TEST(TemporalSampler, RefusesReplacementAmongTheMostRecent) {
  EXPECT_FALSE(
      (NeighborSamplerOptions{.choice = NeighborChoice::kMostRecent, .with_replacement = true}.Validate().ok()));
}

}  // namespace
}  // namespace kith
