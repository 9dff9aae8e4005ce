#include "kith/recommend/model.h"

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <string>

#include "model_codec.h"

namespace kith {
namespace {

Status CheckFinite(std::string_view name, std::span<const float> values) {
  const auto bad = std::find_if(values.begin(), values.end(), [](float value) { return !std::isfinite(value); });
  if (bad == values.end()) return OkStatus();
  return Corruption("model: " + std::string(name) + " holds " + std::to_string(*bad) + " at position " +
                    std::to_string(bad - values.begin()) + ", expected finite numbers; train again");
}

/// A matrix without elements may have any shape: models of no users or no columns leave it out.
Status CheckMatrix(std::string_view name, const Matrix& matrix, std::size_t rows, std::size_t cols) {
  const bool fits = matrix.rows() == rows && matrix.cols() == cols;
  if (!fits && (matrix.size() != 0 || rows * cols != 0)) {
    return Corruption("model: " + std::string(name) + " has shape [" + std::to_string(matrix.rows()) + " x " +
                      std::to_string(matrix.cols()) + "], expected [" + std::to_string(rows) + " x " +
                      std::to_string(cols) + "]; train again");
  }
  return CheckFinite(name, matrix.span());
}

Status CheckVectors(const Model& model) {
  const std::size_t users = model.info.num_users, items = model.info.num_items, d = model.width();
  if (model.heads == 0 || (d != 0 && d % model.heads != 0)) {
    return Corruption("model: " + std::to_string(model.heads) + " heads do not divide " + std::to_string(d) +
                      " columns; train again");
  }
  KITH_RETURN_IF_ERROR(CheckMatrix("items", model.items, items, d));
  KITH_RETURN_IF_ERROR(CheckMatrix("item_messages", model.item_messages, items, d));
  KITH_RETURN_IF_ERROR(CheckMatrix("user_base", model.user_base, users, d));
  KITH_RETURN_IF_ERROR(CheckMatrix("users", model.users, users, d));
  std::size_t query_columns = 0;
  switch (model.rule) {
    case AttentionRule::kDegree:
    case AttentionRule::kMean:
      break;
    case AttentionRule::kHouse:
      query_columns = 1;
      break;
    case AttentionRule::kGat:
      query_columns = model.heads;
      break;
    case AttentionRule::kGatv2:
      query_columns = d;
      break;
  }
  if (d == 0) query_columns = 0;
  KITH_RETURN_IF_ERROR(CheckMatrix("user_queries", model.user_queries, users, query_columns));
  KITH_RETURN_IF_ERROR(CheckMatrix("item_keys", model.item_keys, items, query_columns));
  const bool attention = model.rule == AttentionRule::kGatv2 && d != 0;
  return CheckMatrix("attention", model.attention, attention ? model.heads : 0, attention ? d / model.heads : 0);
}

Status CheckKernel(const ItemKernel& kernel, std::uint32_t items) {
  const auto broken = [](const std::string& what) { return Corruption("model: kernel: " + what + "; train again"); };
  if (kernel.empty()) {
    return kernel.targets.empty() && kernel.values.empty() ? OkStatus() : broken("targets without offsets");
  }
  if (kernel.offsets.size() != std::size_t{items} + 1) {
    return broken(std::to_string(kernel.offsets.size()) + " offsets, expected one more than " + std::to_string(items) +
                  " items");
  }
  if (kernel.offsets.front() != 0 || kernel.offsets.back() != kernel.targets.size() ||
      kernel.targets.size() != kernel.values.size()) {
    return broken("offsets, targets and values do not fit together");
  }
  for (std::size_t j = 0; j < items; ++j) {
    const std::uint64_t begin = kernel.offsets[j], end = kernel.offsets[j + 1];
    if (begin > end || end > kernel.targets.size()) return broken("the offsets decrease at row " + std::to_string(j));
    for (std::uint64_t e = begin; e < end; ++e) {
      if (kernel.targets[e] >= items) return broken("a target of row " + std::to_string(j) + " is no item");
      if (e > begin && kernel.targets[e] <= kernel.targets[e - 1]) {
        return broken("the targets of row " + std::to_string(j) + " are not sorted");
      }
    }
  }
  return CheckFinite("kernel.values", kernel.values);
}

Status CheckScalars(const Model& model) {
  const Gates& gates = model.gates;
  const float scalars[] = {gates.learned,
                           gates.kernel,
                           gates.neighbours,
                           gates.friends,
                           gates.friends_slope,
                           gates.popular,
                           gates.popular_slope,
                           gates.friends_of_friends,
                           gates.cold_friends_of_friends,
                           gates.cold_learned,
                           gates.cold_friends,
                           gates.cold_popular,
                           model.message_scale,
                           model.leaky_slope,
                           model.kernel_degree_exponent,
                           model.friend_sharpness};
  KITH_RETURN_IF_ERROR(CheckFinite("kernel_attention", model.kernel_attention));
  return CheckFinite("gates and scalars", scalars);
}

}  // namespace

float Gates::FriendsOf(std::size_t friends_with_items) const noexcept {
  if (friends_slope == 0) return friends;
  return static_cast<float>(friends *
                            std::exp(friends_slope * (std::log1p(static_cast<double>(friends_with_items)) - 2.0)));
}

float Gates::PopularOf(std::size_t items) const noexcept {
  if (popular_slope == 0) return popular;
  return static_cast<float>(popular * std::exp(popular_slope * (std::log1p(static_cast<double>(items)) - 3.0)));
}

Status Model::Finish() {
  KITH_RETURN_IF_ERROR(CheckScalars(*this));
  KITH_RETURN_IF_ERROR(CheckVectors(*this));
  if (item_degrees.size() != info.num_items) {
    return Corruption("model: " + std::to_string(item_degrees.size()) + " item degrees, expected " +
                      std::to_string(info.num_items) + "; train again");
  }
  KITH_RETURN_IF_ERROR(CheckKernel(kernel, info.num_items));
  if (!IsJsonObject(info.report_json)) return Corruption("model: report_json is not one JSON object");
  if (!IsJsonObject(unknown_json)) return Corruption("model: unknown_json is not one JSON object");

  log_degrees_.resize(item_degrees.size());
  std::transform(item_degrees.begin(), item_degrees.end(), log_degrees_.begin(),
                 [](std::uint32_t degree) { return static_cast<float>(std::log1p(static_cast<double>(degree))); });

  const std::size_t d = width(), n = items.rows();
  item_mean_.assign(d, 0.0);
  item_covariance_.assign(d * d, 0.0);
  if (d == 0 || n == 0) return OkStatus();
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t c = 0; c < d; ++c) item_mean_[c] += items(i, c);
  }
  for (double& mean : item_mean_) mean /= static_cast<double>(n);

  // Two passes: centring first keeps the precision that E[x x^T] - mean mean^T would lose.  Tiles in a fixed order: the
  // same bits always.
  using Rows = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  const auto columns = static_cast<Eigen::Index>(d);
  constexpr std::size_t kTile = 1024;
  const Eigen::Map<const Eigen::RowVectorXd> mean(item_mean_.data(), columns);
  Eigen::Map<Rows> covariance(item_covariance_.data(), columns, columns);
  for (std::size_t begin = 0; begin < n; begin += kTile) {
    const auto count = static_cast<Eigen::Index>(std::min(kTile, n - begin));
    const Eigen::Map<const Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>> tile(items.row(begin),
                                                                                                       count, columns);
    const Rows centred = tile.cast<double>().rowwise() - mean;
    covariance.noalias() += centred.transpose() * centred;
  }
  covariance /= static_cast<double>(n);
  return OkStatus();
}

Model::Moments Model::ScoreMoments(std::span<const float> z) const noexcept {
  const std::size_t d = item_mean_.size();
  double mean = 0, variance = 0;
  for (std::size_t r = 0; r < d; ++r) {
    mean += item_mean_[r] * z[r];
    // Four sums in a fixed order, so that the row is read at full width.
    const double* row = item_covariance_.data() + r * d;
    double sums[4] = {};
    std::size_t c = 0;
    for (; c + 4 <= d; c += 4) {
      for (std::size_t lane = 0; lane < 4; ++lane) sums[lane] += row[c + lane] * z[c + lane];
    }
    for (; c < d; ++c) sums[0] += row[c] * z[c];
    variance += z[r] * ((sums[0] + sums[1]) + (sums[2] + sums[3]));
  }
  return {static_cast<float>(mean), static_cast<float>(std::sqrt(std::max(0.0, variance)))};
}

}  // namespace kith
