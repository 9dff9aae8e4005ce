#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "kith/train/architectures.h"
#include "tools/cli_fixture.h"

namespace kith::tools {
namespace {

using kith::testing::CliTest;
using kith::testing::kToyUsers;
using kith::testing::Ran;
using kith::testing::RunKith;
using kith::testing::SplitAt;
using kith::testing::StartKith;
using kith::testing::ToyEvents;
using kith::testing::WaitFor;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::set<std::string> Keys(const nlohmann::json& object) {
  std::set<std::string> keys;
  for (const auto& [key, value] : object.items()) keys.insert(key);
  return keys;
}

/// Expects every key of `wanted`, a list separated by blanks, in the object.
void ExpectKeys(const nlohmann::json& object, std::string_view wanted) {
  for (const std::string& key : SplitAt(wanted, ' ')) EXPECT_TRUE(object.contains(key)) << key << " in " << object;
}

/// Rows of a .npy file of float32; fails where the header does not say what the bytes are.
std::vector<std::vector<float>> ReadNpy(const std::string& path, std::size_t rows, std::size_t columns) {
  const std::string bytes = ReadFile(path);
  EXPECT_THAT(bytes, StartsWith("\x93NUMPY"));
  EXPECT_THAT(bytes, HasSubstr("'shape': (" + std::to_string(rows) + ", " + std::to_string(columns) + ")"));
  const std::size_t header = bytes.find('\n') + 1;
  EXPECT_EQ(bytes.size(), header + rows * columns * sizeof(float));
  std::vector<std::vector<float>> matrix(rows, std::vector<float>(columns));
  for (std::size_t row = 0; row < rows; ++row) {
    std::memcpy(matrix[row].data(), bytes.data() + header + row * columns * sizeof(float), columns * sizeof(float));
  }
  return matrix;
}

double Length(const std::vector<float>& row) {
  double square = 0;
  for (const float x : row) square += static_cast<double>(x) * static_cast<double>(x);
  return std::sqrt(square);
}

class Commands : public CliTest {};

TEST_F(Commands, AllAcceptAStoreOfOneEvent) {
  Ingest("{\"user\":\"u\",\"item\":\"i\"}\n");
  const std::string test = folder_.Write("test.tsv", "user\titem\nu\ti\n");
  for (const Architecture& known : kArchitectures) {
    const std::string model(known.name);
    EXPECT_EQ(Json({"train", "--model", model, "--name", model})["model"], model);
    EXPECT_THAT(Json({"recommend", "--user", "u", "--use", model})["items"], IsEmpty()) << "nothing is left";
    EXPECT_EQ(Json({"explain", "--user", "u", "--item", "i", "--use", model})["item"], "i");
    EXPECT_EQ(Json({"evaluate", "--test", test, "--use", model})["users"], 1);
    Done({"recommend", "--all-users", "--explain", "--use", model});
  }
  EXPECT_THAT(Json({"similar", "--item", "i", "--use", "kith"})["similar"], IsEmpty());
  EXPECT_THAT(Json({"similar", "--user", "u", "--use", "kith"})["similar"], IsEmpty());
  EXPECT_EQ(Json({"stats"})["components"], 1);
  EXPECT_EQ(Json({"embed", "--use", "kith", "--out", folder_.Path("v")})["users"], 1);
  EXPECT_EQ(ReadFile(folder_.Path("v/users.txt")), "u\n");
  EXPECT_EQ(ReadFile(folder_.Path("v/items.txt")), "i\n");
  EXPECT_EQ(Json({"models"})["models"].size(), std::size(kArchitectures));
  EXPECT_EQ(Json({"verify"})["sound"], true);
  EXPECT_EQ(Done({"export"}).out, "{\"user\":\"u\",\"item\":\"i\"}\n");
  Done({"stats"});
  Done({"verify"});
  Done({"models"});
}

TEST_F(Commands, AllAcceptAStoreOfOneFriendship) {
  Ingest("{\"user\":\"u\",\"friend\":\"v\"}\n");
  EXPECT_EQ(Json({"stats"})["items"], 0);
  EXPECT_EQ(Json({"verify"})["sound"], true);
  const Ran ran = Run({"train"});
  EXPECT_EQ(ran.status, 1) << "there is nothing to learn from: " << ran.err;
  EXPECT_EQ(std::count(ran.err.begin(), ran.err.end(), '\n'), 2) << ran.err;
}

TEST_F(Commands, StatsCountsTheToyGraph) {
  Ingest(ToyEvents());
  const auto json = Json({"stats"});
  EXPECT_EQ(json["users"], 5);
  EXPECT_EQ(json["items"], 6);
  EXPECT_EQ(json["interactions"], 11);
  EXPECT_EQ(json["social_edges"], 4);
  EXPECT_EQ(json["components"], 1);
  EXPECT_EQ(json["max_core"], 2);
  EXPECT_TRUE(json["time_range"].is_null());
  EXPECT_EQ(json["events"], 15);
  EXPECT_THAT(Done({"stats"}).out, HasSubstr("interactions"));
  Ingest(
      "{\"user\":\"ann\",\"item\":\"iliad\",\"time\":1600000000}\n{\"user\":\"bob\",\"item\":\"iliad\",\"time\":50}\n");
  EXPECT_EQ(Json({"stats"})["time_range"], nlohmann::json::parse("[50,1600000000]"));
}

TEST_F(Commands, TrainReportsByContract) {
  Ingest(ToyEvents());
  const auto json = Json({"train", "--epochs", "4", "--width", "4", "--seed", "3"});
  ExpectKeys(json, "model name mode epochs seconds stopped validation gates sampler_wait_share peak_memory_bytes");
  EXPECT_EQ(json["model"], "kith");
  EXPECT_EQ(json["name"], "default");
  EXPECT_EQ(json["mode"], "full");
  EXPECT_EQ(json["epochs"], 4);
  EXPECT_EQ(json["seed"], 3);
  EXPECT_TRUE(json["stopped"].is_null());
  EXPECT_EQ(Keys(json["validation"]), (std::set<std::string>{"ndcg@20", "recall@20"}));
  EXPECT_TRUE(json["gates"].contains("friend"));
  EXPECT_GT(json["peak_memory_bytes"], 0);
  const Ran ran = Done({"train", "--epochs", "4", "--width", "4"});
  EXPECT_THAT(ran.err, HasSubstr("4/4")) << "a line an epoch";
  EXPECT_THAT(ran.err, HasSubstr("next: kith recommend --store " + store_ + " --user ann --explain\n"));
  EXPECT_THAT(ran.out, HasSubstr("published model 2 as \"default\""));
}

TEST_F(Commands, TrainCutShortByItsTimeLimitStillPublishes) {
  Ingest(ToyEvents());
  const auto json = Json({"train", "--epochs", "100000000", "--time-limit", "500ms"});
  EXPECT_EQ(json["stopped"], "time-limit");
  EXPECT_EQ(Json({"models"})["models"].size(), 1U);
}

TEST_F(Commands, TrainRefusesAMemoryItCannotKeepWithExitFour) {
  Ingest(ToyEvents());
  const Ran ran = Run({"train", "--memory", "1KiB"});
  EXPECT_EQ(ran.status, 4) << ran.err;
  EXPECT_THAT(Json({"models"})["models"], IsEmpty());
}

TEST_F(Commands, TrainInterruptedEndsWith130AndPublishesNothing) {
  Ingest(ToyEvents());
  const std::string log = folder_.Write("err", "");
  const int err = ::open(log.c_str(), O_WRONLY | O_CLOEXEC);
  const pid_t child =
      StartKith({"train", "--store", store_, "--epochs", "100000000", "--run", folder_.Path("run")}, -1, -1, err);
  while (ReadFile(log).find("loss") == std::string::npos) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  ::kill(child, SIGINT);
  EXPECT_EQ(WaitFor(child), 130);
  ::close(err);
  EXPECT_THAT(ReadFile(log), HasSubstr("error: "));
  EXPECT_THAT(Json({"models"})["models"], IsEmpty());
}

TEST_F(Commands, RecommendLeavesOutWhatUsersHaveAndRanksByScore) {
  MakeToy();
  const Ran ran = Done({"recommend", "--all-users", "-k", "3", "--out", folder_.Path("recs.tsv")});
  EXPECT_EQ(ran.out, "");
  std::vector<std::string> lines = SplitAt(ReadFile(folder_.Path("recs.tsv")), '\n');
  EXPECT_EQ(lines.front(), "user\trank\titem\tscore");
  std::map<std::string, std::set<std::string>> has;
  for (const Edge& edge : kith::testing::kToyInteractions) {
    has[std::string(kToyUsers[edge.source])].emplace(kith::testing::kToyItems[edge.target]);
  }
  std::map<std::string, std::vector<double>> scores;
  for (std::size_t i = 1; i < lines.size(); ++i) {
    const auto fields = SplitAt(lines[i], '\t');
    ASSERT_EQ(fields.size(), 4U);
    EXPECT_FALSE(has[fields[0]].contains(fields[2])) << lines[i];
    scores[fields[0]].push_back(std::stod(fields[3]));
    EXPECT_EQ(std::stoul(fields[1]), scores[fields[0]].size());
  }
  EXPECT_EQ(scores.size(), 5U);
  for (const auto& [user, list] : scores) {
    EXPECT_EQ(list.size(), 3U);
    EXPECT_TRUE(std::is_sorted(list.rbegin(), list.rend())) << user;
  }
}

TEST_F(Commands, RecommendPrintsAnObjectAUserByContract) {
  MakeToy();
  const Ran ran = Done({"recommend", "--user", "ann", "nobody", "-k", "2", "--json"});
  const auto lines = SplitAt(ran.out, '\n');
  ASSERT_EQ(lines.size(), 2U);
  const auto known = nlohmann::json::parse(lines[0]), unknown = nlohmann::json::parse(lines[1]);
  EXPECT_EQ(known["user"], "ann");
  EXPECT_EQ(known["model"], "default");
  EXPECT_TRUE(known["fallback"].is_null());
  ASSERT_EQ(known["items"].size(), 2U);
  for (const auto& hit : known["items"]) {
    ExpectKeys(hit, "rank item name score reasons");
    EXPECT_LE(hit["reasons"].size(), 3U);
    for (const auto& reason : hit["reasons"]) {
      EXPECT_EQ(Keys(reason), (std::set<std::string>{"attention", "contribution", "key", "via"}));
      const bool keyed = reason["via"] != "popular" && reason["via"] != "model";
      EXPECT_EQ(reason["key"].is_string(), keyed);
      EXPECT_EQ(reason["attention"].is_number(), keyed);
    }
  }
  EXPECT_EQ(unknown["fallback"], "popular");
  EXPECT_EQ(unknown["items"].size(), 2U);
  EXPECT_THAT(Done({"recommend", "--user", "ann", "--explain"}).out, HasSubstr("because "));
}

TEST_F(Commands, ExplainSumsToTheScoreThatRecommendPrinted) {
  MakeToy();
  std::set<std::string> vias;
  for (const std::string_view user : kToyUsers) {
    const auto answer = Json({"recommend", "--user", std::string(user)});
    ASSERT_FALSE(answer["items"].empty());
    for (const auto& hit : answer["items"]) {
      const double score = hit["score"];
      const auto explanation = Json({"explain", "--user", std::string(user), "--item", hit["item"]});
      double sum = 0;
      std::set<std::pair<std::string, std::string>> terms;
      for (const auto& term : explanation["contributions"]) {
        sum += static_cast<double>(term["contribution"]);
        vias.insert(term["via"]);
        EXPECT_TRUE(terms.emplace(term["via"], term["key"].dump()).second) << "one term per via and key";
      }
      const double room = 1e-4 * std::max(1.0, std::abs(score));
      EXPECT_NEAR(explanation["score"], score, room);
      EXPECT_NEAR(sum, score, room);
    }
  }
  EXPECT_TRUE(vias.contains("item"));
}

TEST_F(Commands, ExplainAndSimilarNameWhatTheyDoNotKnow) {
  MakeToy();
  const Ran item = Run({"explain", "--user", "ann", "--item", "nothing"});
  EXPECT_EQ(item.status, 1);
  EXPECT_THAT(item.err, HasSubstr("nothing"));
  EXPECT_EQ(Run({"similar", "--item", "nothing"}).status, 1);
  EXPECT_EQ(Run({"similar", "--user", "nobody"}).status, 1);
}

TEST_F(Commands, SimilarRanksByCosineWithoutTheOneAskedFor) {
  MakeToy();
  for (const std::string kind : {"item", "user"}) {
    const auto json = Json({"similar", "--" + kind, kind == "item" ? "dune" : "ann", "-k", "3"});
    ASSERT_EQ(json["similar"].size(), 3U);
    double last = 1.0001;
    for (const auto& hit : json["similar"]) {
      EXPECT_NE(hit[kind], json[kind]);
      EXPECT_LE(hit["score"], last);
      last = hit["score"];
    }
  }
  Done({"similar", "--item", "dune"});
}

TEST_F(Commands, AnEventCountsInTheNextRecommendation) {
  MakeToy();
  Ingest(
      "{\"user\":\"new\",\"item\":\"dune\"}\n{\"user\":\"new\",\"item\":\"emma\"}\n{\"user\":\"new\",\"item\":"
      "\"atlas\"}\n");
  const auto json = Json({"recommend", "--user", "new"});
  EXPECT_TRUE(json["fallback"].is_null());
  for (const auto& hit : json["items"])
    EXPECT_TRUE(hit["item"] != "dune" && hit["item"] != "emma" && hit["item"] != "atlas");
}

TEST_F(Commands, EmbedWritesUnitRowsForTheModelAndLiveRowsForLaterUsers) {
  MakeToy();
  Ingest(
      "{\"user\":\"new\",\"item\":\"dune\"}\n{\"user\":\"new\",\"item\":\"atlas\"}\n{\"user\":\"lone\",\"friend\":"
      "\"ann\"}\n{\"user\":\"lone\",\"friend\":\"solo\"}\n");
  const auto json = Json({"embed", "--out", folder_.Path("deep/v")});
  const std::size_t width = json["width"];
  EXPECT_THAT(SplitAt(ReadFile(folder_.Path("deep/v/users.txt")), '\n'),
              ElementsAre("ann", "bob", "cem", "dee", "eli", "new", "lone", "solo"));
  EXPECT_THAT(SplitAt(ReadFile(folder_.Path("deep/v/items.txt")), '\n'),
              ElementsAre("dune", "emma", "faust", "gilgamesh", "hamlet", "iliad", "atlas"));
  const auto users = ReadNpy(folder_.Path("deep/v/users.npy"), 8, width);
  const auto items = ReadNpy(folder_.Path("deep/v/items.npy"), 7, width);
  for (std::size_t i = 0; i < 6; ++i) {
    EXPECT_NEAR(Length(users[i]), 1, 1e-5) << i;
    EXPECT_NEAR(Length(items[i]), 1, 1e-5) << i;
  }
  for (std::size_t c = 0; c < width; ++c) EXPECT_NEAR(users[6][c], users[0][c], 1e-5) << "the only friend's with items";
  EXPECT_EQ(Length(users[7]), 0) << "neither items nor friends, no vector";
  EXPECT_EQ(Length(items[6]), 0) << "later than the model";
}

TEST_F(Commands, EmbedLeavesNothingBehindWhereItFails) {
  MakeToy();
  std::filesystem::create_directories(folder_.Path("v/items.txt"));  // a folder where a file belongs
  EXPECT_EQ(Run({"embed", "--out", folder_.Path("v")}).status, 1);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_.Path("v")), {}), 1);
  Done({"train", "--model", "popularity", "--name", "pop"});
  const Ran ran = Run({"embed", "--use", "pop", "--out", folder_.Path("w")});
  EXPECT_EQ(ran.status, 1);
  EXPECT_THAT(ran.err, HasSubstr("no learned vectors"));
  EXPECT_FALSE(std::filesystem::exists(folder_.Path("w")));
}

