/// Evidence: one reason why a user may like an item, scored against all items, and explained item by item.
///
/// score(u, i) = sum over evidences of gate(u) * evidence(u, i); every evidence is a weighted aggregation over the
/// user's neighbours (own items, users of like taste, friends, their friends, everyone), so each hands back the terms
/// of its own sum: explanations are the computation itself.  A closed gate's evidence is not called.
/// Items later than the model have no vector, kernel row or degree: they score as items without edges at training do,
/// and through the friends and the users of like taste who have them.
/// Threads: const calls from anywhere.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "kith/graph/social_graph.h"
#include "kith/recommend/model.h"

namespace kith {

/// Where a term of the score comes from; in JSON: item, friend, friend_of_friend, neighbour, popular, model.
enum class Via : std::uint8_t { kItem, kFriend, kFriendOfFriend, kNeighbour, kPopular, kModel };
[[nodiscard]] std::string_view ToString(Via via) noexcept;

/// One term: score(u, i) is the sum of the contributions.  `key` is the item's or user's dense id (0 for kPopular and
/// kModel); `attention` its share of the attention over all of the user's neighbours of that via, 0..1 (0 for kPopular
/// and kModel).
struct Contribution {
  Via via = Via::kModel;
  std::uint32_t key = 0;
  float attention = 0.0F;
  float contribution = 0.0F;
};

/// Items that are ranked: those of the model, then those that the live graph alone knows.
[[nodiscard]] inline std::size_t RankedItems(const SocialGraph& graph, const Model& model) noexcept {
  return std::max(model.info.num_items, graph.num_items());
}

/// What the ranker knows about the asking user at this moment, from the live graph.
struct UserView {
  const SocialGraph* graph = nullptr;
  const Model* model = nullptr;
  std::uint32_t user = 0;                ///< dense id
  std::vector<std::uint32_t> items;      ///< live items with edges in the model, ascending: d_u of them
  std::vector<std::uint32_t> seen;       ///< all live items, also those later than the model, ascending
  std::vector<std::uint32_t> friends;    ///< live friends (kTrusts), ascending
  std::vector<float> friend_weights;     ///< [friends] a_uf, sums to 1 over friends with items, 0 for the others
  std::uint32_t friends_with_items = 0;  ///< friends with at least one live item
  std::vector<float> z;                  ///< [d] live vector, not normalised (without items: of the friends); empty
                                         ///< without learned vectors
  std::vector<float> item_weights;       ///< [items x heads] a_uj of the live vector

  [[nodiscard]] bool has_items() const noexcept { return !items.empty(); }
  [[nodiscard]] std::size_t num_items() const noexcept { return RankedItems(*graph, *model); }
  /// Nothing is known about the user: popular items are the answer.
  [[nodiscard]] bool fallback() const noexcept { return seen.empty() && friends.empty(); }
};
/// Collects the live facts and encodes z.  A user the graph does not know has no edges: fallback().
/// Borrows graph and model, which must outlive the view.  Cost: O(d_u d + sum of friends' rows looked at once).
[[nodiscard]] UserView MakeUserView(const SocialGraph& graph, const Model& model, UserId user);
/// The same into a view that exists: its memory is used again.
void FillUserView(const SocialGraph& graph, const Model& model, UserId user, UserView& view);
/// Sets view.friend_weights for another sharpness than the model's: a_uf = exp(sharpness cos(z_u, z_f)), normalised to
/// sum 1 over the friends that have items; uniform for users without items.
void WeighFriends(float sharpness, UserView& view);

class Evidence {
 public:
  virtual ~Evidence() = default;
  /// How much the model's gates let this evidence say to this user; 0: it is not asked.
  [[nodiscard]] virtual float Gate(const UserView& view) const = 0;
  /// scores[i] += gate * evidence(view, i) for all ranked items.  REQUIRES: scores [view.num_items()].
  virtual void Score(const UserView& view, float gate, std::span<float> scores) const = 0;
  /// Score for several users of one graph at once, row v of scores [views x num_items()] for views[v] with gates[v]:
  /// the same bits, fewer passes over the items.
  virtual void ScoreBlock(std::span<const UserView> views, std::span<const float> gates, std::span<float> scores) const;
  /// Appends to terms[n] the terms of gate * evidence(view, items[n]), one a neighbour, also those that add 0; they sum
  /// to what Score added (to rounding), and the attention of a via to 1.  What depends on the user alone is computed
  /// once.
  virtual void Explain(const UserView& view, float gate, std::span<const std::uint32_t> items,
                       std::span<std::vector<Contribution>> terms) const = 0;
};

/// In the order in which the ranker adds them up.
enum class EvidenceKind : std::uint8_t { kLearned, kKernel, kNeighbours, kFriends, kFriendsOfFriends, kPopular };
/// Null where the model lacks what the evidence reads.  The model is borrowed.
[[nodiscard]] std::unique_ptr<const Evidence> MakeEvidence(EvidenceKind kind, const Model& model);
/// Those whose gate is open for somebody, in the order of EvidenceKind.
[[nodiscard]] std::vector<std::unique_ptr<const Evidence>> MakeEvidences(const Model& model);

}  // namespace kith
