#include "ials.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "testing/random_graph.h"

namespace kith {
namespace {

std::shared_ptr<const SocialGraph> Graph(const Runtime& runtime) {
  return testing::RandomGraph(runtime, 70, 50, 600, 5, 3);
}

TEST(Ials, LowersItsObjectiveWithEverySweep) {
  const Runtime runtime(2);
  const auto graph = Graph(runtime);
  double before = INFINITY;
  for (const std::uint32_t sweeps : {0U, 1U, 2U, 4U, 8U}) {
    const IalsOptions options{.width = 6, .sweeps = sweeps};
    const double now = IalsObjective(*graph, options, FactoriseIals(runtime, *graph, options).value());
    EXPECT_LT(now, before) << sweeps << " sweeps";
    before = now;
  }
}

TEST(Ials, LeavesNoUserAWayDown) {
  const Runtime runtime(1);
  const auto graph = Graph(runtime);
  const IalsOptions options{.width = 5, .sweeps = 3, .alpha = 0.2, .lambda = 0.01};
  IalsFactors factors = FactoriseIals(runtime, *graph, options).value();
  const double best = IalsObjective(*graph, options, factors);
  for (const std::uint32_t user : {0U, 13U, 69U}) {
    for (std::uint32_t c = 0; c < 5; ++c) {
      for (const float step : {-0.02F, 0.02F}) {
        const float value = factors.users(user, c);
        factors.users(user, c) = value + step;
        EXPECT_GT(IalsObjective(*graph, options, factors), best) << user << ", " << c;
        factors.users(user, c) = value;
      }
    }
  }
}

TEST(Ials, GivesTheSameBitsForAnyNumberOfThreads) {
  const Runtime one(1), four(4);
  const auto graph = Graph(one);
  const IalsFactors a = FactoriseIals(one, *graph, {.width = 8, .sweeps = 2}).value();
  const IalsFactors b = FactoriseIals(four, *graph, {.width = 8, .sweeps = 2}).value();
  EXPECT_EQ(std::memcmp(a.users.data(), b.users.data(), a.users.size() * sizeof(float)), 0);
  EXPECT_EQ(std::memcmp(a.items.data(), b.items.data(), a.items.size() * sizeof(float)), 0);
}

TEST(Ials, RefusesWeightsThatAreNotAboveZero) {
  const Runtime runtime(1);
  const auto graph = Graph(runtime);
  EXPECT_EQ(FactoriseIals(runtime, *graph, {.alpha = 0}).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(FactoriseIals(runtime, *graph, {.lambda = -1}).status().code(), StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace kith
