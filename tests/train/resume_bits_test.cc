#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <thread>
#include <utility>

#include "kith/train/trainer.h"
#include "run_directory.h"
#include "run_hooks.h"
#include "testing/planted_world.h"

namespace kith {
namespace {

using testing::ReadBytes;
using testing::RunDirectory;

std::shared_ptr<const SocialGraph> Graph() {
  const Runtime runtime(1);
  return testing::MakePlantedWorld(runtime, {.users = 130, .items = 60}).graph;
}

/// The run on so many threads, interrupted once the time has come wherever it then stands (between two steps, while it
/// measures, fits gates or builds the kernel), or not at all where it is done by then.
Status InterruptAfter(std::chrono::duration<double> time, const std::shared_ptr<const SocialGraph>& graph,
                      TrainOptions options, int threads) {
  std::atomic<bool> cancelled = false, over = false;
  options.cancelled = &cancelled;
  std::thread impatient([&] {
    const auto until = std::chrono::steady_clock::now() + time;
    while (!over && std::chrono::steady_clock::now() < until)
      std::this_thread::sleep_for(std::chrono::microseconds(50));
    cancelled = true;
  });
  const Runtime runtime(threads);
  const Status status = Train(graph, options, runtime).status();
  over = true;
  impatient.join();
  return status;
}

/// Phase and epoch of every line, and whether each came once.
void ExpectEachEpochOnce(const std::string& path) {
  std::ifstream file(path);
  std::set<std::pair<std::string, int>> seen;
  for (std::string line; std::getline(file, line);) {
    const auto json = nlohmann::json::parse(line, nullptr, false);
    ASSERT_TRUE(json.is_object()) << line;
    EXPECT_TRUE(seen.emplace(json["phase"], json["epoch"]).second) << "again: " << line;
  }
  EXPECT_FALSE(seen.empty());
}

void ExpectTheSameFromTenRandomPoints(TrainOptions options) {
  const auto graph = Graph();
  const Runtime runtime(2);
  const auto began = std::chrono::steady_clock::now();
  const Model::Encoded whole = Train(graph, options, runtime).value().model->Encode();
  const std::chrono::duration<double> length = std::chrono::steady_clock::now() - began;
  const int threads[] = {1, 2, 4};
  int interrupted = 0;
  for (std::uint32_t point = 0; point < 10; ++point) {
    const RunDirectory directory;
    options.run_directory = directory.path();
    options.resume = false;
    const Rng rng(point, Purpose::kTest);
    const Status stopped = InterruptAfter(length * rng.uniform(0), graph, options, threads[point % 3]);
    ASSERT_TRUE(stopped.ok() || stopped.code() == StatusCode::kCancelled) << stopped.ToString();
    interrupted += stopped.ok() ? 0 : 1;
    options.resume = true;
    const Runtime other(threads[rng.bounded(1, 3)]);
    const auto resumed = Train(graph, options, other);
    ASSERT_TRUE(resumed.ok()) << resumed.status().ToString();
    EXPECT_EQ(resumed->model->Encode().json, whole.json) << "point " << point;
    EXPECT_TRUE(resumed->model->Encode().tensors == whole.tensors) << "point " << point;
    ExpectEachEpochOnce(directory.path() + "/metrics.jsonl");
  }
  EXPECT_GT(interrupted, 0) << "every run was done before it was interrupted";
}

TEST(ResumeAtRandomPoints, GivesTheBitsOfTheDefaultRecipe) { ExpectTheSameFromTenRandomPoints({.width = 8}); }
TEST(ResumeAtRandomPoints, GivesTheBitsOfTheDefaultRecipeSampled) {
  ExpectTheSameFromTenRandomPoints({.mode = TrainMode::kSampled, .epochs = 5, .width = 8});
}
TEST(ResumeAtRandomPoints, GivesTheBitsOfLightGcn) {
  ExpectTheSameFromTenRandomPoints({.architecture = "lightgcn", .epochs = 6, .width = 8});
}
TEST(ResumeAtRandomPoints, GivesTheBitsOfGcn) {
  ExpectTheSameFromTenRandomPoints({.architecture = "gcn", .epochs = 6, .width = 8});
}
TEST(ResumeAtRandomPoints, GivesTheBitsOfGat) {
  ExpectTheSameFromTenRandomPoints({.architecture = "gat", .epochs = 6, .width = 8});
}
TEST(ResumeAtRandomPoints, GivesTheBitsOfSage) {
  ExpectTheSameFromTenRandomPoints({.architecture = "sage", .epochs = 6, .width = 8});
}

TEST(ResumeAtRandomPoints, GivesTheBitsOfGatv2) {
  ExpectTheSameFromTenRandomPoints({.architecture = "gatv2", .epochs = 6, .width = 8});
}

}  // namespace
}  // namespace kith
