#include "ials.h"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <span>
#include <string>

#include "kith/gnn/init.h"
#include "kith/kernels/kernels.h"

namespace kith {
namespace {

constexpr std::size_t kGrain = 64;
using RowMajor = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// M^T M in double, tiles of rows in order.
Eigen::MatrixXd SquareOf(const Matrix& m) {
  const auto columns = static_cast<Eigen::Index>(m.cols());
  Eigen::MatrixXd square = Eigen::MatrixXd::Zero(columns, columns);
  constexpr std::size_t kTile = 1024;
  for (std::size_t begin = 0; begin < m.rows(); begin += kTile) {
    const auto rows = static_cast<Eigen::Index>(std::min(kTile, m.rows() - begin));
    const Eigen::MatrixXd tile = Eigen::Map<const RowMajor>(m.row(begin), rows, columns).cast<double>();
    square.noalias() += tile.transpose() * tile;
  }
  return square;
}

/// Every row of `solved` from the fixed side: (sum over neighbours of v v^T + alpha V^T V + lambda (d + alpha n) I)^-1
/// times the sum of the neighbours' v.
template <class NeighboursOf>
void SolveSide(const Runtime& runtime, const NeighboursOf& neighbours, const Matrix& fixed, const IalsOptions& options,
               Matrix& solved) {
  const Eigen::MatrixXf background = (options.alpha * SquareOf(fixed)).cast<float>();
  const auto d = static_cast<Eigen::Index>(fixed.cols());
  ParallelFor(runtime, solved.rows(), kGrain, [&](std::size_t begin, std::size_t end) {
    Eigen::MatrixXf normal(d, d), met;
    for (std::size_t r = begin; r < end; ++r) {
      const std::span<const std::uint32_t> row = neighbours(r);
      Eigen::Map<Eigen::VectorXf> out(solved.row(r), d);
      if (row.empty()) {
        out.setZero();
        continue;
      }
      met.resize(d, static_cast<Eigen::Index>(row.size()));
      for (std::size_t n = 0; n < row.size(); ++n) {
        met.col(static_cast<Eigen::Index>(n)) = Eigen::Map<const Eigen::VectorXf>(fixed.row(row[n]), d);
      }
      normal = background;
      normal.selfadjointView<Eigen::Lower>().rankUpdate(met);
      const double ridge =
          options.lambda * (static_cast<double>(row.size()) + options.alpha * static_cast<double>(fixed.rows()));
      normal.diagonal().array() += static_cast<float>(ridge);
      out = normal.selfadjointView<Eigen::Lower>().llt().solve(met.rowwise().sum());
    }
  });
}

}  // namespace

Result<IalsFactors> FactoriseIals(const Runtime& runtime, const SocialGraph& graph, const IalsOptions& options) {
  if (!(options.alpha > 0) || !(options.lambda > 0)) {
    return InvalidArgument("ials: expected alpha and lambda above 0, found " + std::to_string(options.alpha) + " and " +
                           std::to_string(options.lambda));
  }
  IalsFactors factors{Matrix(graph.num_users(), options.width), Matrix(graph.num_items(), options.width)};
  InitNormal(options.seed, options.deviation / std::sqrt(options.width), factors.items);
  const auto of_user = [&](std::size_t u) { return graph.items(UserId{static_cast<std::uint32_t>(u)}).targets; };
  const auto of_item = [&](std::size_t i) { return graph.users(ItemId{static_cast<std::uint32_t>(i)}).targets; };
  for (std::uint32_t sweep = 0; sweep < options.sweeps; ++sweep) {
    if (options.stop && options.stop()) break;
    SolveSide(runtime, of_user, factors.items, options, factors.users);
    SolveSide(runtime, of_item, factors.users, options, factors.items);
  }
  SolveSide(runtime, of_user, factors.items, options, factors.users);
  return factors;
}

double IalsObjective(const SocialGraph& graph, const IalsOptions& options, const IalsFactors& factors) {
  const std::size_t d = factors.users.cols();
  const double users = graph.num_users(), items = graph.num_items();
  double loss = 0;
  const auto ridge = [&](const float* row, double weight) {
    double square = 0;
    for (std::size_t c = 0; c < d; ++c) square += static_cast<double>(row[c]) * row[c];
    loss += options.lambda * weight * square;
  };
  for (std::uint32_t u = 0; u < graph.num_users(); ++u) {
    const auto row = graph.items(UserId{u}).targets;
    for (const std::uint32_t item : row) {
      double product = 0;
      for (std::size_t c = 0; c < d; ++c) product += static_cast<double>(factors.users(u, c)) * factors.items(item, c);
      loss += (1 - product) * (1 - product);
    }
    ridge(factors.users.row(u), static_cast<double>(row.size()) + options.alpha * items);
  }
  for (std::uint32_t i = 0; i < graph.num_items(); ++i) {
    ridge(factors.items.row(i), static_cast<double>(graph.degree(Relation::kInteractedBy, i)) + options.alpha * users);
  }
  return loss + options.alpha * SquareOf(factors.users).cwiseProduct(SquareOf(factors.items)).sum();
}

}  // namespace kith
