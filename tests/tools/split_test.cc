#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "testing/real_data.h"
#include "tools/cli_fixture.h"

namespace kith::tools {
namespace {

using kith::testing::CliTest;
using kith::testing::Ran;
using kith::testing::RunKith;
using kith::testing::SplitAt;
using kith::testing::ToyEvents;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<std::string> Lines(const std::string& path) {
  std::ifstream file(path);
  EXPECT_TRUE(file) << "cannot read " << path;
  return SplitAt(std::string(std::istreambuf_iterator<char>(file), {}), '\n');
}

/// The rows under the header.
std::set<std::string> Rows(const std::string& path) {
  const auto lines = Lines(path);
  return {lines.begin() + (lines.empty() ? 0 : 1), lines.end()};
}

class SplitTest : public CliTest {
 protected:
  Ran Split(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"split", "--out", out_});
    return RunKith(arguments);
  }
  nlohmann::json SplitJson(std::vector<std::string> arguments) {
    arguments.emplace_back("--json");
    const Ran ran = Split(arguments);
    EXPECT_EQ(ran.status, 0) << ran.err;
    return nlohmann::json::parse(ran.out, nullptr, false);
  }
  /// 60 users with 10 dated ratings each, one a day.
  std::string Ratings() const {
    std::string text = "user\titem\trating\ttime\n";
    for (int u = 0; u < 60; ++u) {
      for (int i = 0; i < 10; ++i) {
        text += "u" + std::to_string(u) + "\ti" + std::to_string((u * 3 + i * 7) % 50) + "\t" +
                std::to_string(1 + i % 5) + ".5\t" + std::to_string(1000 + 100 * i + u) + "\n";
      }
    }
    return text;
  }
  std::string out_ = folder_.Path("parts");
};

TEST_F(SplitTest, WritesPartsThatImportAndEvaluateReadBack) {
  const std::string ratings = folder_.Write("ratings.tsv", Ratings());
  const Ran ran = Split({"--interactions", ratings});
  ASSERT_EQ(ran.status, 0) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("train.tsv"));
  EXPECT_THAT(ran.err, HasSubstr("next: kith import --store s --interactions " + out_ + "/train.tsv\n"));
  const auto train = Rows(out_ + "/train.tsv"), test = Rows(out_ + "/test.tsv");
  EXPECT_EQ(train.size(), 480U);
  EXPECT_EQ(test.size(), 120U);
  std::set<std::string> all = train;
  all.insert(test.begin(), test.end());
  EXPECT_EQ(all, Rows(ratings)) << "keys, ratings and times come through as they are";
  EXPECT_EQ(Json({"import", "--interactions", out_ + "/train.tsv"})["stored"], 480);
  EXPECT_EQ(Json({"stats"})["time_range"][0], 1000);
  Done({"train", "--model", "popularity"});
  const Ran evaluated = Done({"evaluate", "--test", out_ + "/test.tsv", "--json"});
  EXPECT_EQ(nlohmann::json::parse(evaluated.out)["users"], 60);
  EXPECT_EQ(evaluated.err.find("already"), std::string::npos) << evaluated.err;
}

TEST_F(SplitTest, ByTimeAsksForWhatCameLater) {
  const std::string ratings = folder_.Write("ratings.tsv", Ratings());
  const auto json = SplitJson({"--interactions", ratings, "--by", "time", "--ratio", "0.75"});
  const std::int64_t at = json["at"];
  EXPECT_EQ(json["train"]["interactions"], 450);
  for (const auto& [part, later] : {std::pair("/train.tsv", false), std::pair("/test.tsv", true)}) {
    for (const std::string& row : Rows(out_ + part)) EXPECT_EQ(std::stoll(SplitAt(row, '\t')[3]) >= at, later) << row;
  }
  const auto before = Lines(out_ + "/test.tsv");
  out_ = folder_.Path("again");
  EXPECT_EQ(SplitJson({"--interactions", ratings, "--by", "time", "--at", std::to_string(at)})["at"], at);
  EXPECT_EQ(Lines(out_ + "/test.tsv"), before);
}

TEST_F(SplitTest, LeavesEachUsersLastOneOut) {
  const std::string ratings = folder_.Write("ratings.tsv", Ratings());
  EXPECT_EQ(SplitJson({"--interactions", ratings, "--by", "leave-one-out"})["test"]["interactions"], 60);
  for (const std::string& row : Rows(out_ + "/test.tsv")) EXPECT_GE(std::stoll(SplitAt(row, '\t')[3]), 1900) << row;
}

