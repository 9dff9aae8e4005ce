#include <algorithm>
#include <cmath>

#include "evidences.h"

namespace kith {
namespace {

/// s(u, i) = d_i^beta sum over own items j of d_j^-beta K(j, i), summed as it stands: the gate carries the scale.
class KernelEvidence final : public Evidence {
 public:
  explicit KernelEvidence(const Model& model) : model_(model), damping_(model.info.num_items) {
    for (std::size_t i = 0; i < damping_.size(); ++i) {
      const double degree = std::max<std::uint32_t>(1, model.item_degrees[i]);
      damping_[i] = static_cast<float>(std::pow(degree, static_cast<double>(model.kernel_degree_exponent)));
    }
  }

  void Score(const UserView& view, std::span<float> scores) const override {
    const ItemKernel& kernel = model_.kernel;
    for (const std::uint32_t item : view.items) {
      const float weight = model_.gates.kernel / damping_[item];
      for (std::uint64_t e = kernel.offsets[item]; e < kernel.offsets[item + 1]; ++e) {
        const std::uint32_t target = kernel.targets[e];
        scores[target] += weight * kernel.values[e] * damping_[target];
      }
    }
  }

  void Explain(const UserView& view, std::uint32_t item, std::vector<Contribution>& terms) const override {
    double total = 0;
    for (const std::uint32_t own : view.items) total += 1.0 / damping_[own];
    for (const std::uint32_t own : view.items) {
      const double attention = 1.0 / damping_[own];
      const double contribution =
          model_.gates.kernel * attention * static_cast<double>(Value(own, item)) * damping_[item];
      terms.push_back({Via::kItem, own, static_cast<float>(attention / total), static_cast<float>(contribution)});
    }
  }

 private:
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
