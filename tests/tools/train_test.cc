#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include "tools/cli_fixture.h"

namespace kith::tools {
namespace {

using kith::testing::CliTest;
using kith::testing::Ran;
using kith::testing::RunKith;
using kith::testing::StartKith;
using kith::testing::ToyEvents;
using kith::testing::WaitFor;
using ::testing::HasSubstr;

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

class TrainTest : public CliTest {
 protected:
  /// 150 readers in five circles, who have enough for a part held out.
  void IngestReaders() {
    std::string events;
    for (int u = 0; u < 150; ++u) {
      for (int i = 0; i < 8; ++i) {
        events += "{\"user\":\"u" + std::to_string(u) + "\",\"item\":\"i" +
                  std::to_string(u % 5 + 5 * ((u * 7 + i * 3 + i * i) % 17)) + "\"}\n";
      }
    }
    Ingest(events);
  }
  std::string Model(int number) const {
    const std::string bytes = ReadFile(store_ + "/models/" + std::to_string(number) + "/model.safetensors");
    EXPECT_FALSE(bytes.empty()) << "model " << number;
    return bytes;
  }
};

TEST_F(TrainTest, InterruptedAndResumedPublishesTheModelOfTheRunThatNeverStopped) {
  IngestReaders();
  const std::vector<std::string> options = {"train", "--store", store_, "--epochs", "150", "--width", "8"};
  ASSERT_EQ(RunKith(options).status, 0);
  const std::string whole = Model(1);
  int published = 1, interrupted = 0;
  for (const char* after : {"search 3/", "search 90/", "refit 20/"}) {
    SCOPED_TRACE(after);
    std::vector<std::string> run = options;
    run.insert(run.end(), {"--run", folder_.Path(std::string("run") + after[0] + std::to_string(published))});
    const std::string log = folder_.Write("err", "");
    const int err = ::open(log.c_str(), O_WRONLY | O_CLOEXEC);
    const pid_t child = StartKith(run, -1, -1, err);
    while (ReadFile(log).find(after) == std::string::npos) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    ::kill(child, SIGINT);
    const int status = WaitFor(child);
    ::close(err);
    run.emplace_back("--resume");
    if (status == 130) {
      ++interrupted;
      EXPECT_THAT(ReadFile(log), HasSubstr("go on with --resume --run "));
      const Ran resumed = RunKith(run);
      EXPECT_EQ(resumed.status, 0) << resumed.err;
    } else {
      EXPECT_EQ(status, 0) << "the run was done before the signal came: " << ReadFile(log);
    }
    EXPECT_TRUE(Model(++published) == whole);
  }
  EXPECT_GT(interrupted, 0);
}

TEST_F(TrainTest, LeavesAFolderThatTrainsTheSameModelAgain) {
  IngestReaders();
  Done({"train", "--epochs", "5", "--width", "12", "--layers", "1", "--seed", "9", "--without", "friends,popular",
        "--mode", "sampled", "--name", "mine"});
  const std::string toml = store_ + "/runs/mine/kith.toml";
  ASSERT_THAT(ReadFile(toml), HasSubstr("sequence = 1200\n"));
  const std::string copy = folder_.Write("kith.toml", ReadFile(toml));
  const Ran again = RunKith({"train", "--config", copy, "--threads", "1"});
  ASSERT_EQ(again.status, 0) << again.err;
  EXPECT_TRUE(Model(1) == Model(2));
  EXPECT_EQ(ReadFile(toml), ReadFile(copy));
  EXPECT_EQ(Json({"models"})["models"][1]["name"], "mine");

  Ingest("{\"user\":\"late\",\"item\":\"i1\"}\n");
  const Ran moved = RunKith({"train", "--config", copy});
  EXPECT_EQ(moved.status, 1) << moved.err;
  EXPECT_THAT(moved.err, HasSubstr("expected a store of 1200 events, found 1201"));
  EXPECT_THAT(moved.err, HasSubstr("head -n 1200 | kith ingest"));
}

TEST_F(TrainTest, SaysHowFastItGoesHowLongItTakesAndWhatItNeeds) {
  IngestReaders();
  const Ran ran = Done({"train", "--epochs", "4", "--width", "8"});
  EXPECT_THAT(ran.err, HasSubstr("full mode, 4 epochs at most, about "));
  EXPECT_THAT(ran.err, HasSubstr("MiB of memory\n"));
  EXPECT_THAT(ran.err, HasSubstr("search 2/4  loss "));
  EXPECT_THAT(ran.err, HasSubstr("ndcg@20 "));
  EXPECT_THAT(ran.err, HasSubstr(", at most "));
  EXPECT_THAT(ran.err, HasSubstr(" M edges/s  "));
  EXPECT_THAT(ran.err, HasSubstr("next: kith recommend --store " + store_ + " --user u0 --explain\n"));
  const std::string metrics = ReadFile(store_ + "/runs/default/metrics.jsonl");
  for (const char* key : {"\"loss\"", "\"ndcg@20\"", "\"edges_per_second\"", "\"peak_memory_bytes\"", "\"phase\""}) {
    EXPECT_THAT(metrics, HasSubstr(key));
  }
}

TEST_F(TrainTest, TellsWhatItNeedsWhereTheMemoryWillNotDo) {
  IngestReaders();
  const Ran ran = Run({"train", "--memory", "1MiB"});
  EXPECT_EQ(ran.status, 4);
  EXPECT_THAT(ran.err, HasSubstr("training needs about "));
  EXPECT_THAT(ran.err, HasSubstr("--memory allows 1 MiB"));
  EXPECT_FALSE(std::filesystem::exists(store_ + "/runs/default/metrics.jsonl")) << "nothing was begun";
}

}  // namespace
}  // namespace kith::tools
