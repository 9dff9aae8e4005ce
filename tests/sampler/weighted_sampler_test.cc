#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <vector>

#include "alias_rows.h"
#include "chi_square.h"
#include "kith/sampler/neighbor_sampler.h"
#include "weighted_graph.h"

namespace kith {
namespace {

using testing::ChiSquareDeviations;

std::shared_ptr<const SocialGraph> Star(const std::vector<float>& weights) {
  std::vector<Edge> edges;
  for (std::uint32_t i = 0; i < weights.size(); ++i) edges.push_back({0, i, weights[i], kNoTime});
  return SocialGraph::Build(Runtime(1), 1, static_cast<std::uint32_t>(weights.size()), edges, {}).value();
}

NeighborSamplerOptions Weighted(std::uint32_t keep, bool with_replacement = false, std::uint64_t seed = 3) {
  return {.fanouts = {{keep, 0, 0}},
          .choice = NeighborChoice::kWeighted,
          .with_replacement = with_replacement,
          .seed = seed};
}

/// Calls visit(items in the order drawn) for many batches of the star's user.
template <class Visit>
void DrawMany(const std::shared_ptr<const SocialGraph>& graph, const NeighborSamplerOptions& options,
              std::uint64_t batches, Visit visit) {
  const NeighborSampler sampler(graph, options);
  const auto scratch = sampler.NewScratch();
  MiniBatch batch;
  const std::vector<NodeId> seeds = {NodeId{0}};
  std::vector<std::uint32_t> items;
  for (std::uint64_t step = 0; step < batches; ++step) {
    sampler.Sample(seeds, step, false, *scratch, batch);
    items.clear();
    for (const std::uint32_t source : batch.blocks[0].sources)
      items.push_back(index(batch.blocks[0].nodes[source]) - 1);
    visit(items);
  }
}

TEST(AliasBuilder, GivesEveryEdgeItsWeightOfAllColumns) {
  AliasBuilder builder;
  const WordStream words(1, 1);
  for (std::uint32_t n = 1; n < 60; ++n) {
    std::vector<float> weights(n);
    double sum = 0;
    for (std::uint32_t i = 0; i < n; ++i) {
      weights[i] = std::ldexp(static_cast<float>(1 + words.bounded(100 * n + i, 1000)),
                              static_cast<int>(words.bounded(7000 + 100 * n + i, 20)) - 10);
      sum += static_cast<double>(weights[i]);
    }
    std::vector<AliasColumn> columns(n);
    builder.Build(weights, columns.data());
    std::vector<double> share(n);
    for (std::uint32_t c = 0; c < n; ++c) {
      const double kept = columns[c].other == c ? 1.0 : columns[c].accept * 0x1p-32;
      ASSERT_LT(columns[c].other, n);
      share[c] += kept / n;
      share[columns[c].other] += (1 - kept) / n;
    }
    for (std::uint32_t i = 0; i < n; ++i) EXPECT_NEAR(share[i], static_cast<double>(weights[i]) / sum, 1e-9) << n;
  }
}

TEST(WeightedSampler, DrawsInProportionToTheWeights) {
  const std::vector<float> weights = {0.5F, 1, 2, 4, 8, 16, 1, 0.25F};
  double sum = 0;
  for (const float weight : weights) sum += static_cast<double>(weight);
  std::vector<double> shares, counts(weights.size()), first(weights.size());
  for (const float weight : weights) shares.push_back(static_cast<double>(weight) / sum);
  DrawMany(Star(weights), Weighted(6, /*with_replacement=*/true), 20'000, [&](const auto& items) {
    for (const std::uint32_t item : items) counts[item] += 1;
  });
  EXPECT_LT(ChiSquareDeviations(counts, shares), 5.0);
  DrawMany(Star(weights), Weighted(3), 40'000, [&](const auto& items) { first[items[0]] += 1; });
  EXPECT_LT(ChiSquareDeviations(first, shares), 5.0) << "the first of several without replacement";
}

/// Every ordered triple by the definition of successive sampling.
TEST(WeightedSampler, WithoutReplacementDrawsEachFromWhatIsLeft) {
  const std::vector<float> weights = {1, 2, 3, 5, 8};
  std::map<std::vector<std::uint32_t>, double> drawn;
  DrawMany(Star(weights), Weighted(3), 60'000, [&](const auto& items) {
    ASSERT_EQ((std::set<std::uint32_t>(items.begin(), items.end()).size()), 3U);
    drawn[items] += 1;
  });
  std::vector<double> counts, shares;
  for (std::uint32_t a = 0; a < 5; ++a) {
    for (std::uint32_t b = 0; b < 5; ++b) {
      for (std::uint32_t c = 0; c < 5; ++c) {
        if (a == b || b == c || a == c) continue;
        const auto w = [&](std::uint32_t i) { return static_cast<double>(weights[i]); };
        counts.push_back(drawn[{a, b, c}]);
        shares.push_back(w(a) / 19 * w(b) / (19 - w(a)) * w(c) / (19 - w(a) - w(b)));
      }
    }
  }
  EXPECT_LT(ChiSquareDeviations(counts, shares), 5.0);
}

/// Nearly all weight in two edges: the rest of four comes from the exponential race.
TEST(WeightedSampler, DrawsTheRestFairlyWhereFewEdgesHaveNearlyAllTheWeight) {
  const std::vector<float> weights = {1e9F, 1e9F, 1, 2, 3, 4};
  std::map<std::vector<std::uint32_t>, double> rest;
  DrawMany(Star(weights), Weighted(4), 20'000, [&](const auto& items) {
    ASSERT_EQ((std::set<std::uint32_t>(items.begin(), items.end()).size()), 4U);
    ASSERT_LT(items[0], 2U);
    ASSERT_LT(items[1], 2U);
    rest[{items[2], items[3]}] += 1;
  });
  std::vector<double> counts, shares;
  for (std::uint32_t a = 2; a < 6; ++a) {
    for (std::uint32_t b = 2; b < 6; ++b) {
      if (a == b) continue;
      counts.push_back(rest[{a, b}]);
      shares.push_back(static_cast<double>(weights[a]) / 10 * static_cast<double>(weights[b]) /
                       (10 - static_cast<double>(weights[a])));
    }
  }
  EXPECT_LT(ChiSquareDeviations(counts, shares), 5.0);
}

