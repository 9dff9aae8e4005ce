#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <sstream>

#include "json_writer.h"
#include "kith/base/rng.h"
#include "npy.h"
#include "progress.h"
#include "publish.h"
#include "quantities.h"
#include "reasons.h"
#include "suggest.h"
#include "table.h"
#include "whole_file.h"

namespace kith::tools {
namespace {

TEST(JsonWriter, WritesWhatAnotherParserReads) {
  JsonWriter json;
  json.BeginObject().Member("text", "quote \" backslash \\ tab \t bell \a umlaut ä").Member("none", nullptr);
  json.Member("yes", true).Member("count", 18446744073709551615ULL).Member("below", -3).Key("list").BeginArray();
  json.Value(1)
      .BeginObject()
      .EndObject()
      .BeginArray()
      .EndArray()
      .Value("x")
      .EndArray()
      .Key("raw")
      .Raw("{\"a\":1}")
      .EndObject();
  const auto parsed = nlohmann::json::parse(json.Take());
  EXPECT_EQ(parsed["text"], "quote \" backslash \\ tab \t bell \a umlaut ä");
  EXPECT_TRUE(parsed["none"].is_null());
  EXPECT_EQ(parsed["yes"], true);
  EXPECT_EQ(parsed["count"], 18446744073709551615ULL);
  EXPECT_EQ(parsed["below"], -3);
  EXPECT_EQ(parsed["list"], nlohmann::json::parse(R"([1,{},[],"x"])"));
  EXPECT_EQ(parsed["raw"]["a"], 1);
}

TEST(JsonWriter, WritesFloatsThatReadBackAsTheSameBits) {
  const Rng rng(1, Purpose::kTest);
  for (std::uint32_t i = 0; i < 2000; ++i) {
    const std::uint32_t bits = rng.bits(i);
    float number = 0;
    std::memcpy(&number, &bits, sizeof number);
    JsonWriter json;
    const std::string text = json.Value(number).Take();
    if (!std::isfinite(number)) {
      EXPECT_EQ(text, "null");
    } else {
      EXPECT_EQ(std::strtof(text.c_str(), nullptr), number) << text;
    }
  }
  EXPECT_EQ(JsonWriter().Value(0.1F).Take(), "0.1");
}

TEST(JsonWriter, LeavesNothingBehindOnceTaken) {
  JsonWriter json;
  EXPECT_EQ(json.BeginArray().Value(1).EndArray().Take(), "[1]");
  EXPECT_EQ(json.BeginArray().Value(2).EndArray().Take(), "[2]");
}

TEST(EditDistance, CountsInsertionsDeletionsReplacementsAndSwaps) {
  EXPECT_EQ(EditDistance("train", "train"), 0U);
  EXPECT_EQ(EditDistance("trian", "train"), 1U);
  EXPECT_EQ(EditDistance("trin", "train"), 1U);
  EXPECT_EQ(EditDistance("traain", "train"), 1U);
  EXPECT_EQ(EditDistance("brain", "train"), 1U);
  EXPECT_EQ(EditDistance("", "train"), 5U);
  EXPECT_EQ(EditDistance("kitten", "sitting"), 3U);
}

TEST(Nearest, NamesTheClosestAndNothingWhereNothingIsClose) {
  const std::vector<std::string> known = {"--epochs", "--seed", "--store"};
  EXPECT_EQ(Nearest("--epoch", known), "--epochs");
  EXPECT_EQ(Nearest("--stroe", known), "--store");
  EXPECT_EQ(Nearest("--quantization", known), "");
  EXPECT_EQ(DidYouMean("--sed", known), "; did you mean --seed?");
  EXPECT_EQ(DidYouMean("zzz", known), "");
}

TEST(ParseDuration, ReadsUnitsAndRefusesTheRest) {
  EXPECT_EQ(ParseDuration("60s").value(), 60);
  EXPECT_EQ(ParseDuration("2m").value(), 120);
  EXPECT_EQ(ParseDuration("1.5h").value(), 5400);
  EXPECT_EQ(ParseDuration("250ms").value(), 0.25);
  EXPECT_EQ(ParseDuration("7").value(), 7);
  for (const char* wrong : {"", "s", "-1s", "0s", "1d", "nan", "inf", "1 s", "1e", "0x10"}) {
    EXPECT_EQ(ParseDuration(wrong).status().code(), StatusCode::kInvalidArgument) << wrong;
  }
}

TEST(ParseBytes, ReadsBinaryAndDecimalUnitsAndRefusesTheRest) {
  EXPECT_EQ(ParseBytes("4GiB").value(), 4ULL << 30);
  EXPECT_EQ(ParseBytes("512MiB").value(), 512ULL << 20);
  EXPECT_EQ(ParseBytes("2GB").value(), 2000000000ULL);
  EXPECT_EQ(ParseBytes("1.5KiB").value(), 1536U);
  EXPECT_EQ(ParseBytes("100").value(), 100U);
  for (const char* wrong : {"", "GiB", "-1GiB", "0", "1gib", "4 GiB", "99999999TiB"}) {
    EXPECT_EQ(ParseBytes(wrong).status().code(), StatusCode::kInvalidArgument) << wrong;
  }
}

TEST(Table, AlignsColumnsByCodePoints) {
  Table table("lr", {"name", "n"});
  table.AddRow({"ä", "10"});
  table.AddRow({"abcdef", "7"});
  EXPECT_EQ(table.ToString(), "name     n\nä       10\nabcdef   7\n");
}

TEST(Numbers, AreWrittenForPeople) {
  EXPECT_EQ(Grouped(0), "0");
  EXPECT_EQ(Grouped(1234567), "1 234 567");
  EXPECT_EQ(Bytes(1023), "1023 B");
  EXPECT_EQ(Bytes(3 << 20), "3.0 MiB");
  EXPECT_EQ(Fixed(0.12345, 4), "0.1235");
}

TEST(ShellWord, QuotesWhatAShellWouldTakeApart) {
  EXPECT_EQ(ShellWord("runs/first-1"), "runs/first-1");
  EXPECT_EQ(ShellWord("two words"), "'two words'");
  EXPECT_EQ(ShellWord("it's"), "'it'\\''s'");
  EXPECT_EQ(ShellWord(""), "''");
}

TEST(NpyHeader, IsVersionOneAndEndsAtAMultipleOf64) {
  for (const auto& [rows, columns] :
       {std::pair<std::size_t, std::size_t>{0, 64}, {1, 1}, {29858, 64}, {1234567890, 128}}) {
    const std::string header = NpyHeader(rows, columns);
    EXPECT_EQ(header.size() % 64, 0U);
    EXPECT_EQ(header.substr(0, 8), std::string("\x93NUMPY\x01\x00", 8));
    const std::size_t length = static_cast<unsigned char>(header[8]) + 256U * static_cast<unsigned char>(header[9]);
    EXPECT_EQ(length + 10, header.size());
    EXPECT_EQ(header.back(), '\n');
    EXPECT_NE(header.find("'shape': (" + std::to_string(rows) + ", " + std::to_string(columns) + ")"),
              std::string::npos);
  }
}

class WholeFileTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / ("kith-whole-file-" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  [[nodiscard]] std::string Path(const std::string& name) const { return (folder_ / name).string(); }
  [[nodiscard]] static std::string Content(const std::string& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
  }
  [[nodiscard]] std::ptrdiff_t Files() const {
    return std::distance(std::filesystem::directory_iterator(folder_), std::filesystem::directory_iterator());
  }
  std::filesystem::path folder_;
};

TEST_F(WholeFileTest, AppearsOnlyWhenPublished) {
  std::ofstream(Path("a")) << "old";
  {
    WholeFile file;
    CheckOk(file.Open(Path("a")));
    CheckOk(file.Write("new"));
    CheckOk(file.Close());
    EXPECT_EQ(Content(Path("a")), "old");
    CheckOk(file.Publish());
  }
  EXPECT_EQ(Content(Path("a")), "new");
  EXPECT_EQ(Files(), 1);
}

TEST_F(WholeFileTest, LeavesTheOldFileWhereItIsGivenUp) {
  std::ofstream(Path("a")) << "old";
  {
    WholeFile file;
    CheckOk(file.Open(Path("a")));
    CheckOk(file.Write(std::string(1 << 20, 'x')));
  }
  EXPECT_EQ(Content(Path("a")), "old");
  EXPECT_EQ(Files(), 1);
}

TEST_F(WholeFileTest, NamesThePathThatCannotBeWritten) {
  WholeFile file;
  const Status status = file.Open(Path("no/such/folder"));
  EXPECT_EQ(status.code(), StatusCode::kIoError);
  EXPECT_NE(status.message().find("no/such/folder"), std::string::npos);
  EXPECT_EQ(WholeFile().Open(folder_.string()).code(), StatusCode::kIoError);
}

TEST_F(WholeFileTest, WritesThroughALinkAndLeavesItALink) {
  std::ofstream(Path("a")) << "a longer old text";
  std::filesystem::create_symlink(Path("a"), Path("link"));
  WholeFile file;
  CheckOk(file.Open(Path("link")));
  CheckOk(file.Write("new"));
  CheckOk(file.Close());
  CheckOk(file.Publish());
  EXPECT_EQ(Content(Path("a")), "new");
  EXPECT_TRUE(std::filesystem::is_symlink(Path("link")));
  EXPECT_EQ(Files(), 2);
}

TEST_F(WholeFileTest, SaysThatADiskIsFull) {
  WholeFile file;
  CheckOk(file.Open("/dev/full"));
  CheckOk(file.Write("x"));
  EXPECT_EQ(file.Close().code(), StatusCode::kIoError);
}

Reason MakeReason(Via via, std::string key, std::string name, float attention, float contribution) {
  return {via, std::move(key), std::move(name), attention, contribution};
}

TEST(ReasonsInWords, NamesItemsAndFriendsWithTheirShareOfWhatSpeaksForTheItem) {
  const std::vector<Reason> reasons = {
      MakeReason(Via::kItem, "x", "Blue Harbour", 0, 0.31F), MakeReason(Via::kFriend, "mira", "", 0, 0.22F),
      MakeReason(Via::kItem, "y", "", 0, 0.47F), MakeReason(Via::kModel, "", "", 0, -5.0F)};
  EXPECT_EQ(ReasonsInWords(reasons), "because you have y (47 %) and Blue Harbour (31 %), and your friend mira (22 %)");
  const std::vector<Reason> two = {MakeReason(Via::kItem, "x", "", 0, 3.0F),
                                   MakeReason(Via::kFriend, "mira", "", 0, 1.0F)};
  EXPECT_EQ(ReasonsInWords(two), "because you have x (75 %) and your friend mira (25 %)");
  EXPECT_EQ(ReasonsInWords({}), "");
}

TEST(WriteReasons, LeavesKeyAndAttentionNullWhereThereIsNone) {
  JsonWriter json;
  const std::vector<Reason> reasons = {MakeReason(Via::kFriend, "mira", "", 0.5F, 0.25F),
                                       MakeReason(Via::kPopular, "", "", 0, 0.125F)};
  WriteReasons(reasons, json);
  EXPECT_EQ(json.Take(), R"([{"via":"friend","key":"mira","attention":0.5,"contribution":0.25},)"
                         R"({"via":"popular","key":null,"attention":null,"contribution":0.125}])");
}

TEST(ProgressLine, ShowsWhatWasMeasuredAndNothingElse) {
  TrainProgress progress;
  progress.phase = "search";
  progress.epoch = 3;
  progress.epochs = 20;
  progress.loss = 5.1234;
  progress.seconds = 12.34;
  EXPECT_EQ(ProgressLine(progress), "search 3/20  loss 5.1234  12.3 s");
  progress.recall = 0.281;
  progress.ndcg = 0.279;
  EXPECT_EQ(ProgressLine(progress), "search 3/20  loss 5.1234  recall@20 0.2810  ndcg@20 0.2790  12.3 s");
  EXPECT_EQ(ProgressBar(progress).substr(0, 23), "[###-----------------] ");
  progress.edges_per_second = 34.12e6;
  progress.memory_bytes = 210U << 20;
  EXPECT_EQ(ProgressLine(progress, 81.4),
            "search 3/20  loss 5.1234  recall@20 0.2810  ndcg@20 0.2790  12.3 s, at most 81 s left  34.1 M edges/s  "
            "210.0 MiB");
}

TEST(TimeLeft, GoesOnAtThePaceOfThePhaseAndCountsTheRefitOfASearch) {
  TimeLeft left;
  const auto after = [&](const char* phase, std::uint32_t epoch, double seconds) {
    return left.After({.phase = phase, .epoch = epoch, .epochs = 10, .seconds = seconds});
  };
  EXPECT_LT(after("try tau 0.10", 10, 5), 0) << "nobody knows how many will be tried";
  EXPECT_DOUBLE_EQ(after("search", 1, 7), 2 * (9 + 10)) << "the first epoch is all there is to go by";
  EXPECT_DOUBLE_EQ(after("search", 3, 17), 5 * (7 + 10));
  EXPECT_LT(left.After({.phase = "item kernel", .seconds = 20}), 0);
  EXPECT_DOUBLE_EQ(after("refit", 4, 30), 13 * 6) << "resumed at its fourth epoch";
  EXPECT_DOUBLE_EQ(after("refit", 6, 34), 2 * 4);
  EXPECT_DOUBLE_EQ(after("refit", 10, 44), 0);
}

TEST(CheckModelName, TakesWhatAFolderTakes) {
  EXPECT_TRUE(CheckModelName("default").ok());
  EXPECT_TRUE(CheckModelName(std::string(64, 'a')).ok());
  for (const std::string& wrong :
       {std::string(), std::string(65, 'a'), std::string("a/b"), std::string("ä"), std::string("a b")}) {
    EXPECT_EQ(CheckModelName(wrong).code(), StatusCode::kInvalidArgument) << wrong;
  }
}

}  // namespace
}  // namespace kith::tools
