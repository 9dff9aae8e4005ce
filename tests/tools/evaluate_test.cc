#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "tools/cli_fixture.h"

namespace kith::tools {
namespace {

using kith::testing::CliTest;
using kith::testing::Ran;
using kith::testing::SplitAt;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

std::vector<std::string> Lines(const std::string& path) {
  std::ifstream file(path);
  return SplitAt(std::string(std::istreambuf_iterator<char>(file), {}), '\n');
}

/// A store of 120 readers in four circles, a model and a baseline, and held-out readings of most of them.
class EvaluateTest : public CliTest {
 protected:
  void SetUp() override {
    std::string train = "user\titem\n", social = "user\tfriend\n", test = "user\titem\n";
    for (int u = 0; u < 120; ++u) {
      const std::string user = "u" + std::to_string(u);
      for (int i = 0; i < 1 + u % 11; ++i) {
        train += user + "\ti" + std::to_string(u % 4 + 4 * ((u * 7 + i * 3) % 15)) + "\n";
      }
      if (u % 3 != 0) social += user + "\tu" + std::to_string((u + 4) % 120) + "\n";
      if (u % 5 == 0) continue;
      for (int i = 0; i < 1 + u % 4; ++i) {
        const std::string item = "i" + std::to_string(u % 4 + 4 * ((u * 7 + 40 + i) % 15));
        test += user + "\t" + item + "\n";
        held_out_[user].insert(item);
      }
    }
    for (const char* row : {"nobody\ti3", "u1\tnothing"}) test += std::string(row) + "\n";
    held_out_["nobody"].insert("i3");
    held_out_["u1"].insert("nothing");
    test_ = folder_.Write("test.tsv", test);
    Done({"import", "--interactions", folder_.Write("train.tsv", train), "--social",
          folder_.Write("social.tsv", social)});
    Done({"train", "--epochs", "4", "--width", "8"});
    Done({"train", "--model", "popularity", "--name", "popularity"});
  }

