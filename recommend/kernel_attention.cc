#include "kith/recommend/kernel_attention.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "kith/kernels/kernels.h"

namespace kith {
namespace {

constexpr std::size_t kTop = 8;

/// Standard deviation in two passes, so that equal values give 0 (to rounding of the mean) and not what cancellation
/// leaves.  Eight sums in a fixed order, so that the loop runs at full width.
double Deviation(std::span<const float> values) noexcept {
  const auto sum = [&](auto term) {
    double lanes[8] = {};
    std::size_t i = 0;
    for (; i + 8 <= values.size(); i += 8) {
      for (std::size_t lane = 0; lane < 8; ++lane) lanes[lane] += term(values[i + lane]);
    }
    for (; i < values.size(); ++i) lanes[0] += term(values[i]);
    return ((lanes[0] + lanes[1]) + (lanes[2] + lanes[3])) + ((lanes[4] + lanes[5]) + (lanes[6] + lanes[7]));
  };
  const auto n = static_cast<double>(values.size());
  const double mean = sum([](float value) { return static_cast<double>(value); }) / n;
  return std::sqrt(sum([mean](float value) { return (value - mean) * (value - mean); }) / n);
}

}  // namespace

KernelReader::KernelReader(const Model& model)
    : model_(model), damping_(model.info.num_items), concentration_(model.info.num_items, 1.5F) {
  for (std::size_t i = 0; i < damping_.size(); ++i) {
    const double degree = std::max<std::uint32_t>(1, model.item_degrees[i]);
    damping_[i] = static_cast<float>(std::pow(degree, static_cast<double>(model.kernel_degree_exponent)));
  }
  const ItemKernel& kernel = model.kernel;
  std::vector<double> values;
  for (std::size_t j = 0; j < damping_.size(); ++j) {
    values.clear();
    double sum = 0;
    for (std::uint64_t e = kernel.offsets[j]; e < kernel.offsets[j + 1]; ++e) {
      values.push_back(std::abs(static_cast<double>(kernel.values[e]) * damping_[kernel.targets[e]]));
      sum += values.back();
    }
    if (!(sum > 0)) continue;
    const std::size_t top = std::min(kTop, values.size());
    std::partial_sort(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(top), values.end(),
                      std::greater<>());
    double largest = 0;
    for (std::size_t n = 0; n < top; ++n) largest += values[n];
    concentration_[j] = static_cast<float>(std::log(largest / sum) + 1.5);
  }
}

void KernelReader::Sum(const UserView& user, std::span<const double> attention, std::span<float> sums) const {
  std::fill(sums.begin(), sums.end(), 0.0F);
  const ItemKernel& kernel = model_.kernel;
  for (std::size_t n = 0; n < user.items.size(); ++n) {
    const auto weight = static_cast<float>(attention[n]);
    const std::uint32_t item = user.items[n];
    for (std::uint64_t e = kernel.offsets[item]; e < kernel.offsets[item + 1]; ++e) {
      const std::uint32_t target = kernel.targets[e];
      sums[target] += weight * kernel.values[e] * damping_[target];
    }
  }
}

void KernelReader::Read(const UserView& user, bool with_keys, KernelView& view) const {
  const std::size_t own = user.items.size();
  view.prior.resize(own);
  for (std::size_t n = 0; n < own; ++n) view.prior[n] = 1.0 / damping_[user.items[n]];
  view.plain.resize(damping_.size());
  Sum(user, view.prior, view.plain);
  view.deviation = Deviation(view.plain);
  view.keys.clear();
  if (!with_keys) return;

  const std::size_t d = model_.width();
  const double squared = d == 0 ? 0.0 : kernels::Dot(user.z.data(), user.z.data(), d);
  const double inverse_norm = squared > 0 ? 1.0 / std::sqrt(squared) : 0.0;
  const double log_items = std::log(static_cast<double>(std::max<std::size_t>(1, own))) - 3.0;
  double mean = 0;
  for (const std::uint32_t item : user.items) mean += std::max(0.0F, view.plain[item]) / static_cast<double>(own);
  view.keys.resize(own);
  for (std::size_t n = 0; n < own; ++n) {
    const std::uint32_t item = user.items[n];
    const double cosine =
        inverse_norm > 0 ? kernels::Dot(user.z.data(), model_.items.row(item), d) * inverse_norm : 0.0;
    const double explained = mean > 0 ? std::max(0.0F, view.plain[item]) / mean : 0.0;
    const double coherence = std::log(0.3 + explained);
    const double log_degree =
        std::log(static_cast<double>(std::max<std::uint32_t>(1, model_.item_degrees[item]))) - 3.0;
    const double keys[] = {cosine,
                           cosine * log_items,
                           coherence,
                           coherence * log_items,
                           0.3 * log_degree * log_degree,
                           concentration_[item],
                           log_degree};
    for (std::size_t k = 0; k < view.keys[n].size(); ++k) view.keys[n][k] = static_cast<float>(keys[k]);
  }
}

std::vector<double> KernelReader::Attention(const KernelView& view, const KernelAttention& theta) {
  Theta wide;
  std::copy(theta.begin(), theta.end(), wide.begin());
  return Attention(view, wide);
}

std::vector<double> KernelReader::Attention(const KernelView& view, const Theta& theta) {
  std::vector<double> attention = view.prior;
  if (view.keys.empty()) return attention;
  std::vector<double> logits(attention.size());
  double largest = -INFINITY, before = 0, after = 0;
  for (std::size_t n = 0; n < logits.size(); ++n) {
    for (std::size_t k = 0; k < theta.size(); ++k) logits[n] += theta[k] * view.keys[n][k];
    largest = std::max(largest, logits[n]);
  }
  for (std::size_t n = 0; n < attention.size(); ++n) {
    before += attention[n];
    attention[n] *= std::exp(logits[n] - largest);
    after += attention[n];
  }
  for (double& weight : attention) weight *= before / after;
  return attention;
}

double KernelReader::Value(std::uint32_t own, std::uint32_t item) const noexcept {
  const ItemKernel& kernel = model_.kernel;
  const auto begin = kernel.targets.begin() + static_cast<std::ptrdiff_t>(kernel.offsets[own]);
  const auto end = kernel.targets.begin() + static_cast<std::ptrdiff_t>(kernel.offsets[own + 1]);
  const auto at = std::lower_bound(begin, end, item);
  if (at == end || *at != item) return 0.0;
  return static_cast<double>(kernel.values[static_cast<std::size_t>(at - kernel.targets.begin())]) * damping_[item];
}

double KernelReader::Root(double t) noexcept { return std::copysign(2.0 * (std::sqrt(1.0 + std::abs(t)) - 1.0), t); }
double KernelReader::RootSlope(double t) noexcept { return 1.0 / std::sqrt(1.0 + std::abs(t)); }

}  // namespace kith
