// Readers beside ingest and publish: every answer is of one moment, and none is of a moment before its question.
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "engine_world.h"
#include "kith/recommend/baselines.h"

namespace kith {
namespace {

using testing::NumberedKey;
using testing::ServingToyEngine;
using testing::TemporaryFolder;

TEST(EngineThreads, ReadersSeeWholeStatesWhileEventsAndModelsArrive) {
  const Runtime runtime(2);
  const TemporaryFolder folder;
  const auto engine = ServingToyEngine(folder.store(), runtime);
  const auto popularity = PopularityModel(*engine->graph()).value();
  const auto knn = ItemKnnModel(runtime, *engine->graph()).value();

  constexpr int kRounds = 120;
  std::atomic<int> acknowledged = 0;
  std::atomic<bool> done = false;
  std::atomic<int> answers = 0;
  std::vector<std::thread> readers;
  for (int r = 0; r < 3; ++r) {
    readers.emplace_back([&, r] {
      while (!done.load() || answers.load() < 30) {
        // A user whose event was acknowledged before the question is known in the answer.
        const int known = acknowledged.load();
        if (known > 0) {
          const std::string key = NumberedKey("new", known - 1);
          const Answer answer = engine->Recommend(key, {.k = 6, .reasons = true}).value();
          EXPECT_FALSE(answer.popular_fallback) << key;
          EXPECT_EQ(answer.items.size(), 5U);
          for (const Recommendation& hit : answer.items) EXPECT_NE(hit.item, "dune");
          EXPECT_TRUE(engine->Explain(key, "emma").ok());
        }
        if (r == 0) {  // the popularity model has nothing to compare by
          const StatusCode code = engine->SimilarItems("emma").status().code();
          EXPECT_TRUE(code == StatusCode::kOk || code == StatusCode::kFailedPrecondition);
        }
        answers.fetch_add(1);
      }
    });
  }
  for (int round = 0; round < kRounds; ++round) {
    const std::string key = NumberedKey("new", round);
    CheckOk(engine->Ingest(
        {{.user = key, .target = "dune"}, {.user = key, .target = "ann", .relation = Relation::kTrusts}}));
    acknowledged.store(round + 1);
    if (round % 40 == 20) CheckOk(engine->Publish(round % 80 == 20 ? knn : popularity));
  }
  done.store(true);
  for (std::thread& reader : readers) reader.join();
  EXPECT_GE(answers.load(), 30);
  EXPECT_EQ(engine->graph()->num_users(), 5U + kRounds);
}

TEST(EngineThreads, IngestsFromSeveralThreadsLoseNothing) {
  const Runtime runtime(1);
  const TemporaryFolder folder;
  const auto engine = ServingToyEngine(folder.store(), runtime);
  std::vector<std::thread> writers;
  for (int w = 0; w < 4; ++w) {
    writers.emplace_back([&, w] {
      for (int n = 0; n < 20; ++n) {
        const std::string key = NumberedKey("w", 100 * w + n);
        CheckOk(engine->Ingest({{.user = key, .target = "emma"}}));
        EXPECT_FALSE(engine->Recommend(key).value().popular_fallback);
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  EXPECT_EQ(engine->graph()->num_interactions(), 11U + 80U);
  const auto reader = Engine::Open(folder.store(), {.runtime = &runtime}).value();
  EXPECT_EQ(reader->graph()->num_interactions(), 91U);
}

}  // namespace
}  // namespace kith
