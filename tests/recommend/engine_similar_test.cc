// Similar items and users, by cosine of the learned vectors or by the item kernel.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "engine_world.h"
#include "kith/recommend/baselines.h"

namespace kith {
namespace {

using testing::ServingToyEngine;
using testing::TemporaryFolder;
using testing::ToyEngine;

TEST(EngineSimilar, ComparesItemsAndUsersByCosine) {
  const Runtime runtime(1);
  const TemporaryFolder folder;
  const auto engine = ServingToyEngine(folder.store(), runtime);
  const auto cosine = [](const Matrix& rows, std::size_t a, std::size_t b) {
    double sum = 0;
    for (std::size_t c = 0; c < rows.cols(); ++c) sum += static_cast<double>(rows(a, c)) * rows(b, c);
    return sum;
  };
  const auto items = engine->SimilarItems("emma", 10).value();
  ASSERT_EQ(items.size(), 5U);
  for (std::size_t n = 0; n < items.size(); ++n) {
    EXPECT_NE(items[n].key, "emma");
    const auto id = std::find(testing::kToyItems.begin(), testing::kToyItems.end(), items[n].key);
    const auto row = static_cast<std::size_t>(id - testing::kToyItems.begin());
    EXPECT_NEAR(items[n].score, cosine(engine->model()->items, 1, row), 1e-6);
    if (n > 0) {
      EXPECT_LE(items[n].score, items[n - 1].score);
    }
  }
  const auto users = engine->SimilarUsers("cem", 2).value();
  ASSERT_EQ(users.size(), 2U);
  double best = -2;
  for (std::size_t user : {0U, 1U, 3U, 4U}) best = std::max(best, cosine(engine->model()->users, 2, user));
  EXPECT_NEAR(users[0].score, best, 1e-6);
}

TEST(EngineSimilar, ComparesAUserLaterThanTheModelByTheLiveVector) {
  const Runtime runtime(1);
  const TemporaryFolder folder;
  const auto engine = ServingToyEngine(folder.store(), runtime);
  CheckOk(engine->Ingest({{.user = "fay", .target = "dune"}}));
  const auto users = engine->SimilarUsers("fay", 10).value();
  EXPECT_EQ(users.size(), 5U);
  for (const Similar& user : users) EXPECT_LE(std::abs(user.score), 1.0F + 1e-6F);
  CheckOk(engine->Ingest({{.user = "gus", .target = "ann", .relation = Relation::kTrusts}}));
  const auto like_gus = engine->SimilarUsers("gus", 1).value();  // who has no items yet, but ann for a friend
  EXPECT_EQ(like_gus[0].key, "ann");
  EXPECT_NEAR(like_gus[0].score, 1.0F, 1e-5F);
  CheckOk(engine->Ingest({{.user = "hal", .target = "gus", .relation = Relation::kTrusts}}));
  EXPECT_EQ(engine->SimilarUsers("hal").status().code(), StatusCode::kFailedPrecondition);
}

TEST(EngineSimilar, ComparesByTheKernelWhereAModelHasNoVectors) {
  const Runtime runtime(1);
  const TemporaryFolder folder;
  const auto engine = ToyEngine(folder.store(), runtime);
  CheckOk(engine->Publish(ItemKnnModel(runtime, *engine->graph()).value()));
  const auto similar = engine->SimilarItems("gilgamesh", 2).value();
  ASSERT_EQ(similar.size(), 2U);
  EXPECT_EQ(similar[0].key, "emma");  // cem shares emma and faust, dee hamlet: 1/2 each, the smaller ids first
  EXPECT_EQ(similar[1].key, "faust");
  EXPECT_FLOAT_EQ(similar[0].score, 0.5F);
  EXPECT_EQ(engine->SimilarUsers("ann").status().code(), StatusCode::kFailedPrecondition);
  CheckOk(engine->Publish(PopularityModel(*engine->graph()).value()));
  EXPECT_EQ(engine->SimilarItems("dune").status().code(), StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace kith