TEST_F(Commands, EvaluateAgreesWithTheListsThatRecommendWrites) {
  MakeToy();
  // Two of ann's items are held out here, one of them unknown; eli's is hit or not; zoe is unknown and scores 0.
  const std::string test =
      folder_.Write("test.tsv", "user\titem\nann\tfaust\nann\tatlantis\neli\tgilgamesh\nzoe\tdune\n");
  const auto json = Json({"evaluate", "--test", test, "--k", "2,3"});
  EXPECT_EQ(json["users"], 3);
  Done({"recommend", "--all-users", "-k", "3", "--out", folder_.Path("r")});
  std::map<std::string, std::vector<std::string>> lists;
  for (const std::string& line : SplitAt(ReadFile(folder_.Path("r")), '\n')) {
    lists[SplitAt(line, '\t')[0]].push_back(SplitAt(line, '\t')[2]);
  }
  for (const std::size_t k : {2U, 3U}) {
    double recall = 0, ndcg = 0;
    for (const auto& [user, item, wanted] : {std::tuple{"ann", "faust", 2.0}, {"eli", "gilgamesh", 1.0}}) {
      const auto& list = lists[user];
      const auto at = std::find(list.begin(), list.begin() + static_cast<std::ptrdiff_t>(k), item) - list.begin();
      if (at == static_cast<std::ptrdiff_t>(k)) continue;
      recall += 1 / wanted;
      ndcg += 1 / std::log2(static_cast<double>(at) + 2) / (wanted == 1 ? 1 : 1 + 1 / std::log2(3.0));
    }
    EXPECT_NEAR(json["recall@" + std::to_string(k)], recall / 3, 1e-6);
    EXPECT_NEAR(json["ndcg@" + std::to_string(k)], ndcg / 3, 1e-6);
  }
  EXPECT_THAT(Done({"evaluate", "--test", test}).err, HasSubstr("1 users of the test file are not in the store"));
}

