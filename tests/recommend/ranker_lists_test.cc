// Lists of one user and of all: against full sorts, one another, and what live edges must change.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "all_scores.h"
#include "by_definition.h"
#include "kith/recommend/ranker.h"
#include "random_model.h"
#include "testing/toy_graph.h"

namespace kith {
namespace {

using testing::AllScores;
using testing::Definition;
using testing::Finished;
using testing::RandomModel;
using testing::RandomSocialGraph;
using testing::WithNewerItems;

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

TEST(Ranker, GivesTheFullSortWithoutSeenItems) {
  const Runtime runtime(1);
  const auto trained = RandomSocialGraph(runtime, 11, 60, 70, 500, 100);
  const auto model = Finished(RandomModel(*trained, {}));
  const Ranker ranker(model);
  for (const auto& graph : {trained, WithNewerItems(*trained)}) {
    for (std::uint32_t user = 0; user < graph->num_users(); ++user) {
      const UserView view = MakeUserView(*graph, *model, UserId{user});
      for (const std::size_t k : {1U, 7U, 73U}) {
        EXPECT_EQ(ranker.Rank(view, k), FullSort(AllScores(ranker, view), view, k));
      }
    }
  }
}

TEST(Ranker, NeverRecommendsAnItemTheUserHasSeen) {
  const Runtime runtime(1);
  const auto trained = RandomSocialGraph(runtime, 12, 60, 30, 600, 100);
  const auto model = Finished(RandomModel(*trained, {}));
  const Ranker ranker(model);
  // Every third user has meanwhile met the last item, of which the model has no edge, and one that is newer.
  std::vector<EdgeChange> changes;
  for (std::uint32_t user = 0; user < 60; user += 3) {
    for (const std::uint32_t item : {29U, 30U}) changes.push_back({Relation::kInteracts, {user, item}});
  }
  const auto graph = trained->WithEdges(changes, 60, 31, trained->log_sequence() + changes.size());
  for (std::uint32_t user = 0; user < graph->num_users(); ++user) {
    const auto list = ranker.Rank(MakeUserView(*graph, *model, UserId{user}), 1000);
    std::set<std::uint32_t> ids;
    for (const ScoredItem& hit : list) ids.insert(hit.id);
    EXPECT_EQ(ids.size(), list.size());
    for (const std::uint32_t seen : graph->items(UserId{user}).targets) EXPECT_FALSE(ids.contains(seen));
    // k beyond the catalogue gives everything that is left.
    EXPECT_EQ(list.size(), 31 - graph->items(UserId{user}).size());
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
  const auto trained = RandomSocialGraph(one, 13, 333, 1111, 6000, 900);
  const auto graph = WithNewerItems(*trained);
  const auto model = Finished(RandomModel(*trained, {.width = 20, .rule = AttentionRule::kGatv2, .heads = 4}));
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
  EXPECT_NE(AllScores(ranker, before), AllScores(ranker, after));
  for (const ScoredItem& hit : ranker.Rank(after, 6)) EXPECT_NE(hit.id, 4U);
  // bob trusts ann: her new item reaches him through her.
  const auto bob_before = AllScores(ranker, MakeUserView(*graph, *model, UserId{1}));
  const auto bob_after = AllScores(ranker, MakeUserView(*later, *model, UserId{1}));
  EXPECT_GT(bob_after[4], bob_before[4]);
  // Taking it away again brings the old bits back.
  const EdgeChange removal{Relation::kInteracts, {0, 4}, true};
  const auto restored = later->WithEdges({&removal, 1}, 5, 6, 17);
  EXPECT_EQ(AllScores(ranker, MakeUserView(*restored, *model, UserId{0})), AllScores(ranker, before));
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
  const std::vector<float> scores = AllScores(ranker, view);
  for (std::size_t i = 0; i < scores.size(); ++i) EXPECT_NEAR(scores[i], expected[i], 2e-5);
  EXPECT_FALSE(view.fallback());
  for (const Contribution& term : ranker.Explain(view, 0)) EXPECT_NE(term.via, Via::kModel);
}

TEST(Ranker, AnswersANewUserWithFriendsOnlyByTheFriendsItems) {
  const Runtime runtime(1);
  const auto graph = testing::ToyGraph(runtime);
  auto changed = RandomModel(*graph, {});
  changed->gates.cold_learned = changed->gates.cold_popular = changed->gates.cold_friends_of_friends = 0;
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

TEST(Ranker, BringsANewerItemToFriendsAloneAndLeavesItLastWhereNothingIsKnown) {
  const Runtime runtime(1);
  const auto graph = testing::ToyGraph(runtime);
  auto changed = RandomModel(*graph, {});
  changed->gates = {.learned = 0, .friends = 0.5F, .cold_friends = 1.3F, .cold_popular = 0};
  changed->friend_sharpness = 0;
  const auto model = Finished(changed);
  // fay, who is new too, has only the new item 6; ann trusts bob, and now fay.
  const EdgeChange changes[] = {{Relation::kInteracts, {5, 6}}, {Relation::kTrusts, {0, 5}}};
  const auto later = graph->WithEdges(changes, 6, 7, 17);
  const Ranker ranker(model);
  const UserView ann = MakeUserView(*later, *model, UserId{0});
  EXPECT_EQ(ann.friends_with_items, 2U);
  const auto terms = ranker.Explain(ann, 6);
  ASSERT_EQ(terms.size(), 1U);
  EXPECT_EQ(terms[0].via, Via::kFriend);
  EXPECT_EQ(terms[0].key, 5U);
  EXPECT_NEAR(terms[0].contribution, 0.5 * std::sqrt(2.0) * 0.5, 1e-6);
  EXPECT_EQ(ranker.Rank(ann, 1).front().id, 6U);
  EXPECT_EQ(AllScores(ranker, MakeUserView(*later, *model, UserId{3}))[6], 0.0F);  // dee trusts nobody who has it
  const auto fallback = ranker.Rank(MakeUserView(*later, *model, UserId{99}), 7);
  ASSERT_EQ(fallback.size(), 7U);
  EXPECT_EQ(fallback.back(), (ScoredItem{0.0F, 6}));
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

}  // namespace
}  // namespace kith