TEST_F(SplitTest, HoldsUsersColdWhoseFriendsStay) {
  const std::string ratings = folder_.Write("ratings.tsv", Ratings());
  std::string social = "user\tfriend\n";
  for (int u = 0; u < 60; ++u) social += "u" + std::to_string(u) + "\tu" + std::to_string((u + 1) % 60) + "\n";
  const auto json = SplitJson({"--interactions", ratings, "--cold-users", "0.2"});
  std::set<std::string> cold;
  for (const std::string& row : Rows(out_ + "/cold.tsv")) cold.insert(SplitAt(row, '\t')[0]);
  EXPECT_EQ(cold.size(), json["cold"]["users"]);
  EXPECT_GT(cold.size(), 3U);
  for (const char* part : {"/train.tsv", "/test.tsv"}) {
    for (const std::string& row : Rows(out_ + part)) EXPECT_FALSE(cold.contains(SplitAt(row, '\t')[0])) << row;
  }
  Done({"import", "--interactions", out_ + "/train.tsv", "--social", folder_.Write("social.tsv", social)});
  Done({"train", "--epochs", "2", "--width", "8"});
  const auto found = Json({"evaluate", "--test", out_ + "/cold.tsv"});
  EXPECT_EQ(found["users"], cold.size());
  EXPECT_EQ(found["slices"][0]["by"], "items");
  EXPECT_EQ(found["slices"][0]["slice"], "0");
  EXPECT_EQ(found["slices"][0]["users"], cold.size()) << "all are known by their friends and have no items";
}

TEST_F(SplitTest, TakesTheInteractionsOfAStore) {
  Ingest(ToyEvents());
  const auto json = SplitJson({"--store", store_, "--by", "leave-one-out"});
  EXPECT_EQ(json["train"]["interactions"], 6);
  EXPECT_EQ(json["test"]["interactions"], 5);
  EXPECT_EQ(Lines(out_ + "/train.tsv")[0], "user\titem") << "columns that say nothing are left out";
}

TEST_F(SplitTest, DependsOnTheSeedAlone) {
  const std::string ratings = folder_.Write("ratings.tsv", Ratings());
  std::vector<std::vector<std::string>> tests;
  for (const std::vector<std::string>& how :
       {std::vector<std::string>{"--threads", "1"}, {"--threads", "4"}, {"--seed", "2"}}) {
    out_ = folder_.Path("parts" + std::to_string(tests.size()));
    std::vector<std::string> arguments = {"--interactions", ratings};
    arguments.insert(arguments.end(), how.begin(), how.end());
    EXPECT_EQ(Split(arguments).status, 0);
    tests.push_back(Lines(out_ + "/test.tsv"));
  }
  EXPECT_EQ(tests[0], tests[1]);
  EXPECT_NE(tests[0], tests[2]);
}

TEST_F(SplitTest, SaysWhatIsWrongAndLeavesNothingBehind) {
  const std::string ratings = folder_.Write("ratings.tsv", Ratings());
  const std::string undated = folder_.Write("undated.tsv", "user\titem\na\tx\na\ty\n");
  const auto fails = [&](int status, const char* word, const std::vector<std::string>& arguments) {
    const Ran ran = Split(arguments);
    EXPECT_EQ(ran.status, status) << ran.err;
    EXPECT_THAT(ran.err, HasSubstr(word));
  };
  fails(2, "--interactions", {});
  fails(2, "leave-one-out", {"--interactions", ratings, "--by", "leaveoneout"});
  fails(2, "ratio between 0 and 1", {"--interactions", ratings, "--ratio", "1.5"});
  fails(2, "cold users", {"--interactions", ratings, "--cold-users", "1"});
  fails(2, "have no time", {"--interactions", undated, "--by", "time"});
  fails(2, "--by time", {"--interactions", ratings, "--at", "7"});
  fails(2, "unix seconds", {"--interactions", ratings, "--by", "time", "--at", "monday"});
  fails(2, "nothing is left to train on", {"--interactions", ratings, "--by", "time", "--at", "0"});
  fails(2, "nothing is held out", {"--interactions", ratings, "--min-items", "11"});
  fails(3, "none.tsv", {"--interactions", folder_.Path("none.tsv")});
  fails(1, "no/store", {"--store", folder_.Path("no/store")});
  EXPECT_FALSE(std::filesystem::exists(out_));
  std::filesystem::create_directories(out_);
  folder_.Write("parts/mine.txt", "kept");
  fails(1, "empty", {"--interactions", ratings});
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder_.Path(""))) {
    EXPECT_EQ(entry.path().string().find(".tmp."), std::string::npos) << entry.path();
    ++files;
  }
  EXPECT_EQ(files, 3U) << "two tables and the folder in the way";
}

TEST_F(SplitTest, PartsCiaoByTime) {
  const std::string data = kith::testing::RealData();
  if (data.empty()) GTEST_SKIP() << kith::testing::kNoRealData;
  const auto json = SplitJson({"--interactions", std::string(data) + "/ciao/ratings.tsv", "--on-error", "skip", "--by",
                               "time", "--cold-users", "0.1"});
  const std::uint64_t train = json["train"]["interactions"], test = json["test"]["interactions"],
                      cold = json["cold"]["interactions"];
  EXPECT_EQ(train + test + cold + json["repeats"].get<std::uint64_t>(), 284086U - 34) << "34 ratings are 0";
  EXPECT_NEAR(static_cast<double>(train) / static_cast<double>(train + test), 0.8, 0.02);
  EXPECT_GT(json["test"]["new_items"], 0);
  EXPECT_EQ(Json({"import", "--interactions", out_ + "/train.tsv"})["stored"], train);
}

}  // namespace
}  // namespace kith::tools
