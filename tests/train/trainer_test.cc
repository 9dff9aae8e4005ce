#include "kith/train/trainer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "kith/recommend/ranker.h"
#include "kith/train/architectures.h"
#include "kith/train/split.h"
#include "testing/planted_world.h"
#include "testing/random_graph.h"

namespace kith {
namespace {

std::vector<std::string> AllArchitectures() {
  std::vector<std::string> all;
  for (const Architecture& known : kArchitectures) all.emplace_back(known.name);
  return all;
}

/// A planted world with part of everyone's items hidden from training.
struct HiddenPart {
  Split split;
  double by_chance = 0;  ///< recall@20 that a random order of the unseen items has on average

  double Recall(const Runtime& runtime, const TrainOptions& options) const {
    const TrainResult result = Train(split.graph, options, runtime).value();
    const std::vector<std::uint32_t> ks = {20};
    return Evaluate(runtime, *split.graph, Ranker(result.model), split.held_out, ks).at[0].recall;
  }
};

HiddenPart HidePart(const Runtime& runtime, const testing::PlantedWorldOptions& world = {}) {
  const auto graph = testing::MakePlantedWorld(runtime, world).graph;
  HiddenPart hidden{HoldOut(runtime, *graph, {.ratio = 0.2, .seed = 77}).value()};
  for (const UserId user : hidden.split.held_out.users) {
    hidden.by_chance += 20.0 / (graph->num_items() - static_cast<double>(hidden.split.graph->items(user).size()));
  }
  hidden.by_chance /= static_cast<double>(hidden.split.held_out.users.size());
  return hidden;
}

TEST(Train, LearnsMoreThanChanceWithEveryArchitecture) {
  const Runtime runtime(2);
  const HiddenPart hidden = HidePart(runtime);
  for (const Architecture& known : kArchitectures) {
    const std::string architecture(known.name);
    SCOPED_TRACE(architecture);
    // A pair says less than a softmax over all items.
    const std::uint32_t epochs = known.kind == ArchitectureKind::kPairwise ? 60 : 12;
    const auto trained =
        Train(hidden.split.graph, {.architecture = architecture, .epochs = epochs, .width = 16}, runtime);
    ASSERT_TRUE(trained.ok()) << trained.status().ToString();
    EXPECT_EQ(trained->model->info.architecture, architecture);
    EXPECT_EQ(trained->model->info.store_id, hidden.split.graph->store_id());
    EXPECT_TRUE(trained->report.stopped.empty());
    const std::vector<std::uint32_t> ks = {20};
    const double recall =
        Evaluate(runtime, *hidden.split.graph, Ranker(trained->model), hidden.split.held_out, ks).at[0].recall;
    EXPECT_GT(recall, (architecture == "popularity" ? 0.9 : 1.5) * hidden.by_chance);
  }
}

TEST(Train, OnSamplesComesCloseToTrainingOnTheWholeGraph) {
  const Runtime runtime(2);
  const HiddenPart hidden = HidePart(runtime, {.users = 400});
  const double full = hidden.Recall(runtime, {.mode = TrainMode::kFull, .epochs = 15, .width = 16});
  const double sampled = hidden.Recall(runtime, {.mode = TrainMode::kSampled, .epochs = 15, .width = 16});
  EXPECT_GT(sampled, 0.9 * full);
}

TEST(Train, GivesTheSameBytesOnAnyNumberOfThreads) {
  const Runtime one(1), two(2), eight(8);
  const auto graph = testing::MakePlantedWorld(one).graph;
  for (const TrainMode mode : {TrainMode::kFull, TrainMode::kSampled}) {
    const TrainOptions options{.mode = mode, .epochs = 3, .width = 12, .seed = 6};
    const Model::Encoded alone = Train(graph, options, one).value().model->Encode();
    for (const Runtime* runtime : {&two, &eight}) {
      const Model::Encoded other = Train(graph, options, *runtime).value().model->Encode();
      EXPECT_EQ(other.json, alone.json);
      EXPECT_TRUE(other.tensors == alone.tensors) << runtime->threads() << " threads";
    }
  }
}

TEST(Train, DependsOnTheSeed) {
  const Runtime runtime(2);
  const auto graph = testing::MakePlantedWorld(runtime).graph;
  const auto bytes = [&](std::uint64_t seed) {
    return Train(graph, {.epochs = 2, .width = 8, .seed = seed}, runtime).value().model->Encode().tensors;
  };
  EXPECT_TRUE(bytes(1) == bytes(1));
  EXPECT_FALSE(bytes(1) == bytes(2));
}

TEST(Train, OpensTheFriendsGateWhereFriendsMatterAndReportsIt) {
  const Runtime runtime(2);
  const auto friends_gate = [&](bool shuffled) {
    const auto graph = testing::MakePlantedWorld(runtime, {.users = 800, .shuffled_friends = shuffled}).graph;
    return Train(graph, {.epochs = 10, .width = 16}, runtime).value().model->gates.friends;
  };
  EXPECT_GT(friends_gate(false), 0);
  EXPECT_EQ(friends_gate(true), 0);
}

TEST(Train, LeavesOutWhatItIsToldTo) {
  const Runtime runtime(2);
  const auto graph = testing::MakePlantedWorld(runtime, {.users = 400}).graph;
  const auto model = [&](const std::string& ingredient) {
    return Train(graph, {.epochs = 4, .width = 8, .without = {ingredient}}, runtime).value().model;
  };
  const auto friendless = model("friends");
  EXPECT_EQ(friendless->gates.friends, 0);
  EXPECT_EQ(friendless->gates.cold_friends, 0);
  EXPECT_EQ(model("popular")->gates.popular, 0);
  EXPECT_EQ(model("learned")->gates.learned, 0);
  const auto without_spectral = model("spectral");
  EXPECT_EQ(without_spectral->gates.kernel, 0);
  EXPECT_TRUE(without_spectral->kernel.empty());
  const auto without_attention = model("attention");
  EXPECT_EQ(without_attention->rule, AttentionRule::kDegree);
  EXPECT_EQ(without_attention->friend_sharpness, 0);
}

TEST(Train, LeavesOutWhatItIsToldToOnGraphsTooSmallToChooseOn) {
  const Runtime runtime(2);
  const std::vector<Edge> likes = {{0, 0}, {0, 1}, {1, 1}}, trusts = {{2, 0}, {1, 0}};
  const auto graph = SocialGraph::Build(runtime, 3, 3, likes, trusts).value();
  const auto gates = [&](std::vector<std::string> without) {
    return Train(graph, {.epochs = 2, .width = 4, .without = std::move(without)}, runtime).value().model->gates;
  };
  EXPECT_GT(gates({}).friends, 0);
  EXPECT_GT(gates({}).cold_friends, 0);
  EXPECT_EQ(gates({"friends"}).friends, 0);
  EXPECT_EQ(gates({"friends"}).cold_friends, 0);
  EXPECT_GT(gates({"friends"}).cold_popular, 0) << "somebody must answer";
  EXPECT_EQ(gates({"popular"}).popular, 0);
  EXPECT_EQ(gates({"learned"}).learned, 0);
}

TEST(Train, TakesTheSmallestGraphs) {
  const Runtime runtime(2);
  struct Case {
    std::uint32_t users, items;
    std::vector<Edge> likes, trusts;
  };
  const std::vector<Case> cases = {{1, 1, {{0, 0}}, {}},
                                   {1, 3, {{0, 1}}, {}},
                                   {3, 1, {{0, 0}, {2, 0}}, {}},
                                   {2, 2, {{0, 0}}, {{1, 0}}},
                                   {3, 4, {{0, 0}, {0, 1}, {0, 2}, {0, 3}, {1, 0}}, {{0, 1}, {1, 2}}}};
  for (const std::string& architecture : AllArchitectures()) {
    for (const TrainMode mode : {TrainMode::kAuto, TrainMode::kSampled}) {
      for (const Case& c : cases) {
        SCOPED_TRACE(::testing::Message() << architecture << (mode == TrainMode::kSampled ? " sampled, " : ", ")
                                          << c.users << " users " << c.items << " items");
        const auto graph = SocialGraph::Build(runtime, c.users, c.items, c.likes, c.trusts).value();
        const auto result =
            Train(graph, {.architecture = architecture, .mode = mode, .epochs = 2, .width = 8}, runtime);
        ASSERT_TRUE(result.ok()) << result.status().ToString();
        EXPECT_EQ(result->report.validation_recall, -1) << "there is no room for a validation part";
        for (std::uint32_t u = 0; u < c.users; ++u) {
          const auto list = Ranker(result->model).Rank(MakeUserView(*graph, *result->model, UserId{u}), 10);
          EXPECT_EQ(list.size(), c.items - graph->degree(Relation::kInteracts, u));
        }
      }
    }
  }
}

TEST(Train, NeedsAnInteraction) {
  const Runtime runtime(1);
  const std::vector<Edge> trusts = {{0, 1}};
  const auto graph = SocialGraph::Build(runtime, 2, 2, {}, trusts).value();
  for (const std::string& architecture : AllArchitectures()) {
    EXPECT_EQ(Train(graph, {.architecture = architecture}, runtime).status().code(), StatusCode::kFailedPrecondition);
  }
}

TEST(Train, StopsAtItsTimeLimitSaysSoAndStillHandsBackAModel) {
  const Runtime runtime(2);
  const auto graph = testing::MakePlantedWorld(runtime).graph;
  for (const TrainMode mode : {TrainMode::kFull, TrainMode::kSampled}) {
    const TrainResult cut =
        Train(graph, {.mode = mode, .epochs = 100000, .width = 8, .time_limit = 0.2}, runtime).value();
    EXPECT_EQ(cut.report.stopped, "time-limit");
    EXPECT_LT(cut.report.epochs, 100000U);
    EXPECT_EQ(Ranker(cut.model).Rank(MakeUserView(*graph, *cut.model, UserId{0}), 5).size(), 5U);
  }
}

TEST(Train, RefusesAMemoryLimitItCannotKeepBeforeItStarts) {
  const Runtime runtime(2);
  const auto graph = testing::MakePlantedWorld(runtime).graph;
  for (const TrainMode mode : {TrainMode::kAuto, TrainMode::kFull, TrainMode::kSampled}) {
    bool started = false;
    const auto result = Train(graph, {.mode = mode, .epochs = 1, .memory_limit = 1 << 20}, runtime,
                              [&](const TrainProgress&) { started = true; });
    EXPECT_EQ(result.status().code(), StatusCode::kOutOfMemory);
    EXPECT_NE(result.status().message().find("1 MiB"), std::string::npos) << result.status().ToString();
    EXPECT_FALSE(started);
  }
  EXPECT_TRUE(Train(graph, {.epochs = 1, .width = 8, .memory_limit = std::uint64_t{1} << 34}, runtime).ok());
}

TEST(Train, RefusesEaseWhoseMatrixIsAboveTheMemoryLimitAndSaysWhatItNeeds) {
  const Runtime runtime(1);
  const auto graph = testing::MakePlantedWorld(runtime).graph;  // 240 users, 180 items
  const auto result = Train(graph, {.architecture = "ease", .memory_limit = 2 * 180 * 180 * 4 - 1}, runtime);
  EXPECT_EQ(result.status().code(), StatusCode::kOutOfMemory);
  EXPECT_NE(result.status().message().find("180^2"), std::string_view::npos);
  EXPECT_TRUE(Train(graph, {.architecture = "ease", .memory_limit = 2 * 180 * 180 * 4}, runtime).ok());
}

TEST(Train, NamesWhatItKnowsWhereItIsAskedForSomethingElse) {
  const Runtime runtime(1);
  const auto graph = testing::MakePlantedWorld(runtime).graph;
  const Status unknown = Train(graph, {.architecture = "gnat"}, runtime).status();
  EXPECT_EQ(unknown.code(), StatusCode::kInvalidArgument);
  EXPECT_NE(unknown.message().find("\"gnat\""), std::string::npos) << unknown.ToString();
  for (const std::string& architecture : AllArchitectures()) {
    EXPECT_NE(unknown.message().find(architecture), std::string::npos) << unknown.ToString();
  }
  const Status ingredient = Train(graph, {.without = {"friends", "salt"}}, runtime).status();
  EXPECT_EQ(ingredient.code(), StatusCode::kInvalidArgument);
  EXPECT_NE(ingredient.message().find("\"salt\""), std::string::npos) << ingredient.ToString();
  for (const char* known : {"friends", "popular", "learned", "spectral", "attention"}) {
    EXPECT_NE(ingredient.message().find(known), std::string::npos) << ingredient.ToString();
  }
  EXPECT_EQ((TrainOptions{.width = 1025}).Validate().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ((TrainOptions{.layers = 9}).Validate().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ((TrainOptions{.time_limit = -1}).Validate().code(), StatusCode::kInvalidArgument);
}

TEST(Train, ReportsEveryEpochOfSearchAndRefitInOrder) {
  const Runtime runtime(2);
  const auto graph = testing::MakePlantedWorld(runtime).graph;
  std::vector<std::uint32_t> search, refit;
  bool measured = false;
  const TrainResult result = Train(graph, {.epochs = 5, .width = 8}, runtime, [&](const TrainProgress& progress) {
                               if (progress.phase == "search") search.push_back(progress.epoch);
                               if (progress.phase == "refit") refit.push_back(progress.epoch);
                               EXPECT_TRUE(std::isfinite(progress.loss));
                               measured |= progress.recall >= 0;
                             }).value();
  const std::vector<std::uint32_t> expected = {1, 2, 3, 4, 5};
  EXPECT_EQ(search, expected);
  EXPECT_EQ(refit, expected);
  EXPECT_TRUE(measured);
  EXPECT_EQ(result.report.epochs, 5U);
  EXPECT_EQ(result.model->info.epochs, 5U);
  EXPECT_GE(result.report.validation_recall, 0);
  EXPECT_GT(result.report.peak_memory_bytes, 0U);
}

}  // namespace
}  // namespace kith
