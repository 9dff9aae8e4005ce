// Scores, lists and explanations of the gated sum, against the definitions in double and against brute force.
#include "kith/recommend/ranker.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <set>

#include "by_definition.h"
#include "random_model.h"
#include "testing/toy_graph.h"

namespace kith {
namespace {

using testing::Definition;
using testing::Finished;
using testing::ModelShape;
using testing::RandomModel;
using testing::RandomSocialGraph;

std::vector<float> Scores(const Ranker& ranker, const UserView& view) {
  std::vector<float> scores(ranker.model().info.num_items);
  ranker.ScoreAll(view, scores);
  return scores;
}

/// Sorts every unseen item: what Rank must give.
std::vector<ScoredItem> FullSort(const std::vector<float>& scores, const UserView& view, std::size_t k) {
  std::vector<ScoredItem> all;
  for (std::uint32_t i = 0; i < scores.size(); ++i) {
    if (!std::binary_search(view.seen.begin(), view.seen.end(), i)) all.push_back({scores[i], i});
  }
  std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.score > b.score; });
  all.resize(std::min(all.size(), k));
  return all;
}

class RankerOfEveryRule : public ::testing::TestWithParam<ModelShape> {};

TEST_P(RankerOfEveryRule, ScoresAsTheDefinitionSays) {
  const Runtime runtime(1);
  for (const auto& graph : {testing::ToyGraph(runtime), RandomSocialGraph(runtime, 6, 60, 50, 300, 100)}) {
    const auto model = Finished(RandomModel(*graph, GetParam()));
    const Ranker ranker(model);
    const Definition definition{*graph, *model};
    for (std::uint32_t user = 0; user <= graph->num_users(); ++user) {
      const std::vector<float> scores = Scores(ranker, MakeUserView(*graph, *model, UserId{user}));
      const std::vector<double> expected = definition.Score(user);
      for (std::size_t i = 0; i < scores.size(); ++i) {
        EXPECT_NEAR(scores[i], expected[i], 2e-5 * (1 + std::abs(expected[i]))) << "user " << user << " item " << i;
      }
    }
  }
}

