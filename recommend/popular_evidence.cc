#include "evidences.h"
#include "kith/kernels/kernels.h"

namespace kith {
namespace {

/// log(1 + d_i) with the degrees of the training graph: the same for everyone, but weighted higher or lower for users
/// without items.  Items later than the model have degree 0.
class PopularEvidence final : public Evidence {
 public:
  explicit PopularEvidence(const Model& model) : model_(model) {}

  [[nodiscard]] float Gate(const UserView& view) const override {
    const Gates& gates = model_.gates;
    if (!view.has_items()) return gates.cold_popular;
    return gates.PopularOf(view.items.size());
  }

  void Score(const UserView&, float gate, std::span<float> scores) const override {
    kernels::Axpy(gate, model_.log_degrees().data(), scores.data(), model_.log_degrees().size());
  }

  void Explain(const UserView&, float gate, std::span<const std::uint32_t> items,
               std::span<std::vector<Contribution>> terms) const override {
    for (std::size_t n = 0; n < items.size(); ++n) {
      const float popularity = items[n] < model_.log_degrees().size() ? model_.log_degrees()[items[n]] : 0.0F;
      terms[n].push_back({Via::kPopular, 0, 0.0F, gate * popularity});
    }
  }

 private:
  const Model& model_;
};

}  // namespace

std::unique_ptr<const Evidence> MakePopularEvidence(const Model& model) {
  return std::make_unique<PopularEvidence>(model);
}

}  // namespace kith
