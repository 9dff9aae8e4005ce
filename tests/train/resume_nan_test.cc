#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "checkpoint.h"
#include "learner.h"
#include "run_directory.h"
#include "run_hooks.h"
#include "testing/planted_world.h"

namespace kith {
namespace {

using ::testing::HasSubstr;
using testing::ReadBytes;
using testing::RunDirectory;

std::shared_ptr<const SocialGraph> Graph() {
  const Runtime runtime(1);
  return testing::MakePlantedWorld(runtime, {.users = 130, .items = 60}).graph;
}

/// Puts `value` at a place of the learner's table of vectors.
void Spoil(Learner& learner, float value, std::size_t place) {
  TensorFile file;
  learner.Save(file);
  auto& bytes = file.tensors.at("learner.table.value").bytes;
  std::memcpy(bytes.data() + place * sizeof(float), &value, sizeof value);
  ASSERT_TRUE(learner.Load(file).ok());
}

Result<TrainResult> TrainWithDamage(const std::shared_ptr<const SocialGraph>& graph, const TrainOptions& options,
                                    std::uint32_t epoch, float value) {
  const Runtime runtime(2);
  const RunHooks hooks{.before_epoch = [=](std::uint32_t next, Learner& learner) {
    if (next == epoch) Spoil(learner, value, 5);
  }};
  return TrainWithHooks(graph, options, runtime, {}, {}, hooks);
}

TEST(NotANumber, InAWeightEndsTheRunWithASentenceThatSaysWhatToDo) {
  for (const TrainMode mode : {TrainMode::kFull, TrainMode::kSampled}) {
    for (const float value : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
      const RunDirectory directory;
      const TrainOptions options{.mode = mode, .epochs = 4, .width = 8, .run_directory = directory.path()};
      const Status status = TrainWithDamage(Graph(), options, 2, value).status();
      EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition) << status.ToString();
      EXPECT_THAT(status.message(), HasSubstr("epoch 3: "));
      EXPECT_THAT(status.message(), HasSubstr("not a finite number"));
      EXPECT_THAT(status.message(), HasSubstr("--resume"));
      EXPECT_THAT(status.message(), HasSubstr("--seed"));
    }
  }
}

TEST(NotANumber, LeavesTheLastGoodModelAndACheckpointThatGoesOnAsIfNothingHadBeen) {
  const auto graph = Graph();
  TrainOptions options{.epochs = 5, .width = 8};
  const Runtime runtime(1);
  const Model::Encoded whole = Train(graph, options, runtime).value().model->Encode();
  const RunDirectory directory;
  options.run_directory = directory.path();
  ASSERT_FALSE(TrainWithDamage(graph, options, 3, std::numeric_limits<float>::quiet_NaN()).ok());

  const auto best =
      Model::Decode(ReadBytes(directory.path() + "/best.json"), ReadBytes(directory.path() + "/best.safetensors"));
  ASSERT_TRUE(best.ok()) << "a model that can be read is kept: " << best.status().ToString();
  options.resume = true;
  const auto resumed = Train(graph, options, runtime);
  ASSERT_TRUE(resumed.ok()) << resumed.status().ToString();
  EXPECT_TRUE(resumed->model->Encode().tensors == whole.tensors);
}

/// A sampled epoch that draws no path to the node gives a finite loss.
TEST(NotANumber, IsSeenWhereTheLossDoesNotMeetIt) {
  const Runtime runtime(1);
  // The last user has no item: nothing is ever passed to or from it.
  const std::vector<Edge> likes = {{0, 0}, {0, 1}, {1, 1}, {1, 2}, {2, 0}, {2, 2}};
  const std::shared_ptr<const SocialGraph> graph = SocialGraph::Build(runtime, 4, 3, likes, {}).value();
  for (const bool sampled : {false, true}) {
    const auto learner =
        Learner::Make(graph, {.sampled = sampled, .width = 4, .epochs = 2, .users_per_batch = 2}, runtime).value();
    ASSERT_TRUE(learner->RunEpoch(0, [] { return false; }).ok());
    Spoil(*learner, std::numeric_limits<float>::quiet_NaN(), 3 * 4 + 1);
    const Status status = learner->RunEpoch(1, [] { return false; }).status();
    EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition) << status.ToString();
    EXPECT_THAT(status.message(), HasSubstr("a weight is not a finite number"));
  }
}

}  // namespace
}  // namespace kith
