// The engine over a real store: answers follow events at once, models are checked before they serve, errors say what to
// do.
#include "kith/recommend/engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "engine_world.h"
#include "kith/recommend/ranker.h"

namespace kith {
namespace {

using testing::Finished;
using ::testing::HasSubstr;
using testing::RandomModel;
using testing::ServingToyEngine;
using testing::TemporaryFolder;
using testing::ToyEngine;

std::vector<std::string> Items(const Answer& answer) {
  std::vector<std::string> items;
  for (const Recommendation& hit : answer.items) items.push_back(hit.item);
  return items;
}

std::map<std::string, float> Scores(const Answer& answer) {
  std::map<std::string, float> scores;
  for (const Recommendation& hit : answer.items) scores[hit.item] = hit.score;
  return scores;
}

TEST(Engine, OpensAStoreWithoutAModelAndSaysWhatIsMissing) {
  const Runtime runtime(1);
  const TemporaryFolder folder;
  const auto engine = ToyEngine(folder.store(), runtime);
  EXPECT_EQ(engine->model(), nullptr);
  EXPECT_EQ(engine->graph()->num_interactions(), 11U);
  const Status status = engine->Recommend("ann").status();
  EXPECT_EQ(status.code(), StatusCode::kNotFound);
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("has no published model; run: kith train --store " + folder.store()));
  EXPECT_EQ(engine->SimilarItems("dune").status().code(), StatusCode::kNotFound);
  EXPECT_EQ(engine->Explain("ann", "faust").status().code(), StatusCode::kNotFound);
}

TEST(Engine, AnswersWithTheRankersListInKeys) {
  const Runtime runtime(1);
  const TemporaryFolder folder;
  const auto engine = ServingToyEngine(folder.store(), runtime);
  const Ranker ranker(engine->model());
  for (std::uint32_t user = 0; user < 5; ++user) {
    const std::string key(testing::kToyUsers[user]);
    const Answer answer = engine->Recommend(key, {.k = 3}).value();
    const auto list = ranker.Rank(MakeUserView(*engine->graph(), *engine->model(), UserId{user}), 3);
    EXPECT_EQ(answer.user, key);
    EXPECT_EQ(answer.model, "default");
    EXPECT_FALSE(answer.popular_fallback);
    ASSERT_EQ(answer.items.size(), list.size());
    for (std::size_t n = 0; n < list.size(); ++n) {
      EXPECT_EQ(answer.items[n].rank, n + 1);
      EXPECT_EQ(answer.items[n].item, testing::kToyItems[list[n].id]);
      EXPECT_EQ(answer.items[n].score, list[n].score);
      EXPECT_TRUE(answer.items[n].reasons.empty());
    }
  }
}

TEST(Engine, CountsAnIngestedEventInTheVeryNextAnswer) {
  const Runtime runtime(1);
  const TemporaryFolder folder;
  const auto engine = ServingToyEngine(folder.store(), runtime);
  const Answer before = engine->Recommend("ann").value();
  ASSERT_THAT(Items(before), ::testing::Contains("faust"));
  CheckOk(engine->Ingest({{.user = "ann", .target = "faust"}}));
  const Answer after = engine->Recommend("ann").value();
  EXPECT_THAT(Items(after), ::testing::Not(::testing::Contains("faust")));
  EXPECT_NE(Scores(before)["hamlet"], Scores(after)["hamlet"]);
  // Taking the edge away gives the first answer back.
  CheckOk(engine->Ingest({{.user = "ann", .target = "faust", .op = Event::Op::kRemove}}));
  EXPECT_EQ(Scores(engine->Recommend("ann").value()), Scores(before));
}

TEST(Engine, ANewFriendshipChangesScoresAndReasons) {
  const Runtime runtime(1);
  const TemporaryFolder folder;
  const auto engine = ServingToyEngine(folder.store(), runtime);
  const Answer before = engine->Recommend("dee").value();
  CheckOk(engine->Ingest({{.user = "dee", .target = "eli", .relation = Relation::kTrusts}}));
  const Answer after = engine->Recommend("dee").value();
  EXPECT_GT(Scores(after)["iliad"], Scores(before)["iliad"]);  // eli's
  const Explanation explanation = engine->Explain("dee", "iliad").value();
  EXPECT_TRUE(std::any_of(explanation.contributions.begin(), explanation.contributions.end(), [](const Reason& reason) {
    return reason.via == Via::kFriend && reason.key == "eli" && reason.contribution > 0;
  }));
}

TEST(Engine, AnswersAUserWhoHasJustAppeared) {
  const Runtime runtime(1);
  const TemporaryFolder folder;
  const auto engine = ServingToyEngine(folder.store(), runtime);
  EXPECT_TRUE(engine->Recommend("fay").value().popular_fallback);
  CheckOk(engine->Ingest({{.user = "fay", .target = "dune"}, {.user = "fay", .target = "emma"}}));
  const Answer answer = engine->Recommend("fay").value();
  EXPECT_FALSE(answer.popular_fallback);
  EXPECT_EQ(answer.items.size(), 4U);
  CheckOk(engine->Ingest({{.user = "gus", .target = "ann", .relation = Relation::kTrusts}}));
  const Answer friends_only = engine->Recommend("gus", {.k = 2, .reasons = true}).value();
  EXPECT_FALSE(friends_only.popular_fallback);
  EXPECT_THAT(Items(friends_only), ::testing::UnorderedElementsAre("dune", "emma"));
  EXPECT_EQ(friends_only.items[0].reasons[0].key, "ann");
}

TEST(Engine, GivesPopularItemsToAnUnknownUser) {
  const Runtime runtime(1);
  const TemporaryFolder folder;
  const auto engine = ServingToyEngine(folder.store(), runtime);
  const Answer answer = engine->Recommend("nobody", {.k = 6, .reasons = true}).value();
  EXPECT_TRUE(answer.popular_fallback);
  ASSERT_EQ(answer.items.size(), 6U);
  EXPECT_EQ(answer.items[0].item, "dune");
  EXPECT_EQ(answer.items[5].item, "iliad");
  EXPECT_EQ(answer.items[0].reasons[0].via, Via::kPopular);
  EXPECT_EQ(engine->Explain("nobody", "dune").status().code(), StatusCode::kNotFound);
  EXPECT_EQ(engine->Explain("ann", "nothing").status().code(), StatusCode::kNotFound);
  EXPECT_EQ(engine->SimilarUsers("nobody").status().code(), StatusCode::kNotFound);
  EXPECT_EQ(engine->SimilarItems("nothing").status().code(), StatusCode::kNotFound);
}

TEST(Engine, BringsABrandNewItemToTheFriendsOfItsReaderInTheVeryNextAnswer) {
  const Runtime runtime(1);
  const TemporaryFolder folder;
  const auto engine = ServingToyEngine(folder.store(), runtime);
  CheckOk(engine->Ingest({{.user = "bob", .target = "jane"}}));  // ann trusts bob
  const Answer answer = engine->Recommend("ann", {.reasons = true}).value();
  ASSERT_THAT(Items(answer), ::testing::Contains("jane"));
  EXPECT_THAT(Items(engine->Recommend("bob").value()), ::testing::Not(::testing::Contains("jane")));
  const Explanation explanation = engine->Explain("ann", "jane").value();
  EXPECT_EQ(explanation.score, Scores(answer)["jane"]);
  double sum = 0;
  bool via_bob = false;
  for (const Reason& reason : explanation.contributions) {
    sum += reason.contribution;
    via_bob = via_bob || (reason.via == Via::kFriend && reason.key == "bob" && reason.contribution > 0);
  }
  EXPECT_TRUE(via_bob);
  EXPECT_NEAR(sum, explanation.score, 1e-4 * std::max(1.0F, std::abs(explanation.score)));
  EXPECT_EQ(Items(engine->Recommend("nobody").value()).back(), "jane");
  // It has no vector to compare by until the next publish.
  EXPECT_EQ(engine->SimilarItems("jane").status().code(), StatusCode::kFailedPrecondition);
  CheckOk(engine->Publish(Finished(RandomModel(*engine->graph(), {}))));
  EXPECT_TRUE(engine->SimilarItems("jane").ok());
}

TEST(Engine, ExplanationsSumToTheScoreThatRecommendGave) {
  const Runtime runtime(1);
  const TemporaryFolder folder;
  const auto engine = ServingToyEngine(folder.store(), runtime);
  for (const auto user : testing::kToyUsers) {
    const Answer answer = engine->Recommend(user, {.reasons = true}).value();
    for (const Recommendation& hit : answer.items) {
      const Explanation explanation = engine->Explain(user, hit.item).value();
      EXPECT_EQ(explanation.score, hit.score);
      double sum = 0;
      for (const Reason& reason : explanation.contributions) sum += reason.contribution;
      EXPECT_NEAR(sum, hit.score, 1e-4 * std::max(1.0F, std::abs(hit.score)));
      EXPECT_TRUE(std::is_sorted(explanation.contributions.begin(), explanation.contributions.end(),
                                 [](const Reason& a, const Reason& b) { return a.contribution > b.contribution; }));
      // The reasons of an answer are the first of the explanation.
      ASSERT_EQ(hit.reasons.size(), std::min<std::size_t>(3, explanation.contributions.size()));
      for (std::size_t n = 0; n < hit.reasons.size(); ++n) {
        EXPECT_EQ(hit.reasons[n].key, explanation.contributions[n].key);
        EXPECT_EQ(hit.reasons[n].contribution, explanation.contributions[n].contribution);
      }
    }
  }
}

TEST(Engine, RecommendAllVisitsEveryKnownUserInIdOrderWithTheSameAnswers) {
  const Runtime runtime(2);
  const TemporaryFolder folder;
  const auto engine = ServingToyEngine(folder.store(), runtime);
  CheckOk(engine->Ingest({{.user = "gus", .target = "ann", .relation = Relation::kTrusts},
                          {.user = "hal", .target = "dune"},
                          {.user = "hal", .target = "dune", .op = Event::Op::kRemove}}));
  std::vector<std::string> users;
  CheckOk(engine->RecommendAll({.k = 4, .reasons = true}, [&](const Answer& answer) {
    users.push_back(answer.user);
    const Answer single = engine->Recommend(answer.user, {.k = 4, .reasons = true}).value();
    EXPECT_EQ(Items(single), Items(answer));
    EXPECT_EQ(Scores(single), Scores(answer));
    EXPECT_EQ(single.popular_fallback, answer.popular_fallback);
    EXPECT_EQ(answer.popular_fallback, answer.user == "hal");
    for (std::size_t n = 0; n < answer.items.size(); ++n) {
      EXPECT_EQ(answer.items[n].reasons.size(), single.items[n].reasons.size());
    }
    return OkStatus();
  }));
  EXPECT_EQ(users, (std::vector<std::string>{"ann", "bob", "cem", "dee", "eli", "gus", "hal"}));
}

TEST(Engine, RecommendAllEndsWithTheVisitorsFailure) {
  const Runtime runtime(1);
  const TemporaryFolder folder;
  const auto engine = ServingToyEngine(folder.store(), runtime);
  int visits = 0;
  const Status status =
      engine->RecommendAll({}, [&](const Answer&) { return ++visits == 2 ? IoError("disk full") : OkStatus(); });
  EXPECT_EQ(status.code(), StatusCode::kIoError);
  EXPECT_EQ(visits, 2);
}

TEST(Engine, ServesWhatWasPublishedAfterItIsOpenedAgain) {
  const Runtime runtime(1);
  const TemporaryFolder folder;
  std::map<std::string, float> expected;
  {
    const auto engine = ServingToyEngine(folder.store(), runtime);
    CheckOk(engine->Ingest({{.user = "fay", .target = "dune"}}));
    expected = Scores(engine->Recommend("fay").value());
  }
  const auto reader = Engine::Open(folder.store(), {.runtime = &runtime}).value();
  EXPECT_EQ(Scores(reader->Recommend("fay").value()), expected);
  EXPECT_EQ(reader->Ingest({{.user = "x", .target = "y"}}).code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(reader->Publish(reader->model()).code(), StatusCode::kFailedPrecondition);
}

TEST(Engine, ResultsOutliveTheEngine) {
  const Runtime runtime(1);
  const TemporaryFolder folder;
  auto engine = ServingToyEngine(folder.store(), runtime);
  const Answer answer = engine->Recommend("ann", {.reasons = true}).value();
  const Explanation explanation = engine->Explain("ann", "faust").value();
  const auto graph = engine->graph();
  const auto model = engine->model();
  engine.reset();
  EXPECT_THAT(Items(answer), ::testing::Contains("faust"));
  EXPECT_EQ(explanation.item, "faust");
  EXPECT_EQ(graph->num_users(), 5U);
  EXPECT_EQ(Ranker(model).Rank(MakeUserView(*graph, *model, UserId{0}), 6).size(), 4U);
}

TEST(Engine, RefusesAModelOfAnotherStoreOrANewerLog) {
  const Runtime runtime(1);
  const TemporaryFolder folder;
  const auto engine = ToyEngine(folder.store(), runtime);
  auto stranger = RandomModel(*engine->graph(), {});
  stranger->info.store_id = "4f2a";
  const Status other = engine->Publish(Finished(stranger));
  EXPECT_EQ(other.code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(other.message()), HasSubstr("model \"default\" was trained on store 4f2a, this is store " +
                                                      engine->graph()->store_id() + "; train here, or copy"));
  auto newer = RandomModel(*engine->graph(), {});
  newer->info.log_sequence += 1;
  EXPECT_EQ(engine->Publish(Finished(newer)).code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(engine->model(), nullptr);
  EXPECT_EQ(engine->Publish(nullptr).code(), StatusCode::kInvalidArgument);
}

TEST(Engine, RefusesABatchWithAnEventThatIsWrongAsAWhole) {
  const Runtime runtime(1);
  const TemporaryFolder folder;
  const auto engine = ServingToyEngine(folder.store(), runtime);
  EXPECT_FALSE(engine->Ingest({{.user = "fay", .target = "dune"}, {.user = "", .target = "dune"}}).ok());
  EXPECT_TRUE(engine->Recommend("fay").value().popular_fallback);
  EXPECT_EQ(engine->graph()->log_sequence(), 15U);
}

TEST(Engine, OpeningWhatIsNotThereFails) {
  const TemporaryFolder folder;
  EXPECT_EQ(Engine::Open(folder.store()).status().code(), StatusCode::kNotFound);
}

TEST(Engine, FoldsAGrownOverlayWithoutChangingAnswers) {
  const Runtime runtime(1);
  const TemporaryFolder folder;
  const auto engine = ServingToyEngine(folder.store(), runtime);
  // 3000 new users touch more rows than the overlay keeps.
  std::vector<std::string> keys;
  for (int n = 0; n < 3000; ++n) keys.push_back(testing::NumberedKey("u", n));
  for (std::size_t begin = 0; begin < keys.size(); begin += 500) {
    std::vector<Event> events;
    for (std::size_t n = begin; n < begin + 500; ++n) {
      events.push_back({.user = keys[n], .target = testing::kToyItems[n % 6]});
    }
    CheckOk(engine->Ingest(events));
  }
  EXPECT_LT(engine->graph()->overlay_rows(), 3000U);
  EXPECT_EQ(engine->graph()->num_interactions(), 3011U);
  const Answer answer = engine->Recommend("u2999").value();
  const auto reloaded = Engine::Open(folder.store(), {.runtime = &runtime}).value();
  EXPECT_EQ(Scores(reloaded->Recommend("u2999").value()), Scores(answer));
}

}  // namespace
}  // namespace kith
