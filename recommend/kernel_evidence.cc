#include <algorithm>
#include <cmath>

#include "evidences.h"
#include "kith/base/buffer.h"
#include "kith/kernels/kernels.h"

namespace kith {
namespace {

/// s(u, i) = d_i^beta sum over own items j of d_j^-beta K(j, i), over the standard deviation n_u of s(u, .) over all
/// items of the model: a gate means the same for a user with three items as for one with three hundred.  0 for items
/// later than the model, which no row names.
class KernelEvidence final : public Evidence {
 public:
  explicit KernelEvidence(const Model& model) : model_(model), damping_(model.info.num_items) {
    for (std::size_t i = 0; i < damping_.size(); ++i) {
      const double degree = std::max<std::uint32_t>(1, model.item_degrees[i]);
      damping_[i] = static_cast<float>(std::pow(degree, static_cast<double>(model.kernel_degree_exponent)));
    }
  }

  void Score(const UserView& view, std::span<float> scores) const override { ScoreBlock({&view, 1}, scores); }

  void ScoreBlock(std::span<const UserView> views, std::span<float> scores) const override {
    if (views.empty()) return;
    const std::size_t items = damping_.size(), stride = scores.size() / views.size();
    AlignedBuffer<float> sums(items);
    for (std::size_t v = 0; v < views.size(); ++v) {
      const float scale = Sum(views[v], sums.span());
      if (scale == 0) continue;
      kernels::Axpy(scale, sums.data(), scores.data() + v * stride, items);
    }
  }

  void Explain(const UserView& view, std::span<const std::uint32_t> items,
               std::span<std::vector<Contribution>> terms) const override {
    if (view.items.empty()) return;
    AlignedBuffer<float> sums(damping_.size());
    const double scale = Sum(view, sums.span());
    double total = 0;
    for (const std::uint32_t own : view.items) total += 1.0 / damping_[own];
    for (std::size_t n = 0; n < items.size(); ++n) {
      const double target_damping = items[n] < damping_.size() ? damping_[items[n]] : 0.0;
      for (const std::uint32_t own : view.items) {
        const double attention = 1.0 / damping_[own];
        const double contribution = scale * attention * static_cast<double>(Value(own, items[n])) * target_damping;
        terms[n].push_back({Via::kItem, own, static_cast<float>(attention / total), static_cast<float>(contribution)});
      }
    }
  }

 private:
  /// sums[i] = s(u, i) before its division, overwritten; returns the gate over n_u, or 0 where all sums are equal.
  float Sum(const UserView& view, std::span<float> sums) const noexcept {
    if (view.items.empty()) return 0.0F;
    std::fill(sums.begin(), sums.end(), 0.0F);
    const ItemKernel& kernel = model_.kernel;
    for (const std::uint32_t item : view.items) {
      const float weight = 1.0F / damping_[item];
      for (std::uint64_t e = kernel.offsets[item]; e < kernel.offsets[item + 1]; ++e) {
        const std::uint32_t target = kernel.targets[e];
        sums[target] += weight * kernel.values[e] * damping_[target];
      }
    }
    const double deviation = Deviation(sums);
    return deviation > 1e-12 ? static_cast<float>(model_.gates.kernel / deviation) : 0.0F;
  }

  /// Standard deviation in two passes, so that equal values give 0 (to rounding of the mean) and not what cancellation
  /// leaves.  Eight sums in a fixed order, so that the loop runs at full width.
  static double Deviation(std::span<const float> values) noexcept {
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
  /// K(j, i), 0 where i is not in the row of j.
  [[nodiscard]] float Value(std::uint32_t own, std::uint32_t item) const noexcept {
    const ItemKernel& kernel = model_.kernel;
    const auto begin = kernel.targets.begin() + static_cast<std::ptrdiff_t>(kernel.offsets[own]);
    const auto end = kernel.targets.begin() + static_cast<std::ptrdiff_t>(kernel.offsets[own + 1]);
    const auto at = std::lower_bound(begin, end, item);
    return at != end && *at == item ? kernel.values[static_cast<std::size_t>(at - kernel.targets.begin())] : 0.0F;
  }

  const Model& model_;
  std::vector<float> damping_;  ///< [I] d_i^beta
};

}  // namespace

std::unique_ptr<const Evidence> MakeKernelEvidence(const Model& model) {
  return std::make_unique<KernelEvidence>(model);
}

}  // namespace kith
