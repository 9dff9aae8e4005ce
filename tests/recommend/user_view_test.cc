// The live vector and the friends' attention against their definitions, for every rule of attention.
#include <gtest/gtest.h>

#include "by_definition.h"
#include "kith/recommend/evidence.h"
#include "random_model.h"
#include "testing/toy_graph.h"

namespace kith {
namespace {

using testing::Definition;
using testing::Finished;
using testing::ModelShape;
using testing::RandomModel;
using testing::RandomSocialGraph;

class UserViewOfEveryRule : public ::testing::TestWithParam<ModelShape> {};

TEST_P(UserViewOfEveryRule, EncodesTheVectorOfTheDefinition) {
  const Runtime runtime(1);
  const auto graph = RandomSocialGraph(runtime, 3, 40, 30, 200, 60);
  const auto model = Finished(RandomModel(*graph, GetParam()));
  const Definition definition{*graph, *model};
  for (std::uint32_t user = 0; user < graph->num_users(); ++user) {
    const UserView view = MakeUserView(*graph, *model, UserId{user});
    ASSERT_EQ(view.items, definition.Own(user));
    const std::vector<double> z = definition.Vector(user);
    ASSERT_EQ(view.z.size(), z.size());
    for (std::size_t c = 0; c < z.size(); ++c) EXPECT_NEAR(view.z[c], z[c], 1e-5) << "user " << user;
    ASSERT_EQ(view.item_weights.size(), view.items.size() * model->heads);
    for (std::size_t head = 0; head < model->heads; ++head) {
      const std::vector<double> weights = definition.Attention(user, head);
      for (std::size_t n = 0; n < weights.size(); ++n) {
        EXPECT_NEAR(view.item_weights[n * model->heads + head], weights[n], 1e-6 * (1 + weights[n]));
      }
    }
  }
}

TEST_P(UserViewOfEveryRule, WeighsFriendsByTasteAndOnlyThoseWithItems) {
  const Runtime runtime(1);
  const auto graph = RandomSocialGraph(runtime, 4, 40, 30, 120, 150);
  const auto model = Finished(RandomModel(*graph, GetParam()));
  const Definition definition{*graph, *model};
  for (std::uint32_t user = 0; user < graph->num_users(); ++user) {
    const UserView view = MakeUserView(*graph, *model, UserId{user});
    const std::vector<double> weights = definition.FriendAttention(user);
    ASSERT_EQ(view.friend_weights.size(), weights.size());
    double sum = 0;
    for (std::size_t n = 0; n < weights.size(); ++n) {
      EXPECT_NEAR(view.friend_weights[n], weights[n], 1e-5);
      sum += view.friend_weights[n];
    }
    if (view.friends_with_items > 0) {
      EXPECT_NEAR(sum, 1.0, 1e-5);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Rules, UserViewOfEveryRule,
                         ::testing::Values(ModelShape{8, AttentionRule::kDegree, 1},
                                           ModelShape{8, AttentionRule::kHouse, 1},
                                           ModelShape{12, AttentionRule::kGat, 3},
                                           ModelShape{12, AttentionRule::kGatv2, 2},
                                           ModelShape{8, AttentionRule::kMean, 1}));

TEST(UserView, OfAnUnknownUserIsEmptyAndFallsBack) {
  const Runtime runtime(1);
  const auto graph = testing::ToyGraph(runtime);
  const auto model = Finished(RandomModel(*graph, {}));
  const UserView view = MakeUserView(*graph, *model, UserId{77});
  EXPECT_TRUE(view.fallback());
  EXPECT_FALSE(view.has_items());
  EXPECT_TRUE(view.seen.empty());
}

TEST(UserView, HasNobodyCloserToAUserWithoutItems) {
  const Runtime runtime(1);
  const auto graph = RandomSocialGraph(runtime, 4, 40, 30, 120, 150);
  const auto model = Finished(RandomModel(*graph, {}));
  std::vector<EdgeChange> changes;
  for (const std::uint32_t item : graph->items(UserId{3}).targets) {
    changes.push_back({Relation::kInteracts, {3, item}});
    changes.back().removed = true;
  }
  ASSERT_FALSE(changes.empty());
  const auto later = graph->WithEdges(changes, graph->num_users(), graph->num_items(), 99);
  const UserView view = MakeUserView(*later, *model, UserId{3});
  ASSERT_FALSE(view.has_items());
  ASSERT_GT(view.friends_with_items, 1U);
  for (std::size_t n = 0; n < view.friends.size(); ++n) {
    const bool has_items = !later->items(UserId{view.friends[n]}).empty();
    EXPECT_NEAR(view.friend_weights[n], has_items ? 1.0 / view.friends_with_items : 0.0, 1e-6);
  }
}

TEST(UserView, SeesItemsLaterThanTheModelButDoesNotUseThem) {
  const Runtime runtime(1);
  const auto graph = testing::ToyGraph(runtime);
  const auto model = Finished(RandomModel(*graph, {}));
  const EdgeChange change{Relation::kInteracts, {0, 6}};
  const auto later = graph->WithEdges({&change, 1}, 5, 7, 16);
  const UserView before = MakeUserView(*graph, *model, UserId{0});
  const UserView after = MakeUserView(*later, *model, UserId{0});
  EXPECT_EQ(after.seen, (std::vector<std::uint32_t>{0, 1, 6}));
  EXPECT_EQ(after.items, before.items);
  EXPECT_EQ(after.z, before.z);
}

TEST(UserView, UsedAgainHoldsNothingOfTheUserBefore) {
  const Runtime runtime(1);
  const auto graph = RandomSocialGraph(runtime, 5, 40, 30, 200, 90);
  const auto model = Finished(RandomModel(*graph, {}));
  UserView reused;
  for (std::uint32_t user = 0; user < 45; ++user) {
    FillUserView(*graph, *model, UserId{user}, reused);
    const UserView fresh = MakeUserView(*graph, *model, UserId{user});
    EXPECT_EQ(reused.items, fresh.items);
    EXPECT_EQ(reused.seen, fresh.seen);
    EXPECT_EQ(reused.friends, fresh.friends);
    EXPECT_EQ(reused.friend_weights, fresh.friend_weights);
    EXPECT_EQ(reused.friends_with_items, fresh.friends_with_items);
    EXPECT_EQ(reused.z, fresh.z);
    EXPECT_EQ(reused.item_weights, fresh.item_weights);
  }
}

TEST(UserView, OfAUserLaterThanTheModelHasNoBase) {
  const Runtime runtime(1);
  const auto graph = testing::ToyGraph(runtime);
  const auto model = Finished(RandomModel(*graph, {}));
  const EdgeChange change{Relation::kInteracts, {5, 2}};
  const auto later = graph->WithEdges({&change, 1}, 6, 6, 16);
  const UserView view = MakeUserView(*later, *model, UserId{5});
  ASSERT_EQ(view.items, (std::vector<std::uint32_t>{2}));
  // One item of degree 2: z = scale / sqrt(1 * 2) * message.
  for (std::size_t c = 0; c < model->width(); ++c) {
    EXPECT_NEAR(view.z[c], 0.8 / std::sqrt(2.0) * model->item_messages(2, c), 1e-6);
  }
}

}  // namespace
}  // namespace kith
