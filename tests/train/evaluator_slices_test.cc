#include "kith/train/evaluator_slices.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "kith/recommend/baselines.h"
#include "testing/random_graph.h"
#include "testing/toy_graph.h"

namespace kith {
namespace {

using ::testing::ElementsAre;

std::map<std::string, Slice> ByName(const Slicer& slicer) {
  std::map<std::string, Slice> slices;
  for (const Slice& slice : slicer.slices()) slices.emplace(slice.by + " " + slice.name, slice);
  return slices;
}

TEST(Slicer, PartsTheToyGraphAsDrawn) {
  const Runtime runtime(1);
  const auto graph = testing::ToyGraph(runtime);
  // ann (2 items, 1 friend), bob (2, 1), dee (2, 0).  Popular: five items of degree 2, iliad of degree 1.
  const HeldOut held_out{.users = {UserId{0}, UserId{1}, UserId{3}},
                         .items = {{2, 5}, {4}, {0}},
                         .unknown = {0, 1, 0},
                         .unknown_users = 2};
  const Slicer slicer(*graph, held_out);
  const auto slices = ByName(slicer);
  EXPECT_EQ(slices.size(), 8U);
  EXPECT_THAT(slices.at("items 1-4").users, ElementsAre(0, 1, 2));
  EXPECT_EQ(slices.at("items not in the store").unknown_users, 2U);
  EXPECT_THAT(slices.at("friends 0").users, ElementsAre(2));
  EXPECT_THAT(slices.at("friends 1-5").users, ElementsAre(0, 1));
  // 11 interactions: dune and emma before 11/3, faust and gilgamesh before 22/3, then hamlet and iliad.
  EXPECT_THAT(slices.at("popularity head").users, ElementsAre(2));
  EXPECT_THAT(slices.at("popularity middle").users, ElementsAre(0));
  EXPECT_THAT(slices.at("popularity tail").users, ElementsAre(0, 1));
  EXPECT_THAT(slices.at("popularity new").users, ElementsAre(1)) << "an item the store does not know";

  // Popular first, ties to the smaller id: ann gets faust gilgamesh hamlet iliad.
  const Ranker ranker(PopularityModel(*graph).value());
  const std::vector<std::uint32_t> ks = {4};
  const Evaluation evaluation = Evaluate(runtime, *graph, ranker, held_out, ks);
  const auto middle = slicer.Of(slices.at("popularity middle"), evaluation, 4);
  ASSERT_EQ(middle.size(), 1U);
  EXPECT_EQ(middle[0].recall, 1) << "faust at rank 1";
  EXPECT_EQ(middle[0].mrr, 1);
  const auto tail = slicer.Of(slices.at("popularity tail"), evaluation, 4);
  EXPECT_EQ(tail[0].recall, 1) << "iliad at rank 4";
  EXPECT_EQ(tail[0].mrr, 0.25) << "what faust took of the list is not given back";
  EXPECT_EQ(slicer.Of(slices.at("popularity new"), evaluation, 4)[0].recall, 0);
  EXPECT_EQ(slicer.Of(slices.at("items not in the store"), evaluation, 4).size(), 2U);
}

TEST(Slicer, GivesTheWholeFiguresWhereItsPartsArePutTogether) {
  const Runtime runtime(2);
  const auto graph = testing::RandomGraph(runtime, 400, 120, 4000, 1500, 5);
  HeldOut held_out{.users = {}, .items = {}, .unknown_users = 7};
  for (std::uint32_t u = 0; u < 400; ++u) {
    const Rng rng(4, Purpose::kTest, 0, u);
    std::set<std::uint32_t> items;
    for (std::uint32_t i = 0; i < 5; ++i) items.insert(rng.bounded(i, 120));
    held_out.users.push_back(UserId{u});
    held_out.items.emplace_back(items.begin(), items.end());
  }
  const Ranker ranker(ItemKnnModel(runtime, *graph).value());
  const std::vector<std::uint32_t> ks = {10};
  const Evaluation whole = Evaluate(runtime, *graph, ranker, held_out, ks);
  const Slicer slicer(*graph, held_out);
  std::map<std::string, double> users, recall, hits;
  for (const Slice& slice : slicer.slices()) {
    const auto metrics = slicer.Of(slice, whole, 10);
    users[slice.by] += static_cast<double>(metrics.size());
    for (std::size_t m = 0; m < metrics.size(); ++m) {
      recall[slice.by] += metrics[m].recall;
      hits[slice.by] += metrics[m].precision * 10;
    }
  }
  EXPECT_EQ(users["items"], 407);
  EXPECT_EQ(users["friends"], 400);
  EXPECT_NEAR(recall["items"] / 407, whole.at[0].recall, 1e-12);
  EXPECT_NEAR(recall["friends"] / 407, whole.at[0].recall, 1e-12);
  EXPECT_NEAR(hits["popularity"], static_cast<double>(whole.hits.size()), 1e-9) << "every hit is of one group of items";
}

}  // namespace
}  // namespace kith
