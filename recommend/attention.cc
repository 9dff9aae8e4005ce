#include "attention.h"

#include <algorithm>
#include <cmath>

namespace kith {
namespace {

/// kDegree and kHouse: scale / sqrt(d_u d_j), times exp(clip(b_u + b_j)) under kHouse.  kMean: scale / d_u.  The same
/// for every head.
void DegreeAttention(const Model& model, std::uint32_t user, std::span<const std::uint32_t> items,
                     std::span<float> weights) noexcept {
  const bool house = model.rule == AttentionRule::kHouse;
  const double user_bias = house && user < model.info.num_users ? model.user_queries(user, 0) : 0.0;
  const auto user_degree = static_cast<double>(items.size());
  for (std::size_t n = 0; n < items.size(); ++n) {
    const std::uint32_t item = items[n];
    const double item_degree = std::max<std::uint32_t>(1, model.item_degrees[item]);
    const double norm = model.rule == AttentionRule::kMean ? user_degree : std::sqrt(user_degree * item_degree);
    double weight = model.message_scale / norm;
    if (house) weight *= std::exp(std::clamp(user_bias + model.item_keys(item, 0), -3.0, 3.0));
    std::fill_n(weights.begin() + static_cast<std::ptrdiff_t>(n * model.heads), model.heads,
                static_cast<float>(weight));
  }
}

double LeakyRelu(double x, double slope) noexcept { return x > 0 ? x : slope * x; }

/// The logit of one item under one head: Velickovic et al. 2018, eq. 3, or Brody et al. 2022, eq. 7.
double Logit(const Model& model, const float* query, std::uint32_t item, std::size_t head) noexcept {
  const float* key = model.item_keys.row(item);
  if (model.rule == AttentionRule::kGat) {
    return LeakyRelu((query != nullptr ? query[head] : 0.0) + key[head], model.leaky_slope);
  }
  const std::size_t width = model.width() / model.heads;
  double logit = 0;
  for (std::size_t c = 0; c < width; ++c) {
    const std::size_t column = head * width + c;
    const double sum = (query != nullptr ? query[column] : 0.0) + key[column];
    logit += model.attention(head, c) * LeakyRelu(sum, model.leaky_slope);
  }
  return logit;
}

/// kGat and kGatv2: a softmax over the live items, per head.
void SoftmaxAttention(const Model& model, std::uint32_t user, std::span<const std::uint32_t> items,
                      std::span<float> weights) noexcept {
  const float* query = user < model.info.num_users ? model.user_queries.row(user) : nullptr;
  for (std::size_t head = 0; head < model.heads; ++head) {
    float largest = -INFINITY;
    for (std::size_t n = 0; n < items.size(); ++n) {
      float& weight = weights[n * model.heads + head];
      weight = static_cast<float>(Logit(model, query, items[n], head));
      largest = std::max(largest, weight);
    }
    double sum = 0;
    for (std::size_t n = 0; n < items.size(); ++n) {
      sum += std::exp(static_cast<double>(weights[n * model.heads + head]) - largest);
    }
    for (std::size_t n = 0; n < items.size(); ++n) {
      float& weight = weights[n * model.heads + head];
      weight = static_cast<float>(std::exp(static_cast<double>(weight) - largest) / sum);
    }
  }
}

}  // namespace

void ItemAttention(const Model& model, std::uint32_t user, std::span<const std::uint32_t> items,
                   std::span<float> weights) noexcept {
  switch (model.rule) {
    case AttentionRule::kDegree:
    case AttentionRule::kHouse:
    case AttentionRule::kMean:
      return DegreeAttention(model, user, items, weights);
    case AttentionRule::kGat:
    case AttentionRule::kGatv2:
      return SoftmaxAttention(model, user, items, weights);
  }
}

}  // namespace kith
