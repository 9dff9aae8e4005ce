#include "fusion.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "encoder_world.h"
#include "export_model.h"
#include "kith/train/split.h"
#include "testing/planted_world.h"

namespace kith {
namespace {

/// Vectors that know the planted tastes and nothing else: what friends add is then known to come from friends.
std::shared_ptr<Model> TasteModel(const Runtime& runtime, const testing::PlantedWorld& world,
                                  const SocialGraph& graph) {
  const auto encoder =
      Encoder::Make({.kind = LayerKind::kLightGcn, .num_nodes = graph.num_nodes(), .width = world.groups, .layers = 1},
                    runtime)
          .value();
  Matrix& table = encoder->mutable_table();
  testing::FillNormal("taste", 0.05, 1, table);
  for (std::uint32_t u = 0; u < graph.num_users(); ++u) table(u, world.group(UserId{u})) += 1;
  for (std::uint32_t i = 0; i < graph.num_items(); ++i) table(graph.num_users() + i, world.group(ItemId{i})) += 1;
  encoder->ForwardFull(FullGraphBlock(runtime, graph));
  auto model = ExportModel(runtime, graph, *encoder).value();
  CheckOk(model->Finish());
  return model;
}

struct Fitted {
  Split split;
  std::shared_ptr<Model> model;
  FusionReport before, after;
};

Fitted Fit(const Runtime& runtime, const testing::PlantedWorldOptions& world_options, const FusionOptions& options) {
  const testing::PlantedWorld world = testing::MakePlantedWorld(runtime, world_options);
  Fitted fitted{HoldOut(runtime, *world.graph, {.ratio = 0.2, .seed = 2}).value(), nullptr, {}, {}};
  fitted.model = TasteModel(runtime, world, *fitted.split.graph);
  fitted.before = Measure(runtime, *fitted.split.graph, fitted.model, fitted.split.held_out);
  fitted.after = FitGates(runtime, *fitted.split.graph, fitted.split.held_out, options, fitted.model);
  return fitted;
}

TEST(FitGates, OpensTheFriendsGateWhereInteractionsAreCopiedFromFriends) {
  const Runtime runtime(2);
  const Fitted fitted = Fit(runtime, {.users = 400}, {});
  EXPECT_GT(fitted.model->gates.friends, 0);
  EXPECT_GT(fitted.after.recall, fitted.before.recall);
}

TEST(FitGates, LeavesTheFriendsGateClosedWhereFriendsSayNothing) {
  const Runtime runtime(2);
  for (const std::uint64_t seed : {1, 2, 3}) {
    const Fitted fitted = Fit(runtime, {.users = 400, .shuffled_friends = true, .seed = seed}, {});
    EXPECT_EQ(fitted.model->gates.friends, 0) << "world " << seed;
  }
}

TEST(FitGates, ReportsWhatTheModelItLeavesMeasures) {
  const Runtime runtime(2);
  const Fitted fitted = Fit(runtime, {}, {});
  const FusionReport again = Measure(runtime, *fitted.split.graph, fitted.model, fitted.split.held_out);
  EXPECT_EQ(again.recall, fitted.after.recall);
  EXPECT_EQ(again.ndcg, fitted.after.ndcg);
  EXPECT_GE(fitted.after.recall + fitted.after.ndcg, fitted.before.recall + fitted.before.ndcg);
}

TEST(FitGates, KeepsClosedWhatIsLeftOut) {
  const Runtime runtime(2);
  const Fitted fitted = Fit(runtime, {}, {.friends = false, .popular = false});
  EXPECT_EQ(fitted.model->gates.friends, 0);
  EXPECT_EQ(fitted.model->gates.popular, 0);
}

TEST(FitGates, LowersPopularityLessReadilyOnAHoldOutThatIsAsOldAsWhatIsLearnedFrom) {
  const Runtime runtime(2);
  // Popularity says little in this world, and both hold-outs know; only one is trusted to say so.
  const testing::PlantedWorldOptions world{.users = 400};
  EXPECT_EQ(Fit(runtime, world, {.friends = false}).model->gates.popular, kDefaultPopular);
  EXPECT_LT(Fit(runtime, world, {.friends = false, .held_out_latest = true}).model->gates.popular, kDefaultPopular);
}

TEST(FitColdGates, LetsFriendsSpeakForUsersWithoutItemsWhereTheyKnow) {
  const Runtime runtime(2);
  const testing::PlantedWorld world = testing::MakePlantedWorld(runtime, {.users = 400});
  const auto model = TasteModel(runtime, world, *world.graph);
  CheckOk(FitColdGates(runtime, *world.graph, {}, model));
  EXPECT_GT(model->gates.cold_friends, 0);
  CheckOk(FitColdGates(runtime, *world.graph, {.friends = false}, model));
  EXPECT_EQ(model->gates.cold_friends, 0);
  EXPECT_GT(model->gates.cold_popular, 0) << "somebody must answer";
}

TEST(SampleUsers, TakesThatManyWithTheirOwnItemsInTheirOrder) {
  HeldOut held_out;
  for (std::uint32_t u = 0; u < 500; ++u) {
    held_out.users.push_back(UserId{3 * u});
    held_out.items.push_back({u});
  }
  const HeldOut sample = SampleUsers(held_out, 100, 4);
  ASSERT_EQ(sample.users.size(), 100U);
  EXPECT_TRUE(std::is_sorted(sample.users.begin(), sample.users.end()));
  for (std::size_t n = 0; n < 100; ++n) EXPECT_EQ(sample.items[n][0] * 3, index(sample.users[n]));
  EXPECT_EQ(SampleUsers(held_out, 100, 4).users, sample.users);
  EXPECT_NE(SampleUsers(held_out, 100, 5).users, sample.users);
  EXPECT_EQ(SampleUsers(held_out, 500, 4).users, held_out.users);
}

}  // namespace
}  // namespace kith
