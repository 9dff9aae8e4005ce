#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "kith/base/status.h"
#include "kith/train/architectures.h"
#include "program.h"
#include "tools/cli_fixture.h"

namespace kith::tools {
namespace {

using kith::testing::CliTest;
using kith::testing::Ran;
using kith::testing::RunKith;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;
using ::testing::StartsWith;

/// An environment variable of the programs that a test starts.
class Environment {
 public:
  Environment(const char* name, const char* value) : name_(name) { ::setenv(name, value, 1); }
  ~Environment() { ::unsetenv(name_); }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

 private:
  const char* name_;
};

TEST(ExitStatus, FollowsTheContract) {
  EXPECT_EQ(ExitStatus(StatusCode::kOk), 0);
  EXPECT_EQ(ExitStatus(StatusCode::kNotFound), 1);
  EXPECT_EQ(ExitStatus(StatusCode::kFailedPrecondition), 1);
  EXPECT_EQ(ExitStatus(StatusCode::kLocked), 1);
  EXPECT_EQ(ExitStatus(StatusCode::kIoError), 1);
  EXPECT_EQ(ExitStatus(StatusCode::kInvalidArgument), 2);
  EXPECT_EQ(ExitStatus(StatusCode::kBadInput), 3);
  EXPECT_EQ(ExitStatus(StatusCode::kOutOfMemory), 4);
  EXPECT_EQ(ExitStatus(StatusCode::kCorruption), 5);
  EXPECT_EQ(ExitStatus(StatusCode::kCancelled), 130);
}

TEST(Program, SaysItsVersion) {
  const Ran ran = RunKith({"--version"});
  EXPECT_EQ(ran.status, 0);
  EXPECT_THAT(ran.out, MatchesRegex("kith [0-9]+\\.[0-9]+\\.[0-9]+\n"));
}

TEST(Program, NamesEveryArchitectureInItsHelpAndOnItsPage) {
  const Ran help = RunKith({"train", "--help"});
  std::ifstream file(KITH_SOURCE_DIR "/docs/cli.md");
  const std::string page(std::istreambuf_iterator<char>(file), {});
  for (const Architecture& known : kArchitectures) {
    EXPECT_THAT(help.out, ContainsRegex("[ ,]" + std::string(known.name) + "([ ,]|\n|$)")) << known.name;
    EXPECT_THAT(page, ContainsRegex("(ARCH: |, )" + std::string(known.name) + "[,.]")) << known.name;
  }
}

TEST(Program, ShowsHelpAndFailsWhereNoCommandIsNamed) {
  const Ran ran = RunKith({});
  EXPECT_EQ(ran.status, 2);
  EXPECT_THAT(ran.err, HasSubstr("recommend"));
  EXPECT_THAT(ran.err, HasSubstr("error: no command is named"));
  EXPECT_EQ(ran.out, "");
}

TEST(Program, ShowsAnExampleInTheHelpOfEveryCommand) {
  for (const char* command : {"import", "ingest", "export", "stats", "verify", "train", "evaluate", "recommend",
                              "similar", "explain", "embed", "models", "bench", "demo"}) {
    const Ran ran = RunKith({command, "--help"});
    EXPECT_EQ(ran.status, 0) << command << ran.err;
    EXPECT_THAT(ran.out, HasSubstr("Example")) << command;
    EXPECT_THAT(ran.out, HasSubstr(std::string("kith ") + command));
    EXPECT_THAT(RunKith({"--help"}).out, HasSubstr(command));
  }
}

TEST(Program, SuggestsTheNearestCommandOrOption) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> cases = {
      {{"trian", "--store", "s"}, "unknown command \"trian\"; did you mean train?"},
      {{"recomend"}, "did you mean recommend?"},
      {{"train", "--store", "s", "--epoch", "3"}, "unknown option --epoch of kith train; did you mean --epochs?"},
      {{"stats", "--sotre", "s"}, "did you mean --store?"},
      {{"--sede", "3", "stats"}, "did you mean --seed?"},
      {{"explain", "--usr", "a", "--item", "b"}, "did you mean --user?"},  // named before the missing --user
      {{"stats", "extra"}, "unexpected argument \"extra\" of kith stats"},
  };
  for (const auto& [arguments, expected] : cases) {
    const Ran ran = RunKith(arguments);
    EXPECT_EQ(ran.status, 2) << arguments.front();
    EXPECT_THAT(ran.err, StartsWith("error: "));
    EXPECT_THAT(ran.err, HasSubstr(expected));
    EXPECT_EQ(ran.out, "");
  }
}

TEST(Program, RefusesWrongOptionsInOneSentence) {
  const std::vector<std::vector<std::string>> cases = {
      {"stats"},  // no store is named
      {"stats", "--store", "s", "--threads", "1025"},
      {"stats", "--store", "s", "--threads", "-1"},
      {"stats", "--store", "s", "--seed", "many"},
      {"stats", "--store", "s", "--seed", "-1"},
      {"train", "--store", "s", "--epochs", "-1"},
      {"recommend", "--store", "s", "--user", "a", "-k", "-1"},
      {"recommend", "--store", "s", "--user", "a", "-k", "1.5"},
      {"similar", "--store", "s", "--item", "a", "-k", "-1"},
      {"evaluate", "--store", "s", "--test", "t", "--k", "10,-20"},
      {"import", "--store", "s", "--interactions", "t", "--k-core", "-1"},
      {"import", "--store", "s", "--interactions", "t", "--min-weight", "nan"},
      {"bench"},
      {"train", "--store", "s", "--mode", "fast"},
      {"train", "--store", "s", "--model", "transformer"},
      {"train", "--store", "s", "--time-limit", "soon"},
      {"train", "--store", "s", "--memory", "lots"},
      {"train", "--store", "s", "--without", "luck"},
      {"train", "--store", "s", "--name", "no/slash"},
      {"recommend", "--store", "s"},  // to whom?
      {"recommend", "--store", "s", "--user", "a", "--all-users"},
      {"recommend", "--store", "s", "--user", "a", "-k", "0"},
      {"recommend", "--store", "s", "--user", ""},
      {"recommend", "--store", "s", "--user", std::string(600, 'x')},
      {"evaluate", "--store", "s"},  // against what?
      {"evaluate", "--store", "s", "--test", "t", "--k", "0"},
      {"similar", "--store", "s"},
      {"similar", "--store", "s", "--item", "a", "--user", "b"},
      {"explain", "--store", "s", "--user", "a"},
      {"embed", "--store", "s"},
      {"bench", "everything"},
  };
  for (const auto& arguments : cases) {
    const Ran ran = RunKith(arguments);
    EXPECT_EQ(ran.status, 2) << ::testing::PrintToString(arguments) << ran.err;
    EXPECT_THAT(ran.err, StartsWith("error: "));
    EXPECT_EQ(std::count(ran.err.begin(), ran.err.end(), '\n'), 1) << ran.err;
    EXPECT_EQ(ran.out, "");
  }
}

TEST(Program, SaysWhichNumberAnOptionExpects) {
  EXPECT_EQ(RunKith({"recommend", "--store", "s", "--user", "a", "-k", "-1"}).err,
            "error: --k: expected a whole number of 0 or more, found \"-1\"\n");
  EXPECT_EQ(RunKith({"stats", "--store", "s", "--seed", "x"}).err,
            "error: --seed: expected a whole number of 0 or more, found \"x\"\n");
  EXPECT_EQ(RunKith({"import", "--store", "s", "--interactions", "t", "--min-weight", "nan"}).err,
            "error: --min-weight: expected a finite number, found \"nan\"\n");
}

TEST(Program, NeverCreatesAStoreThatItOnlyReads) {
  const kith::testing::ScratchFolder folder;
  const std::string store = folder.Path("nowhere");
  const std::vector<std::vector<std::string>> cases = {
      {"stats"},
      {"verify"},
      {"train"},
      {"export"},
      {"models"},
      {"models", "--rollback"},
      {"recommend", "--user", "u"},
      {"similar", "--item", "i"},
      {"explain", "--user", "u", "--item", "i"},
      {"embed", "--out", folder.Path("v")},
      {"evaluate", "--test", folder.Write("t.tsv", "user\titem\nu\ti\n")}};
  for (auto arguments : cases) {
    arguments.insert(arguments.end(), {"--store", store});
    const Ran ran = RunKith(arguments);
    EXPECT_EQ(ran.status, 1) << arguments.front() << ran.err;
    EXPECT_THAT(ran.err, HasSubstr(store));
    EXPECT_FALSE(std::filesystem::exists(store)) << arguments.front();
  }
}

TEST(Program, RefusesAnInstructionSetItDoesNotKnow) {
  const Environment isa("KITH_ISA", "abacus");
  const Ran ran = RunKith({"stats", "--store", "s"});
  EXPECT_EQ(ran.status, 2);
  EXPECT_THAT(ran.err, HasSubstr("abacus"));
}

class ConfigTest : public CliTest {
 protected:
  /// The seed that a run of `train` with this file and these arguments uses.
  std::uint64_t Seed(const std::string& toml, std::vector<std::string> arguments = {}) {
    std::vector<std::string> all = {"train",  "--model",  "popularity",
                                    "--json", "--config", folder_.Write("c.toml", toml)};
    all.insert(all.end(), arguments.begin(), arguments.end());
    const Ran ran = Done(all);
    return nlohmann::json::parse(ran.out)["seed"];
  }
};

TEST_F(ConfigTest, TakesTheFlagBeforeTheFileBeforeTheDefault) {
  Ingest("{\"user\":\"u\",\"item\":\"i\"}\n");
  EXPECT_EQ(Seed(""), 1U);
  EXPECT_EQ(Seed("seed = 7\n"), 7U);
  EXPECT_EQ(Seed("seed = 7\n", {"--seed", "9"}), 9U);
}

TEST_F(ConfigTest, TakesTheFileBeforeTheEnvironment) {
  Ingest("{\"user\":\"u\",\"item\":\"i\"}\n");
  const std::string kith = KITH_PROGRAM, elsewhere = folder_.Path("elsewhere");
  const std::string config = folder_.Write("c.toml", "store = '" + store_ + "'\n");
  const auto shell = [](const std::string& command) {
    return WEXITSTATUS(std::system((command + " > /dev/null 2>&1").c_str()));
  };
  EXPECT_EQ(shell("KITH_STORE=" + store_ + " " + kith + " stats"), 0);
  EXPECT_EQ(shell("KITH_STORE=" + elsewhere + " " + kith + " stats"), 1);
  EXPECT_EQ(shell("KITH_STORE=" + elsewhere + " " + kith + " stats --config " + config), 0);
  EXPECT_EQ(shell("KITH_STORE=" + store_ + " " + kith + " stats --store " + elsewhere + " --config " + config), 1);
}

TEST_F(ConfigTest, ReadsATablePerCommandWithListsAndFlags) {
  Ingest("{\"user\":\"u\",\"item\":\"i\"}\n{\"user\":\"v\",\"item\":\"j\"}\n");
  const std::string config = folder_.Write("c.toml",
                                           "json = true\n[train]\nname = 'other'\nepochs = 3\nwithout = ['friends', "
                                           "'popular']\n[evaluate]\nk = [1, 2]\nuse = 'other'\n");
  const Ran trained = Done({"train", "--config", config});
  const auto json = nlohmann::json::parse(trained.out);
  EXPECT_EQ(json["name"], "other");
  EXPECT_EQ(json["epochs"], 3);
  EXPECT_EQ(json["gates"]["popular"], 0);
  const Ran evaluated = Done({"evaluate", "--config", config, "--test", folder_.Write("t.tsv", "user\titem\nu\tj\n")});
  const auto figures = nlohmann::json::parse(evaluated.out);
  EXPECT_TRUE(figures.contains("recall@1") && figures.contains("recall@2") && !figures.contains("recall@20"));
}

TEST_F(ConfigTest, RefusesWhatItDoesNotKnowWithPlaceAndSuggestion) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"seed = 1\nsede = 2\n", ":2: unknown key \"sede\"; did you mean seed?"},
      {"[train]\nepoch = 2\n", ":2: unknown key \"epoch\" in [train]; did you mean epochs?"},
      {"\n[trian]\nepochs = 2\n", ":2: unknown table [trian]; did you mean train?"},
      {"seed == 2\n", ":1: not TOML"},
      {"seed = {a = 1}\n", "seed"},
      {"[train]\nwithout = [[1]]\n", ":2: expected a string, a number"},
      {"[train]\nepochs = 'many'\n", "--epochs"},
      {"config = 'c.toml'\n", ":1: unknown key \"config\""},
  };
  for (const auto& [toml, expected] : cases) {
    const Ran ran = Run({"train", "--config", folder_.Write("c.toml", toml)});
    EXPECT_EQ(ran.status, 2) << toml << ran.err;
    EXPECT_THAT(ran.err, HasSubstr(expected));
    EXPECT_EQ(std::count(ran.err.begin(), ran.err.end(), '\n'), 1) << ran.err;
  }
  EXPECT_EQ(Run({"stats", "--config", folder_.Path("none.toml")}).status, 2);
  EXPECT_EQ(Run({"stats", "--config", folder_.Path("")}).status, 2);
}

}  // namespace
}  // namespace kith::tools
