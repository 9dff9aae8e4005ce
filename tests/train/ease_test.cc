#include "ease.h"

#include <gtest/gtest.h>

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <vector>

#include "testing/random_graph.h"

namespace kith {
namespace {

/// B of Steck 2019, eq. 8, by the inverse over items in double.
Eigen::MatrixXd ByDefinition(const SocialGraph& graph, double lambda) {
  const auto items = static_cast<Eigen::Index>(graph.num_items());
  Eigen::MatrixXd x = Eigen::MatrixXd::Zero(static_cast<Eigen::Index>(graph.num_users()), items);
  for (const Edge& edge : graph.Edges(Relation::kInteracts)) x(edge.source, edge.target) = 1;
  const Eigen::MatrixXd p = (x.transpose() * x + lambda * Eigen::MatrixXd::Identity(items, items)).inverse();
  Eigen::MatrixXd b = -p * p.diagonal().cwiseInverse().asDiagonal();
  b.diagonal().setZero();
  return b;
}

TEST(Ease, IsTheDefinitionWhetherUsersOrItemsAreFewer) {
  const Runtime runtime(2);
  for (const auto& [users, items] : {std::pair(40U, 90U), std::pair(90U, 40U)}) {
    const auto graph = testing::RandomGraph(runtime, users, items, 700, 5, 3);
    const ItemKernel kernel = BuildEaseKernel(runtime, *graph, {.lambda = 7, .neighbors = 1000}).value();
    const Eigen::MatrixXd expected = ByDefinition(*graph, 7);
    Eigen::MatrixXd found = Eigen::MatrixXd::Zero(expected.rows(), expected.cols());
    for (std::uint32_t i = 0; i < items; ++i) {
      for (std::uint64_t e = kernel.offsets[i]; e < kernel.offsets[i + 1]; ++e) {
        found(i, kernel.targets[e]) = kernel.values[e];
      }
    }
    for (Eigen::Index i = 0; i < expected.rows(); ++i) {
      if (graph->users(ItemId{static_cast<std::uint32_t>(i)}).empty()) continue;
      for (Eigen::Index j = 0; j < expected.cols(); ++j) {
        EXPECT_NEAR(found(i, j), expected(i, j), 1e-5) << users << " users: " << i << ", " << j;
      }
    }
    EXPECT_LT(found.minCoeff(), 0) << "a world without negative entries would not test them";
  }
}

TEST(Ease, KeepsTheEntriesOfLargestMagnitudeOfARow) {
  const Runtime runtime(2);
  const auto graph = testing::RandomGraph(runtime, 40, 90, 700, 5, 3);
  const ItemKernel all = BuildEaseKernel(runtime, *graph, {.lambda = 7, .neighbors = 1000}).value();
  const ItemKernel cut = BuildEaseKernel(runtime, *graph, {.lambda = 7, .neighbors = 10}).value();
  for (std::uint32_t i = 0; i < 90; ++i) {
    std::vector<float> magnitudes;
    for (std::uint64_t e = all.offsets[i]; e < all.offsets[i + 1]; ++e) magnitudes.push_back(std::abs(all.values[e]));
    std::sort(magnitudes.rbegin(), magnitudes.rend());
    const std::uint64_t kept = cut.offsets[i + 1] - cut.offsets[i];
    EXPECT_EQ(kept, std::min<std::size_t>(10, magnitudes.size()));
    for (std::uint64_t e = cut.offsets[i]; e < cut.offsets[i + 1]; ++e) {
      EXPECT_GE(std::abs(cut.values[e]), magnitudes[kept - 1]);
    }
    EXPECT_TRUE(std::is_sorted(cut.targets.begin() + static_cast<std::ptrdiff_t>(cut.offsets[i]),
                               cut.targets.begin() + static_cast<std::ptrdiff_t>(cut.offsets[i + 1])));
  }
}

TEST(Ease, RefusesALambdaThatIsNotAboveZero) {
  const Runtime runtime(1);
  const auto graph = testing::RandomGraph(runtime, 40, 90, 700, 5, 3);
  EXPECT_EQ(BuildEaseKernel(runtime, *graph, {.lambda = 0}).status().code(), StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace kith
