#include <algorithm>
#include <cmath>

#include "evidences.h"
#include "kith/base/buffer.h"

namespace kith {
namespace {

/// s(u, i) = d_i^beta sum over own items j of d_j^-beta K(j, i), over the standard deviation n_u of s(u, .) over all
/// items of the model: a gate means the same for a user with three items as for one with three hundred.
class KernelEvidence final : public Evidence {
 public:
  explicit KernelEvidence(const Model& model) : model_(model), damping_(model.info.num_items) {
    for (std::size_t i = 0; i < damping_.size(); ++i) {
      const double degree = std::max<std::uint32_t>(1, model.item_degrees[i]);
      damping_[i] = static_cast<float>(std::pow(degree, static_cast<double>(model.kernel_degree_exponent)));
    }
  }

  void Score(const UserView& view, std::span<float> scores) const override {
    AlignedBuffer<float> sums(damping_.size());
    const float scale = Sum(view, sums.span());
    if (scale == 0) return;
    for (std::size_t i = 0; i < scores.size(); ++i) scores[i] += scale * sums[i];
  }

  void Explain(const UserView& view, std::uint32_t item, std::vector<Contribution>& terms) const override {
    AlignedBuffer<float> sums(damping_.size());
    const double scale = Sum(view, sums.span());
    double total = 0;
    for (const std::uint32_t own : view.items) total += 1.0 / damping_[own];
    for (const std::uint32_t own : view.items) {
      const double attention = 1.0 / damping_[own];
      const double contribution = scale * attention * static_cast<double>(Value(own, item)) * damping_[item];
      terms.push_back({Via::kItem, own, static_cast<float>(attention / total), static_cast<float>(contribution)});
    }
  }

 private:
  /// sums[i] = s(u, i), given zeros; returns the gate over n_u, or 0 where all of them are equal.
  float Sum(const UserView& view, std::span<float> sums) const {
    const ItemKernel& kernel = model_.kernel;
    for (const std::uint32_t item : view.items) {
      const float weight = 1.0F / damping_[item];
      for (std::uint64_t e = kernel.offsets[item]; e < kernel.offsets[item + 1]; ++e) {
        const std::uint32_t target = kernel.targets[e];
        sums[target] += weight * kernel.values[e] * damping_[target];
      }
    }
    double sum = 0, squares = 0;
    for (const float value : sums) {
      sum += value;
      squares += static_cast<double>(value) * value;
    }
    const auto n = static_cast<double>(sums.size());
    const double deviation = std::sqrt(std::max(0.0, squares / n - sum / n * (sum / n)));
    return deviation > 1e-12 ? static_cast<float>(model_.gates.kernel / deviation) : 0.0F;
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
