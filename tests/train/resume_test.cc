#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <string>
#include <vector>

#include "kith/train/trainer.h"
#include "run_directory.h"
#include "testing/planted_world.h"

namespace kith {
namespace {

using testing::ReadBytes;
using testing::RunDirectory;
using testing::WriteBytes;

std::shared_ptr<const SocialGraph> Graph() {
  const Runtime runtime(1);
  return testing::MakePlantedWorld(runtime, {.users = 160, .items = 100}).graph;
}

/// The run, interrupted when it reports its `report`-th progress (from 1).
Status Interrupted(const std::shared_ptr<const SocialGraph>& graph, TrainOptions options, int report) {
  std::atomic<bool> cancelled = false;
  options.cancelled = &cancelled;
  int reports = 0;
  const Runtime runtime(2);
  return Train(graph, options, runtime, [&](const TrainProgress&) { cancelled = ++reports >= report; }).status();
}

/// How often a run that is not interrupted reports, and its model.
struct Uninterrupted {
  std::vector<std::string> phases;
  Model::Encoded model;
};

Uninterrupted RunWhole(const std::shared_ptr<const SocialGraph>& graph, const TrainOptions& options) {
  Uninterrupted run;
  const Runtime runtime(2);
  run.model =
      Train(graph, options, runtime, [&](const TrainProgress& progress) { run.phases.push_back(progress.phase); })
          .value()
          .model->Encode();
  return run;
}

/// Interrupts at the `report`-th progress, resumes, and compares with the run that never stopped.
void ExpectTheSameAfterInterruption(const std::shared_ptr<const SocialGraph>& graph, TrainOptions options, int report,
                                    const Uninterrupted& whole) {
  SCOPED_TRACE(::testing::Message() << "interrupted at progress " << report << " of " << whole.phases.size() << ", "
                                    << whole.phases[static_cast<std::size_t>(report) - 1]);
  const RunDirectory directory;
  options.run_directory = directory.path();
  const Status stopped = Interrupted(graph, options, report);
  ASSERT_EQ(stopped.code(), StatusCode::kCancelled) << stopped.ToString();
  EXPECT_NE(stopped.message().find("--resume"), std::string::npos) << stopped.ToString();
  options.resume = true;
  const Runtime runtime(1);
  const auto resumed = Train(graph, options, runtime);
  ASSERT_TRUE(resumed.ok()) << resumed.status().ToString();
  EXPECT_EQ(resumed->model->Encode().json, whole.model.json);
  EXPECT_TRUE(resumed->model->Encode().tensors == whole.model.tensors);
}

TEST(Resume, GivesTheBytesOfTheRunThatNeverStoppedWhereverItStopped) {
  const auto graph = Graph();
  for (const TrainMode mode : {TrainMode::kFull, TrainMode::kSampled}) {
    const TrainOptions options{.mode = mode, .epochs = 4, .width = 8};
    const Uninterrupted whole = RunWhole(graph, options);
    // The last report is the end of the last epoch: nothing is left to interrupt.
    for (int report = 1; report < static_cast<int>(whole.phases.size()); ++report) {
      ExpectTheSameAfterInterruption(graph, options, report, whole);
    }
  }
}

TEST(Resume, KeepsTheChoicesOfASearchThatPlansItsOwnEpochs) {
  const auto graph = Graph();
  const TrainOptions options{.width = 8};
  const Uninterrupted whole = RunWhole(graph, options);
  // One interruption at the end of every phase, one in its middle and one at its first report.
  std::vector<int> reports;
  for (int begin = 0, n = static_cast<int>(whole.phases.size()); begin < n;) {
    int end = begin;
    while (end < n && whole.phases[static_cast<std::size_t>(end)] == whole.phases[static_cast<std::size_t>(begin)]) {
      ++end;
    }
    for (const int report : {begin + 1, (begin + end) / 2 + 1, end}) {
      if (report < n && (reports.empty() || reports.back() < report)) reports.push_back(report);
    }
    begin = end;
  }
  for (const int report : reports) ExpectTheSameAfterInterruption(graph, options, report, whole);
}

TEST(Resume, SurvivesASecondInterruption) {
  const auto graph = Graph();
  TrainOptions options{.epochs = 4, .width = 8};
  const Uninterrupted whole = RunWhole(graph, options);
  const RunDirectory directory;
  options.run_directory = directory.path();
  ASSERT_EQ(Interrupted(graph, options, 2).code(), StatusCode::kCancelled);
  options.resume = true;
  ASSERT_EQ(Interrupted(graph, options, 2).code(), StatusCode::kCancelled);
  const Runtime runtime(2);
  EXPECT_TRUE(Train(graph, options, runtime).value().model->Encode().tensors == whole.model.tensors);
}

TEST(Resume, WithoutAFolderAnInterruptionSaysThatNothingWasKept) {
  const Status stopped = Interrupted(Graph(), {.epochs = 3, .width = 8}, 1);
  EXPECT_EQ(stopped.code(), StatusCode::kCancelled);
  EXPECT_NE(stopped.message().find("nothing was kept"), std::string::npos) << stopped.ToString();
}

TEST(Resume, RefusesOtherOptionsAndAnotherGraph) {
  const RunDirectory directory;
  TrainOptions options{.epochs = 3, .width = 8, .run_directory = directory.path()};
  ASSERT_EQ(Interrupted(Graph(), options, 2).code(), StatusCode::kCancelled);
  options.resume = true;
  const Runtime runtime(1);
  TrainOptions other = options;
  other.seed = 2;
  EXPECT_EQ(Train(Graph(), other, runtime).status().code(), StatusCode::kFailedPrecondition);
  other = options;
  other.without = {"friends"};
  EXPECT_EQ(Train(Graph(), other, runtime).status().code(), StatusCode::kFailedPrecondition);
  const std::vector<EdgeChange> news = {{Relation::kInteracts, {0, 99}, false}};
  const auto graph = Graph();
  const auto later = graph->WithEdges(news, graph->num_users(), graph->num_items(), graph->log_sequence() + 1);
  EXPECT_EQ(Train(later, options, runtime).status().code(), StatusCode::kFailedPrecondition);
  EXPECT_TRUE(Train(Graph(), options, runtime).ok()) << "what was refused must not have harmed the checkpoint";
}

TEST(Resume, FromADamagedCheckpointIsAnErrorAndNotACrash) {
  const RunDirectory directory;
  TrainOptions options{.epochs = 3, .width = 8, .run_directory = directory.path()};
  ASSERT_EQ(Interrupted(Graph(), options, 2).code(), StatusCode::kCancelled);
  const std::string path = directory.path() + "/checkpoint.safetensors";
  const std::string whole = ReadBytes(path);
  ASSERT_FALSE(whole.empty());
  options.resume = true;
  const Runtime runtime(1);
  for (const std::size_t length : {std::size_t{3}, whole.size() / 3, whole.size() - 4}) {
    WriteBytes(path, whole.substr(0, length));
    EXPECT_EQ(Train(Graph(), options, runtime).status().code(), StatusCode::kCorruption) << length << " bytes";
  }
  WriteBytes(path, whole);
  std::filesystem::remove(directory.path() + "/best.safetensors");
  const Status lacking = Train(Graph(), options, runtime).status();
  EXPECT_EQ(lacking.code(), StatusCode::kCorruption);
  EXPECT_NE(lacking.message().find("best.safetensors"), std::string::npos) << lacking.ToString();
  EXPECT_NE(lacking.message().find("without --resume"), std::string::npos) << lacking.ToString();
}

TEST(Resume, AFinishedRunGivesItsModelAgainUntilItsCheckpointIsForgotten) {
  const RunDirectory directory;
  TrainOptions options{.epochs = 3, .width = 8, .run_directory = directory.path()};
  const Runtime runtime(2);
  const std::string tensors = Train(Graph(), options, runtime).value().model->Encode().tensors;
  options.resume = true;
  EXPECT_EQ(Train(Graph(), options, runtime).value().model->Encode().tensors, tensors);
  ForgetCheckpoint(directory.path());
  const std::string metrics = ReadBytes(directory.path() + "/metrics.jsonl");
  EXPECT_EQ(std::count(metrics.begin(), metrics.end(), '\n'), 6) << metrics;
  EXPECT_TRUE(std::filesystem::exists(directory.path() + "/options.json"));
  EXPECT_FALSE(std::filesystem::exists(directory.path() + "/checkpoint.safetensors"));
  EXPECT_FALSE(std::filesystem::exists(directory.path() + "/best.safetensors"));
}

}  // namespace
}  // namespace kith