  std::string test_;
  std::map<std::string, std::set<std::string>> held_out_;
};

TEST_F(EvaluateTest, AgreesWithTheListsThatRecommendWritesForAnyBlockAndThreads) {
  Done({"recommend", "--all-users", "-k", "10", "--out", folder_.Path("r.tsv")});
  std::map<std::string, std::vector<std::string>> lists;
  for (const std::string& line : Lines(folder_.Path("r.tsv"))) {
    const auto fields = SplitAt(line, '\t');
    if (fields[0] != "user") lists[fields[0]].push_back(fields[2]);
  }
  double recall = 0, ndcg = 0, precision = 0;
  std::set<std::string> listed;
  for (const auto& [user, items] : held_out_) {
    double hits = 0, dcg = 0, ideal = 0;
    for (std::size_t r = 0; r < 10; ++r) {
      if (r < items.size()) ideal += 1 / std::log2(static_cast<double>(r) + 2);
      if (r >= lists[user].size()) continue;
      listed.insert(lists[user][r]);
      if (!items.contains(lists[user][r])) continue;
      hits += 1;
      dcg += 1 / std::log2(static_cast<double>(r) + 2);
    }
    const auto users = static_cast<double>(held_out_.size());
    recall += hits / static_cast<double>(items.size()) / users;
    ndcg += dcg / ideal / users;
    precision += hits / 10 / users;
  }
  ASSERT_GT(recall, 0.05);
  std::set<std::string> answers;
  for (const std::vector<std::string>& how :
       {std::vector<std::string>{}, {"--block", "1"}, {"--block", "13"}, {"--threads", "1"}, {"--threads", "4"}}) {
    std::vector<std::string> arguments = {"evaluate", "--test", test_, "-k", "10"};
    arguments.insert(arguments.end(), how.begin(), how.end());
    const auto json = Json(arguments);
    EXPECT_EQ(json["users"], held_out_.size());
    EXPECT_NEAR(json["recall@10"], recall, 1e-9);
    EXPECT_NEAR(json["ndcg@10"], ndcg, 1e-9);
    EXPECT_NEAR(json["precision@10"], precision, 1e-9);
    EXPECT_NEAR(json["coverage@10"], static_cast<double>(listed.size()) / 60, 1e-9);
    answers.insert(json.dump());
  }
  EXPECT_EQ(answers.size(), 1U) << "every figure, interval and slice has the same digits";
}

TEST_F(EvaluateTest, SaysHowSureItIsAndForWhomItIsGood) {
  const auto json = Json({"evaluate", "--test", test_, "-k", "5,10", "--against", "popularity"});
  for (const char* figure : {"recall", "ndcg", "precision", "hit_rate", "mrr", "map"}) {
    for (const char* k : {"@5", "@10"}) {
      const std::string name = std::string(figure) + k;
      SCOPED_TRACE(name);
      EXPECT_LE(json["intervals"][name][0], json[name]);
      EXPECT_GE(json["intervals"][name][1], json[name]);
      EXPECT_GT(json["errors"][name], 0);
      EXPECT_NEAR(json["difference"][name], json[name].get<double>() - json["against"][name].get<double>(), 1e-12);
      EXPECT_LE(json["difference_intervals"][name][0], json["difference"][name]);
      EXPECT_GE(json["difference_intervals"][name][1], json["difference"][name]);
    }
  }
  for (const char* figure : {"coverage@5", "novelty@5", "diversity@10", "popularity_bias@10", "gini@10"}) {
    EXPECT_TRUE(json[figure].is_number()) << figure;
  }
  std::map<std::string, double> users;
  double by_items = 0;
  for (const auto& slice : json["slices"]) {
    users[slice["by"]] += slice["users"].get<double>();
    if (slice["by"] == "items") by_items += slice["users"].get<double>() * slice["ndcg@10"].get<double>();
    EXPECT_TRUE(slice["against"].contains("ndcg@5") && slice["difference_errors"].contains("ndcg@5")) << slice;
  }
  EXPECT_EQ(users["items"], json["users"]);
  EXPECT_EQ(users["friends"], json["users"].get<double>() - 1)
      << "of the user that is not in the store nothing is known";
  EXPECT_NEAR(by_items / users["items"], json["ndcg@10"], 1e-9);
}

TEST_F(EvaluateTest, WritesEveryUsersFigures) {
  const auto json =
      Json({"evaluate", "--test", test_, "-k", "10", "--against", "popularity", "--per-user", folder_.Path("u.tsv")});
  const auto lines = Lines(folder_.Path("u.tsv"));
  ASSERT_EQ(lines.size(), held_out_.size() + 1);
  const auto header = SplitAt(lines[0], '\t');
  EXPECT_THAT(std::vector<std::string>(header.begin(), header.begin() + 6),
              ElementsAre("user", "items", "friends", "held_out", "recall@10", "ndcg@10"));
  std::map<std::string, double> sums;
  std::set<std::string> users;
  for (std::size_t i = 1; i < lines.size(); ++i) {
    const auto fields = SplitAt(lines[i], '\t');
    ASSERT_EQ(fields.size(), header.size());
    users.insert(fields[0]);
    EXPECT_EQ(std::stoul(fields[3]), held_out_[fields[0]].size()) << lines[i];
    for (std::size_t f = 4; f < fields.size(); ++f) sums[header[f]] += std::stod(fields[f]);
  }
  EXPECT_EQ(users.size(), held_out_.size());
  EXPECT_NEAR(sums["ndcg@10"] / static_cast<double>(users.size()), json["ndcg@10"], 1e-6);
  EXPECT_NEAR(sums["against.map@10"] / static_cast<double>(users.size()), json["against"]["map@10"], 1e-6);
  EXPECT_EQ(SplitAt(lines.back(), '\t')[0], "nobody");
  EXPECT_EQ(Run({"evaluate", "--test", test_, "--per-user", folder_.Path("no/folder/u.tsv")}).status, 1);
}

TEST_F(EvaluateTest, ShowsTables) {
  const std::string text = Done({"evaluate", "--test", test_, "--against", "popularity", "--slices"}).out;
  for (const char* part : {"95 % interval", "standard error", "diversity", "users with so many items",
                           "not in the store", "users with so many friends", "held-out items by popularity"}) {
    EXPECT_THAT(text, HasSubstr(part));
  }
  const std::string brief = Done({"evaluate", "--test", test_, "--resamples", "0"}).out;
  EXPECT_THAT(brief, Not(HasSubstr("95 % interval")));
  EXPECT_THAT(brief, Not(HasSubstr("users with so many items")));
}

TEST_F(EvaluateTest, OfAModelAgainstItselfShowsNoDifference) {
  const auto json = Json({"evaluate", "--test", test_, "--against", "default"});
  EXPECT_EQ(json["difference"]["ndcg@20"], 0);
  EXPECT_EQ(json["difference_errors"]["ndcg@20"], 0);
  EXPECT_EQ(json["difference_intervals"]["ndcg@20"], nlohmann::json::parse("[0.0,0.0]"));
  EXPECT_THAT(Done({"evaluate", "--test", test_, "--against", "default"}).out, HasSubstr("no difference is shown"));
}

TEST_F(EvaluateTest, RefusesWhatItCannotDo) {
  EXPECT_EQ(Run({"evaluate", "--test", test_, "--against", "other"}).status, 1);
  EXPECT_EQ(Run({"evaluate", "--test", test_, "--k", "0"}).status, 2);
  EXPECT_EQ(Run({"evaluate", "--test", test_, "--resamples", "-1"}).status, 2);
}

}  // namespace
}  // namespace kith::tools
