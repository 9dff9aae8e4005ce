// The baselines against counts made by sets.
#include "kith/recommend/baselines.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "kith/recommend/ranker.h"
#include "random_model.h"
#include "testing/toy_graph.h"

namespace kith {
namespace {

using testing::RandomSocialGraph;

std::size_t Shared(const SocialGraph& graph, std::uint32_t a, std::uint32_t b) {
  const auto x = graph.users(ItemId{a}).targets, y = graph.users(ItemId{b}).targets;
  std::vector<std::uint32_t> both;
  std::set_intersection(x.begin(), x.end(), y.begin(), y.end(), std::back_inserter(both));
  return both.size();
}

TEST(PopularityModel, RanksByDegreeForEveryone) {
  const Runtime runtime(1);
  const auto graph = RandomSocialGraph(runtime, 20, 50, 30, 300, 20);
  const auto model = PopularityModel(*graph).value();
  EXPECT_EQ(model->info.architecture, "popularity");
  const Ranker ranker(model);
  for (std::uint32_t user = 0; user < 50; ++user) {
    const auto list = ranker.Rank(MakeUserView(*graph, *model, UserId{user}), 30);
    EXPECT_EQ(list.size(), 30 - graph->items(UserId{user}).size());
    for (std::size_t n = 0; n < list.size(); ++n) {
      const std::uint32_t degree = graph->degree(Relation::kInteractedBy, list[n].id);
      EXPECT_NEAR(list[n].score, std::log(1.0 + degree), 1e-6);
      if (n > 0) {
        EXPECT_LE(degree, graph->degree(Relation::kInteractedBy, list[n - 1].id));
      }
    }
  }
}

TEST(ItemKnnModel, HoldsTheNearestItemsByCosine) {
  const Runtime runtime(1);
  const auto graph = RandomSocialGraph(runtime, 21, 60, 40, 400, 0);
  const float shrink = 1.5F;
  const auto model = ItemKnnModel(runtime, *graph, {.neighbors = 7, .shrink = shrink}).value();
  for (std::uint32_t j = 0; j < 40; ++j) {
    std::vector<std::pair<float, std::uint32_t>> all;  // by -cosine, then id
    for (std::uint32_t i = 0; i < 40; ++i) {
      const double shared = static_cast<double>(Shared(*graph, j, i));
      if (i == j || shared == 0) continue;
      const double degrees = std::sqrt(static_cast<double>(graph->degree(Relation::kInteractedBy, i)) *
                                       graph->degree(Relation::kInteractedBy, j));
      all.emplace_back(-static_cast<float>(shared / (degrees + shrink)), i);
    }
    std::sort(all.begin(), all.end());
    all.resize(std::min<std::size_t>(all.size(), 7));
    std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
    ASSERT_EQ(model->kernel.offsets[j + 1] - model->kernel.offsets[j], all.size());
    for (std::size_t n = 0; n < all.size(); ++n) {
      EXPECT_EQ(model->kernel.targets[model->kernel.offsets[j] + n], all[n].second);
      EXPECT_FLOAT_EQ(model->kernel.values[model->kernel.offsets[j] + n], -all[n].first);
    }
  }
}

TEST(ItemKnnModel, IsTheSameOnOneTwoAndEightThreads) {
  const Runtime one(1);
  const auto graph = RandomSocialGraph(one, 22, 300, 1300, 5000, 0);
  const auto expected = ItemKnnModel(one, *graph).value()->Encode();
  for (const int threads : {2, 8}) {
    const Runtime runtime(threads);
    const auto encoded = ItemKnnModel(runtime, *graph).value()->Encode();
    EXPECT_TRUE(encoded.tensors == expected.tensors);
    EXPECT_EQ(encoded.json, expected.json);
  }
}

TEST(ItemKnnModel, SumsSimilaritiesToTheUsersItemsOnTheToyGraph) {
  const Runtime runtime(1);
  const auto graph = testing::ToyGraph(runtime);
  const auto model = ItemKnnModel(runtime, *graph).value();
  const Ranker ranker(model);
  const UserView ann = MakeUserView(*graph, *model, UserId{0});
  // faust shares bob with dune and cem with emma: 1/2 + 1/2.  gilgamesh shares cem with emma: 1/2.  Over all six items
  // the sums are 1/2 1/2 1 1/2 0 0, whose deviation is the unit under the root.
  const double deviation = std::sqrt(1.75 / 6 - (2.5 / 6) * (2.5 / 6));
  const auto root = [&](double sum) { return 2 * (std::sqrt(1 + sum / deviation) - 1); };
  const auto list = ranker.Rank(ann, 6);
  ASSERT_EQ(list.size(), 4U);
  EXPECT_EQ(list[0].id, 2U);
  EXPECT_NEAR(list[0].score, root(1.0), 1e-5);
  EXPECT_EQ(list[1].id, 3U);
  EXPECT_NEAR(list[1].score, root(0.5), 1e-5);
  const auto terms = ranker.Explain(ann, 3);
  ASSERT_EQ(terms.size(), 1U);
  EXPECT_EQ(terms[0].via, Via::kItem);
  EXPECT_EQ(terms[0].key, 1U);
  EXPECT_FLOAT_EQ(terms[0].attention, 0.5F);
  EXPECT_NEAR(terms[0].contribution, root(0.5), 1e-5);
}

TEST(ItemKnnModel, GivesPopularItemsToUsersWithoutItems) {
  const Runtime runtime(1);
  const auto graph = testing::ToyGraph(runtime);
  const auto model = ItemKnnModel(runtime, *graph).value();
  const EdgeChange trusts{Relation::kTrusts, {5, 2}};
  const auto later = graph->WithEdges({&trusts, 1}, 6, 6, 16);
  const Ranker ranker(model);
  const auto list = ranker.Rank(MakeUserView(*later, *model, UserId{5}), 6);
  ASSERT_EQ(list.size(), 6U);
  EXPECT_EQ(list.back().id, 5U);
  EXPECT_NEAR(list.front().score, std::log(3.0), 1e-6);
}

TEST(ItemKnnModel, RefusesOptionsThatMeanNothing) {
  const Runtime runtime(1);
  const auto graph = testing::ToyGraph(runtime);
  EXPECT_EQ(ItemKnnModel(runtime, *graph, {.neighbors = 0}).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(ItemKnnModel(runtime, *graph, {.shrink = -1}).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(ItemKnnModel(runtime, *graph, {.shrink = std::numeric_limits<float>::quiet_NaN()}).status().code(),
            StatusCode::kInvalidArgument);
}

TEST(FactorModel, RanksByTheProductsWhateverTheFactorsLengths) {
  const Runtime runtime(1);
  const auto graph = testing::ToyGraph(runtime);
  Matrix users(graph->num_users(), 2), items(graph->num_items(), 2);
  users.fill(1.0F);
  for (std::uint32_t i = 0; i < items.rows(); ++i) {
    items(i, 0) = static_cast<float>((i * 4) % 7);  // all different: an item's length decides as its direction does
    items(i, 1) = 0.5F;
  }
  const auto model = FactorModel(*graph, "ials", users, items).value();
  const Ranker ranker(model);
  const UserView view = MakeUserView(*graph, *model, UserId{1});
  const auto list = ranker.Rank(view, 10);
  ASSERT_EQ(list.size(), graph->num_items() - view.seen.size());
  for (std::size_t n = 1; n < list.size(); ++n) EXPECT_GT(items(list[n - 1].id, 0), items(list[n].id, 0));
  for (std::uint32_t i = 0; i < items.rows(); ++i) {
    double square = 0;
    for (const float x : model->items.row_span(i)) square += static_cast<double>(x) * x;
    EXPECT_NEAR(square, 1.0, 1e-5);
  }
  EXPECT_EQ(FactorModel(*graph, "ials", items, users).status().code(), StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace kith