TEST_F(Commands, EvaluateComparesTwoModels) {
  MakeToy();
  Done({"train", "--model", "popularity", "--name", "pop"});
  const std::string test = folder_.Write("test.txt", "ann faust\neli gilgamesh\n");
  const auto json = Json({"evaluate", "--test", test, "--against", "pop"});
  const auto alone = Json({"evaluate", "--test", test, "--use", "pop"});
  for (const char* figure :
       {"recall@20", "ndcg@20", "precision@20", "hit_rate@20", "mrr@20", "map@20", "coverage@20"}) {
    EXPECT_EQ(json["against"][figure], alone[figure]);
    EXPECT_NEAR(json["difference"][figure], static_cast<double>(json[figure]) - static_cast<double>(alone[figure]),
                1e-12);
  }
  EXPECT_THAT(Done({"evaluate", "--test", test, "--against", "pop"}).out, HasSubstr("difference"));
}

TEST_F(Commands, EvaluateRefusesAWrongTestFileWithExitThree) {
  MakeToy();
  EXPECT_EQ(Run({"evaluate", "--test", folder_.Path("none")}).status, 3);
  EXPECT_EQ(Run({"evaluate", "--test", folder_.Write("empty", "")}).status, 3);
  const Ran ran = Run({"evaluate", "--test", folder_.Write("short.tsv", "user\titem\nann\tdune\nbob\n")});
  EXPECT_EQ(ran.status, 3);
  EXPECT_THAT(ran.err, HasSubstr("short.tsv:3: "));
}

