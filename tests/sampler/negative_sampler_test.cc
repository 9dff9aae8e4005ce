#include "kith/sampler/negative_sampler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <vector>

#include "chi_square.h"
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

TEST(NegativeSampler, DrawsUniformlyAmongTheItemsThatAUserLacks) {
  const auto graph = testing::RandomGraph(Runtime(1), 20, 60, 400, 0, 3);
  const NegativeSampler sampler(graph, {});
  const UserId user{4};
  const auto known = graph->items(user).targets;
  ASSERT_GT(known.size(), 10U);
  std::vector<double> counts(60);
  std::vector<ItemId> out(20);
  for (std::uint64_t step = 0; step < 3000; ++step) {
    ASSERT_EQ(sampler.Sample(user, step, out), 20U);
    for (const ItemId item : out) counts[index(item)] += 1;
  }
  std::vector<double> lacked;
  for (std::uint32_t i = 0; i < 60; ++i) {
    if (!std::binary_search(known.begin(), known.end(), i)) lacked.push_back(counts[i]);
  }
  EXPECT_EQ(lacked.size() + known.size(), 60U);
  EXPECT_LT(testing::ChiSquareDeviations(lacked), 5.0);
}

TEST(NegativeSampler, KnowsPositivesThatArrivedAfterTheSnapshot) {
  const auto graph = testing::ToyGraph(Runtime(1));
  const auto live = graph->WithEdges(std::vector<EdgeChange>{{Relation::kInteracts, {0, 5}, false}}, 5, 6, 17);
  const NegativeSampler sampler(live, {});
  std::vector<ItemId> out(200);
  ASSERT_EQ(sampler.Sample(UserId{0}, 1, out), 200U);
  EXPECT_EQ(std::count(out.begin(), out.end(), ItemId{5}), 0);
}

TEST(NegativeSampler, KeepsTheHardestOfItsPoolAndNoPositive) {
  const auto graph = testing::RandomGraph(Runtime(1), 20, 200, 800, 0, 3);
  const NegativeSampler sampler(graph, {.distribution = NegativeDistribution::kPopularity});
  const UserId user{3};
  const auto known = graph->items(user).targets;
  const auto difficulty = [](ItemId item) { return static_cast<float>(index(item) * 37 % 50); };  // with ties
  std::vector<ItemId> pool(64), out(8);
  for (std::uint64_t step = 0; step < 50; ++step) {
    const std::size_t found = sampler.SampleHard(
        user, step, pool.size(),
        [&](std::span<const ItemId> items, std::span<float> scores) {
          ASSERT_EQ(items.size(), scores.size());
          for (std::size_t i = 0; i < items.size(); ++i) scores[i] = difficulty(items[i]);
        },
        out);
    ASSERT_EQ(sampler.Sample(user, step, pool), pool.size());
    std::vector<ItemId> expected = pool;
    std::sort(expected.begin(), expected.end());
    expected.erase(std::unique(expected.begin(), expected.end()), expected.end());
    std::stable_sort(expected.begin(), expected.end(),
                     [&](ItemId a, ItemId b) { return difficulty(a) > difficulty(b); });
    expected.resize(std::min(expected.size(), out.size()));
    EXPECT_EQ(std::vector<ItemId>(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(found)), expected);
    for (const ItemId item : expected) EXPECT_FALSE(std::binary_search(known.begin(), known.end(), index(item)));
  }
}

TEST(InBatchNegatives, AreCorrectedByTheItemsShareOfInteractions) {
  const auto graph = testing::ToyGraph(Runtime(1));
  std::vector<ItemId> items;
  for (std::uint32_t i = 0; i < 6; ++i) items.push_back(ItemId{i});
  std::vector<float> log_probability(6);
  InBatchLogProbability(*graph, items, log_probability);
  double sum = 0;
  for (std::uint32_t i = 0; i < 6; ++i) {
    EXPECT_NEAR(log_probability[i], std::log(static_cast<double>(graph->users(ItemId{i}).size()) / 11.0), 1e-6);
    sum += std::exp(static_cast<double>(log_probability[i]));
  }
  EXPECT_NEAR(sum, 1.0, 1e-6);
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
