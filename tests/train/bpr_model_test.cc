#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "kith/recommend/ranker.h"
#include "kith/train/split.h"
#include "kith/train/trainer.h"
#include "run_directory.h"
#include "testing/planted_world.h"

namespace kith {
namespace {

const std::vector<std::string> kNames = {"bpr-mf", "lightgcn-bpr"};

std::shared_ptr<const SocialGraph> World(const Runtime& runtime) {
  return testing::MakePlantedWorld(runtime, {.users = 300, .own = 16}).graph;
}

TEST(BprModel, FindsPlantedTastesWherePopularityDoesNot) {
  const Runtime runtime(2);
  const Split split = HoldOut(runtime, *World(runtime), {.ratio = 0.2, .seed = 77}).value();
  const auto recall = [&](const std::string& name) {
    const TrainResult result = Train(split.graph, {.architecture = name, .width = 16}, runtime).value();
    const std::vector<std::uint32_t> ks = {20};
    return Evaluate(runtime, *split.graph, Ranker(result.model), split.held_out, ks).at[0].recall;
  };
  const double popular = recall("popularity");
  for (const std::string& name : kNames) EXPECT_GT(recall(name), 1.7 * popular) << name;
}

TEST(BprModel, ReportsTheEpochsAndTheQualityThatItChose) {
  const Runtime runtime(2);
  const auto graph = World(runtime);
  for (const std::string& name : kNames) {
    SCOPED_TRACE(name);
    double best = -1;
    std::uint32_t refitted = 0;
    const TrainResult result =
        Train(graph, {.architecture = name, .width = 8}, runtime, [&](const TrainProgress& progress) {
          if (progress.phase == "refit") refitted = progress.epoch;
          if (progress.recall >= 0) best = std::max(best, progress.recall + progress.ndcg);
        }).value();
    EXPECT_EQ(result.report.mode, "pairwise");
    EXPECT_EQ(result.report.epochs, refitted);
    EXPECT_EQ(result.model->info.epochs, refitted);
    EXPECT_GT(refitted, 0U);
    EXPECT_DOUBLE_EQ(result.report.validation_recall + result.report.validation_ndcg, best);
  }
}

TEST(BprModel, RunsAsManyEpochsAsItIsToldTo) {
  const Runtime runtime(2);
  for (const std::string& name : kNames) {
    std::vector<std::uint32_t> epochs;
    const TrainResult result = Train(World(runtime), {.architecture = name, .epochs = 3, .width = 8}, runtime,
                                     [&](const TrainProgress& progress) {
                                       EXPECT_EQ(progress.phase, "refit");
                                       epochs.push_back(progress.epoch);
                                     })
                                   .value();
    EXPECT_EQ(epochs, (std::vector<std::uint32_t>{1, 2, 3}));
    EXPECT_EQ(result.report.validation_recall, -1);
  }
}

TEST(BprModel, GivesTheSameBytesForAnyNumberOfThreadsAndOthersForAnotherSeed) {
  const Runtime one(1), two(2), four(4);
  const auto graph = World(one);
  for (const std::string& name : kNames) {
    const auto bytes = [&](const Runtime& runtime, std::uint64_t seed) {
      return Train(graph, {.architecture = name, .width = 8, .seed = seed}, runtime).value().model->Encode().tensors;
    };
    const auto alone = bytes(one, 1);
    EXPECT_TRUE(bytes(two, 1) == alone) << name;
    EXPECT_TRUE(bytes(four, 1) == alone) << name;
    EXPECT_FALSE(bytes(two, 2) == alone) << name;
  }
}

TEST(BprModel, IsAsWideAndDeepAsPublishedUnlessToldOtherwise) {
  const Runtime runtime(2);
  const auto graph = World(runtime);
  const auto width = [&](const std::string& name, std::uint32_t asked) {
    // One column more makes products cosines.
    return Train(graph, {.architecture = name, .epochs = 1, .width = asked}, runtime).value().model->width() - 1;
  };
  for (const std::string& name : kNames) {
    EXPECT_EQ(width(name, 0), 64U);
    EXPECT_EQ(width(name, 128), 128U);
  }
  const auto tensors = [&](const std::string& name, std::uint32_t layers) {
    return Train(graph, {.architecture = name, .epochs = 1, .width = 8, .layers = layers}, runtime)
        .value()
        .model->Encode()
        .tensors;
  };
  EXPECT_TRUE(tensors("lightgcn-bpr", 0) == tensors("lightgcn-bpr", 3));
  EXPECT_FALSE(tensors("lightgcn-bpr", 2) == tensors("lightgcn-bpr", 3));
  EXPECT_TRUE(tensors("bpr-mf", 2) == tensors("bpr-mf", 0)) << "matrix factorisation has no layers";
}

TEST(BprModel, StopsAtItsTimeLimitAndSaysSo) {
  const Runtime runtime(2);
  const auto graph = World(runtime);
  for (const std::string& name : kNames) {
    const TrainResult cut =
        Train(graph, {.architecture = name, .epochs = 1'000'000, .width = 8, .time_limit = 0.2}, runtime).value();
    EXPECT_EQ(cut.report.stopped, "time-limit");
    EXPECT_EQ(Ranker(cut.model).Rank(MakeUserView(*graph, *cut.model, UserId{0}), 5).size(), 5U);
    const TrainResult searching =
        Train(graph, {.architecture = name, .width = 256, .time_limit = 0.1}, runtime).value();
    EXPECT_EQ(searching.report.stopped, "time-limit");
    EXPECT_GE(searching.report.validation_recall, 0);
  }
}

TEST(BprModel, EndsWhereItIsInterrupted) {
  const Runtime runtime(2);
  for (const std::string& name : kNames) {
    std::atomic<bool> cancelled = false;
    std::uint32_t lines = 0;
    const auto result = Train(World(runtime), {.architecture = name, .width = 8, .cancelled = &cancelled}, runtime,
                              [&](const TrainProgress&) { cancelled = ++lines == 2; });
    EXPECT_EQ(result.status().code(), StatusCode::kCancelled);
    EXPECT_EQ(lines, 2U);
  }
}

TEST(BprModel, RefusesAMemoryLimitItCannotKeepBeforeItStarts) {
  const Runtime runtime(2);
  for (const std::string& name : kNames) {
    bool started = false;
    const auto result = Train(World(runtime), {.architecture = name, .memory_limit = 1 << 20}, runtime,
                              [&](const TrainProgress&) { started = true; });
    EXPECT_EQ(result.status().code(), StatusCode::kOutOfMemory);
    EXPECT_NE(result.status().message().find("1 MiB"), std::string_view::npos) << result.status().ToString();
    EXPECT_FALSE(started);
  }
}

TEST(BprModel, BeginsAgainWhereItIsToldToResume) {
  const Runtime runtime(2);
  const auto graph = World(runtime);
  for (const std::string& name : kNames) {
    const testing::RunDirectory folder;
    TrainOptions options{.architecture = name, .epochs = 2, .width = 8, .run_directory = folder.path()};
    const auto whole = Train(graph, options, runtime).value().model->Encode().tensors;
    EXPECT_TRUE(std::filesystem::exists(folder.path() + "/metrics.jsonl"));
    options.resume = true;
    EXPECT_TRUE(Train(graph, options, runtime).value().model->Encode().tensors == whole) << name;
  }
}

}  // namespace
}  // namespace kith
