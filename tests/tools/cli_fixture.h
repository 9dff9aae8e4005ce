/// A store of the toy graph (testing/toy_graph.h) behind the `kith` program, and what tests ask of its answers.
#pragma once

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "testing/toy_graph.h"
#include "tools/run_kith.h"
#include "tools/scratch_folder.h"

namespace kith::testing {

/// The toy graph as events, one JSON object a line.
inline std::string ToyEvents() {
  std::string lines;
  for (const Edge& edge : kToyInteractions) {
    lines += "{\"user\":\"" + std::string(kToyUsers[edge.source]) + "\",\"item\":\"" +
             std::string(kToyItems[edge.target]) + "\"}\n";
  }
  for (const Edge& edge : kToyFriendships) {
    lines += "{\"user\":\"" + std::string(kToyUsers[edge.source]) + "\",\"friend\":\"" +
             std::string(kToyUsers[edge.target]) + "\"}\n";
  }
  return lines;
}

inline std::vector<std::string> SplitAt(std::string_view text, char separator) {
  std::vector<std::string> parts;
  std::istringstream stream{std::string(text)};
  for (std::string part; std::getline(stream, part, separator);) parts.push_back(part);
  return parts;
}

class CliTest : public ::testing::Test {
 protected:
  /// Runs `kith COMMAND --store <the test's store> ...`.
  Ran Run(std::vector<std::string> arguments, std::string_view input = {}) {
    arguments.insert(arguments.begin() + 1, {"--store", store_});
    return RunKith(arguments, input);
  }
  /// The same, which must succeed.
  Ran Done(std::vector<std::string> arguments, std::string_view input = {}) {
    const Ran ran = Run(arguments, input);
    EXPECT_EQ(ran.status, 0) << arguments.front() << ": " << ran.err;
    return ran;
  }
  nlohmann::json Json(std::vector<std::string> arguments) {
    arguments.emplace_back("--json");
    const Ran ran = Done(arguments);
    nlohmann::json json = nlohmann::json::parse(ran.out, nullptr, false);
    EXPECT_TRUE(json.is_object()) << arguments.front() << ": " << ran.out;
    return json;
  }
  void Ingest(std::string_view events) { Done({"ingest", "-"}, events); }
  /// Ingests the toy graph and trains a small model.
  void MakeToy() {
    Ingest(ToyEvents());
    Done({"train", "--epochs", "8", "--width", "8"});
  }

  ScratchFolder folder_;
  std::string store_ = folder_.Path("store");
};

}  // namespace kith::testing
