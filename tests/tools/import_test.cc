#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "readers/core_filter.h"
#include "tools/run_kith.h"
#include "tools/scratch_folder.h"

namespace kith::tools {
namespace {

using kith::testing::Ran;
using kith::testing::RunKith;
using kith::testing::ScratchFolder;
using kith::testing::StartKith;
using kith::testing::WaitFor;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<std::string> Lines(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

class Import : public ::testing::Test {
 protected:
  Ran Run(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"import", "--store", store_});
    return RunKith(arguments);
  }
  nlohmann::json RunJson(std::vector<std::string> arguments) {
    arguments.emplace_back("--json");
    const Ran ran = Run(arguments);
    EXPECT_EQ(ran.status, 0) << ran.err;
    return nlohmann::json::parse(ran.out, nullptr, false);
  }
  std::vector<std::string> Exported() {
    const Ran ran = RunKith({"export", "--store", store_});
    EXPECT_EQ(ran.status, 0) << ran.err;
    return Lines(ran.out);
  }
  ScratchFolder folder_;
  std::string store_ = folder_.Path("deep/er/store");
};

TEST_F(Import, StoresInteractionsThenFriendshipsAndNamesTheNextCommand) {
  const std::string train = folder_.Write("train.tsv", "user\titem\tweight\ttime\nu1\ti1\t2.5\t7\nu2\ti1\t1\t8\n");
  const std::string more = folder_.Write("more.txt", "u3 i2 i3\nlonely\n");
  const std::string social = folder_.Write("social.tsv", "user\tfriend\nu1\tu2\n");
  const Ran ran = Run({"--social", social, "--interactions", train, more});
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("5 events stored, 0 repeats left out, none dropped"));
  EXPECT_THAT(ran.out, HasSubstr("4 new users, 3 new items"));
  EXPECT_EQ(ran.err, "next: kith train --store " + store_ + "\n");
  EXPECT_THAT(Exported(), ElementsAre(R"({"user":"u1","item":"i1","weight":2.5,"time":7})",
                                      R"({"user":"u2","item":"i1","time":8})", R"({"user":"u3","item":"i2"})",
                                      R"({"user":"u3","item":"i3"})", R"({"user":"u1","friend":"u2"})"));
}

TEST_F(Import, CountsRowsThatRepeatEarlierOnesOrTheStoreAndStoresThemOnce) {
  const std::string train = folder_.Write("train.tsv", "user\titem\na\tx\na\tx\nb\tx\n");
  const nlohmann::json first = RunJson({"--interactions", train});
  EXPECT_EQ(first.at("rows"), 3);
  EXPECT_EQ(first.at("stored"), 2);
  EXPECT_EQ(first.at("repeats"), 1);
  const nlohmann::json second = RunJson({"--interactions", train});
  EXPECT_EQ(second.at("stored"), 0);
  EXPECT_EQ(second.at("repeats"), 3);
  EXPECT_EQ(second.at("new_users"), 0);
  EXPECT_EQ(Exported().size(), 2U);
}

TEST_F(Import, LeavesNoStoreBehindWhereItFails) {
  const std::string good = folder_.Write("good.tsv", "user\titem\na\tx\n");
  const std::string bad = folder_.Write("bad.tsv", "user\titem\tweight\nb\ty\t1\nb\tz\tNaN\n");
  const Ran ran = Run({"--interactions", good, bad});
  EXPECT_EQ(ran.status, 3);
  EXPECT_THAT(ran.out, IsEmpty());
  EXPECT_THAT(ran.err,
              HasSubstr("bad.tsv:3: expected a weight (a finite number above 0, within float32), found \"NaN\""));
  EXPECT_EQ(Lines(ran.err).size(), 1U);
  EXPECT_FALSE(std::filesystem::exists(folder_.Path("deep")));
  // An empty folder that was there stays, and stays empty.
  std::filesystem::create_directories(store_);
  EXPECT_EQ(Run({"--interactions", good, bad}).status, 3);
  EXPECT_TRUE(std::filesystem::is_empty(store_));
}

