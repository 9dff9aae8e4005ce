#include "gate_lists.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "fusion.h"
#include "kith/recommend/ranker.h"
#include "kith/train/split.h"
#include "recommend/random_model.h"
#include "spectral.h"
#include "testing/planted_world.h"

namespace kith {
namespace {

struct World {
  Split split;
  std::shared_ptr<Model> model;
};

/// A planted world and a model of random vectors with a real kernel over it.
World MakeWorld(const Runtime& runtime) {
  const testing::PlantedWorld planted = testing::MakePlantedWorld(runtime, {.users = 200});
  World world{HoldOut(runtime, *planted.graph, {.ratio = 0.2, .seed = 3}).value(), nullptr};
  const SocialGraph& graph = *world.split.graph;
  world.model = testing::RandomModel(graph, {.width = 8});
  world.model->kernel =
      BuildSpectralKernel(runtime, graph, ComputeSpectralBasis(runtime, graph, {.rank = 16}).value(), {});
  world.model->kernel_degree_exponent = 0.35F;
  CheckOk(world.model->Finish());
  return world;
}

double Mean(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

TEST(GateLists, MeasureWhatRankingTheWholeCatalogueMeasures) {
  const Runtime runtime(2);
  const World world = MakeWorld(runtime);
  const auto lists = MakeGateLists(runtime, *world.split.graph, world.split.held_out, {}, *world.model);
  GateSetting setting{.gates = {.learned = 1.0F, .popular = 0.4F}, .sharpness = 2};
  const GateSetting settings[] = {
      setting,
      {.gates = {.learned = 1.0F, .kernel = 0.5F, .popular = 0.3F, .popular_slope = -0.3F}, .sharpness = 0},
      {.gates = {.learned = 0.5F,
                 .kernel = 0.2F,
                 .neighbours = 0.3F,
                 .friends = 4.0F,
                 .friends_slope = -0.6F,
                 .popular = 0.2F},
       .sharpness = 3},
      {.gates = {.learned = 0.0F, .neighbours = 1.0F, .friends = 8.0F}, .sharpness = 1}};
  for (const GateSetting& tried : settings) {
    const PerUser measured = MeasureGateLists(runtime, lists, tried);
    world.model->gates = tried.gates;
    world.model->friend_sharpness = kSharpness[tried.sharpness];
    const FusionReport exact = Measure(runtime, *world.split.graph, world.model, world.split.held_out);
    EXPECT_NEAR(Mean(measured.recall), exact.recall, 1e-12);
    EXPECT_NEAR(Mean(measured.ndcg), exact.ndcg, 1e-12);
  }
}

TEST(GateLists, HoldNoItemTwiceAndNoneThatTheUserHas) {
  const Runtime runtime(2);
  const World world = MakeWorld(runtime);
  const auto lists = MakeGateLists(runtime, *world.split.graph, world.split.held_out, {}, *world.model);
  for (std::size_t n = 0; n < lists.size(); ++n) {
    const GateList& list = lists[n];
    EXPECT_TRUE(std::is_sorted(list.items.begin(), list.items.end()));
    EXPECT_EQ(std::adjacent_find(list.items.begin(), list.items.end()), list.items.end());
    EXPECT_EQ(list.held_out, world.split.held_out.items[n]);
    const auto seen = world.split.graph->items(world.split.held_out.users[n]).targets;
    for (const std::uint32_t item : list.items) EXPECT_FALSE(std::binary_search(seen.begin(), seen.end(), item));
  }
}

TEST(GateLists, AreTheSameOnOneAndFourThreads) {
  const Runtime one(1), four(4);
  const World world = MakeWorld(one);
  const auto a = MakeGateLists(one, *world.split.graph, world.split.held_out, {}, *world.model);
  const auto b = MakeGateLists(four, *world.split.graph, world.split.held_out, {}, *world.model);
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t n = 0; n < a.size(); ++n) {
    EXPECT_EQ(a[n].items, b[n].items);
    EXPECT_EQ(a[n].columns, b[n].columns);
  }
}

}  // namespace
}  // namespace kith
