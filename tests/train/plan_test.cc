#include "plan.h"

#include <gtest/gtest.h>

#include <vector>

namespace kith {
namespace {

std::shared_ptr<const SocialGraph> ManyUsersOfFewItems(const Runtime& runtime) {
  std::vector<Edge> likes;
  for (std::uint32_t u = 0; u < 40'000; ++u) likes.push_back({u, u % 300});
  return SocialGraph::Build(runtime, 40'000, 300, likes, {}).value();
}

TEST(EstimateMemory, CountsTheKernelsSubspaceWhereItIsLargerThanTheTables) {
  const Runtime runtime(1);
  const auto graph = ManyUsersOfFewItems(runtime);
  const LearnPlan plan = MakePlan(graph, {.width = 4}).value();
  // R~ X has a row a user and 256 + 32 columns of 4 bytes; beside it stand the loss' exponentials and the process.
  const std::uint64_t subspace = std::uint64_t{40'000} * 288 * 4, rest = std::uint64_t{192} << 20;
  EXPECT_GT(EstimateMemory(*graph, plan), subspace + rest);
}

TEST(EstimateMemory, GrowsByACheckpointWhereOneIsKept) {
  const Runtime runtime(1);
  const auto graph = ManyUsersOfFewItems(runtime);
  const LearnPlan without = MakePlan(graph, {.width = 256}).value();
  const LearnPlan with = MakePlan(graph, {.width = 256, .run_directory = "somewhere"}).value();
  EXPECT_GE(EstimateMemory(*graph, with), EstimateMemory(*graph, without) + std::uint64_t{2} * 40'300 * 256 * 4);
}

TEST(MakePlan, NarrowsTheDefaultWidthInSampledModeWhereTheMemoryAsksForIt) {
  const Runtime runtime(1);
  const auto graph = ManyUsersOfFewItems(runtime);
  LearnPlan plan = MakePlan(graph, {.mode = TrainMode::kSampled}).value();
  const std::uint64_t wide = EstimateMemory(*graph, plan);
  EXPECT_EQ(plan.width, 128U);
  plan = MakePlan(graph, {.mode = TrainMode::kSampled, .memory_limit = wide - 1}).value();
  EXPECT_EQ(plan.width, 64U);
  EXPECT_LT(EstimateMemory(*graph, plan), wide);
  const TrainOptions asked{.mode = TrainMode::kSampled, .width = 128, .memory_limit = wide - 1};
  EXPECT_EQ(MakePlan(graph, asked).status().code(), StatusCode::kOutOfMemory);
}

}  // namespace
}  // namespace kith
