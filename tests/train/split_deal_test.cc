#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <vector>

#include "kith/base/rng.h"
#include "kith/train/split.h"

namespace kith {
namespace {

/// 200 users with 1 to 30 draws among 80 items, repeats among them, at random times.
std::vector<Edge> SomeInteractions(bool dated) {
  std::vector<Edge> edges;
  for (std::uint32_t u = 0; u < 200; ++u) {
    const Rng rng(6, Purpose::kTest, 0, u);
    for (std::uint32_t i = 0; i < 1 + u % 30; ++i) {
      edges.push_back({u, rng.bounded(2 * i, 80), 1.0F, dated ? rng.bounded(2 * i + 1, 1000) : kNoTime});
    }
  }
  // Not sorted by user, as a log is not.
  std::stable_sort(edges.begin(), edges.end(),
                   [](const Edge& a, const Edge& b) { return a.target % 7 < b.target % 7; });
  return edges;
}

using Pair = std::pair<std::uint32_t, std::uint32_t>;

std::map<Part, std::set<Pair>> Parts(const std::vector<Edge>& edges, const Deal& deal) {
  std::map<Part, std::set<Pair>> parts;
  EXPECT_EQ(deal.parts.size(), edges.size());
  for (std::size_t e = 0; e < edges.size(); ++e) {
    const bool first = parts[deal.parts[e]].emplace(edges[e].source, edges[e].target).second;
    EXPECT_TRUE(first || deal.parts[e] == Part::kRepeat) << "a pair twice in one part";
  }
  return parts;
}

std::map<std::uint32_t, std::size_t> ByUser(const std::set<Pair>& pairs) {
  std::map<std::uint32_t, std::size_t> counts;
  for (const Pair& pair : pairs) ++counts[pair.first];
  return counts;
}

TEST(DealOut, PutsEveryPairIntoOnePart) {
  for (const bool dated : {true, false}) {
    const std::vector<Edge> edges = SomeInteractions(dated);
    std::set<Pair> all;
    for (const Edge& edge : edges) all.emplace(edge.source, edge.target);
    for (const SplitBy by : {SplitBy::kRatio, SplitBy::kLeaveOneOut, SplitBy::kTime}) {
      if (by == SplitBy::kTime && !dated) continue;
      auto parts = Parts(edges, DealOut(edges, 200, {.by = by, .cold_users = 0.1}).value());
      std::set<Pair> united;
      std::size_t sum = 0;
      for (const Part part : {Part::kTrain, Part::kTest, Part::kCold}) {
        united.insert(parts[part].begin(), parts[part].end());
        sum += parts[part].size();
      }
      EXPECT_EQ(united, all) << static_cast<int>(by);
      EXPECT_EQ(sum, all.size()) << "parts overlap";
    }
  }
}

TEST(DealOut, ByRatioKeepsThatShareOfEachUser) {
  const std::vector<Edge> edges = SomeInteractions(false);
  auto parts = Parts(edges, DealOut(edges, 200, {.ratio = 0.7, .least = 4}).value());
  auto train = ByUser(parts[Part::kTrain]), test = ByUser(parts[Part::kTest]);
  double of_large = 0, held_of_large = 0;
  for (std::uint32_t u = 0; u < 200; ++u) {
    const double n = static_cast<double>(train[u] + test[u]), held = static_cast<double>(test[u]);
    EXPECT_GE(train[u], 1U) << "someone has nothing left";
    if (n < 4) {
      EXPECT_EQ(held, 0) << u;
    } else {
      EXPECT_NEAR(held, 0.3 * n, 1) << u;
      of_large += n;
      held_of_large += held;
    }
  }
  EXPECT_NEAR(held_of_large / of_large, 0.3, 0.01);
}

TEST(DealOut, LeavesTheLastOneOut) {
  const std::vector<Edge> edges = SomeInteractions(true);
  const Deal deal = DealOut(edges, 200, {.by = SplitBy::kLeaveOneOut}).value();
  auto parts = Parts(edges, deal);
  auto train = ByUser(parts[Part::kTrain]), test = ByUser(parts[Part::kTest]);
  std::map<std::uint32_t, std::int64_t> latest;
  for (const Edge& edge : edges) latest[edge.source] = std::max(latest[edge.source], edge.time);
  for (std::size_t e = 0; e < edges.size(); ++e) {
    if (deal.parts[e] == Part::kTest) {
      EXPECT_EQ(edges[e].time, latest[edges[e].source]) << "user " << edges[e].source;
    }
  }
  for (std::uint32_t u = 0; u < 200; ++u) EXPECT_EQ(test[u], train[u] + test[u] >= 2 ? 1U : 0U);
}

TEST(DealOut, LeavesOneOutByChanceWhereTimesAreMissing) {
  const std::vector<Edge> edges = SomeInteractions(false);
  auto parts = Parts(edges, DealOut(edges, 200, {.by = SplitBy::kLeaveOneOut}).value());
  auto other = Parts(edges, DealOut(edges, 200, {.by = SplitBy::kLeaveOneOut, .seed = 2}).value());
  for (const auto& [user, n] : ByUser(parts[Part::kTest])) EXPECT_EQ(n, 1U) << user;
  EXPECT_NE(parts[Part::kTest], other[Part::kTest]);
}

TEST(DealOut, ByTimeKnowsThePastAndAsksForWhatIsNew) {
  const std::vector<Edge> edges = SomeInteractions(true);
  const Deal deal = DealOut(edges, 200, {.by = SplitBy::kTime, .ratio = 0.6}).value();
  std::size_t before = 0;
  std::set<Pair> known;
  for (const Edge& edge : edges) {
    before += edge.time < deal.at ? 1 : 0;
    if (edge.time < deal.at) known.emplace(edge.source, edge.target);
  }
  EXPECT_NEAR(static_cast<double>(before), 0.6 * static_cast<double>(edges.size()), 10);
  auto parts = Parts(edges, deal);
  EXPECT_EQ(parts[Part::kTrain], known);
  for (std::size_t e = 0; e < edges.size(); ++e) {
    if (deal.parts[e] == Part::kTrain) {
      EXPECT_LT(edges[e].time, deal.at);
    }
    if (deal.parts[e] == Part::kTest) {
      EXPECT_GE(edges[e].time, deal.at);
    }
  }
  EXPECT_EQ(DealOut(edges, 200, {.by = SplitBy::kTime, .at = deal.at}).value().parts, deal.parts);
}

TEST(DealOut, CountsTheLastOfRepeatedPairsAsAStoreDoes) {
  const std::vector<Edge> edges = {{0, 5, 1, 30}, {0, 5, 2, 70},      {0, 5, 3, 50},
                                   {0, 6, 1, 10}, {0, 7, 1, kNoTime}, {0, 7, 2, kNoTime}};
  const Deal deal = DealOut(edges, 1, {.least = 100}).value();
  EXPECT_EQ(deal.parts,
            (std::vector<Part>{Part::kRepeat, Part::kTrain, Part::kRepeat, Part::kTrain, Part::kRepeat, Part::kTrain}));
  const std::vector<Edge> dated(edges.begin(), edges.begin() + 4);
  const Deal by_time = DealOut(dated, 1, {.by = SplitBy::kTime, .at = 60}).value();
  EXPECT_EQ(by_time.parts, (std::vector<Part>{Part::kRepeat, Part::kRepeat, Part::kTrain, Part::kTrain}))
      << "known with its last row before the moment, and not asked for";
}

TEST(DealOut, HoldsATenthOfTheUsersColdAndTheOthersAsBefore) {
  const std::vector<Edge> edges = SomeInteractions(false);
  auto warm = Parts(edges, DealOut(edges, 200, {}).value());
  auto parts = Parts(edges, DealOut(edges, 200, {.cold_users = 0.1}).value());
  const auto cold = ByUser(parts[Part::kCold]);
  EXPECT_GT(cold.size(), 8U);
  EXPECT_LT(cold.size(), 36U);
  for (const Part part : {Part::kTrain, Part::kTest}) {
    for (const Pair& pair : parts[part]) EXPECT_FALSE(cold.contains(pair.first)) << "a cold user has rows left";
    for (const Pair& pair : warm[part]) {
      if (!cold.contains(pair.first)) {
        EXPECT_TRUE(parts[part].contains(pair)) << "another user's part changed";
      }
    }
  }
}

TEST(DealOut, RefusesSharesOutOfRangeAndUndatedRowsByTime) {
  const std::vector<Edge> edges = SomeInteractions(false);
  for (const double ratio : {0.0, 1.0, -0.5, 7.0}) {
    EXPECT_EQ(DealOut(edges, 200, {.ratio = ratio}).status().code(), StatusCode::kInvalidArgument) << ratio;
  }
  for (const double cold : {-0.1, 1.0}) {
    EXPECT_EQ(DealOut(edges, 200, {.cold_users = cold}).status().code(), StatusCode::kInvalidArgument) << cold;
  }
  const Status undated = DealOut(edges, 200, {.by = SplitBy::kTime}).status();
  EXPECT_EQ(undated.code(), StatusCode::kInvalidArgument);
  EXPECT_NE(undated.message().find("have no time"), std::string_view::npos) << undated.ToString();
  EXPECT_TRUE(DealOut({}, 0, {}).value().parts.empty());
}

}  // namespace
}  // namespace kith