TEST_F(Commands, ModelsListsAndRollsBack) {
  MakeToy();
  Done({"train", "--model", "popularity"});
  const auto current = [this] {
    std::vector<std::uint64_t> numbers;
    const auto listing = Json({"models"});
    for (const auto& model : listing["models"]) {
      if (model["current"]) numbers.push_back(model["number"]);
    }
    return numbers;
  };
  EXPECT_THAT(current(), ElementsAre(2));
  Done({"models", "--rollback"});
  EXPECT_THAT(current(), ElementsAre(1));
  EXPECT_EQ(Run({"models", "--rollback"}).status, 1);
  EXPECT_EQ(Run({"models", "--rollback", "--name", "other"}).status, 1);
}

TEST_F(Commands, SayWhichCommandMakesAMissingModel) {
  Ingest(ToyEvents());
  for (const std::vector<std::string>& arguments : {std::vector<std::string>{"recommend", "--user", "ann"},
                                                    {"explain", "--user", "ann", "--item", "dune"},
                                                    {"similar", "--item", "dune"},
                                                    {"embed", "--out", folder_.Path("v")},
                                                    {"evaluate", "--test", folder_.Write("t", "ann dune\n")}}) {
    const Ran ran = Run(arguments);
    EXPECT_EQ(ran.status, 1) << arguments.front();
    EXPECT_THAT(ran.err, HasSubstr("kith train --store")) << arguments.front();
  }
}

