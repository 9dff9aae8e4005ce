#include "kith/sampler/negative_sampler.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <vector>

#include "testing/random_graph.h"
#include "testing/toy_graph.h"

namespace kith {
namespace {

TEST(NegativeSampler, NeverReturnsAKnownPositive) {
  const Runtime runtime(1);
  const auto graph = testing::RandomGraph(runtime, 30, 20, 300, 0, 1);
  for (const auto distribution : {NegativeDistribution::kUniform, NegativeDistribution::kPopularity}) {
    const NegativeSampler sampler(graph, {.distribution = distribution});
    std::vector<ItemId> out(50);
    for (std::uint32_t u = 0; u < 30; ++u) {
      const auto known = graph->items(UserId{u}).targets;
      for (std::size_t i = 0; i < sampler.Sample(UserId{u}, u, out); ++i) {
        EXPECT_FALSE(std::binary_search(known.begin(), known.end(), index(out[i])));
      }
    }
  }
}

TEST(NegativeSampler, FindsTheOneItemThatAUserLacksAndNothingForOneWhoHasAll) {
  const Runtime runtime(1);
  std::vector<Edge> edges;
  for (std::uint32_t i = 0; i < 400; ++i) {
    if (i != 123) edges.push_back({0, i});
    edges.push_back({1, i});
  }
  const auto graph = SocialGraph::Build(runtime, 2, 400, edges, {}).value();
  const NegativeSampler sampler(graph, {});
  std::vector<ItemId> out(8);
  ASSERT_EQ(sampler.Sample(UserId{0}, 0, out), 8U);
  for (const ItemId item : out) EXPECT_EQ(item, ItemId{123});
  EXPECT_EQ(sampler.Sample(UserId{1}, 0, out), 0U);
}

TEST(NegativeSampler, DrawsByPopularityToThePower) {
  const Runtime runtime(1);
  std::vector<Edge> edges;  // item i has 2^i users; user 100 has none
  for (std::uint32_t i = 0; i < 6; ++i) {
    for (std::uint32_t u = 0; u < (1U << i); ++u) edges.push_back({u, i});
  }
  const auto graph = SocialGraph::Build(runtime, 101, 6, edges, {}).value();
  const NegativeSampler sampler(graph, {.distribution = NegativeDistribution::kPopularity, .power = 0.75});
  std::vector<double> counts(6);
  std::vector<ItemId> out(100);
  for (std::uint64_t step = 0; step < 400; ++step) {
    ASSERT_EQ(sampler.Sample(UserId{100}, step, out), 100U);
    for (const ItemId item : out) counts[index(item)] += 1;
  }
  double statistic = 0, total_share = 0;
  for (int i = 0; i < 6; ++i) total_share += std::pow(2.0, 0.75 * i);
  for (std::uint32_t i = 0; i < 6; ++i) {
    const double share = std::pow(2.0, 0.75 * i) / total_share, expected = share * 40000;
    EXPECT_NEAR(sampler.LogProbability(ItemId{i}), std::log(share), 1e-5);
    statistic += (counts[i] - expected) * (counts[i] - expected) / expected;
  }
  EXPECT_LT(statistic, 20.5);  // chi-square, 5 degrees of freedom, p = 0.001
}

TEST(NegativeSampler, GivesDistinctUniformCandidates) {
  const Runtime runtime(1);
  const auto graph = testing::RandomGraph(runtime, 5, 97, 40, 0, 2);
  const NegativeSampler sampler(graph, {});
  std::vector<double> counts(97);
  for (std::uint64_t step = 0; step < 3000; ++step) {
    const std::vector<ItemId> drawn = sampler.Candidates(step, 40);
    ASSERT_EQ(drawn.size(), 40U);
    for (std::size_t i = 1; i < drawn.size(); ++i) ASSERT_LT(drawn[i - 1], drawn[i]);
    for (const ItemId item : drawn) counts[index(item)] += 1;
  }
  double statistic = 0;
  const double expected = 3000.0 * 40 / 97;
  for (const double count : counts) statistic += (count - expected) * (count - expected) / expected;
  // Draws within a step exclude each other, which shrinks the statistic by 1 - 40/97.
  EXPECT_LT(statistic / (1 - 40.0 / 97), 96 + 4 * std::sqrt(2 * 96.0));
  EXPECT_EQ(sampler.Candidates(0, 1000).size(), 97U);
}

TEST(InBatchNegatives, MasksWhatAUserKnows) {
  const Runtime runtime(1);
  const auto graph = testing::ToyGraph(runtime);
  const std::vector<UserId> users = {UserId{0}, UserId{3}};
  const std::vector<ItemId> items = {ItemId{0}, ItemId{4}, ItemId{5}};
  std::vector<std::uint8_t> mask(6, 7);
  InBatchNegatives(*graph, users, items, mask);
  EXPECT_EQ(mask, (std::vector<std::uint8_t>{0, 1, 1, 1, 0, 1}));
}

}  // namespace
}  // namespace kith
