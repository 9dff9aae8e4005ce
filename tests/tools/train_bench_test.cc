#include "bench/train_bench.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>

namespace kith::tools {
namespace {

TEST(TrainBench, MakesTheSameGraphOnAnyNumberOfThreadsWithTheDegreesItPromises) {
  const Runtime one(1), four(4);
  const auto graph = MakeCircleGraph(one, 60'000, 3).value(), again = MakeCircleGraph(four, 60'000, 3).value();
  ASSERT_EQ(graph->num_users(), 3000U);
  ASSERT_EQ(graph->num_items(), 1500U);
  EXPECT_NEAR(static_cast<double>(graph->num_interactions()) / 60'000, 0.95, 0.05) << "repeats are lost";
  std::uint32_t most = 0;
  std::uint64_t of_own_circle = 0;
  for (std::uint32_t u = 0; u < graph->num_users(); ++u) {
    const auto items = graph->items(UserId{u}).targets, same = again->items(UserId{u}).targets;
    ASSERT_TRUE(std::equal(items.begin(), items.end(), same.begin(), same.end())) << "user " << u;
    EXPECT_GE(items.size(), 2U);
    for (const std::uint32_t item : items) of_own_circle += item % 3 == u % 3 ? 1 : 0;
  }
  for (std::uint32_t i = 0; i < graph->num_items(); ++i)
    most = std::max(most, graph->degree(Relation::kInteractedBy, i));
  EXPECT_GT(most, 10 * 60'000 / 1500) << "some items are much more popular than others";
  EXPECT_NEAR(static_cast<double>(of_own_circle) / static_cast<double>(graph->num_interactions()), 2.0 / 3, 0.05)
      << "a half by taste and a third of the rest by chance";
}

TEST(TrainBench, TimesAnEpochThatLearns) {
  const Runtime runtime(2);
  const auto rows = RunTrainBench(runtime, {.edges = {20'000, 40'000}});
  ASSERT_TRUE(rows.ok()) << rows.status().ToString();
  ASSERT_EQ(rows->size(), 2U);
  for (const TrainBenchRow& row : *rows) {
    EXPECT_GT(row.seconds, 0);
    EXPECT_GT(row.edges_per_second, 0);
    EXPECT_GT(row.peak_memory_bytes, 0U);
    EXPECT_GT(row.recall, 20.0 / row.items) << "worse than chance";
  }
}

TEST(TrainBench, RefusesSizesAndMemoryThatWillNotDo) {
  const Runtime runtime(1);
  EXPECT_EQ(RunTrainBench(runtime, {.edges = {}}).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(RunTrainBench(runtime, {.edges = {7}}).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(RunTrainBench(runtime, {.edges = {20'000}, .memory_limit = 1 << 20}).status().code(),
            StatusCode::kOutOfMemory);
}

}  // namespace
}  // namespace kith::tools