TEST_P(RankerOfEveryRule, ExplainsEveryScoreForEverySetOfOpenGates) {
  const Runtime runtime(1);
  const auto graph = RandomSocialGraph(runtime, 7, 40, 25, 160, 70);
  for (unsigned open = 0; open < 16; ++open) {
    auto changed = RandomModel(*graph, GetParam());
    Gates& gates = changed->gates;
    if ((open & 1U) == 0) gates.learned = 0;
    if ((open & 2U) == 0) gates.kernel = 0;
    if ((open & 4U) == 0) gates.friends = gates.cold_friends = 0;
    if ((open & 8U) == 0) gates.popular = gates.cold_popular = 0;
    const auto model = Finished(changed);
    const Ranker ranker(model);
    for (std::uint32_t user = 0; user <= graph->num_users(); ++user) {
      const UserView view = MakeUserView(*graph, *model, UserId{user});
      const std::vector<float> scores = Scores(ranker, view);
      for (std::uint32_t item = 0; item < scores.size(); ++item) {
        double sum = 0;
        for (const Contribution& term : ranker.Explain(view, item)) sum += term.contribution;
        ASSERT_NEAR(sum, scores[item], 1e-4 * std::max(1.0F, std::abs(scores[item])))
            << "gates " << open << " user " << user << " item " << item;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Rules, RankerOfEveryRule,
                         ::testing::Values(ModelShape{8, AttentionRule::kDegree, 1},
                                           ModelShape{8, AttentionRule::kHouse, 1},
                                           ModelShape{12, AttentionRule::kGat, 3},
                                           ModelShape{12, AttentionRule::kGatv2, 2}));

TEST(Ranker, ExplanationNamesEachKeyOnceInOrderWithSharesOfAttention) {
  const Runtime runtime(1);
  const auto graph = RandomSocialGraph(runtime, 8, 40, 25, 200, 90);
  const auto model = Finished(RandomModel(*graph, {}));
  const Ranker ranker(model);
  const Definition definition{*graph, *model};
  for (std::uint32_t user = 0; user < graph->num_users(); ++user) {
    const UserView view = MakeUserView(*graph, *model, UserId{user});
    const std::vector<Contribution> terms = ranker.Explain(view, 3);
    for (std::size_t n = 1; n < terms.size(); ++n) {
      EXPECT_TRUE(std::pair(terms[n - 1].via, terms[n - 1].key) < std::pair(terms[n].via, terms[n].key));
    }
    double own = 0;
    for (const Contribution& term : terms) {
      EXPECT_GE(term.attention, 0.0F);
      EXPECT_LE(term.attention, 1.0F + 1e-6F);
      EXPECT_NE(term.contribution, 0.0F);
      if (term.via == Via::kItem) own += term.attention;
      if (term.via == Via::kFriend) {
        // Only a friend who has the item speaks for it, with the attention of the definition.
        const auto items = definition.Ranked(term.key);
        EXPECT_TRUE(std::find(items.begin(), items.end(), 3U) != items.end());
        const auto position = std::find(view.friends.begin(), view.friends.end(), term.key) - view.friends.begin();
        EXPECT_NEAR(term.attention, definition.FriendAttention(user)[static_cast<std::size_t>(position)], 1e-5);
      }
      if (term.via == Via::kModel || term.via == Via::kPopular) {
        EXPECT_EQ(term.key, 0U);
        EXPECT_EQ(term.attention, 0.0F);
      }
    }
    if (view.has_items()) {
      EXPECT_NEAR(own, 1.0, 1e-5);
    }
  }
}

TEST(Ranker, AClosedGateLeavesTheBitsOfTheOtherTermsUntouched) {
  const Runtime runtime(1);
  const auto graph = RandomSocialGraph(runtime, 9, 50, 40, 250, 80);
  const auto only = [&](unsigned open) {
    auto model = RandomModel(*graph, {.rule = AttentionRule::kHouse});
    Gates gates = model->gates;
    model->gates = {.learned = 0, .kernel = 0, .friends = 0, .popular = 0, .cold_friends = 0, .cold_popular = 0};
    if (open == 0) model->gates.learned = gates.learned;
    if (open == 1) model->gates.kernel = gates.kernel;
    if (open == 2) model->gates.friends = gates.friends;
    if (open == 3) model->gates.popular = gates.popular;
    return Finished(model);
  };
  // A model that never had the other parts gives the bits to compare with.
  const auto bare = [&](unsigned open) {
    auto model = std::make_shared<Model>(*only(open));
    if (open != 0) {
      if (open != 2) model->users = {};
      model->items = model->item_messages = model->user_base = model->user_queries = model->item_keys = {};
      if (open == 2) model->friend_sharpness = 0;
      model->users = {};
    }
    if (open != 1) model->kernel = {};
    return Finished(model);
  };
  for (unsigned open = 0; open < 4; ++open) {
    if (open == 2) continue;  // friends' attention reads the vectors: compared in the next test
    const auto with = only(open), without = bare(open);
    const Ranker a(with), b(without);
    for (std::uint32_t user = 0; user < graph->num_users(); ++user) {
      const auto x = Scores(a, MakeUserView(*graph, *with, UserId{user}));
      const auto y = Scores(b, MakeUserView(*graph, *without, UserId{user}));
      for (std::size_t i = 0; i < x.size(); ++i) {
        ASSERT_EQ(std::bit_cast<std::uint32_t>(x[i]), std::bit_cast<std::uint32_t>(y[i])) << "evidence " << open;
      }
    }
  }
}

TEST(Ranker, WithItsFriendsGateClosedIgnoresTheSocialGraph) {
  const Runtime runtime(1);
  const auto social = RandomSocialGraph(runtime, 10, 50, 40, 250, 80);
  const auto lonely = SocialGraph::Build(runtime, 50, 40, social->Edges(Relation::kInteracts), {}, "random", 1).value();
  auto changed = RandomModel(*social, {});
  changed->gates.friends = 0;
  const auto model = Finished(changed);
  const Ranker ranker(model);
  for (std::uint32_t user = 0; user < 47; ++user) {  // users with items
    if (social->items(UserId{user}).empty()) continue;
    EXPECT_EQ(Scores(ranker, MakeUserView(*social, *model, UserId{user})),
              Scores(ranker, MakeUserView(*lonely, *model, UserId{user})));
  }
}

TEST(Ranker, GivesTheFullSortWithoutSeenItems) {
  const Runtime runtime(1);
  const auto graph = RandomSocialGraph(runtime, 11, 60, 70, 500, 100);
  const auto model = Finished(RandomModel(*graph, {}));
  const Ranker ranker(model);
  for (std::uint32_t user = 0; user < graph->num_users(); ++user) {
    const UserView view = MakeUserView(*graph, *model, UserId{user});
    for (const std::size_t k : {1U, 7U, 70U}) {
      EXPECT_EQ(ranker.Rank(view, k), FullSort(Scores(ranker, view), view, k));
    }
  }
}

TEST(Ranker, NeverRecommendsAnItemTheUserHasSeen) {
  const Runtime runtime(1);
  const auto graph = RandomSocialGraph(runtime, 12, 60, 30, 600, 100);
  const auto model = Finished(RandomModel(*graph, {}));
  const Ranker ranker(model);
  for (std::uint32_t user = 0; user < graph->num_users(); ++user) {
    const auto list = ranker.Rank(MakeUserView(*graph, *model, UserId{user}), 1000);
    std::set<std::uint32_t> ids;
    for (const ScoredItem& hit : list) ids.insert(hit.id);
    EXPECT_EQ(ids.size(), list.size());
    for (const std::uint32_t seen : graph->items(UserId{user}).targets) EXPECT_FALSE(ids.contains(seen));
    // k beyond the catalogue gives everything that is left.
    EXPECT_EQ(list.size(), 30 - graph->items(UserId{user}).size());
  }
}

TEST(Ranker, GivesTiesToTheSmallerId) {
  const Runtime runtime(1);
  const auto graph = testing::ToyGraph(runtime);
  auto model = std::make_shared<Model>();
  model->info.num_users = 5;
  model->info.num_items = 6;
  model->item_degrees = {2, 2, 2, 2, 2, 1};
  model->gates = {.learned = 0, .popular = 1, .cold_friends = 0, .cold_popular = 1};
  const Ranker ranker(Finished(model));
  const auto list = ranker.Rank(MakeUserView(*graph, ranker.model(), UserId{0}), 6);
  std::vector<std::uint32_t> ids;
  for (const ScoredItem& hit : list) ids.push_back(hit.id);
  EXPECT_EQ(ids, (std::vector<std::uint32_t>{2, 3, 4, 5}));
}

TEST(Ranker, GivesNothingForKOfZeroOrAnEmptyCatalogue) {
  const Runtime runtime(1);
  const auto graph = testing::ToyGraph(runtime);
  const Ranker ranker(Finished(RandomModel(*graph, {})));
  EXPECT_TRUE(ranker.Rank(MakeUserView(*graph, ranker.model(), UserId{0}), 0).empty());
  const auto empty_graph = SocialGraph::Build(runtime, 2, 0, {}, {}).value();
  const Ranker empty(Finished(std::make_shared<Model>()));
  EXPECT_TRUE(empty.Rank(MakeUserView(*empty_graph, empty.model(), UserId{0}), 5).empty());
  std::size_t visits = 0;
  const UserId users[] = {UserId{0}, UserId{1}};
  empty.RankAll(runtime, *empty_graph, users, 5, [&](std::size_t, std::span<const ScoredItem> list) {
    ++visits;
    EXPECT_TRUE(list.empty());
  });
  EXPECT_EQ(visits, 2U);
}

TEST(Ranker, RanksAllUsersWithTheBitsOfOneUserOnOneTwoAndEightThreads) {
  const Runtime one(1);
  // More users than a block has, more items than a tile of vectors, and a width that fills no whole vector.
  const auto graph = RandomSocialGraph(one, 13, 333, 1111, 6000, 900);
  const auto model = Finished(RandomModel(*graph, {.width = 20, .rule = AttentionRule::kGatv2, .heads = 4}));
  const Ranker ranker(model);
  std::vector<UserId> users;
  for (std::uint32_t user = 0; user < 340; ++user)
    users.push_back(UserId{user * 7 % 340});  // some unknown, not in order
  std::vector<std::vector<ScoredItem>> expected;
  for (const UserId user : users) expected.push_back(ranker.Rank(MakeUserView(*graph, *model, user), 20));
  for (const int threads : {1, 2, 8}) {
    const Runtime runtime(threads);
    std::size_t next = 0;
    ranker.RankAll(runtime, *graph, users, 20, [&](std::size_t position, std::span<const ScoredItem> list) {
      ASSERT_EQ(position, next++);
      ASSERT_EQ(std::vector<ScoredItem>(list.begin(), list.end()), expected[position]) << "position " << position;
    });
    EXPECT_EQ(next, users.size());
  }
}

TEST(Ranker, LetsALiveEdgeChangeTheNextAnswer) {
  const Runtime runtime(1);
  const auto graph = testing::ToyGraph(runtime);
  const auto model = Finished(RandomModel(*graph, {}));
  const Ranker ranker(model);
  const EdgeChange likes{Relation::kInteracts, {0, 4}};
  const auto later = graph->WithEdges({&likes, 1}, 5, 6, 16);
  const UserView before = MakeUserView(*graph, *model, UserId{0}), after = MakeUserView(*later, *model, UserId{0});
  EXPECT_NE(Scores(ranker, before), Scores(ranker, after));
  for (const ScoredItem& hit : ranker.Rank(after, 6)) EXPECT_NE(hit.id, 4U);
  // bob trusts ann: her new item reaches him through her.
  const auto bob_before = Scores(ranker, MakeUserView(*graph, *model, UserId{1}));
  const auto bob_after = Scores(ranker, MakeUserView(*later, *model, UserId{1}));
  EXPECT_GT(bob_after[4], bob_before[4]);
  // Taking it away again brings the old bits back.
  const EdgeChange removal{Relation::kInteracts, {0, 4}, true};
  const auto restored = later->WithEdges({&removal, 1}, 5, 6, 17);
  EXPECT_EQ(Scores(ranker, MakeUserView(*restored, *model, UserId{0})), Scores(ranker, before));
}

TEST(Ranker, AnswersANewUserWithItemsByTheItemsAlone) {
  const Runtime runtime(1);
  const auto graph = testing::ToyGraph(runtime);
  const auto model = Finished(RandomModel(*graph, {}));
  const EdgeChange changes[] = {{Relation::kInteracts, {5, 3}}, {Relation::kInteracts, {5, 4}}};
  const auto later = graph->WithEdges(changes, 6, 6, 17);
  const Ranker ranker(model);
  const UserView view = MakeUserView(*later, *model, UserId{5});
  const std::vector<double> expected = Definition{*later, *model}.Score(5);
  const std::vector<float> scores = Scores(ranker, view);
  for (std::size_t i = 0; i < scores.size(); ++i) EXPECT_NEAR(scores[i], expected[i], 2e-5);
  EXPECT_FALSE(view.fallback());
  for (const Contribution& term : ranker.Explain(view, 0)) EXPECT_NE(term.via, Via::kModel);
}

TEST(Ranker, AnswersANewUserWithFriendsOnlyByTheFriendsItems) {
  const Runtime runtime(1);
  const auto graph = testing::ToyGraph(runtime);
  auto changed = RandomModel(*graph, {});
  changed->gates.cold_popular = 0;
  const auto model = Finished(changed);
  const EdgeChange trusts{Relation::kTrusts, {5, 2}};
  const auto later = graph->WithEdges({&trusts, 1}, 6, 6, 16);
  const Ranker ranker(model);
  const UserView view = MakeUserView(*later, *model, UserId{5});
  EXPECT_FALSE(view.fallback());
  std::set<std::uint32_t> ids;
  for (const ScoredItem& hit : ranker.Rank(view, 3)) ids.insert(hit.id);
  EXPECT_EQ(ids, (std::set<std::uint32_t>{1, 2, 3}));  // cem's items
  const auto terms = ranker.Explain(view, 3);
  ASSERT_EQ(terms.size(), 1U);
  EXPECT_EQ(terms[0].via, Via::kFriend);
  EXPECT_EQ(terms[0].key, 2U);
  EXPECT_NEAR(terms[0].attention, 1.0F, 1e-6F);
  EXPECT_NEAR(terms[0].contribution, 1.3 / std::sqrt(3.0), 1e-6);
}

TEST(Ranker, GivesPopularItemsToAUserOfWhomNothingIsKnown) {
  const Runtime runtime(1);
  const auto graph = testing::ToyGraph(runtime);
  auto changed = RandomModel(*graph, {});
  changed->gates.cold_popular = -5;  // whatever the gates say
  const auto model = Finished(changed);
  const Ranker ranker(model);
  const UserView view = MakeUserView(*graph, *model, UserId{99});
  const auto list = ranker.Rank(view, 6);
  ASSERT_EQ(list.size(), 6U);
  EXPECT_EQ(list.front().id, 0U);
  EXPECT_EQ(list.back().id, 5U);  // iliad, the only item with one user
  EXPECT_NEAR(list.front().score, std::log(3.0), 1e-6);
  const auto terms = ranker.Explain(view, 5);
  ASSERT_EQ(terms.size(), 1U);
  EXPECT_EQ(terms[0].via, Via::kPopular);
  EXPECT_EQ(terms[0].contribution, list.back().score);
}

TEST(Ranker, ScoresZeroWhereAllItemsLookAlike) {
  const Runtime runtime(1);
  const auto graph = testing::ToyGraph(runtime);
  auto changed = RandomModel(*graph, {});
  for (std::size_t i = 0; i < changed->items.rows(); ++i) {
    for (std::size_t c = 0; c < changed->items.cols(); ++c) changed->items(i, c) = c == 0 ? 1.0F : 0.0F;
  }
  changed->gates = {.learned = 1, .cold_friends = 0, .cold_popular = 0};
  const auto model = Finished(changed);
  for (const float score : Scores(Ranker(model), MakeUserView(*graph, *model, UserId{0}))) EXPECT_EQ(score, 0.0F);
}

}  // namespace
}  // namespace kith
