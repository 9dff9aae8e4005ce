#include "spectral.h"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>

#include "kith/base/rng.h"
#include "kith/graph/block.h"
#include "kith/kernels/kernels.h"

namespace kith {
namespace {

constexpr std::size_t kGatherGrain = 256, kProductGrain = 64, kKernelGrain = 64;

/// One direction of R~: rows of `relation` with weights 1 / sqrt(d_row d_target).
struct NormalizedRows {
  std::vector<EdgeOffset> offsets;
  std::vector<std::uint32_t> targets;
  std::vector<float> weights;

  NormalizedRows(const SocialGraph& graph, Relation relation) {
    offsets.push_back(0);
    for (std::uint32_t row = 0; row < graph.num_rows(relation); ++row) {
      const Neighbors neighbors = graph.neighbors(relation, row);
      for (const std::uint32_t target : neighbors.targets) {
        const double degrees = static_cast<double>(neighbors.size()) * graph.degree(Reverse(relation), target);
        targets.push_back(target);
        weights.push_back(static_cast<float>(1.0 / std::sqrt(degrees)));
      }
      offsets.push_back(targets.size());
    }
  }
  /// y = R~ x (or its transpose, by direction).
  void Times(const Runtime& runtime, const Matrix& x, Matrix& y) const {
    y.resize(offsets.size() - 1, x.cols());
    ParallelFor(runtime, y.rows(), kGatherGrain, [&](std::size_t begin, std::size_t end) {
      kernels::GatherScaleSum(std::span(offsets).subspan(begin, end - begin + 1), targets, weights.data(), x.data(),
                              y.row(begin), x.cols());
    });
  }
};

using Eigen::Map;
using Eigen::MatrixXd;
using RowMajor = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// x^T x [b x b].
MatrixXd Gram(const Runtime& runtime, const Matrix& x) {
  const std::size_t b = x.cols();
  Matrix gram(b, b);
  ParallelFor(runtime, b, kProductGrain, [&](std::size_t begin, std::size_t end) {
    std::vector<float> workspace(kernels::GemmWorkspace());
    kernels::Gemm(end - begin, b, x.rows(), {x.data() + begin, 1, b}, {x.data(), b, 1}, gram.row(begin), b,
                  /*accumulate=*/false, workspace.data());
  });
  const MatrixXd full =
      Map<const RowMajor>(gram.data(), static_cast<Eigen::Index>(b), static_cast<Eigen::Index>(b)).cast<double>();
  return 0.5 * (full + full.transpose());
}

/// x m [n x columns of m].
void TimesSmall(const Runtime& runtime, const Matrix& x, const MatrixXd& m, Matrix& y) {
  const RowMajor small = m.cast<float>();
  const auto columns = static_cast<std::size_t>(m.cols());
  y.resize(x.rows(), columns);
  ParallelFor(runtime, x.rows(), 512, [&](std::size_t begin, std::size_t end) {
    std::vector<float> workspace(kernels::GemmWorkspace());
    kernels::Gemm(end - begin, columns, x.cols(), {x.row(begin), x.cols(), 1}, {small.data(), columns, 1}, y.row(begin),
                  columns, /*accumulate=*/false, workspace.data());
  });
}

/// x^T x [b x b] with sums in double.
MatrixXd ExactGram(const Matrix& x) {
  constexpr std::size_t kTile = 1024;
  const auto columns = static_cast<Eigen::Index>(x.cols());
  MatrixXd gram = MatrixXd::Zero(columns, columns);
  for (std::size_t begin = 0; begin < x.rows(); begin += kTile) {
    const auto rows = static_cast<Eigen::Index>(std::min(kTile, x.rows() - begin));
    const MatrixXd tile = Map<const RowMajor>(x.row(begin), rows, columns).cast<double>();
    gram.noalias() += tile.transpose() * tile;
  }
  return gram;
}

/// Columns with the span that x has beyond rounding, as many as that takes, and orthonormal but for rounding: singular
/// values below 1e-5 of the largest are what single precision leaves of columns that depend on the others.
void DropDependentColumns(const Runtime& runtime, Matrix& x, Matrix& scratch) {
  const Eigen::SelfAdjointEigenSolver<MatrixXd> eigen(ExactGram(x));
  const Eigen::VectorXd& squares = eigen.eigenvalues();  // ascending
  const auto kept = (squares.array() > 1e-10 * squares.maxCoeff()).count();
  const Eigen::VectorXd factors = squares.tail(kept).cwiseSqrt().cwiseInverse();
  TimesSmall(runtime, x, eigen.eigenvectors().rightCols(kept) * factors.asDiagonal(), scratch);
  std::swap(x, scratch);
}

/// x <- x U^-1 with U^T U = x^T x + shift.  False, and x as it was, where some column keeps less than `least` of its
/// length beside the columns before it: x^T x is singular but for rounding.
bool CholeskyStep(const Runtime& runtime, MatrixXd gram, double shift, double least, Matrix& x, Matrix& scratch) {
  gram.diagonal().array() += shift;
  const Eigen::LLT<MatrixXd> cholesky(gram);
  if (cholesky.info() != Eigen::Success) return false;
  if (!(cholesky.matrixLLT().diagonal().minCoeff() > least)) return false;
  TimesSmall(runtime, x, cholesky.matrixU().solve(MatrixXd::Identity(gram.rows(), gram.cols())), scratch);
  std::swap(x, scratch);
  return true;
}

/// Orthonormal columns with the span of x: Cholesky of the Gram matrix, first shifted, then as it is (Fukaya et al.
/// 2020).  A graph of lower rank than x has columns leaves some of them without a direction of their own; these go.
void Orthonormalize(const Runtime& runtime, Matrix& x, Matrix& scratch) {
  const MatrixXd gram = Gram(runtime, x);
  const double shift = 1e-6 * gram.trace() / static_cast<double>(gram.rows());
  if (CholeskyStep(runtime, gram, shift, 0.0, x, scratch)) {
    if (CholeskyStep(runtime, Gram(runtime, x), 1e-12, 0.1, x, scratch)) return;
    std::swap(x, scratch);  // the first step left the columns that it was given there
  }
  DropDependentColumns(runtime, x, scratch);
  CholeskyStep(runtime, Gram(runtime, x), 1e-12, 0.0, x, scratch);
}

double Plateau(double lambda) {
  const double x = 1.0 - 2.0 * lambda;
  return x < 0 ? 0.5 + 0.5 * std::pow(-x, 1.5) : 0.5 - 0.5 * std::pow(x, 1.5);
}

}  // namespace

Result<SpectralBasis> ComputeSpectralBasis(const Runtime& runtime, const SocialGraph& graph,
                                           const SpectralOptions& options) {
  const std::uint32_t smaller = std::min(graph.num_users(), graph.num_items());
  if (smaller == 0 || graph.num_interactions() == 0)
    return FailedPrecondition("spectral basis: the graph has no interaction");
  const std::uint32_t width = std::min(options.rank + options.oversample, smaller);
  const NormalizedRows forward(graph, Relation::kInteracts), backward(graph, Relation::kInteractedBy);

  Matrix x(graph.num_items(), width), y, scratch;
  ParallelFor(runtime, x.rows(), 1024, [&](std::size_t begin, std::size_t end) {
    for (std::size_t r = begin; r < end; ++r) {
      const Rng rng(options.seed, Purpose::kSubspace, 0, static_cast<std::uint32_t>(r));
      for (std::uint32_t c = 0; c < width; ++c) x(r, c) = rng.normal(c);
    }
  });
  for (std::uint32_t round = 0; round < options.rounds; ++round) {
    forward.Times(runtime, x, y);
    backward.Times(runtime, y, x);
    Orthonormalize(runtime, x, scratch);
  }
  forward.Times(runtime, x, y);
  const Eigen::SelfAdjointEigenSolver<MatrixXd> eigen(Gram(runtime, y));
  if (eigen.info() != Eigen::Success)
    return FailedPrecondition("spectral basis: the projected problem did not converge");

  SpectralBasis basis;
  const auto found = static_cast<Eigen::Index>(x.cols());
  Eigen::Index rank = 0;
  while (rank < std::min<Eigen::Index>(found, options.rank) && eigen.eigenvalues()[found - 1 - rank] > 1e-6) ++rank;
  MatrixXd leading(found, rank);
  for (Eigen::Index r = 0; r < rank; ++r) {
    leading.col(r) = eigen.eigenvectors().col(found - 1 - r);
    basis.lambda.push_back(static_cast<float>(std::min(1.0, eigen.eigenvalues()[found - 1 - r])));
  }
  TimesSmall(runtime, x, leading, basis.items);
  return basis;
}

ItemKernel BuildSpectralKernel(const Runtime& runtime, const SocialGraph& graph, const SpectralBasis& basis,
                               const SpectralKernelOptions& options) {
  const std::size_t rank = basis.lambda.size();
  const double last = basis.lambda.empty() ? 1.0 : basis.lambda.back();
  const double c1 = Plateau(last) / last;
  std::vector<float> gains(rank);
  for (std::size_t r = 0; r < rank; ++r) {
    gains[r] = static_cast<float>(Plateau(basis.lambda[r]) - c1 * basis.lambda[r]) + options.ideal_pass;
  }
  constexpr std::uint32_t kLeftOut = 0xFFFFFFFFU;
  std::vector<std::uint32_t> active, place(graph.num_items(), kLeftOut);  // item of a place, place of an item
  for (std::uint32_t i = 0; i < graph.num_items(); ++i) {
    if (graph.degree(Relation::kInteractedBy, i) < std::max(1U, options.least_degree)) continue;
    place[i] = static_cast<std::uint32_t>(active.size());
    active.push_back(i);
  }
  const std::size_t items = active.size();
  Matrix vectors(items, rank), filtered(items, rank);  // V and V diag(h - c1 lambda + eta)
  std::vector<float> root_degree(items), target_factor(items);
  for (std::size_t i = 0; i < items; ++i) {
    const double degree = graph.degree(Relation::kInteractedBy, active[i]);
    root_degree[i] = static_cast<float>(1.0 / std::sqrt(degree));
    target_factor[i] = static_cast<float>(std::pow(degree, options.degree_exponent));
    for (std::size_t r = 0; r < rank; ++r) {
      vectors(i, r) = basis.items(active[i], r);
      filtered(i, r) = vectors(i, r) * gains[r];
    }
  }

  struct Kept {
    std::vector<std::uint32_t> targets;
    std::vector<float> values;
  };
  std::vector<Kept> rows(items);
  ParallelFor(runtime, items, kKernelGrain, [&](std::size_t begin, std::size_t end) {
    if (options.stop && options.stop()) return;
    const std::size_t n = end - begin;
    std::vector<float> workspace(kernels::GemmWorkspace()), block(n * items), keys(items);
    std::vector<std::uint32_t> order;
    kernels::Gemm(n, items, rank, {filtered.row(begin), rank, 1}, {vectors.data(), 1, rank}, block.data(), items,
                  /*accumulate=*/false, workspace.data());
    for (std::size_t j = begin; j < end; ++j) {
      float* row = block.data() + (j - begin) * items;
      for (const std::uint32_t user : graph.users(ItemId{active[j]}).targets) {
        const Neighbors mine = graph.items(UserId{user});
        const float through = static_cast<float>(c1) * root_degree[j] / static_cast<float>(mine.size());
        for (const std::uint32_t item : mine.targets) {
          if (const std::uint32_t i = place[item]; i != kLeftOut) row[i] += through * root_degree[i];
        }
      }
      order.clear();
      for (std::uint32_t i = 0; i < items; ++i) {
        keys[i] = row[i] * target_factor[i];
        if (keys[i] > 0 && i != j) order.push_back(i);
      }
      const std::size_t keep = std::min<std::size_t>(options.neighbors, order.size());
      std::nth_element(
          order.begin(), order.begin() + static_cast<std::ptrdiff_t>(keep), order.end(),
          [&](std::uint32_t a, std::uint32_t b) { return keys[a] != keys[b] ? keys[a] > keys[b] : a < b; });
      order.resize(keep);
      std::sort(order.begin(), order.end());
      for (const std::uint32_t i : order) {
        rows[j].targets.push_back(active[i]);
        rows[j].values.push_back(row[i]);
      }
    }
  });

  ItemKernel kernel;
  kernel.offsets.push_back(0);
  for (const std::uint32_t at : place) {
    if (at != kLeftOut) {
      kernel.targets.insert(kernel.targets.end(), rows[at].targets.begin(), rows[at].targets.end());
      kernel.values.insert(kernel.values.end(), rows[at].values.begin(), rows[at].values.end());
    }
    kernel.offsets.push_back(kernel.targets.size());
  }
  return kernel;
}

}  // namespace kith