TEST_F(Import, LeavesAStoreAsItWasWhereItFails) {
  const std::string good = folder_.Write("good.tsv", "user\titem\na\tx\n");
  const std::string social = folder_.Write("social.tsv", "user\tfriend\na\tb\nc\tc\n");
  EXPECT_EQ(Run({"--interactions", good}).status, 0);
  const std::vector<std::string> before = Exported();
  const std::string more = folder_.Write("more.tsv", "user\titem\nq\ty\n");
  const Ran ran = Run({"--interactions", more, "--social", social});
  EXPECT_EQ(ran.status, 3);
  EXPECT_THAT(ran.err, HasSubstr("social.tsv:3: friendship: expected two different users"));
  EXPECT_EQ(Exported(), before);
  // Nothing of the failed import is known either: `q` is new again.
  EXPECT_EQ(RunJson({"--interactions", more}).at("new_users"), 1);
}

TEST_F(Import, SkipsWrongRowsAndReportsThemByReason) {
  const std::string bad = folder_.Write("bad.tsv", "user\titem\tweight\na\tx\t1\na\na\ty\t0\na\tz\t-1\n\tz\t1\n");
  const nlohmann::json summary = RunJson({"--interactions", bad, "--on-error", "skip"});
  EXPECT_EQ(summary.at("stored"), 1);
  EXPECT_EQ(summary.at("rows"), 5);
  EXPECT_EQ(summary.at("dropped"), nlohmann::json::parse(R"({"bad key":1,"bad weight":2,"short row":1})"));
}

TEST_F(Import, RefusesFilesThatCannotBeReadWithExitThreeAndOneSentence) {
  for (const std::string& path :
       {folder_.Path("none"), folder_.Path("."), folder_.Write("empty", ""), folder_.Write("cut.gz", "\x1f\x8b\x08")}) {
    for (const char* option : {"--interactions", "--social", "--items"}) {
      for (const char* on_error : {"fail", "skip"}) {
        const Ran ran = Run({option, path, "--on-error", on_error});
        EXPECT_EQ(ran.status, 3) << option << path;
        EXPECT_EQ(Lines(ran.err).size(), 1U) << ran.err;
        EXPECT_FALSE(std::filesystem::exists(folder_.Path("deep")));
      }
    }
  }
}

TEST_F(Import, SaysHowItIsUsed) {
  EXPECT_EQ(Run({}).status, 2);
  const std::string train = folder_.Write("train.tsv", "user\titem\na\tx\n");
  for (const auto& [option, value, hint] :
       std::vector<std::array<std::string, 3>>{{"--format", "cvs", "did you mean csv?"},
                                               {"--on-error", "skpi", "did you mean skip?"},
                                               {"--columns", "usr=1", "did you mean user?"},
                                               {"--columns", "user", "expected role=COL"}}) {
    const Ran ran = Run({"--interactions", train, option, value});
    EXPECT_EQ(ran.status, 2);
    EXPECT_THAT(ran.err, HasSubstr(hint));
  }
  EXPECT_FALSE(std::filesystem::exists(folder_.Path("deep")));
}

TEST_F(Import, KeepsColumnsOfInteractionsAwayFromFriendships) {
  const std::string train = folder_.Write("train.csv", "x,a\ny,b\n");
  const std::string social = folder_.Write("social.tsv", "user\tfriend\na\tb\n");
  EXPECT_EQ(RunJson({"--interactions", train, "--social", social, "--columns", "user=2,item=1"}).at("stored"), 3);
  EXPECT_THAT(Exported(),
              ElementsAre(R"({"user":"a","item":"x"})", R"({"user":"b","item":"y"})", R"({"user":"a","friend":"b"})"));
}

TEST_F(Import, DropsInteractionsBelowAWeight) {
  const std::string ratings = folder_.Write("r.csv", "user,item,rating\na,x,5\na,y,3.5\nb,x,4\n");
  const std::string social = folder_.Write("social.tsv", "user\tfriend\na\tb\n");
  const nlohmann::json summary = RunJson({"--interactions", ratings, "--social", social, "--min-weight", "4"});
  EXPECT_EQ(summary.at("stored"), 3);
  EXPECT_EQ(summary.at("dropped").at("below --min-weight"), 1);
}

