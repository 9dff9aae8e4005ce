#include <algorithm>
#include <cmath>

#include "evidences.h"

namespace kith {
namespace {

/// f(u, i) = sqrt(n) sum over friends f of a_uf x_fi / sqrt(d_f), over the friends' live items; n friends have items.
/// All live: it reaches items later than the model, as the users of like taste do.
/// The root lets three friends say more than one, though less than three times as much.
class FriendsEvidence final : public Evidence {
 public:
  explicit FriendsEvidence(const Model& model) : model_(model) {}

  [[nodiscard]] float Gate(const UserView& view) const override {
    const Gates& gates = model_.gates;
    if (view.friends_with_items == 0) return 0.0F;
    if (!view.has_items()) return gates.cold_friends;
    return gates.FriendsOf(view.friends_with_items);
  }

  void Score(const UserView& view, float gate, std::span<float> scores) const override {
    const double scale = Scale(view, gate);
    if (scale == 0) return;
    for (std::size_t n = 0; n < view.friends.size(); ++n) {
      const auto items = ItemsOf(view, n);
      if (items.empty()) continue;
      const float weight = Weight(view, n, items.size(), scale);
      for (const std::uint32_t item : items) scores[item] += weight;
    }
  }

  void Explain(const UserView& view, float gate, std::span<const std::uint32_t> items,
               std::span<std::vector<Contribution>> terms) const override {
    const double scale = Scale(view, gate);
    if (scale == 0) return;
    for (std::size_t f = 0; f < view.friends.size(); ++f) {
      const auto theirs = ItemsOf(view, f);
      if (theirs.empty()) continue;
      const float weight = Weight(view, f, theirs.size(), scale);
      for (std::size_t n = 0; n < items.size(); ++n) {
        const bool has = std::binary_search(theirs.begin(), theirs.end(), items[n]);
        terms[n].push_back({Via::kFriend, view.friends[f], view.friend_weights[f], has ? weight : 0.0F});
      }
    }
  }

 private:
  [[nodiscard]] static double Scale(const UserView& view, float gate) noexcept {
    return gate * std::sqrt(static_cast<double>(view.friends_with_items));
  }
  [[nodiscard]] static std::span<const std::uint32_t> ItemsOf(const UserView& view, std::size_t n) noexcept {
    return view.graph->items(UserId{view.friends[n]}).targets;
  }
  [[nodiscard]] static float Weight(const UserView& view, std::size_t n, std::size_t degree, double scale) noexcept {
    return static_cast<float>(scale * view.friend_weights[n] / std::sqrt(static_cast<double>(degree)));
  }

  const Model& model_;
};

}  // namespace

std::unique_ptr<const Evidence> MakeFriendsEvidence(const Model& model) {
  return std::make_unique<FriendsEvidence>(model);
}

}  // namespace kith
