#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <vector>

#include "kith/recommend/baselines.h"
#include "kith/train/evaluator.h"
#include "testing/random_graph.h"

namespace kith {
namespace {

using Items = std::set<std::uint32_t>;

/// Every figure by its definition: all items scored, sorted, cut; sets intersected pair by pair.
struct Reference {
  double recall = 0, ndcg = 0, precision = 0, hit_rate = 0, mrr = 0, map = 0;
  double coverage = 0, novelty = 0, diversity = 0, popularity_bias = 0, gini = 0;

  Reference(const SocialGraph& graph, const Ranker& ranker, const HeldOut& held_out, std::size_t k) {
    const std::size_t items = graph.num_items();
    std::vector<Items> fans(items);
    for (std::uint32_t i = 0; i < items; ++i) {
      for (const std::uint32_t u : graph.users(ItemId{i}).targets) fans[i].insert(u);
    }
    std::vector<double> places(items, 0.0);
    double lists = 0, owners = 0, listed = 0, owned = 0;
    const double users = static_cast<double>(held_out.users.size() + held_out.unknown_users);
    for (std::size_t n = 0; n < held_out.users.size(); ++n) {
      const UserView view = MakeUserView(graph, ranker.model(), held_out.users[n]);
      std::vector<float> scores(items);
      ranker.ScoreAll(view, scores);
      std::vector<std::uint32_t> list;
      const auto own = graph.items(held_out.users[n]).targets;
      for (std::uint32_t i = 0; i < items; ++i) {
        if (std::find(own.begin(), own.end(), i) == own.end()) list.push_back(i);
      }
      std::stable_sort(list.begin(), list.end(), [&](auto a, auto b) { return scores[a] > scores[b]; });
      list.resize(std::min(k, list.size()));

      const Items wanted(held_out.items[n].begin(), held_out.items[n].end());
      const std::size_t relevant = wanted.size() + held_out.num_unknown(n);
      double hits = 0, dcg = 0, ideal = 0, precisions = 0, first = 0;
      for (std::size_t r = 0; r < list.size(); ++r) {
        if (!wanted.contains(list[r])) continue;
        const auto place = static_cast<double>(r + 1);
        hits += 1;
        dcg += 1 / std::log2(place + 1);
        precisions += hits / place;
        if (first == 0) first = 1 / place;
      }
      for (std::size_t r = 0; r < std::min(k, relevant); ++r) ideal += 1 / std::log2(static_cast<double>(r) + 2);
      recall += hits / static_cast<double>(relevant) / users;
      ndcg += dcg / ideal / users;
      precision += hits / static_cast<double>(k) / users;
      hit_rate += (hits > 0 ? 1 : 0) / users;
      mrr += first / users;
      map += precisions / static_cast<double>(std::min(k, relevant)) / users;

      double surprise = 0, apart = 0, popular = 0, pairs = 0;
      for (std::size_t a = 0; a < list.size(); ++a) {
        const Items& left = fans[list[a]];
        places[list[a]] += 1;
        popular += static_cast<double>(left.size()) / static_cast<double>(list.size());
        surprise -= std::log2(std::max(1.0, static_cast<double>(left.size())) / graph.num_users());
        for (std::size_t b = 0; b < a; ++b) {
          const Items& right = fans[list[b]];
          const auto both = std::count_if(left.begin(), left.end(), [&](auto u) { return right.contains(u); });
          const double length = std::sqrt(static_cast<double>(left.size() * right.size()));
          apart += length == 0 ? 1 : 1 - static_cast<double>(both) / length;
          pairs += 1;
        }
      }
      lists += 1;
      novelty += surprise / static_cast<double>(list.size());
      diversity += apart / pairs;
      if (own.empty()) continue;
      double mean = 0;
      for (const std::uint32_t i : own) mean += static_cast<double>(fans[i].size()) / static_cast<double>(own.size());
      owners += 1;
      listed += popular;
      owned += mean;
    }
    novelty /= lists;
    diversity /= lists;
    popularity_bias = (listed / owners) / (owned / owners) - 1;
    double differences = 0, sum = 0;
    for (const double a : places) {
      coverage += (a > 0 ? 1.0 : 0.0) / static_cast<double>(items);
      sum += a;
      for (const double b : places) differences += std::abs(a - b);
    }
    gini = differences / (2 * static_cast<double>(items) * sum);  // the mean absolute difference over twice the mean
  }
};

TEST(Evaluate, AgreesWithAReferenceOnEveryFigure) {
  const Runtime runtime(2);
  const auto graph = testing::RandomGraph(runtime, 90, 70, 700, 0, 9);
  HeldOut held_out{.users = {}, .items = {}, .unknown_users = 3};
  for (std::uint32_t u = 0; u < 90; u += 2) {
    const Rng rng(u, Purpose::kTest);
    Items items;
    for (std::uint32_t i = 0; i < 1 + u % 9; ++i) items.insert(rng.bounded(i, 70));
    held_out.users.push_back(UserId{u});
    held_out.items.emplace_back(items.begin(), items.end());
    held_out.unknown.push_back(u % 3);
  }
  const std::vector<std::uint32_t> ks = {5, 1, 20};
  for (const bool knn : {true, false}) {
    const Ranker ranker(knn ? ItemKnnModel(runtime, *graph).value() : PopularityModel(*graph).value());
    const Evaluation found = Evaluate(runtime, *graph, ranker, held_out, ks);
    for (std::size_t i : {0U, 2U}) {  // one item has no pair
      SCOPED_TRACE(::testing::Message() << "k " << ks[i] << " knn " << knn);
      const Reference expected(*graph, ranker, held_out, ks[i]);
      EXPECT_NEAR(found.at[i].recall, expected.recall, 1e-12);
      EXPECT_NEAR(found.at[i].ndcg, expected.ndcg, 1e-12);
      EXPECT_NEAR(found.at[i].precision, expected.precision, 1e-12);
      EXPECT_NEAR(found.at[i].hit_rate, expected.hit_rate, 1e-12);
      EXPECT_NEAR(found.at[i].mrr, expected.mrr, 1e-12);
      EXPECT_NEAR(found.at[i].map, expected.map, 1e-12);
      EXPECT_NEAR(found.catalogue[i].coverage, expected.coverage, 1e-12);
      EXPECT_NEAR(found.catalogue[i].novelty, expected.novelty, 1e-9);
      EXPECT_NEAR(found.catalogue[i].diversity, expected.diversity, 1e-9);
      EXPECT_NEAR(found.catalogue[i].popularity_bias, expected.popularity_bias, 1e-9);
      EXPECT_NEAR(found.catalogue[i].gini, expected.gini, 1e-9);
    }
  }
}

TEST(ListMeter, EstimatesDiversityFromASampleOfTheUsers) {
  const Runtime runtime(2);
  const auto graph = testing::RandomGraph(runtime, 3000, 40, 60000, 0, 3);
  const std::vector<std::uint32_t> ks = {10};
  ListMeter whole(*graph, ks), sampled(*graph, ks, /*seed=*/1, /*most_audience=*/700);
  for (std::uint32_t u = 0; u < 400; ++u) {
    std::vector<ScoredItem> list;
    for (std::uint32_t i = 0; i < 10; ++i) list.push_back({0.0F, (u * 7 + i * 3) % 40});
    std::vector<ListFigures> figures(1);
    whole.Measure(UserId{u}, list, figures);
    sampled.Measure(UserId{u}, list, figures);
  }
  EXPECT_NEAR(sampled.Totals()[0].diversity, whole.Totals()[0].diversity, 0.01);
  EXPECT_NE(sampled.Totals()[0].diversity, whole.Totals()[0].diversity);
  EXPECT_EQ(sampled.Totals()[0].novelty, whole.Totals()[0].novelty);
}

TEST(ListMeter, OfNothingIsZero) {
  const Runtime runtime(1);
  const auto graph = SocialGraph::Build(runtime, 2, 3, {}, {}).value();
  const std::vector<std::uint32_t> ks = {10};
  ListMeter meter(*graph, ks);
  std::vector<ListFigures> figures(1);
  meter.Measure(UserId{0}, {}, figures);
  EXPECT_EQ(figures[0].items, 0U);
  const CatalogueFigures totals = meter.Totals()[0];
  EXPECT_EQ(totals.coverage, 0);
  EXPECT_EQ(totals.diversity, 0);
  EXPECT_EQ(totals.gini, 0);
  EXPECT_EQ(totals.popularity_bias, 0);
}

}  // namespace
}  // namespace kith