TEST_F(Import, KeepsTheCoreOfUsersAndItemsAndItsNamesOnly) {
  // c and z hang on the square of a, b, x, y by one edge each; the repeated row makes no second neighbour.
  const std::string train = folder_.Write("t.tsv", "user\titem\na\tx\na\ty\nb\tx\nb\ty\nc\tx\nc\tx\nb\tz\n");
  const std::string items = folder_.Write("i.tsv", "item\tname\nx\tEx\nz\tZed\nother\tOther\n");
  const nlohmann::json summary = RunJson({"--interactions", train, "--items", items, "--k-core", "2"});
  EXPECT_EQ(summary.at("stored"), 4);
  EXPECT_EQ(summary.at("new_users"), 2);
  EXPECT_EQ(summary.at("new_items"), 2);
  EXPECT_EQ(summary.at("dropped").at("outside the k-core"), 3);
}

TEST_F(Import, CountsNoItemThatOnlyTheItemFileNames) {
  const std::string items = folder_.Write("i.tsv", "item\tname\nx\tEx\ny\t\"Y\", why\n");
  EXPECT_EQ(RunJson({"--items", items}).at("new_items"), 0);
  const std::string likes = folder_.Write("r.tsv", "user\titem\na\tx\n");
  EXPECT_EQ(RunJson({"--interactions", likes}).at("new_items"), 1);
}

TEST_F(Import, LeavesNoStoreBehindWhereItIsInterrupted) {
  const std::string fifo = folder_.Path("fifo");
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  const pid_t child = StartKith({"import", "--store", store_, "--interactions", fifo}, -1, -1, -1);
  const int writer = ::open(fifo.c_str(), O_WRONLY | O_CLOEXEC);  // waits for the reader
  ASSERT_EQ(::write(writer, "user\titem\na\tx\n", 14), 14);
  ::kill(child, SIGINT);
  ::close(writer);
  EXPECT_EQ(WaitFor(child), 130);
  EXPECT_FALSE(std::filesystem::exists(folder_.Path("deep")));
}

// ---- the core, by its definition

TEST(CoreFilter, KeepsWhatRepeatedPassesOverARandomGraphLeave) {
  for (unsigned seed = 0; seed < 20; ++seed) {
    std::mt19937 random(seed);
    std::vector<std::pair<std::string, std::string>> rows;
    for (int i = 0; i < 300; ++i)
      rows.emplace_back("u" + std::to_string(random() % 60), "i" + std::to_string(random() % 80));
    const std::uint32_t k = 2 + random() % 4;
    CoreFilter filter;
    for (const auto& [user, item] : rows) filter.Add({.user = user, .target = item, .weight = 2.0F, .time = 5});

    std::set<std::pair<std::string, std::string>> left(rows.begin(), rows.end());
    for (bool changed = true; changed;) {
      std::map<std::string, std::uint32_t> degrees;
      for (const auto& [user, item] : left) ++degrees[user], ++degrees[item];
      changed = std::erase_if(
                    left, [&](const auto& edge) { return degrees[edge.first] < k || degrees[edge.second] < k; }) > 0;
    }
    std::vector<std::pair<std::string, std::string>> expected, kept;
    std::copy_if(rows.begin(), rows.end(), std::back_inserter(expected),
                 [&](const auto& row) { return left.contains(row); });
    const auto visit = [&kept](const Event& event) -> Status {
      EXPECT_EQ(event.weight, 2.0F);
      EXPECT_EQ(event.time, 5);
      kept.emplace_back(event.user, event.target);
      return OkStatus();
    };
    EXPECT_TRUE(filter.Visit(k, visit).ok());
    EXPECT_EQ(kept, expected) << "seed " << seed << " k " << k;
    EXPECT_EQ(filter.left_out(), rows.size() - expected.size());
  }
}

}  // namespace
}  // namespace kith::tools
