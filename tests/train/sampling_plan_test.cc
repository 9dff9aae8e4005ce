#include "sampling_plan.h"

#include <gtest/gtest.h>

#include "plan.h"
#include "testing/random_graph.h"

namespace kith {
namespace {

TEST(HopFanouts, HalvesFromHopToHopAndNeverDrawsNone) {
  const std::vector<Fanout> fanouts = HopFanouts(5, 4);
  ASSERT_EQ(fanouts.size(), 4U);
  const std::uint32_t expected[] = {5, 2, 1, 1};
  for (std::size_t hop = 0; hop < 4; ++hop) {
    EXPECT_EQ(fanouts[hop].items_per_user, expected[hop]);
    EXPECT_EQ(fanouts[hop].users_per_item, expected[hop]);
  }
}

TEST(SampledWork, CountsTheEdgesAndNodesThatCanBeDrawnOnPaper) {
  // Forty users with two items each that nobody else has: all are seeds, and every hop has each edge in both
  // directions.
  const Runtime runtime(1);
  std::vector<Edge> likes;
  for (std::uint32_t u = 0; u < 40; ++u) likes.insert(likes.end(), {{u, 2 * u}, {u, 2 * u + 1}});
  const std::shared_ptr<const SocialGraph> graph = SocialGraph::Build(runtime, 40, 80, likes, {}).value();
  const SampledWork work =
      CountSampledWork(graph, HopFanouts(2, 2), {.users_per_batch = 40, .positives_per_user = 2, .candidates = 8});
  EXPECT_EQ(work.interactions, 80U);
  EXPECT_EQ(work.nodes, 120U);
  EXPECT_EQ(work.edges, 2 * 160U - 40U) << "the outer hop draws one item a user instead of two";
  EXPECT_DOUBLE_EQ(work.PerInteraction(), (280 + 120 * kEdgesANode) / 80);
}

TEST(ChooseFanouts, TakesTheWidestWithinTheBudgetSoThatALargerGraphCostsNoMore) {
  const Runtime runtime(2);
  const BatcherOptions batches{.users_per_batch = 64, .positives_per_user = 64, .candidates = 64};
  constexpr double kBudget = 50;
  std::uint32_t before = kWidestFanout;
  for (const std::uint32_t users : {500U, 2000U, 8000U}) {
    const auto graph = testing::RandomGraph(runtime, users, users / 2, 20 * std::size_t{users}, 0, 7);
    const auto work = [&](std::uint32_t first) {
      return CountSampledWork(graph, HopFanouts(first, 2), batches).PerInteraction();
    };
    const FanoutChoice choice = ChooseFanouts(graph, 2, batches, kBudget);
    EXPECT_LE(choice.work, kBudget);
    EXPECT_EQ(choice.work, work(choice.first)) << users << " users";
    if (choice.first < kWidestFanout) {
      EXPECT_GT(work(choice.first + 1), kBudget);
    }
    EXPECT_LE(choice.first, before);
    before = choice.first;
  }
  EXPECT_LT(before, kWidestFanout) << "neighbourhoods of the largest graph hardly overlap";
}

TEST(ChooseFanouts, TakesTheNarrowestWhereNothingFits) {
  const Runtime runtime(1);
  const auto graph = testing::RandomGraph(runtime, 200, 100, 2000, 0, 7);
  const BatcherOptions batches{.users_per_batch = 32, .positives_per_user = 64, .candidates = 64};
  EXPECT_EQ(ChooseFanouts(graph, 2, batches, 1).first, kNarrowestFanout);
  EXPECT_EQ(ChooseFanouts(graph, 2, batches, 1e9).first, kWidestFanout);
}

TEST(MakePlan, DrawsForSampledModeAloneWhatItsBudgetAllows) {
  const Runtime runtime(2);
  const auto graph = testing::RandomGraph(runtime, 4000, 4000, 60'000, 0, 7);
  const LearnPlan full = MakePlan(graph, {.mode = TrainMode::kFull}).value();
  EXPECT_EQ(full.sampled_work, 0);
  const LearnPlan sampled = MakePlan(graph, {.mode = TrainMode::kSampled}).value();
  EXPECT_GT(sampled.sampled_work, 0);
  EXPECT_EQ(sampled.sampled_work,
            CountSampledWork(graph, HopFanouts(sampled.first_fanout, sampled.layers), SampledBatches(sampled))
                .PerInteraction());
}

}  // namespace
}  // namespace kith