TEST_F(Commands, RefuseWhatIsNoStore) {
  folder_.Write("file", "text");
  EXPECT_EQ(RunKith({"stats", "--store", folder_.Path("file")}).status, 1);
  std::filesystem::create_directories(folder_.Path("folder"));
  folder_.Write("folder/notes.txt", "text");
  EXPECT_EQ(RunKith({"stats", "--store", folder_.Path("folder")}).status, 1);
  EXPECT_EQ(RunKith({"models", "--rollback", "--store", folder_.Path("folder")}).status, 1);
}

TEST_F(Commands, AnswerDamageWithExitFive) {
  MakeToy();
  const std::string tensors = store_ + "/models/1/model.safetensors";
  std::string bytes = ReadFile(tensors);
  ASSERT_FALSE(bytes.empty());
  bytes.back() = static_cast<char>(bytes.back() ^ 1);
  std::ofstream(tensors, std::ios::binary) << bytes;
  EXPECT_EQ(Run({"recommend", "--user", "ann"}).status, 5);
  const Ran ran = Run({"verify", "--json"});
  EXPECT_EQ(ran.status, 5) << ran.err;
  const auto report = nlohmann::json::parse(ran.out);
  EXPECT_EQ(report["sound"], false);
  EXPECT_FALSE(report["violations"].empty());
}

