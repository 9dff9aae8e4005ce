#include "checkpoint.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "kith/recommend/baselines.h"
#include "run_directory.h"
#include "testing/toy_graph.h"

namespace kith {
namespace {

using testing::ReadBytes;
using testing::RunDirectory;
using testing::WriteBytes;

const RunState kState = {.phase = TrainPhase::kRefit,
                         .next_epoch = 7,
                         .best_epoch = 12,
                         .best_recall = 0.1 + 0.2,  // no short decimal gives it back by luck
                         .best_ndcg = 1.0 / 3,
                         .gates = {.learned = 1,
                                   .kernel = 0.3F,
                                   .neighbours = 0.2F,
                                   .friends = 0.7F,
                                   .friends_slope = -0.6F,
                                   .popular = 0.1F,
                                   .popular_slope = 0.15F,
                                   .cold_learned = 0.4F,
                                   .cold_friends = 0,
                                   .cold_friends_of_friends = 4,
                                   .cold_popular = 1.0F / 3},
                         .kernel_attention = {0.1F, 0.2F, 0.3F, -0.4F, 0.5F, 0.6F, 1.0F / 7},
                         .friend_sharpness = 2.5F};

TensorFile SomeTensors() {
  TensorFile file;
  const std::vector<float> values = {1.5F, -2.0F, 1e-30F};
  file.tensors["learner.values"] = Tensor::Of(std::span<const float>(values));
  return file;
}

TEST(RunFolder, GivesBackTheStateAndTheTensorsItWasGiven) {
  const RunDirectory directory;
  CheckOk(RunFolder::Open(directory.path(), R"({"a":1})", /*resume=*/false).value().Save(kState, SomeTensors()));
  const RunFolder again = RunFolder::Open(directory.path(), R"({"a":1})", /*resume=*/true).value();
  TensorFile file;
  const auto state = again.Load(file).value();
  ASSERT_TRUE(state.has_value());
  EXPECT_EQ(state->phase, kState.phase);
  EXPECT_EQ(state->next_epoch, kState.next_epoch);
  EXPECT_EQ(state->best_epoch, kState.best_epoch);
  EXPECT_EQ(state->best_recall, kState.best_recall);
  EXPECT_EQ(state->best_ndcg, kState.best_ndcg);
  EXPECT_EQ(state->gates.learned, kState.gates.learned);
  EXPECT_EQ(state->gates.kernel, kState.gates.kernel);
  EXPECT_EQ(state->gates.neighbours, kState.gates.neighbours);
  EXPECT_EQ(state->gates.friends, kState.gates.friends);
  EXPECT_EQ(state->gates.friends_slope, kState.gates.friends_slope);
  EXPECT_EQ(state->gates.popular_slope, kState.gates.popular_slope);
  EXPECT_EQ(state->kernel_attention, kState.kernel_attention);
  EXPECT_EQ(state->gates.popular, kState.gates.popular);
  EXPECT_EQ(state->gates.cold_learned, kState.gates.cold_learned);
  EXPECT_EQ(state->gates.cold_friends, kState.gates.cold_friends);
  EXPECT_EQ(state->gates.cold_friends_of_friends, kState.gates.cold_friends_of_friends);
  EXPECT_EQ(state->gates.friends_of_friends, kState.gates.friends_of_friends);
  EXPECT_EQ(state->gates.cold_popular, kState.gates.cold_popular);
  EXPECT_EQ(state->friend_sharpness, kState.friend_sharpness);
  ASSERT_TRUE(file.tensors.contains("learner.values"));
  EXPECT_EQ(file.tensors["learner.values"].bytes, SomeTensors().tensors["learner.values"].bytes);
}

TEST(RunFolder, GivesBackTheBestModelBitForBit) {
  const RunDirectory directory;
  const Runtime runtime(1);
  const auto model = PopularityModel(*testing::ToyGraph(runtime)).value();
  const RunFolder folder = RunFolder::Open(directory.path(), "{}", false).value();
  CheckOk(folder.SaveBest(*model));
  const auto again = folder.LoadBest().value();
  EXPECT_EQ(again->Encode().json, model->Encode().json);
  EXPECT_EQ(again->Encode().tensors, model->Encode().tensors);
}

TEST(RunFolder, BeginsAnewWithoutResumeAndWhereNothingWasSaved) {
  const RunDirectory directory;
  TensorFile file;
  EXPECT_FALSE(RunFolder::Open(directory.path(), "{}", true).value().Load(file).value().has_value());
  CheckOk(RunFolder::Open(directory.path(), "{}", false).value().Save(kState, SomeTensors()));
  EXPECT_FALSE(RunFolder::Open(directory.path(), "{}", false).value().Load(file).value().has_value());
  EXPECT_FALSE(RunFolder::Open(directory.path(), "{}", true).value().Load(file).value().has_value())
      << "a run begun anew left the checkpoint of the one before";
}

TEST(RunFolder, RefusesToResumeARunOfOtherOptions) {
  const RunDirectory directory;
  CheckOk(RunFolder::Open(directory.path(), R"({"seed":1})", false).value().Save(kState, SomeTensors()));
  const Status refused = RunFolder::Open(directory.path(), R"({"seed":2})", true).status();
  EXPECT_EQ(refused.code(), StatusCode::kFailedPrecondition);
  EXPECT_NE(refused.message().find(R"({"seed":1})"), std::string::npos) << refused.ToString();
  EXPECT_NE(refused.message().find(R"({"seed":2})"), std::string::npos) << refused.ToString();
}

TEST(RunFolder, CallsAnyDamageOfACheckpointByItsName) {
  const RunDirectory directory;
  CheckOk(RunFolder::Open(directory.path(), "{}", false).value().Save(kState, SomeTensors()));
  const std::string path = directory.path() + "/checkpoint.safetensors";
  const std::string whole = ReadBytes(path);
  const auto load = [&](const std::string& bytes) {
    WriteBytes(path, bytes);
    TensorFile file;
    return RunFolder::Open(directory.path(), "{}", true).value().Load(file).status();
  };
  for (const std::size_t length : {std::size_t{0}, std::size_t{7}, whole.size() / 2, whole.size() - 1}) {
    EXPECT_EQ(load(whole.substr(0, length)).code(), StatusCode::kCorruption) << "cut to " << length << " bytes";
  }
  EXPECT_EQ(load("not a checkpoint at all, but some text of a length").code(), StatusCode::kCorruption);
  EXPECT_EQ(load(EncodeSafetensors(SomeTensors())).code(), StatusCode::kCorruption) << "the state is missing";
  TensorFile other = SomeTensors();
  for (const char* state : {"", "{", "[]", R"({"phase":0})", R"({"phase":"search","next_epoch":1})"}) {
    other.metadata["state"] = state;
    EXPECT_EQ(load(EncodeSafetensors(other)).code(), StatusCode::kCorruption) << state;
  }
  other = DecodeSafetensors(whole).value();
  std::string& state = other.metadata["state"];
  const std::size_t phase = state.find("\"phase\":1");
  ASSERT_NE(phase, std::string::npos) << state;
  state.replace(phase, 9, "\"phase\":2");
  EXPECT_EQ(load(EncodeSafetensors(other)).code(), StatusCode::kCorruption) << "a phase that there is not";
  EXPECT_TRUE(load(whole).ok());
}

TEST(RunFolder, NeverThrowsAwayACheckpointWhoseOptionsAreMissing) {
  const RunDirectory directory;
  CheckOk(RunFolder::Open(directory.path(), "{}", false).value().Save(kState, SomeTensors()));
  std::filesystem::remove(directory.path() + "/options.json");
  EXPECT_EQ(RunFolder::Open(directory.path(), "{}", true).status().code(), StatusCode::kFailedPrecondition);
  EXPECT_TRUE(std::filesystem::exists(directory.path() + "/checkpoint.safetensors"));
}

TEST(RunFolder, AddsMetricsLineByLineAndKeepsThemWhenTheRunIsDone) {
  const RunDirectory directory;
  const RunFolder folder = RunFolder::Open(directory.path(), R"({"a":1})", false).value();
  CheckOk(folder.AppendMetrics(R"({"epoch":1})"));
  CheckOk(folder.Save(kState, SomeTensors()));
  CheckOk(folder.AppendMetrics(R"({"epoch":2})"));
  RunFolder::Forget(directory.path());
  EXPECT_EQ(ReadBytes(directory.path() + "/metrics.jsonl"), "{\"epoch\":1}\n{\"epoch\":2}\n");
  EXPECT_EQ(ReadBytes(directory.path() + "/options.json"), R"({"a":1})");
  EXPECT_FALSE(std::filesystem::exists(directory.path() + "/checkpoint.safetensors"));
}

TEST(RunFolder, CutsOffTheMetricsOfEpochsThatRunAgain) {
  const RunDirectory directory;
  const std::string metrics = directory.path() + "/metrics.jsonl";
  const RunFolder folder = RunFolder::Open(directory.path(), "{}", false).value();
  CheckOk(folder.AppendMetrics(R"({"epoch":1})"));
  CheckOk(folder.Save(kState, SomeTensors()));
  CheckOk(folder.AppendMetrics(R"({"epoch":2})"));
  WriteBytes(metrics, ReadBytes(metrics) + R"({"epo)");  // and a line that a kill cut short
  TensorFile file;
  ASSERT_TRUE(RunFolder::Open(directory.path(), "{}", true).value().Load(file).ok());
  EXPECT_EQ(ReadBytes(metrics), "{\"epoch\":1}\n");
  std::filesystem::remove(directory.path() + "/checkpoint.safetensors");
  ASSERT_TRUE(RunFolder::Open(directory.path(), "{}", true).value().Load(file).ok());
  EXPECT_EQ(ReadBytes(metrics), "") << "without a checkpoint everything runs again";
}

TEST(RunFolder, SaysWhereItCannotBeMade) {
  const RunDirectory directory;
  WriteBytes(directory.path() + "/file", "in the way");
  const Status status = RunFolder::Open(directory.path() + "/file/run", "{}", false).status();
  EXPECT_EQ(status.code(), StatusCode::kIoError);
  EXPECT_NE(status.message().find("file/run"), std::string::npos) << status.ToString();
}

TEST(RunFolder, WithoutAPathDoesNothing) {
  const RunFolder folder = RunFolder::Open("", "{}", true).value();
  TensorFile file;
  EXPECT_FALSE(folder.Load(file).value().has_value());
  EXPECT_TRUE(folder.Save(kState, SomeTensors()).ok());
  EXPECT_TRUE(folder.AppendMetrics("{}").ok());
  RunFolder::Forget("");
}

}  // namespace
}  // namespace kith
