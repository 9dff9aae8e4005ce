/// The README's code is compiled, its commands are run in the order in which it shows them, its options are known.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "docs/pages.h"
#include "testing/toy_graph.h"
#include "tools/run_kith.h"
#include "tools/scratch_folder.h"

namespace kith::testing {
namespace {

using ::testing::Contains;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;

/// Standard output and error of a shell's work in `folder`, where `kith` is the program under test.
struct Shell {
  explicit Shell(const ScratchFolder& folder) : folder_(folder) {}

  Ran Run(const std::string& script) const {
    const std::string program = std::filesystem::path(KITH_PROGRAM).parent_path().string();
    const std::string work = "cd '" + folder_.Path("") + "' && export PATH='" + program + "':\"$PATH\" KITH_DATA='" +
                             folder_.Path("data") + "' && unset KITH_STORE && set -e\n" + script;
    const std::string command =
        "sh '" + folder_.Write("script", work) + "' > '" + folder_.Path("out") + "' 2> '" + folder_.Path("err") + "'";
    const int status = std::system(command.c_str());
    return {.status = WEXITSTATUS(status), .out = Read("out"), .err = Read("err")};
  }

 private:
  [[nodiscard]] std::string Read(const char* name) const {
    std::ifstream file(folder_.Path(name), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  const ScratchFolder& folder_;
};

std::string Readme() { return ReadSource("README.md"); }

/// The toy graph as files, with ann's key as the README writes it.
std::string UserKey(std::uint32_t user) { return user == 0 ? "42" : std::string(kToyUsers[user]); }
std::string TrainTsv() {
  std::string text = "user\titem\n";
  for (const Edge& edge : kToyInteractions)
    text += UserKey(edge.source) + "\t" + std::string(kToyItems[edge.target]) + "\n";
  return text;
}
std::string SocialTsv() {
  std::string text = "user\tfriend\n";
  for (const Edge& edge : kToyFriendships) text += UserKey(edge.source) + "\t" + UserKey(edge.target) + "\n";
  return text;
}

/// Lines of the shell blocks that call kith, with continued lines joined.
std::vector<std::string> CommandLines() {
  std::vector<std::string> commands;
  for (const Fence& fence : Fences(Readme())) {
    if (fence.info != "sh") continue;
    std::string command;
    for (const std::string& line : fence.lines) {
      command += line;
      if (command.ends_with('\\')) {
        command.pop_back();
        continue;
      }
      if (command.find("kith ") != std::string::npos) commands.push_back(command);
      command.clear();
    }
  }
  return commands;
}

TEST(Readme, ShowsTheProgramThatTheExamplesCompile) {
  std::vector<std::string> programs;
  for (const Fence& fence : Fences(Readme()))
    if (fence.info == "cpp") programs.push_back(fence.Text());
  ASSERT_EQ(programs.size(), 1U);
  EXPECT_EQ(programs[0], ReadSource("examples/embed.cpp"));
  std::size_t written = 0;
  for (const std::string& line : Lines(programs[0])) written += line.empty() ? 0 : 1;
  EXPECT_LE(written, 15U);
}

TEST(Readme, ShowsTheLinesThatTheConsumersProjectIsBuiltWith) {
  const std::vector<std::string> project = Lines(ReadSource("tests/consumer/project/CMakeLists.txt"));
  std::size_t shown = 0;
  for (const Fence& fence : Fences(Readme())) {
    if (fence.info != "cmake") continue;
    for (const std::string& line : fence.lines) EXPECT_THAT(project, Contains(line)) << "line " << ++shown;
  }
}

/// Every `sh` block, run in the order of the page over small files under the names that it uses.
TEST(Readme, CommandsRunAsTheyStand) {
  const ScratchFolder folder;
  std::filesystem::create_directories(folder.Path("data/lastfm"));
  std::filesystem::create_directories(folder.Path("data/yelp-social"));
  std::filesystem::create_directories(folder.Path("data/gowalla"));
  const std::string test = "user\titem\n42\tfaust\ndee\tiliad\n";
  for (const char* place : {"", "data/lastfm/", "data/yelp-social/"}) {
    folder.Write(std::string(place) + "train.tsv", TrainTsv());
    folder.Write(std::string(place) + "social.tsv", SocialTsv());
    folder.Write(std::string(place) + "test.tsv", test);
  }
  folder.Write("data/gowalla/train.txt", "0 0 1\n1 0 2\n2 1 2 3\n");
  folder.Write("data/gowalla/test.txt", "0 2\n1 3\n");

  const Shell shell(folder);
  std::size_t ran_blocks = 0;
  for (const Fence& fence : Fences(Readme())) {
    const std::string script = fence.Text();
    const bool calls_kith = script.starts_with("kith ") || script.find("\nkith ") != std::string::npos;
    if (fence.info != "sh" || !calls_kith) continue;
    ++ran_blocks;
    const Ran ran = shell.Run(script);
    EXPECT_EQ(ran.status, 0) << script << ran.err;
    if (script.find("--explain") != std::string::npos) {
      EXPECT_THAT(ran.out, HasSubstr("for 42\n"));
      EXPECT_THAT(ran.out, HasSubstr("rank"));
      EXPECT_THAT(ran.out, ContainsRegex("because|via|attention")) << "reasons";
    }
  }
  EXPECT_GE(ran_blocks, 2U);
}

TEST(Readme, UsesOptionsThatTheCommandsKnow) {
  std::vector<std::string> quoted = CommandLines();
  for (const std::string& words : AllMatches(Prose(Readme()), "`(kith [a-z]+[^`]*)`")) quoted.push_back(words);
  ASSERT_GE(quoted.size(), 8U);
  std::map<std::string, std::string> help;
  for (const std::string& line : quoted) {
    for (const std::string& call : AllMatches(line, "kith ([a-z]+[^|;&]*)")) {
      const std::string command = call.substr(0, call.find(' '));
      if (!help.contains(command)) {
        const Ran ran = RunKith({command, "--help"});
        EXPECT_EQ(ran.status, 0) << line << ": " << ran.err;
        help[command] = ran.out + RunKith({"--help"}).out;
      }
      for (const std::string& option : AllMatches(call, "(?:^| )(--?[a-z][a-z-]*)"))
        EXPECT_THAT(help[command], ContainsRegex(option + "[ ,=\n[]")) << line;
    }
  }
}

/// The embedded engine on a store that the command line filled and trained: people, items and reasons come out.
TEST(Readme, EmbeddedProgramRecommendsWithReasonsFromATrainedStore) {
  const ScratchFolder folder;
  const std::string store = folder.Path("s");
  std::string train = TrainTsv();
  for (std::size_t at = train.find("42"); at != std::string::npos; at = train.find("42")) train.replace(at, 2, "ann");
  folder.Write("train.tsv", train);
  const Shell shell(folder);
  const Ran made = shell.Run("kith import --store s --interactions train.tsv\nkith train --store s --epochs 8\n");
  ASSERT_EQ(made.status, 0) << made.err;
  const Ran ran = shell.Run("'" KITH_EMBED_EXAMPLE "' s\n");
  ASSERT_EQ(ran.status, 0) << ran.err;
  const std::vector<std::string> lines = Lines(ran.out);
  ASSERT_EQ(lines.size(), 4U) << "ann has two of six items\n" << ran.out;
  for (std::size_t n = 0; n < lines.size(); ++n) {
    EXPECT_THAT(lines[n], ContainsRegex("^" + std::to_string(n + 1) + "\\. [a-z]+ scores -?[0-9.]+")) << ran.out;
    EXPECT_THAT(lines[n], ContainsRegex(", -?[0-9.e-]+ via (dune|emma)")) << ran.out;
    for (const char* own : {". dune ", ". emma "}) EXPECT_THAT(lines[n], ::testing::Not(HasSubstr(own)));
  }
}

}  // namespace
}  // namespace kith::testing
