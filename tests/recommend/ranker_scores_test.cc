// Scores and explanations of the gated sum against the definitions in double, and gates that are closed.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

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
using testing::ModelShape;
using testing::RandomModel;
using testing::RandomSocialGraph;
using testing::WithNewerItems;

class RankerOfEveryRule : public ::testing::TestWithParam<ModelShape> {};

TEST_P(RankerOfEveryRule, ScoresAsTheDefinitionSays) {
  const Runtime runtime(1);
  for (const auto& trained : {testing::ToyGraph(runtime), RandomSocialGraph(runtime, 6, 60, 50, 300, 100)}) {
    const auto model = Finished(RandomModel(*trained, GetParam()));
    const Ranker ranker(model);
    for (const auto& graph : {trained, WithNewerItems(*trained)}) {
      const Definition definition{*graph, *model};
      for (std::uint32_t user = 0; user <= graph->num_users(); ++user) {
        const std::vector<float> scores = AllScores(ranker, MakeUserView(*graph, *model, UserId{user}));
        const std::vector<double> expected = definition.Score(user);
        ASSERT_EQ(scores.size(), expected.size());
        for (std::size_t i = 0; i < scores.size(); ++i) {
          EXPECT_NEAR(scores[i], expected[i], 2e-5 * (1 + std::abs(expected[i]))) << "user " << user << " item " << i;
        }
      }
    }
  }
}