TEST_F(Commands, FailWhereTheResultCannotBeWritten) {
  MakeToy();
  const int full = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"stats"}, {"recommend", "--user", "ann"}, {"models"}, {"verify"}}) {
    std::vector<std::string> all = arguments;
    all.insert(all.end(), {"--store", store_});
    EXPECT_EQ(WaitFor(StartKith(all, -1, full, -1)), 1) << arguments.front();
  }
  ::close(full);
  EXPECT_EQ(Run({"recommend", "--all-users", "--out", "/dev/full"}).status, 1);
  EXPECT_EQ(Run({"recommend", "--all-users", "--out", folder_.Path("no/folder/r.tsv")}).status, 1);
}

TEST_F(Commands, WaitForNobodyToReadBesideAWriter) {
  MakeToy();
  int pipe[2];
  ASSERT_EQ(::pipe2(pipe, O_CLOEXEC), 0);
  const std::string acks = folder_.Write("acks", "");
  const int out = ::open(acks.c_str(), O_WRONLY | O_CLOEXEC);
  const pid_t writer = StartKith({"ingest", "--store", store_, "-"}, pipe[0], out, -1);
  const std::string event = "{\"user\":\"ann\",\"item\":\"iliad\"}\n";
  ASSERT_EQ(::write(pipe[1], event.data(), event.size()), static_cast<ssize_t>(event.size()));
  while (ReadFile(acks).find("ACK 1") == std::string::npos) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  EXPECT_EQ(Json({"stats"})["interactions"], 12);
  Done({"recommend", "--user", "ann"});
  EXPECT_EQ(Run({"models", "--rollback"}).status, 1) << "another process writes";
  ::close(pipe[1]);
  EXPECT_EQ(WaitFor(writer), 0);
  ::close(pipe[0]);
  ::close(out);
}

TEST_F(Commands, BenchVerifiesItsAnswersOnAFolderOfData) {
  std::string train = "user\titem\n";
  for (const Edge& edge : kith::testing::kToyInteractions) {
    train += std::string(kToyUsers[edge.source]) + "\t" + std::string(kith::testing::kToyItems[edge.target]) + "\n";
  }
  folder_.Write("train.tsv", train);
  folder_.Write("social.tsv", "user\tfriend\nann\tbob\n");
  for (const std::string what : {"kernels", "store", "query"}) {
    const Ran ran = RunKith({"bench", what, "--data", folder_.Path(""), "--repeats", "1", "--json"});
    ASSERT_EQ(ran.status, 0) << what << ran.err;
    const auto json = nlohmann::json::parse(ran.out);
    EXPECT_EQ(json["bench"], what);
    ExpectKeys(json, "rows isa threads");
    ASSERT_FALSE(json["rows"].empty());
    for (const auto& row : json["rows"]) EXPECT_EQ(row["verified"], true) << row;
  }
  EXPECT_EQ(RunKith({"bench", "query", "--data", folder_.Path("none")}).status, 3);
}

TEST_F(Commands, GiveTheSameBytesOnOneThreadAndOnFour) {
  Ingest(ToyEvents());
  std::vector<std::string> results;
  for (const char* threads : {"1", "4"}) {
    Done({"train", "--epochs", "6", "--width", "8", "--threads", threads});
    Done({"recommend", "--all-users", "--out", folder_.Path("r"), "--threads", threads});
    Done({"embed", "--out", folder_.Path("v"), "--threads", threads});
    results.push_back(ReadFile(folder_.Path("r")) + ReadFile(folder_.Path("v/users.npy")) +
                      ReadFile(folder_.Path("v/items.npy")));
  }
  EXPECT_EQ(results[0], results[1]);
}

}  // namespace
}  // namespace kith::tools
