#include <cmath>

#include "evidences.h"
#include "kith/recommend/kernel_attention.h"

namespace kith {
namespace {

/// The user's own items through the item-item kernel, each by attention (kernel_attention.h).  In deviations over all
/// items, so that a gate means the same for a user with three items as for one with three hundred, and by its root, so
/// that one row that shouts does not drown the other evidences.  0 for items later than the model, which no row names.
class KernelEvidence final : public Evidence {
 public:
  explicit KernelEvidence(const Model& model) : model_(model), reader_(model) {}

  [[nodiscard]] float Gate(const UserView& view) const override {
    return view.has_items() ? model_.gates.kernel : 0.0F;
  }

  void Score(const UserView& view, float gate, std::span<float> scores) const override {
    KernelView kernel;
    const double inverse = Read(view, kernel);
    if (inverse == 0) return;
    if (Attends()) reader_.Sum(view, KernelReader::Attention(kernel, model_.kernel_attention), kernel.plain);
    const auto scale = static_cast<float>(inverse);
    for (std::size_t i = 0; i < kernel.plain.size(); ++i) {
      const float t = kernel.plain[i] * scale;
      scores[i] += gate * std::copysign(2.0F * (std::sqrt(1.0F + std::abs(t)) - 1.0F), t);
    }
  }

  /// The root is shared out as the sum under it is.
  void Explain(const UserView& view, float gate, std::span<const std::uint32_t> items,
               std::span<std::vector<Contribution>> terms) const override {
    KernelView kernel;
    const double inverse = Read(view, kernel);
    if (inverse == 0) return;
    const std::vector<double> attention = KernelReader::Attention(kernel, model_.kernel_attention);
    double total = 0;
    for (const double weight : attention) total += weight;
    std::vector<double> parts(view.items.size());
    for (std::size_t n = 0; n < items.size(); ++n) {
      double t = 0;
      for (std::size_t j = 0; j < parts.size(); ++j) {
        const bool known = items[n] < model_.info.num_items;
        parts[j] = known ? inverse * attention[j] * reader_.Value(view.items[j], items[n]) : 0.0;
        t += parts[j];
      }
      const double factor = t == 0 ? 0.0 : gate * KernelReader::Root(t) / t;
      for (std::size_t j = 0; j < parts.size(); ++j) {
        terms[n].push_back({Via::kItem, view.items[j], static_cast<float>(attention[j] / total),
                            static_cast<float>(factor * parts[j])});
      }
    }
  }

 private:
  [[nodiscard]] bool Attends() const noexcept { return model_.kernel_attention != KernelAttention{}; }
  /// 1 / n_u, or 0 where the kernel tells no items apart.
  [[nodiscard]] double Read(const UserView& view, KernelView& kernel) const {
    if (!view.has_items()) return 0.0;
    reader_.Read(view, Attends(), kernel);
    return kernel.deviation > 1e-12 ? 1.0 / kernel.deviation : 0.0;
  }

  const Model& model_;
  KernelReader reader_;
};

}  // namespace

std::unique_ptr<const Evidence> MakeKernelEvidence(const Model& model) {
  return std::make_unique<KernelEvidence>(model);
}

}  // namespace kith