TEST_P(RankerOfEveryRule, ExplainsEveryScoreForEverySetOfOpenGates) {
  const Runtime runtime(1);
  const auto trained = RandomSocialGraph(runtime, 7, 40, 25, 160, 70);
  const auto graph = WithNewerItems(*trained);
  for (unsigned open = 0; open < 64; ++open) {
    auto changed = RandomModel(*trained, GetParam());
    Gates& gates = changed->gates;
    if ((open & 1U) == 0) gates.learned = gates.cold_learned = 0;
    if ((open & 2U) == 0) gates.kernel = 0;
    if ((open & 4U) == 0) gates.friends = gates.cold_friends = 0;
    if ((open & 8U) == 0) gates.popular = gates.cold_popular = 0;
    if ((open & 16U) == 0) gates.neighbours = 0;
    if ((open & 32U) == 0) gates.friends_of_friends = gates.cold_friends_of_friends = 0;
    const auto model = Finished(changed);
    const Ranker ranker(model);
    for (std::uint32_t user = 0; user <= graph->num_users(); ++user) {
      const UserView view = MakeUserView(*graph, *model, UserId{user});
      const std::vector<float> scores = AllScores(ranker, view);
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
                                           ModelShape{12, AttentionRule::kGatv2, 2},
                                           ModelShape{8, AttentionRule::kMean, 1}));

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
        // Only a friend who has the item speaks for it, with the attention of the definition; a friend's vector speaks
        // for everything to users without items.
        const auto items = definition.Live(term.key);
        EXPECT_TRUE(!view.has_items() || std::find(items.begin(), items.end(), 3U) != items.end());
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

/// The scores of every user with items.
std::vector<std::vector<float>> ScoresOfEveryone(const SocialGraph& graph, const std::shared_ptr<Model>& model) {
  const Ranker ranker(Finished(model));
  std::vector<std::vector<float>> scores;
  for (std::uint32_t user = 0; user < graph.num_users(); ++user) {
    const UserView view = MakeUserView(graph, *model, UserId{user});
    if (view.has_items()) scores.push_back(AllScores(ranker, view));
  }
  return scores;
}

TEST(Ranker, AClosedGateLeavesTheBitsOfTheOtherTermsUntouched) {
  const Runtime runtime(1);
  const auto graph = RandomSocialGraph(runtime, 9, 50, 40, 250, 80);
  // What an evidence reads is changed beyond recognition: with its gate closed nothing changes, with it open much does.
  // Degrees are read by popularity alone here.
  struct Case {
    float Gates::*gate;
    void (*change)(Model& model, const Model& other);
  };
  const Case cases[] = {
      {&Gates::learned,
       [](Model& model, const Model& other) {
         model.items = other.items;
         model.item_messages = other.item_messages;
       }},
      {&Gates::kernel, [](Model& model, const Model& other) { model.kernel = other.kernel; }},
      {&Gates::popular,
       [](Model& model, const Model&) {
         for (std::uint32_t& degree : model.item_degrees) degree *= 1 + degree % 3;
       }},
  };
  const auto make = [&](std::uint64_t seed) {
    auto model = RandomModel(*graph, {.width = 12, .rule = AttentionRule::kGat, .heads = 3, .seed = seed});
    model->kernel_degree_exponent = 0;
    model->kernel_attention = {};  // it reads the vectors too
    model->friend_sharpness = 0;
    model->gates.neighbours = 0;
    return model;
  };
  for (const Case& c : cases) {
    for (const bool open : {false, true}) {
      const auto model = make(1), changed = make(1);
      if (!open) model->gates.*c.gate = changed->gates.*c.gate = 0;
      c.change(*changed, *make(2));
      const auto before = ScoresOfEveryone(*graph, model), after = ScoresOfEveryone(*graph, changed);
      EXPECT_EQ(before == after, !open) << "case " << (&c - cases);
    }
  }
}

TEST(Ranker, KeepsTheBitsOfTheModelsItemsWhereNewerOnesHaveNoEdges) {
  const Runtime runtime(1);
  const auto graph = RandomSocialGraph(runtime, 16, 50, 600, 900, 80);  // more items than a tile
  const auto grown = graph->WithEdges({}, 50, 605, graph->log_sequence() + 1);
  auto changed = RandomModel(*graph, {.rule = AttentionRule::kGatv2, .heads = 2});
  changed->gates.kernel = 0;  // the kernel of a random model also names items without edges
  const auto model = Finished(changed);
  const Ranker ranker(model);
  ASSERT_EQ(model->item_degrees[599], 0U);
  for (std::uint32_t user = 0; user <= 50; ++user) {
    const UserView before = MakeUserView(*graph, *model, UserId{user}),
                   after = MakeUserView(*grown, *model, UserId{user});
    const std::vector<float> expected = AllScores(ranker, before), scores = AllScores(ranker, after);
    ASSERT_EQ(expected.size(), 600U);
    ASSERT_EQ(scores.size(), 605U);
    EXPECT_EQ(std::vector<float>(scores.begin(), scores.begin() + 600), expected);
    // Newer ones stand where an item without edges stands.
    for (std::size_t i = 600; i < 605; ++i) EXPECT_FLOAT_EQ(scores[i], scores[599]);
    auto list = ranker.Rank(after, 605);
    std::erase_if(list, [](const ScoredItem& hit) { return hit.id >= 600; });
    EXPECT_EQ(list, ranker.Rank(before, 605));
  }
}

TEST(Ranker, WithItsSocialGatesClosedIgnoresTheSocialGraph) {
  const Runtime runtime(1);
  const auto social = RandomSocialGraph(runtime, 10, 50, 40, 250, 80);
  const auto lonely = SocialGraph::Build(runtime, 50, 40, social->Edges(Relation::kInteracts), {}, "random", 1).value();
  auto changed = RandomModel(*social, {});
  changed->gates.friends = changed->gates.friends_of_friends = 0;
  const auto model = Finished(changed);
  const Ranker ranker(model);
  for (std::uint32_t user = 0; user < 47; ++user) {  // users with items
    if (social->items(UserId{user}).empty()) continue;
    EXPECT_EQ(AllScores(ranker, MakeUserView(*social, *model, UserId{user})),
              AllScores(ranker, MakeUserView(*lonely, *model, UserId{user})));
  }
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
  for (const float score : AllScores(Ranker(model), MakeUserView(*graph, *model, UserId{0}))) EXPECT_EQ(score, 0.0F);
}

TEST(Ranker, ScoresZeroWhereTheKernelSaysTheSameOfAllItems) {
  const Runtime runtime(1);
  const auto graph = RandomSocialGraph(runtime, 14, 40, 25, 160, 0);
  auto changed = RandomModel(*graph, {});
  changed->kernel = {{0}, {}, {}};
  for (std::uint32_t j = 0; j < 25; ++j) {
    for (std::uint32_t i = 0; i < 25; ++i) {
      changed->kernel.targets.push_back(i);
      changed->kernel.values.push_back(0.1F + 0.01F * static_cast<float>(j));
    }
    changed->kernel.offsets.push_back(changed->kernel.targets.size());
  }
  changed->kernel_degree_exponent = 0;
  changed->gates = {.learned = 0, .kernel = 1, .cold_friends = 0, .cold_popular = 0};
  const auto model = Finished(changed);
  for (std::uint32_t user = 0; user < 30; ++user) {
    if (graph->items(UserId{user}).empty()) continue;
    for (const float score : AllScores(Ranker(model), MakeUserView(*graph, *model, UserId{user}))) EXPECT_EQ(score, 0);
  }
}

TEST(Ranker, ListensToTheTwoHundredUsersOfMostLikeTaste) {
  const Runtime runtime(1);
  const auto graph = RandomSocialGraph(runtime, 17, 400, 30, 3000, 0);
  auto changed = RandomModel(*graph, {});
  changed->gates = {.learned = 0, .neighbours = 1, .cold_friends = 0, .cold_popular = 0};
  const auto model = Finished(changed);
  const Definition definition{*graph, *model};
  for (const std::uint32_t user : {0U, 7U, 100U, 399U}) {
    const std::vector<float> scores = AllScores(Ranker(model), MakeUserView(*graph, *model, UserId{user}));
    const std::vector<double> expected = definition.Score(user);
    for (std::size_t i = 0; i < scores.size(); ++i) EXPECT_NEAR(scores[i], expected[i], 1e-4);
  }
}

TEST(Ranker, ExplainsSeveralItemsAsOneByOne) {
  const Runtime runtime(1);
  const auto graph = RandomSocialGraph(runtime, 15, 40, 25, 160, 60);
  const auto model = Finished(RandomModel(*graph, {.rule = AttentionRule::kHouse}));
  const Ranker ranker(model);
  const std::vector<std::uint32_t> items = {7, 0, 24, 7};
  for (std::uint32_t user = 0; user <= 40; ++user) {
    const UserView view = MakeUserView(*graph, *model, UserId{user});
    const auto together = ranker.Explain(view, items);
    ASSERT_EQ(together.size(), items.size());
    for (std::size_t n = 0; n < items.size(); ++n) {
      const auto alone = ranker.Explain(view, items[n]);
      ASSERT_EQ(together[n].size(), alone.size());
      for (std::size_t t = 0; t < alone.size(); ++t) {
        EXPECT_EQ(together[n][t].via, alone[t].via);
        EXPECT_EQ(together[n][t].key, alone[t].key);
        EXPECT_EQ(together[n][t].attention, alone[t].attention);
        EXPECT_EQ(together[n][t].contribution, alone[t].contribution);
      }
    }
  }
}

}  // namespace
}  // namespace kith
