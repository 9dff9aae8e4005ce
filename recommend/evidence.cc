#include "kith/recommend/evidence.h"

#include <utility>

#include "evidences.h"

namespace kith {

std::string_view ToString(Via via) noexcept {
  switch (via) {
    case Via::kItem:
      return "item";
    case Via::kFriend:
      return "friend";
    case Via::kFriendOfFriend:
      return "friend_of_friend";
    case Via::kNeighbour:
      return "neighbour";
    case Via::kPopular:
      return "popular";
    case Via::kModel:
      return "model";
  }
  return "model";
}

void Evidence::ScoreBlock(std::span<const UserView> views, std::span<const float> gates,
                          std::span<float> scores) const {
  if (views.empty()) return;
  const std::size_t stride = scores.size() / views.size();
  for (std::size_t v = 0; v < views.size(); ++v) {
    if (gates[v] != 0) Score(views[v], gates[v], scores.subspan(v * stride, stride));
  }
}

std::unique_ptr<const Evidence> MakeEvidence(EvidenceKind kind, const Model& model) {
  switch (kind) {
    case EvidenceKind::kLearned:
      return model.width() > 0 ? MakeLearnedEvidence(model) : nullptr;
    case EvidenceKind::kKernel:
      return model.kernel.empty() ? nullptr : MakeKernelEvidence(model);
    case EvidenceKind::kNeighbours:
      return MakeNeighboursEvidence(model);
    case EvidenceKind::kFriends:
      return MakeFriendsEvidence(model);
    case EvidenceKind::kFriendsOfFriends:
      return MakeFriendsOfFriendsEvidence(model);
    case EvidenceKind::kPopular:
      return MakePopularEvidence(model);
  }
  return nullptr;
}

std::vector<std::unique_ptr<const Evidence>> MakeEvidences(const Model& model) {
  const Gates& gates = model.gates;
  const std::pair<EvidenceKind, bool> open[] = {
      {EvidenceKind::kLearned, gates.learned != 0 || gates.cold_learned != 0},
      {EvidenceKind::kKernel, gates.kernel != 0},
      {EvidenceKind::kNeighbours, gates.neighbours != 0},
      {EvidenceKind::kFriends, gates.friends != 0 || gates.cold_friends != 0},
      {EvidenceKind::kFriendsOfFriends, gates.friends_of_friends != 0 || gates.cold_friends_of_friends != 0},
      {EvidenceKind::kPopular, gates.popular != 0 || gates.cold_popular != 0}};
  std::vector<std::unique_ptr<const Evidence>> evidences;
  for (const auto& [kind, is_open] : open) {
    auto evidence = is_open ? MakeEvidence(kind, model) : nullptr;
    if (evidence != nullptr) evidences.push_back(std::move(evidence));
  }
  return evidences;
}

}  // namespace kith
