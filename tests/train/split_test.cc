#include "kith/train/split.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <utility>
#include <vector>

#include "testing/random_graph.h"

namespace kith {
namespace {

using Pairs = std::set<std::pair<std::uint32_t, std::uint32_t>>;

Pairs HeldOutPairs(const Split& split) {
  Pairs pairs;
  for (std::size_t n = 0; n < split.held_out.users.size(); ++n) {
    for (const std::uint32_t item : split.held_out.items[n]) pairs.emplace(index(split.held_out.users[n]), item);
  }
  return pairs;
}

std::shared_ptr<const SocialGraph> Graph(const Runtime& runtime) {
  return testing::RandomGraph(runtime, 400, 150, 9000, 600, 21);
}

TEST(HoldOut, PutsEveryInteractionEitherIntoTheGraphOrIntoTheHeldOutPart) {
  const Runtime runtime(2);
  const auto graph = Graph(runtime);
  const Split split = HoldOut(runtime, *graph, {.ratio = 0.25, .seed = 3}).value();
  ASSERT_EQ(split.held_out.users.size(), split.held_out.items.size());
  const Pairs held = HeldOutPairs(split);
  ASSERT_FALSE(held.empty());
  std::vector<Edge> both;
  for (const Edge& edge : split.graph->Edges(Relation::kInteracts)) {
    EXPECT_FALSE(held.contains({edge.source, edge.target})) << "kept and held out";
    both.push_back(edge);
  }
  for (const auto& [user, item] : held) both.push_back({user, item});
  std::sort(both.begin(), both.end(),
            [](const Edge& a, const Edge& b) { return std::pair(a.source, a.target) < std::pair(b.source, b.target); });
  EXPECT_EQ(both, graph->Edges(Relation::kInteracts));
}

TEST(HoldOut, ListsUsersAndTheirItemsInAscendingOrder) {
  const Runtime runtime(1);
  const Split split = HoldOut(runtime, *Graph(runtime), {.ratio = 0.3}).value();
  EXPECT_TRUE(std::is_sorted(split.held_out.users.begin(), split.held_out.users.end()));
  for (const auto& items : split.held_out.items) {
    EXPECT_FALSE(items.empty());
    EXPECT_TRUE(std::is_sorted(items.begin(), items.end()));
  }
}

TEST(HoldOut, TakesTheRatioWithinEachUserUpToRounding) {
  const Runtime runtime(1);
  const auto graph = Graph(runtime);
  for (const double ratio : {0.1, 0.2, 0.5}) {
    const Split split = HoldOut(runtime, *graph, {.ratio = ratio, .seed = 5}).value();
    for (std::uint32_t u = 0; u < graph->num_users(); ++u) {
      const double all = graph->degree(Relation::kInteracts, u);
      const double held = all - split.graph->degree(Relation::kInteracts, u);
      EXPECT_LE(std::abs(held - all * ratio), 1.0) << "user " << u << " of " << all << " items";
    }
    const double share =
        static_cast<double>(HeldOutPairs(split).size()) / static_cast<double>(graph->num_interactions());
    EXPECT_NEAR(share, ratio, 0.03);
  }
}

TEST(HoldOut, TakesNothingFromUsersWithFewItemsAndLeavesEveryoneOne) {
  const Runtime runtime(1);
  std::vector<Edge> edges;
  for (std::uint32_t u = 0; u < 40; ++u) {
    for (std::uint32_t i = 0; i < u % 8; ++i) edges.push_back({u, i});
  }
  const auto graph = SocialGraph::Build(runtime, 40, 8, edges, {}).value();
  const Split split = HoldOut(runtime, *graph, {.ratio = 0.99, .least = 4}).value();
  for (std::uint32_t u = 0; u < 40; ++u) {
    const std::uint32_t all = u % 8, kept = split.graph->degree(Relation::kInteracts, u);
    if (all < 4) {
      EXPECT_EQ(kept, all);
    } else {
      EXPECT_GE(kept, 1U);
      EXPECT_LT(kept, all);
    }
  }
}

TEST(HoldOut, TakesEveryItemOfAUserEquallyOften) {
  const Runtime runtime(1);
  // 4000 users with the same ten items: each item is held out for a tenth of them.
  std::vector<Edge> edges;
  for (std::uint32_t u = 0; u < 4000; ++u) {
    for (std::uint32_t i = 0; i < 10; ++i) edges.push_back({u, i});
  }
  const auto graph = SocialGraph::Build(runtime, 4000, 10, edges, {}).value();
  const Split split = HoldOut(runtime, *graph, {.ratio = 0.1, .seed = 8}).value();
  for (std::uint32_t i = 0; i < 10; ++i) {
    const double held = 4000.0 - split.graph->degree(Relation::kInteractedBy, i);
    EXPECT_NEAR(held, 400, 5 * std::sqrt(4000 * 0.1 * 0.9)) << "item " << i;
  }
}

TEST(HoldOut, KeepsFriendshipsWeightsTimesCountsAndThePlaceInTheLog) {
  const Runtime runtime(1);
  std::vector<Edge> likes;
  for (std::uint32_t u = 0; u < 30; ++u) {
    for (std::uint32_t i = 0; i < 10; ++i) likes.push_back({u, i, 0.5F + static_cast<float>(i), 1000 + i});
  }
  const std::vector<Edge> trusts = {{0, 1, 2.0F, 7}, {5, 3}};
  const auto graph = SocialGraph::Build(runtime, 33, 12, likes, trusts, "a store", 99).value();
  const Split split = HoldOut(runtime, *graph, {.ratio = 0.2}).value();
  EXPECT_EQ(split.graph->num_users(), 33U);
  EXPECT_EQ(split.graph->num_items(), 12U);
  EXPECT_EQ(split.graph->store_id(), "a store");
  EXPECT_EQ(split.graph->log_sequence(), 99U);
  EXPECT_EQ(split.graph->Edges(Relation::kTrusts), graph->Edges(Relation::kTrusts));
  for (const Edge& edge : split.graph->Edges(Relation::kInteracts)) {
    EXPECT_FLOAT_EQ(edge.weight, 0.5F + static_cast<float>(edge.target));
    EXPECT_EQ(edge.time, 1000 + edge.target);
  }
}

/// Ten items a user at shuffled times; of `untimed` in a hundred users one interaction has none.
std::shared_ptr<const SocialGraph> TimedGraph(const Runtime& runtime, std::uint32_t untimed) {
  std::vector<Edge> likes;
  for (std::uint32_t u = 0; u < 100; ++u) {
    for (std::uint32_t i = 0; i < 10; ++i) likes.push_back({u, i, 1.0F, 500 + (u + 7 * i) % 10});
    if (u < untimed) likes.back().time = kNoTime;
  }
  return SocialGraph::Build(runtime, 100, 10, likes, {}).value();
}

TEST(HoldOut, TakesTheLatestItemsOfEachUserWhereTimesAreKnown) {
  const Runtime runtime(1);
  const auto graph = TimedGraph(runtime, 0);
  const Split split = HoldOut(runtime, *graph, {.ratio = 0.25, .seed = 5}).value();
  for (std::size_t n = 0; n < split.held_out.users.size(); ++n) {
    const std::uint32_t u = index(split.held_out.users[n]);
    std::int64_t latest_kept = 0;
    for (const std::int64_t time : split.graph->items(UserId{u}).times) latest_kept = std::max(latest_kept, time);
    for (const std::uint32_t item : split.held_out.items[n]) EXPECT_GT(500 + (u + 7 * item) % 10, latest_kept);
  }
  EXPECT_EQ(split.held_out.users.size(), 100U);
  const Split by_chance = HoldOut(runtime, *graph, {.ratio = 0.25, .by_time = false, .seed = 5}).value();
  EXPECT_NE(HeldOutPairs(by_chance), HeldOutPairs(split));
}

TEST(HasHistory, WantsTimesThatOrderTheItemsOfNineUsersInTen) {
  const Runtime runtime(1);
  EXPECT_TRUE(HasHistory(*TimedGraph(runtime, 10)));
  EXPECT_FALSE(HasHistory(*TimedGraph(runtime, 11)));
  EXPECT_FALSE(HasHistory(*Graph(runtime)));
  std::vector<Edge> at_once;
  for (std::uint32_t i = 0; i < 10; ++i) at_once.push_back({0, i, 1.0F, 77});
  EXPECT_FALSE(HasHistory(*SocialGraph::Build(runtime, 1, 10, at_once, {}).value()));
}

TEST(HoldOut, DependsOnTheSeedAndTheUserAlone) {
  const Runtime one(1), eight(8);
  const auto graph = Graph(one);
  const Pairs held = HeldOutPairs(HoldOut(one, *graph, {.seed = 4}).value());
  EXPECT_EQ(held, HeldOutPairs(HoldOut(eight, *graph, {.seed = 4}).value()));
  EXPECT_NE(held, HeldOutPairs(HoldOut(one, *graph, {.seed = 5}).value()));

  // News of user 7 must not move what is held out for the others.
  const std::vector<EdgeChange> news = {{Relation::kInteracts, {7, 149}, false},
                                        {Relation::kInteracts, {7, 148}, false}};
  const auto later = graph->WithEdges(news, graph->num_users(), graph->num_items(), graph->log_sequence() + 2);
  Pairs held_later = HeldOutPairs(HoldOut(one, *later, {.seed = 4}).value());
  const auto of_user_7 = [](const auto& pair) { return pair.first == 7; };
  std::erase_if(held_later, of_user_7);
  Pairs others = held;
  std::erase_if(others, of_user_7);
  EXPECT_EQ(held_later, others);
}

TEST(HoldOut, RefusesARatioThatIsNoShare) {
  const Runtime runtime(1);
  const auto graph = Graph(runtime);
  for (const double ratio : {0.0, 1.0, -0.5, std::numeric_limits<double>::quiet_NaN()}) {
    EXPECT_EQ(HoldOut(runtime, *graph, {.ratio = ratio}).status().code(), StatusCode::kInvalidArgument) << ratio;
  }
}

}  // namespace
}  // namespace kith
