#include "kith/sampler/batcher.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <vector>

#include "testing/random_graph.h"

namespace kith {
namespace {

/// Everything of a batch that training reads, as numbers.
std::vector<std::uint64_t> Fingerprint(const TrainingBatch& batch) {
  std::vector<std::uint64_t> all = {batch.step};
  const auto add = [&](const auto& values) { all.insert(all.end(), values.begin(), values.end()); };
  add(batch.users);
  add(batch.positive_offsets);
  add(batch.positives);
  add(batch.candidates);
  for (const Block& block : batch.mini_batch.blocks) {
    for (const NodeId node : block.nodes) all.push_back(index(node));
    add(block.offsets);
    add(block.sources);
  }
  return all;
}

std::vector<std::vector<std::uint64_t>> Epoch(const Batcher& batcher, int threads, std::uint64_t epoch) {
  const Runtime runtime(threads);
  std::vector<std::vector<std::uint64_t>> seen;
  batcher.RunEpoch(runtime, epoch, [&](const TrainingBatch& batch) {
    seen.push_back(Fingerprint(batch));
    return true;
  });
  return seen;
}

TEST(Batcher, GivesTheSameBatchesOnOneTwoAndEightThreads) {
  const Runtime runtime(2);
  const auto graph = testing::RandomGraph(runtime, 300, 200, 5000, 0, 7);
  const Batcher batcher(graph, {.fanouts = {{5, 5, 0}, {3, 3, 0}}},
                        {.users_per_batch = 32, .candidates = 50, .prefetch = 3});
  const auto alone = Epoch(batcher, 1, 4);
  ASSERT_EQ(alone.size(), batcher.batches_per_epoch());
  EXPECT_EQ(alone, Epoch(batcher, 2, 4));
  EXPECT_EQ(alone, Epoch(batcher, 8, 4));
  EXPECT_NE(alone, Epoch(batcher, 1, 5));
}

TEST(Batcher, ShowsEveryUserWithItemsOnceAnEpochWithItsOwnPositives) {
  const Runtime runtime(2);
  const auto graph = testing::RandomGraph(runtime, 150, 90, 1500, 0, 8);
  const Batcher batcher(graph, {.fanouts = {{4, 4, 0}}},
                        {.users_per_batch = 40, .positives_per_user = 6, .candidates = 20});
  std::multiset<std::uint32_t> users;
  batcher.RunEpoch(runtime, 0, [&](const TrainingBatch& batch) {
    const auto& seeds = batch.mini_batch.seeds;
    const std::set<NodeId> distinct(seeds.begin(), seeds.end());
    EXPECT_EQ(distinct.size(), seeds.size());
    for (std::size_t u = 0; u < batch.users.size(); ++u) {
      const std::uint32_t user = index(seeds[batch.users[u]]);
      users.insert(user);
      const auto known = graph->items(UserId{user}).targets;
      const std::size_t positives = batch.positive_offsets[u + 1] - batch.positive_offsets[u];
      EXPECT_EQ(positives, std::min<std::size_t>(6, known.size()));
      for (EdgeOffset p = batch.positive_offsets[u]; p < batch.positive_offsets[u + 1]; ++p) {
        const std::uint32_t item = index(seeds[batch.positives[p]]) - graph->num_users();
        EXPECT_TRUE(std::binary_search(known.begin(), known.end(), item));
      }
    }
    EXPECT_EQ(batch.candidates.size(), 20U);
    return true;
  });
  std::multiset<std::uint32_t> expected;
  for (std::uint32_t u = 0; u < graph->num_users(); ++u) {
    if (!graph->items(UserId{u}).empty()) expected.insert(u);
  }
  EXPECT_EQ(users, expected);
}

TEST(Batcher, TakesEveryItemOfAUserEquallyOftenAsAPositive) {
  const Runtime runtime(1);
  std::vector<Edge> edges;
  for (std::uint32_t i = 0; i < 12; ++i) edges.push_back({0, i});
  const auto graph = SocialGraph::Build(runtime, 1, 12, edges, {}).value();
  const Batcher batcher(graph, {.fanouts = {{1, 1, 0}}}, {.positives_per_user = 3, .candidates = 1});
  std::vector<double> taken(12);
  constexpr int kEpochs = 2000;
  for (std::uint64_t epoch = 0; epoch < kEpochs; ++epoch) {
    batcher.RunEpoch(runtime, epoch, [&](const TrainingBatch& batch) {
      for (const std::uint32_t positive : batch.positives) taken[index(batch.mini_batch.seeds[positive]) - 1] += 1;
      return true;
    });
  }
  for (std::uint32_t i = 0; i < 12; ++i) {
    EXPECT_NEAR(taken[i], kEpochs / 4, 5 * std::sqrt(kEpochs * 0.25 * 0.75)) << "item " << i;
  }
}

TEST(ShuffledUsers, AreThoseWithItemsInAnotherOrderForEveryEpochAndSeed) {
  const Runtime runtime(1);
  const auto graph = testing::RandomGraph(runtime, 200, 90, 300, 0, 4);
  std::vector<UserId> active;
  for (std::uint32_t u = 0; u < 200; ++u) {
    if (!graph->items(UserId{u}).empty()) active.push_back(UserId{u});
  }
  ASSERT_LT(active.size(), 200U);
  std::set<std::vector<UserId>> orders;
  for (const std::uint64_t seed : {1, 2}) {
    for (std::uint64_t epoch = 0; epoch < 4; ++epoch) {
      std::vector<UserId> order = ShuffledUsers(*graph, seed, epoch);
      EXPECT_TRUE(orders.insert(order).second) << "seed " << seed << " epoch " << epoch;
      EXPECT_EQ(order, ShuffledUsers(*graph, seed, epoch));
      std::sort(order.begin(), order.end());
      EXPECT_EQ(order, active);
    }
  }
}

TEST(Batcher, StopsWhenTrainingSaysSo) {
  const Runtime runtime(4);
  const auto graph = testing::RandomGraph(runtime, 300, 100, 3000, 0, 9);
  const Batcher batcher(graph, {.fanouts = {{2, 2, 0}}}, {.users_per_batch = 10, .candidates = 5});
  std::size_t calls = 0;
  batcher.RunEpoch(runtime, 0, [&](const TrainingBatch&) { return ++calls < 3; });
  EXPECT_EQ(calls, 3U);
}

}  // namespace
}  // namespace kith
