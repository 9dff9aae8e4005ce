/// A folder that goes away with the test, and an engine over the toy graph of testing/toy_graph.h.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "kith/recommend/engine.h"
#include "random_model.h"
#include "testing/toy_graph.h"

namespace kith::testing {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    static std::atomic<int> count = 0;
    path_ = std::filesystem::temp_directory_path() /
            ("kith-recommend-" + std::to_string(::getpid()) + "-" + std::to_string(count++));
    std::filesystem::create_directories(path_);
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  [[nodiscard]] std::string store() const { return (path_ / "s").string(); }

 private:
  std::filesystem::path path_;
};

/// "u7": a key of its own for every number.
[[nodiscard]] inline std::string NumberedKey(std::string_view prefix, int number) {
  std::string key(prefix);
  key += std::to_string(number);
  return key;
}

/// The toy graph as events, in the order that gives the ids of testing/toy_graph.h.
[[nodiscard]] inline std::vector<Event> ToyEvents() {
  std::vector<Event> events;
  for (const Edge& edge : kToyInteractions) {
    events.push_back({.user = kToyUsers[edge.source], .target = kToyItems[edge.target]});
  }
  for (const Edge& edge : kToyFriendships) {
    events.push_back({.user = kToyUsers[edge.source], .target = kToyUsers[edge.target], .relation = Relation::kTrusts});
  }
  return events;
}

/// A writable engine that holds the toy graph.
[[nodiscard]] inline std::unique_ptr<Engine> ToyEngine(const std::string& store, const Runtime& runtime) {
  auto engine = Engine::Open(store, {.writable = true, .runtime = &runtime}).value();
  CheckOk(engine->Ingest(ToyEvents()));
  return engine;
}

/// The same with a random model published.
[[nodiscard]] inline std::unique_ptr<Engine> ServingToyEngine(const std::string& store, const Runtime& runtime) {
  auto engine = ToyEngine(store, runtime);
  CheckOk(engine->Publish(Finished(RandomModel(*engine->graph(), {}))));
  return engine;
}

}  // namespace kith::testing