TEST(WeightedSampler, DrawsManyBySetAsItDrawsFew) {
  std::vector<float> weights(300, 1.0F);
  for (std::size_t i = 0; i < 150; ++i) weights[i] = 3.0F;
  double heavy = 0;
  DrawMany(Star(weights), Weighted(60), 500, [&](const auto& items) {
    ASSERT_EQ((std::set<std::uint32_t>(items.begin(), items.end()).size()), 60U);
    heavy += static_cast<double>(std::count_if(items.begin(), items.end(), [](std::uint32_t i) { return i < 150; }));
  });
  // Successive draws: the share of what is left that is heavy, followed in its mean.
  double left_heavy = 150, expected = 0;
  for (int draw = 0; draw < 60; ++draw) {
    const double left_light = 300 - draw - left_heavy;
    const double share = 3 * left_heavy / (3 * left_heavy + left_light);
    expected += share;
    left_heavy -= share;
  }
  EXPECT_NEAR(heavy / 500, expected, 0.6);
}

TEST(WeightedSampler, SeesTheWeightsOfEdgesThatArrivedAfterTheSnapshot) {
  const auto graph = Star({1, 1, 1, 1});
  const auto live = graph->WithEdges(std::vector<EdgeChange>{{Relation::kInteracts, {0, 4, 4.0F, kNoTime}, false},
                                                             {Relation::kInteracts, {0, 0, 8.0F, kNoTime}, false}},
                                     1, 5, 2);
  std::vector<double> counts(5);
  DrawMany(live, Weighted(2, /*with_replacement=*/true), 20'000, [&](const auto& items) {
    for (const std::uint32_t item : items) counts[item] += 1;
  });
  EXPECT_LT(ChiSquareDeviations(counts, {8 / 15.0, 1 / 15.0, 1 / 15.0, 1 / 15.0, 4 / 15.0}), 5.0);
}

TEST(WeightedSampler, KeepsItsBlocksWithTheHashedTable) {
  const auto graph = testing::RandomWeightedGraph(100, 80, 3000, 500, 4);
  MiniBatch dense, hashed;
  for (const NeighborChoice choice : {NeighborChoice::kUniform, NeighborChoice::kWeighted}) {
    for (MiniBatch* batch : {&dense, &hashed}) {
      const NeighborSampler sampler(
          graph,
          {.fanouts = {{6, 5, 3}, {4, 4, 0}}, .choice = choice, .dense_table_limit = batch == &dense ? 1U << 20 : 0U});
      const auto scratch = sampler.NewScratch();
      std::vector<NodeId> seeds;
      for (std::uint32_t s = 0; s < 50; ++s) seeds.push_back(NodeId{3 * s});
      sampler.Sample(seeds, 5, true, *scratch, *batch);
    }
    for (std::size_t b = 0; b < 2; ++b) {
      EXPECT_TRUE(dense.blocks[b].Check().ok());
      EXPECT_EQ(dense.blocks[b].nodes, hashed.blocks[b].nodes);
      EXPECT_EQ(dense.blocks[b].sources, hashed.blocks[b].sources);
      EXPECT_EQ(dense.blocks[b].relations, hashed.blocks[b].relations);
    }
  }
}

}  // namespace
}  // namespace kith
