#include "ease.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "kith/kernels/kernels.h"
#include "symmetric_inverse.h"

namespace kith {
namespace {

constexpr std::size_t kGrain = 32;

/// Whether the users' side is the smaller one.
bool Dual(const SocialGraph& graph) noexcept { return graph.num_users() < graph.num_items(); }

/// The smaller Gram matrix with lambda on its diagonal, lower triangle: over `own` rows, met through `other` ones.
template <class Own, class Other>
Matrix Gram(const Runtime& runtime, std::size_t n, const Own& own, const Other& other, float lambda) {
  Matrix gram(n, n);
  ParallelFor(runtime, n, kGrain, [&](std::size_t begin, std::size_t end) {
    for (std::size_t r = begin; r < end; ++r) {
      std::fill_n(gram.row(r), n, 0.0F);
      for (const std::uint32_t middle : own(r)) {
        for (const std::uint32_t c : other(middle)) {
          if (c > r) break;
          gram(r, c) += 1.0F;
        }
      }
      gram(r, r) += lambda;
    }
  });
  return gram;
}

/// The largest entries of one row by magnitude, sorted by target.
class RowCutter {
 public:
  explicit RowCutter(std::size_t most) : most_(most) {}

  void Cut(std::size_t item, std::span<const float> row, std::vector<std::uint32_t>& targets,
           std::vector<float>& values) {
    order_.clear();
    for (std::uint32_t j = 0; j < row.size(); ++j) {
      if (j != item && row[j] != 0) order_.push_back(j);
    }
    const std::size_t keep = std::min(most_, order_.size());
    std::nth_element(order_.begin(), order_.begin() + static_cast<std::ptrdiff_t>(keep), order_.end(),
                     [&](std::uint32_t a, std::uint32_t b) {
                       const float x = std::abs(row[a]), y = std::abs(row[b]);
                       return x != y ? x > y : a < b;
                     });
    order_.resize(keep);
    std::sort(order_.begin(), order_.end());
    targets.assign(order_.begin(), order_.end());
    values.clear();
    for (const std::uint32_t j : order_) values.push_back(row[j]);
  }

 private:
  std::size_t most_;
  std::vector<std::uint32_t> order_;
};

}  // namespace

std::uint64_t EaseBytes(const SocialGraph& graph) {
  const std::uint64_t n = std::min(graph.num_users(), graph.num_items());
  return n * n * sizeof(float);
}

Result<ItemKernel> BuildEaseKernel(const Runtime& runtime, const SocialGraph& graph, const EaseOptions& options) {
  if (!(options.lambda > 0) || !std::isfinite(options.lambda)) {
    return InvalidArgument("ease: expected a lambda above 0, found " + std::to_string(options.lambda));
  }
  const std::size_t items = graph.num_items();
  const auto of_user = [&](std::size_t u) { return graph.items(UserId{static_cast<std::uint32_t>(u)}).targets; };
  const auto of_item = [&](std::size_t i) { return graph.users(ItemId{static_cast<std::uint32_t>(i)}).targets; };
  const auto lambda = static_cast<float>(options.lambda);
  const bool dual = Dual(graph);
  Matrix inverse = dual ? Gram(runtime, graph.num_users(), of_user, of_item, lambda)
                        : Gram(runtime, items, of_item, of_user, lambda);
  KITH_RETURN_IF_ERROR(InvertSymmetric(runtime, inverse, options.stop));

  // W_i. of the dual: sums [U] of the inverse's rows of i's users, then summed over each item's users.
  const auto user_sums = [&](std::size_t i, std::vector<float>& sums) {
    sums.assign(inverse.cols(), 0.0F);
    for (const std::uint32_t u : of_item(i)) kernels::Axpy(1.0F, inverse.row(u), sums.data(), sums.size());
  };
  const auto entry = [&](std::span<const float> sums, std::size_t j) {
    double total = 0;
    for (const std::uint32_t v : of_item(j)) total += sums[v];
    return total;
  };
  std::vector<double> scale(items);  // of column j
  ParallelFor(runtime, items, kGrain, [&](std::size_t begin, std::size_t end) {
    std::vector<float> sums;
    for (std::size_t j = begin; j < end; ++j) {
      if (dual) user_sums(j, sums);
      scale[j] = dual ? 1.0 / (1.0 - entry(sums, j)) : -1.0 / inverse(j, j);
    }
  });
  std::vector<std::vector<std::uint32_t>> targets(items);
  std::vector<std::vector<float>> values(items);
  ParallelFor(runtime, items, kGrain, [&](std::size_t begin, std::size_t end) {
    if (options.stop && options.stop()) return;
    RowCutter cutter(options.neighbors);
    std::vector<float> sums, row(items);
    for (std::size_t i = begin; i < end; ++i) {
      if (of_item(i).empty()) continue;
      if (dual) user_sums(i, sums);
      for (std::size_t j = 0; j < items; ++j) {
        row[j] = static_cast<float>((dual ? entry(sums, j) : inverse(i, j)) * scale[j]);
      }
      cutter.Cut(i, row, targets[i], values[i]);
    }
  });
  if (options.stop && options.stop()) return Cancelled("interrupted while the rows of ease were made");
  ItemKernel kernel;
  kernel.offsets.push_back(0);
  for (std::size_t i = 0; i < items; ++i) {
    kernel.targets.insert(kernel.targets.end(), targets[i].begin(), targets[i].end());
    kernel.values.insert(kernel.values.end(), values[i].begin(), values[i].end());
    kernel.offsets.push_back(kernel.targets.size());
    targets[i] = {};
    values[i] = {};
  }
  return kernel;
}

}  // namespace kith
