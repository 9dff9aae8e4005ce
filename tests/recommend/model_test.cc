// Moments against sums over all items, and the refusal of models that do not fit together.
#include "kith/recommend/model.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>

#include "random_model.h"
#include "testing/toy_graph.h"

namespace kith {
namespace {

using testing::Finished;
using testing::RandomModel;
using testing::RandomSocialGraph;

TEST(Model, KnowsMeanAndDeviationOfScoresWithoutScoring) {
  const Runtime runtime(1);
  const auto graph = RandomSocialGraph(runtime, 1, 30, 2500, 4000, 10);
  auto changed = RandomModel(*graph, {.width = 13});
  // A common direction, as trained vectors have: where E[x x^T] - mean mean^T would lose digits.
  for (std::size_t i = 0; i < changed->items.rows(); ++i) changed->items(i, 0) += 100.0F;
  const auto model = Finished(changed);
  const Matrix queries = testing::RandomMatrix(5, 9, 8, 13);
  for (std::size_t q = 0; q < queries.rows(); ++q) {
    std::vector<double> scores(model->items.rows(), 0.0);
    double mean = 0, square = 0;
    for (std::size_t i = 0; i < scores.size(); ++i) {
      for (std::size_t c = 0; c < 13; ++c) scores[i] += static_cast<double>(queries(q, c)) * model->items(i, c);
      mean += scores[i] / static_cast<double>(scores.size());
    }
    for (const double score : scores) square += (score - mean) * (score - mean);
    const double deviation = std::sqrt(square / static_cast<double>(scores.size()));
    const Model::Moments moments = model->ScoreMoments(queries.row_span(q));
    EXPECT_NEAR(moments.mean, mean, 1e-5 * std::abs(mean) + 1e-6);
    EXPECT_NEAR(moments.deviation, deviation, 1e-5 * deviation);
  }
}

TEST(Model, KeepsLogDegreesOfTheTrainingGraph) {
  const Runtime runtime(1);
  const auto graph = testing::ToyGraph(runtime);
  const auto model = Finished(RandomModel(*graph, {}));
  ASSERT_EQ(model->log_degrees().size(), 6U);
  EXPECT_NEAR(model->log_degrees()[0], std::log(3.0), 1e-7);
  EXPECT_NEAR(model->log_degrees()[5], std::log(2.0), 1e-7);
}

TEST(Model, WithoutItemsOrUsersIsLegal) {
  Model model;
  EXPECT_TRUE(model.Finish().ok());
}

TEST(Model, RefusesPartsThatDoNotFit) {
  const Runtime runtime(1);
  const auto graph = testing::ToyGraph(runtime);
  const std::pair<const char*, std::function<void(Model&)>> damages[] = {
      {"item_messages", [](Model& m) { m.item_messages = Matrix(5, 8); }},
      {"items", [](Model& m) { m.items(2, 3) = std::numeric_limits<float>::quiet_NaN(); }},
      {"user_base", [](Model& m) { m.user_base = Matrix(5, 7); }},
      {"users", [](Model& m) { m.users(0, 0) = std::numeric_limits<float>::infinity(); }},
      {"user_queries", [](Model& m) { m.user_queries = Matrix(4, 8); }},
      {"item_keys", [](Model& m) { m.item_keys = {}; }},
      {"attention", [](Model& m) { m.attention = Matrix(1, 8); }},
      {"heads", [](Model& m) { m.heads = 3; }},
      {"heads", [](Model& m) { m.heads = 0; }},
      {"item degrees", [](Model& m) { m.item_degrees.pop_back(); }},
      {"kernel", [](Model& m) { m.kernel.offsets.pop_back(); }},
      {"kernel", [](Model& m) { m.kernel.targets.back() = 6; }},
      {"kernel",
       [](Model& m) {
         m.kernel = {{0, 2, 1, 2, 2, 2, 2}, {1, 3}, {1, 1}};
       }},
      {"kernel", [](Model& m) { m.kernel.values.pop_back(); }},
      {"kernel",
       [](Model& m) {
         m.kernel = {{0, 2, 2, 2, 2, 2, 2}, {3, 1}, {1, 1}};
       }},
      {"kernel.values", [](Model& m) { m.kernel.values[0] = -std::numeric_limits<float>::infinity(); }},
      {"gates", [](Model& m) { m.gates.cold_friends = std::numeric_limits<float>::quiet_NaN(); }},
      {"report_json", [](Model& m) { m.info.report_json = "[1]"; }},
  };
  for (const auto& [part, damage] : damages) {
    auto model = RandomModel(*graph, {.rule = AttentionRule::kGatv2, .heads = 2});
    damage(*model);
    const Status status = model->Finish();
    EXPECT_EQ(status.code(), StatusCode::kCorruption) << part;
    EXPECT_NE(status.message().find(part), std::string_view::npos) << status.message();
  }
}

}  // namespace
}  // namespace kith
