#include "kith/train/evaluator.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "kith/recommend/baselines.h"
#include "testing/random_graph.h"
#include "testing/real_data.h"
#include "testing/toy_graph.h"

namespace kith {
namespace {

std::vector<ScoredItem> List(std::initializer_list<std::uint32_t> items) {
  std::vector<ScoredItem> list;
  for (const std::uint32_t item : items) list.push_back({0.0F, item});
  return list;
}

void ExpectMetrics(const Metrics& m, double recall, double ndcg, double precision, double hit_rate, double mrr,
                   double map) {
  EXPECT_NEAR(m.recall, recall, 1e-9);
  EXPECT_NEAR(m.ndcg, ndcg, 1e-9);
  EXPECT_NEAR(m.precision, precision, 1e-9);
  EXPECT_NEAR(m.hit_rate, hit_rate, 1e-9);
  EXPECT_NEAR(m.mrr, mrr, 1e-9);
  EXPECT_NEAR(m.map, map, 1e-9);
}

TEST(ScoreList, GivesTheNumbersWorkedOutByHand) {
  const std::vector<std::uint32_t> held_out = {1, 2, 7};
  const double second = 1 / std::log2(3.0), third = 0.5, fourth = 1 / std::log2(5.0);
  // Hits at ranks 2 and 4; 4 relevant items, one of which nobody can find.
  ExpectMetrics(ScoreList(List({5, 2, 8, 1}), held_out, 1, 4), 2.0 / 4,
                (second + fourth) / (1 + second + third + fourth), 2.0 / 4, 1, 1.0 / 2, (1.0 / 2 + 2.0 / 4) / 4);
  // Cut at 3: one hit, the ideal has three places.
  ExpectMetrics(ScoreList(List({5, 2, 8, 1}), held_out, 1, 3), 1.0 / 4, second / (1 + second + third), 1.0 / 3, 1,
                1.0 / 2, (1.0 / 2) / 3);
  // Fewer relevant items than places: a perfect list scores 1 wherever it can.
  ExpectMetrics(ScoreList(List({7, 1, 2, 9, 5}), held_out, 0, 5), 1, 1, 3.0 / 5, 1, 1, 1);
  ExpectMetrics(ScoreList(List({4, 5}), held_out, 0, 2), 0, 0, 0, 0, 0, 0);
}

TEST(ScoreList, CountsTheMissingEndOfAShortListAsMisses) {
  const std::vector<std::uint32_t> held_out = {3};
  ExpectMetrics(ScoreList(List({3}), held_out, 0, 10), 1, 1, 1.0 / 10, 1, 1, 1);
  ExpectMetrics(ScoreList(List({}), held_out, 0, 10), 0, 0, 0, 0, 0, 0);
  ExpectMetrics(ScoreList(List({}), {}, 2, 10), 0, 0, 0, 0, 0, 0);
}

/// The definitions once more, with 0/1 relevance written out place by place and the ideal list built.
Metrics Naive(const std::vector<ScoredItem>& list, const std::set<std::uint32_t>& held_out, std::size_t unknown,
              std::uint32_t k) {
  std::vector<double> relevance(k, 0.0), ideal(k, 0.0);
  for (std::uint32_t r = 0; r < k; ++r) {
    relevance[r] = r < list.size() && held_out.contains(list[r].id) ? 1 : 0;
    ideal[r] = r < held_out.size() + unknown ? 1 : 0;
  }
  const auto dcg = [](const std::vector<double>& gains) {
    double sum = 0;
    for (std::size_t r = 0; r < gains.size(); ++r)
      sum += gains[r] * std::log(2.0) / std::log(static_cast<double>(r) + 2);
    return sum;
  };
  const auto hits_until = [&](std::size_t n) {
    double hits = 0;
    for (std::size_t r = 0; r < n; ++r) hits += relevance[r];
    return hits;
  };
  Metrics m{.k = k};
  m.recall = hits_until(k) / static_cast<double>(held_out.size() + unknown);
  m.precision = hits_until(k) / k;
  m.ndcg = dcg(relevance) / dcg(ideal);
  m.hit_rate = std::min(1.0, hits_until(k));
  double precisions = 0, places = 0;
  for (std::uint32_t r = 0; r < k; ++r) {
    if (relevance[r] > 0 && m.mrr == 0) m.mrr = 1.0 / (r + 1);
    if (relevance[r] > 0) precisions += hits_until(r + 1) / (r + 1);
    places += ideal[r];
  }
  m.map = precisions / places;
  return m;
}

TEST(ScoreList, AgreesWithTheDefinitionsOnRandomLists) {
  for (std::uint32_t trial = 0; trial < 400; ++trial) {
    const Rng rng(trial, Purpose::kTest);
    std::vector<ScoredItem> list;
    std::set<std::uint32_t> listed, held_out;
    const std::uint32_t length = rng.bounded(0, 30), k = 1 + rng.bounded(1, 25), unknown = rng.bounded(2, 4);
    for (std::uint32_t i = 0; i < length; ++i) {
      const std::uint32_t item = rng.bounded(100 + i, 60);
      if (listed.insert(item).second) list.push_back({-static_cast<float>(i), item});
    }
    const std::uint32_t relevant = 1 + rng.bounded(3, 30);
    for (std::uint32_t i = 0; i < relevant; ++i) held_out.insert(rng.bounded(200 + i, 60));
    const std::vector<std::uint32_t> sorted(held_out.begin(), held_out.end());
    const Metrics naive = Naive(list, held_out, unknown, k);
    SCOPED_TRACE(::testing::Message() << "trial " << trial << " k " << k);
    ExpectMetrics(ScoreList(list, sorted, unknown, k), naive.recall, naive.ndcg, naive.precision, naive.hit_rate,
                  naive.mrr, naive.map);
  }
}

TEST(Evaluate, GivesTheNumbersOfTheToyGraphWorkedOutByHand) {
  const Runtime runtime(2);
  const auto graph = testing::ToyGraph(runtime);
  const Ranker ranker(PopularityModel(*graph).value());
  // Popular first, ties to the smaller id: ann gets faust gilgamesh hamlet iliad, eli gets dune emma faust gilgamesh.
  const HeldOut held_out{
      .users = {UserId{0}, UserId{4}}, .items = {{4}, {1, 2}}, .unknown = {1, 0}, .unknown_users = 2};
  const std::vector<std::uint32_t> ks = {2, 3};
  const Evaluation found = Evaluate(runtime, *graph, ranker, held_out, ks);
  ASSERT_EQ(found.users, 4U) << "unknown users count";
  ASSERT_EQ(found.at.size(), 2U);
  const double second = 1 / std::log2(3.0), third = 0.5;
  // @2: ann misses; eli has emma at rank 2 of 2 relevant.
  ExpectMetrics(found.at[0], (0 + 1.0 / 2) / 4, (second / (1 + second)) / 4, (1.0 / 2) / 4, 1.0 / 4, (1.0 / 2) / 4,
                (1.0 / 2 / 2) / 4);
  // @3: ann has hamlet at rank 3 of two relevant (one unknown); eli has emma and faust at 2 and 3.
  ExpectMetrics(found.at[1], (1.0 / 2 + 1) / 4, (third / (1 + second) + (second + third) / (1 + second)) / 4,
                (1.0 / 3 + 2.0 / 3) / 4, 2.0 / 4, (1.0 / 3 + 1.0 / 2) / 4, (1.0 / 3 / 2 + (1.0 / 2 + 2.0 / 3) / 2) / 4);
  // @2 the lists hold faust gilgamesh dune emma; @3 also hamlet, of 6 items.
  EXPECT_NEAR(found.catalogue[0].coverage, 4.0 / 6, 1e-12);
  EXPECT_NEAR(found.catalogue[1].coverage, 5.0 / 6, 1e-12);
}

void ExpectTheSameBits(const Evaluation& a, const Evaluation& b) {
  ASSERT_EQ(a.at.size(), b.at.size());
  for (std::size_t i = 0; i < a.at.size(); ++i) {
    for (const MetricName& metric : kMetrics) EXPECT_EQ(a.at[i].*metric.value, b.at[i].*metric.value) << metric.name;
    const CatalogueFigures &c = a.catalogue[i], &d = b.catalogue[i];
    EXPECT_EQ(c.coverage, d.coverage);
    EXPECT_EQ(c.novelty, d.novelty);
    EXPECT_EQ(c.diversity, d.diversity);
    EXPECT_EQ(c.popularity_bias, d.popularity_bias);
    EXPECT_EQ(c.gini, d.gini);
  }
  EXPECT_EQ(a.hit_offsets, b.hit_offsets);
}

TEST(Evaluate, GivesTheSameBitsOnAnyNumberOfThreadsAndForAnyBlock) {
  const Runtime one(1), two(2), eight(8);
  const auto graph = testing::RandomGraph(one, 700, 300, 9000, 0, 5);
  const Ranker ranker(ItemKnnModel(one, *graph, {.neighbors = 10}).value());
  HeldOut held_out;
  for (std::uint32_t u = 0; u < 700; ++u) {
    const Rng rng(3, Purpose::kTest, 0, u);
    std::set<std::uint32_t> items;
    for (std::uint32_t i = 0; i < 6; ++i) items.insert(rng.bounded(i, 300));
    held_out.users.push_back(UserId{u});
    held_out.items.emplace_back(items.begin(), items.end());
  }
  const std::vector<std::uint32_t> ks = {1, 10, 20};
  const Evaluation alone = Evaluate(one, *graph, ranker, held_out, ks);
  EXPECT_GT(alone.at[2].recall, 0);
  for (const Runtime* runtime : {&two, &eight}) {
    const Evaluation other = Evaluate(*runtime, *graph, ranker, held_out, ks);
    ExpectTheSameBits(other, alone);
  }
  for (const std::uint32_t block : {1U, 7U, 64U, 699U, 5000U}) {
    SCOPED_TRACE(block);
    ExpectTheSameBits(Evaluate(two, *graph, ranker, held_out, ks, {.block = block}), alone);
  }
}

TEST(Evaluate, StopsWhereItIsToldTo) {
  const Runtime runtime(1);
  const auto graph = testing::ToyGraph(runtime);
  const Ranker ranker(PopularityModel(*graph).value());
  const HeldOut held_out{.users = {UserId{0}, UserId{4}}, .items = {{2}, {0}}};
  const std::vector<std::uint32_t> ks = {20};
  std::atomic<bool> cancelled = true;
  EXPECT_TRUE(Evaluate(runtime, *graph, ranker, held_out, ks, {.cancelled = &cancelled}).hits.empty());
  cancelled = false;
  EXPECT_EQ(Evaluate(runtime, *graph, ranker, held_out, ks, {.cancelled = &cancelled}).hits.size(), 2U);
}

TEST(Evaluate, OfNobodyIsZero) {
  const Runtime runtime(1);
  const auto graph = testing::ToyGraph(runtime);
  const Ranker ranker(PopularityModel(*graph).value());
  const std::vector<std::uint32_t> ks = {20};
  const Evaluation found = Evaluate(runtime, *graph, ranker, {}, ks);
  EXPECT_EQ(found.users, 0U);
  EXPECT_EQ(found.at[0].recall, 0);
  EXPECT_EQ(found.catalogue[0].coverage, 0);
}

/// `user item item ...` a line, dense numbers; fails the test where a line is not of that form.
std::vector<Edge> ReadLightGcn(const std::string& path) {
  std::vector<Edge> edges;
  std::ifstream file(path);
  EXPECT_TRUE(file) << "cannot read " << path;
  for (std::string line; std::getline(file, line);) {
    std::istringstream numbers(line);
    std::uint32_t user = 0, item = 0;
    if (!(numbers >> user)) continue;
    while (numbers >> item) edges.push_back({user, item});
  }
  return edges;
}

/// The figures that the public split's papers and our score script give for popularity on it.
TEST(Evaluate, GivesPopularityItsKnownFiguresOnGowalla) {
  const std::string data = kith::testing::RealData();
  if (data.empty()) GTEST_SKIP() << kith::testing::kNoRealData;
  const std::vector<Edge> train = ReadLightGcn(std::string(data) + "/gowalla/train.txt");
  const std::vector<Edge> test = ReadLightGcn(std::string(data) + "/gowalla/test.txt");
  ASSERT_EQ(train.size(), 810128U);
  ASSERT_EQ(test.size(), 217242U);
  const Runtime runtime;
  const auto graph = SocialGraph::Build(runtime, 29858, 40981, train, {}).value();
  std::vector<std::set<std::uint32_t>> wanted(29858);
  for (const Edge& edge : test) wanted[edge.source].insert(edge.target);
  HeldOut held_out;
  for (std::uint32_t u = 0; u < 29858; ++u) {
    if (wanted[u].empty()) continue;
    held_out.users.push_back(UserId{u});
    held_out.items.emplace_back(wanted[u].begin(), wanted[u].end());
  }
  const Ranker ranker(PopularityModel(*graph).value());
  const std::vector<std::uint32_t> ks = {20};
  const Evaluation found = Evaluate(runtime, *graph, ranker, held_out, ks);
  EXPECT_NEAR(found.at[0].recall, 0.0416, 0.00005);
  EXPECT_NEAR(found.at[0].ndcg, 0.0317, 0.00005);
}

}  // namespace
}  // namespace kith
