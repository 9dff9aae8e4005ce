#include "spectral.h"

#include <gtest/gtest.h>

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <vector>

#include "testing/random_graph.h"

namespace kith {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

/// D_u^-1/2 R D_i^-1/2 written out.
MatrixXd Normalised(const SocialGraph& graph) {
  MatrixXd r = MatrixXd::Zero(graph.num_users(), graph.num_items());
  for (const Edge& edge : graph.Edges(Relation::kInteracts)) {
    r(edge.source, edge.target) = 1 / std::sqrt(static_cast<double>(graph.degree(Relation::kInteracts, edge.source)) *
                                                graph.degree(Relation::kInteractedBy, edge.target));
  }
  return r;
}

MatrixXd ToEigen(const Matrix& matrix) {
  MatrixXd out(matrix.rows(), matrix.cols());
  for (std::size_t r = 0; r < matrix.rows(); ++r) {
    for (std::size_t c = 0; c < matrix.cols(); ++c) {
      out(static_cast<Eigen::Index>(r), static_cast<Eigen::Index>(c)) = matrix(r, c);
    }
  }
  return out;
}

/// The sparse graph has fewer singular values above 0 than users or items.
TEST(SpectralBasis, HoldsTheSquaredSingularValuesOfTheNormalisedMatrix) {
  const Runtime runtime(2);
  for (const auto& graph :
       {testing::RandomGraph(runtime, 60, 40, 500, 0, 2), testing::RandomGraph(runtime, 150, 140, 250, 0, 2)}) {
    const SpectralBasis basis = ComputeSpectralBasis(runtime, *graph, {.rank = graph->num_items()}).value();
    const VectorXd sigma = Normalised(*graph).jacobiSvd().singularValues();
    ASSERT_FALSE(basis.lambda.empty());
    for (std::size_t r = 0; r < basis.lambda.size(); ++r) {
      EXPECT_NEAR(basis.lambda[r], sigma[static_cast<Eigen::Index>(r)] * sigma[static_cast<Eigen::Index>(r)], 1e-4)
          << r;
    }
    for (auto r = static_cast<Eigen::Index>(basis.lambda.size()); r < sigma.size(); ++r) {
      EXPECT_LT(sigma[r] * sigma[r], 1e-4) << "a direction of the graph is missing";
    }
  }
}

TEST(SpectralBasis, HoldsOrthonormalEigenvectorsOfTheItemItemProduct) {
  const Runtime runtime(2);
  const auto graph = testing::RandomGraph(runtime, 60, 40, 500, 0, 2);
  const SpectralBasis basis = ComputeSpectralBasis(runtime, *graph, {.rank = 12}).value();
  ASSERT_EQ(basis.lambda.size(), 12U);
  const MatrixXd v = ToEigen(basis.items), r = Normalised(*graph), p = r.transpose() * r;
  EXPECT_LT((v.transpose() * v - MatrixXd::Identity(12, 12)).cwiseAbs().maxCoeff(), 1e-4);
  for (Eigen::Index c = 0; c < 12; ++c) {
    const double lambda = basis.lambda[static_cast<std::size_t>(c)];
    EXPECT_LT((p * v.col(c) - lambda * v.col(c)).norm(), 1e-3) << "component " << c;
  }
  EXPECT_TRUE(std::is_sorted(basis.lambda.rbegin(), basis.lambda.rend()));
}

TEST(SpectralBasis, FindsTheLeadingComponentsWhenItLooksAtFewOfMany) {
  const Runtime runtime(2);
  const auto graph = testing::RandomGraph(runtime, 220, 160, 2500, 0, 3);
  const SpectralBasis basis =
      ComputeSpectralBasis(runtime, *graph, {.rank = 6, .oversample = 24, .rounds = 12}).value();
  ASSERT_EQ(basis.lambda.size(), 6U);
  const VectorXd sigma = Normalised(*graph).jacobiSvd().singularValues();
  for (std::size_t r = 0; r < 6; ++r) {
    const double exact = sigma[static_cast<Eigen::Index>(r)] * sigma[static_cast<Eigen::Index>(r)];
    EXPECT_NEAR(basis.lambda[r], exact, 0.01 * exact) << r;
  }
}

TEST(SpectralBasis, IsCutToTheRankOfTheGraph) {
  const Runtime runtime(1);
  // Everyone has every item: one component.  Two such blocks apart: two components of the same size.
  for (const std::uint32_t blocks : {1U, 2U}) {
    std::vector<Edge> edges;
    for (std::uint32_t b = 0; b < blocks; ++b) {
      for (std::uint32_t u = 0; u < 9; ++u) {
        for (std::uint32_t i = 0; i < 7; ++i) edges.push_back({9 * b + u, 7 * b + i});
      }
    }
    const auto graph = SocialGraph::Build(runtime, 9 * blocks, 7 * blocks, edges, {}).value();
    const SpectralBasis basis = ComputeSpectralBasis(runtime, *graph, {.rank = 5}).value();
    ASSERT_EQ(basis.lambda.size(), blocks);
    const MatrixXd v = ToEigen(basis.items);
    EXPECT_LT((v.transpose() * v - MatrixXd::Identity(blocks, blocks)).cwiseAbs().maxCoeff(), 1e-4);
    for (const float lambda : basis.lambda) EXPECT_NEAR(lambda, 1, 1e-4);
  }
}

/// Far more columns are looked at than the graph has components: what is left of the others is rounding.
TEST(SpectralBasis, StandsOnGraphsWhoseRankIsFarBelowTheirSize) {
  const Runtime runtime(2);
  for (const std::uint32_t blocks : {1U, 4U, 30U}) {
    const std::uint32_t users = 600 / blocks, items = 450 / blocks;
    std::vector<Edge> edges;
    for (std::uint32_t b = 0; b < blocks; ++b) {
      for (std::uint32_t u = 0; u < users; ++u) {
        for (std::uint32_t i = 0; i < items; ++i) edges.push_back({b * users + u, b * items + i});
      }
    }
    // Beside the blocks as many users and items that have no edge.
    const auto graph = SocialGraph::Build(runtime, 1200, 900, edges, {}).value();
    const auto basis = ComputeSpectralBasis(runtime, *graph, {});
    ASSERT_TRUE(basis.ok()) << blocks << " blocks: " << basis.status().ToString();
    ASSERT_EQ(basis->lambda.size(), blocks);
    for (const float lambda : basis->lambda) EXPECT_NEAR(lambda, 1, 1e-4);
    const MatrixXd v = ToEigen(basis->items);
    EXPECT_LT((v.transpose() * v - MatrixXd::Identity(blocks, blocks)).cwiseAbs().maxCoeff(), 1e-4);
  }
}

TEST(SpectralBasis, GivesTheSameBitsOnAnyNumberOfThreads) {
  const Runtime one(1), two(2), eight(8);
  const auto graph = testing::RandomGraph(one, 900, 700, 9000, 0, 4);
  const SpectralOptions options{.rank = 20, .oversample = 8};
  const SpectralBasis alone = ComputeSpectralBasis(one, *graph, options).value();
  for (const Runtime* runtime : {&two, &eight}) {
    const SpectralBasis other = ComputeSpectralBasis(*runtime, *graph, options).value();
    EXPECT_EQ(other.lambda, alone.lambda);
    EXPECT_TRUE(std::ranges::equal(other.items.span(), alone.items.span()));
  }
}

TEST(SpectralBasis, NeedsAnInteraction) {
  const Runtime runtime(1);
  const auto graph = SocialGraph::Build(runtime, 3, 3, {}, {}).value();
  EXPECT_EQ(ComputeSpectralBasis(runtime, *graph, {}).status().code(), StatusCode::kFailedPrecondition);
}

/// h(lambda) of the header's formula.
double Plateau(double lambda) {
  const double x = 1 - 2 * lambda;
  return (1 - (x < 0 ? -1.0 : 1.0) * std::pow(std::abs(x), 1.5)) / 2;
}

TEST(SpectralKernel, RowsAreTheDenseFormulaCutToTheirLargestPositiveEntries) {
  const Runtime runtime(2);
  const auto graph = testing::RandomGraph(runtime, 80, 70, 700, 0, 7);
  const std::uint32_t items = graph->num_items();
  const SpectralBasis basis = ComputeSpectralBasis(runtime, *graph, {.rank = 10, .rounds = 10}).value();
  const SpectralKernelOptions options{.ideal_pass = 0.3F, .degree_exponent = 0.4F, .neighbors = 9};
  const ItemKernel kernel = BuildSpectralKernel(runtime, *graph, basis, options);

  const MatrixXd r = Normalised(*graph), v = ToEigen(basis.items);
  const double last = basis.lambda.back(), c1 = Plateau(last) / last;
  VectorXd gains(v.cols());
  for (Eigen::Index c = 0; c < v.cols(); ++c) {
    const double lambda = basis.lambda[static_cast<std::size_t>(c)];
    gains[c] = Plateau(lambda) - c1 * lambda + static_cast<double>(options.ideal_pass);
  }
  const MatrixXd s = c1 * (r.transpose() * r) + v * gains.asDiagonal() * v.transpose();

  ASSERT_EQ(kernel.offsets.size(), items + 1);
  for (std::uint32_t j = 0; j < items; ++j) {
    std::vector<double> keys(items);
    std::size_t positive = 0;
    for (std::uint32_t i = 0; i < items; ++i) {
      const double degree = graph->degree(Relation::kInteractedBy, i);
      keys[i] = i == j || degree == 0 ? 0 : s(j, i) * std::pow(degree, static_cast<double>(options.degree_exponent));
      positive += keys[i] > 1e-5 ? 1 : 0;
    }
    const std::size_t kept = kernel.offsets[j + 1] - kernel.offsets[j];
    EXPECT_GE(kept, std::min<std::size_t>(options.neighbors, positive));
    EXPECT_LE(kept, options.neighbors);
    std::vector<char> is_kept(items, 0);
    double smallest = INFINITY;
    for (std::uint64_t e = kernel.offsets[j]; e < kernel.offsets[j + 1]; ++e) {
      const std::uint32_t i = kernel.targets[e];
      EXPECT_NE(i, j);
      EXPECT_NEAR(kernel.values[e], s(j, i), 1e-4);
      EXPECT_TRUE(e == kernel.offsets[j] || kernel.targets[e - 1] < i) << "targets ascend";
      smallest = std::min(smallest, keys[i]);
      is_kept[i] = 1;
    }
    if (kept < options.neighbors) continue;
    for (std::uint32_t i = 0; i < items; ++i) {
      if (is_kept[i] == 0) {
        EXPECT_LE(keys[i], smallest + 1e-4) << "row " << j << " left out " << i;
      }
    }
  }
}

TEST(SpectralKernel, LeavesOutItemsOfFewUsersAndNothingElse) {
  const Runtime runtime(2);
  const auto graph = testing::RandomGraph(runtime, 60, 90, 260, 0, 9);
  const SpectralBasis basis = ComputeSpectralBasis(runtime, *graph, {.rank = 12}).value();
  const ItemKernel whole = BuildSpectralKernel(runtime, *graph, basis, {.neighbors = 90});
  const ItemKernel part = BuildSpectralKernel(runtime, *graph, basis, {.least_degree = 3, .neighbors = 90});
  const auto kept = [&](std::uint32_t item) { return graph->degree(Relation::kInteractedBy, item) >= 3; };
  std::vector<std::uint64_t> offsets = {0};
  std::vector<std::uint32_t> targets;
  std::vector<float> values;
  for (std::uint32_t j = 0; j < 90; ++j) {
    for (std::uint64_t e = whole.offsets[j]; e < whole.offsets[j + 1]; ++e) {
      if (!kept(j) || !kept(whole.targets[e])) continue;
      targets.push_back(whole.targets[e]);
      values.push_back(whole.values[e]);
    }
    offsets.push_back(targets.size());
  }
  ASSERT_LT(targets.size(), whole.targets.size());
  EXPECT_EQ(part.offsets, offsets);
  EXPECT_EQ(part.targets, targets);
  for (std::size_t e = 0; e < values.size(); ++e) EXPECT_NEAR(part.values[e], values[e], 1e-6F);
}

TEST(SpectralKernel, GivesTheSameBitsOnAnyNumberOfThreads) {
  const Runtime one(1), eight(8);
  const auto graph = testing::RandomGraph(one, 300, 400, 4000, 0, 8);
  const SpectralBasis basis = ComputeSpectralBasis(one, *graph, {.rank = 16}).value();
  const ItemKernel alone = BuildSpectralKernel(one, *graph, basis, {.neighbors = 20});
  const ItemKernel other = BuildSpectralKernel(eight, *graph, basis, {.neighbors = 20});
  EXPECT_EQ(other.offsets, alone.offsets);
  EXPECT_EQ(other.targets, alone.targets);
  EXPECT_EQ(other.values, alone.values);
}

}  // namespace
}  // namespace kith
