#include "kith/recommend/evidence.h"

#include "evidences.h"

namespace kith {

std::string_view ToString(Via via) noexcept {
  switch (via) {
    case Via::kItem:
      return "item";
    case Via::kFriend:
      return "friend";
    case Via::kNeighbour:
      return "neighbour";
    case Via::kPopular:
      return "popular";
    case Via::kModel:
      return "model";
  }
  return "model";
}

void Evidence::ScoreBlock(std::span<const UserView> views, std::span<float> scores) const {
  if (views.empty()) return;
  const std::size_t stride = scores.size() / views.size();
  for (std::size_t v = 0; v < views.size(); ++v) Score(views[v], scores.subspan(v * stride, stride));
}

std::vector<std::unique_ptr<const Evidence>> MakeEvidences(const Model& model) {
  const Gates& gates = model.gates;
  std::vector<std::unique_ptr<const Evidence>> evidences;
  if (gates.learned != 0 && model.width() > 0) evidences.push_back(MakeLearnedEvidence(model));
  if (gates.kernel != 0 && !model.kernel.empty()) evidences.push_back(MakeKernelEvidence(model));
  if (gates.friends != 0 || gates.cold_friends != 0) evidences.push_back(MakeFriendsEvidence(model));
  if (gates.popular != 0 || gates.cold_popular != 0) evidences.push_back(MakePopularEvidence(model));
  return evidences;
}

}  // namespace kith
