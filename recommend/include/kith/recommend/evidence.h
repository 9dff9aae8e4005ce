/// Evidence: one reason why a user may like an item, scored against all items, and explained item by item.
///
/// score(u, i) = sum over evidences of gate * evidence(u, i); every evidence is a weighted aggregation over the user's
/// neighbours (own items, friends, everyone), so each hands back the terms of its own sum: explanations are the
/// computation itself.  A closed gate's evidence is not called.
/// Threads: const calls from anywhere.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "kith/graph/social_graph.h"
#include "kith/recommend/model.h"

namespace kith {

/// Where a term of the score comes from; in JSON: item, friend, neighbour, popular, model.
enum class Via : std::uint8_t { kItem, kFriend, kNeighbour, kPopular, kModel };
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

/// What the ranker knows about the asking user at this moment, from the live graph.
struct UserView {
  const SocialGraph* graph = nullptr;
  const Model* model = nullptr;
  std::uint32_t user = 0;                ///< dense id
  std::vector<std::uint32_t> items;      ///< live items with edges in the model, ascending: d_u of them
  std::vector<std::uint32_t> seen;       ///< all live items, ascending
  std::vector<std::uint32_t> friends;    ///< live friends (kTrusts), ascending
  std::vector<float> friend_weights;     ///< [friends] a_uf, sums to 1 over friends with items, 0 for the others
  std::uint32_t friends_with_items = 0;  ///< friends with at least one item that the model ranks
  std::vector<float> z;                  ///< [d] live vector, not normalised; empty without learned vectors
  std::vector<float> item_weights;       ///< [items x heads] a_uj of the live vector

  [[nodiscard]] bool has_items() const noexcept { return !items.empty(); }
  /// Nothing is known about the user: popular items are the answer.
  [[nodiscard]] bool fallback() const noexcept { return seen.empty() && friends.empty(); }
};
/// Collects the live facts and encodes z.  A user the graph does not know has no edges: fallback().
/// Borrows graph and model, which must outlive the view.  Cost: O(d_u d + sum of friends' rows looked at once).
[[nodiscard]] UserView MakeUserView(const SocialGraph& graph, const Model& model, UserId user);
/// The same into a view that exists: its memory is used again.
void FillUserView(const SocialGraph& graph, const Model& model, UserId user, UserView& view);
/// The items of a row that the model ranks: ids below num_items, of which a sorted row has a prefix.
[[nodiscard]] std::span<const std::uint32_t> RankedPrefix(std::span<const std::uint32_t> items,
                                                          const Model& model) noexcept;

class Evidence {
 public:
  virtual ~Evidence() = default;
  /// scores[i] += gate(view) * evidence(view, i) for all items of the model.
  virtual void Score(const UserView& view, std::span<float> scores) const = 0;
  /// Score for several users at once, row v of scores [views x I] for views[v]: the same bits, fewer passes over the
  /// items.
  virtual void ScoreBlock(std::span<const UserView> views, std::span<float> scores) const;
  /// Appends to terms[n] the terms of gate * evidence(view, items[n]), one a neighbour, also those that add 0; they sum
  /// to what Score added (to rounding), and the attention of a via to 1.  What depends on the user alone is computed
  /// once.
  virtual void Explain(const UserView& view, std::span<const std::uint32_t> items,
                       std::span<std::vector<Contribution>> terms) const = 0;
};

/// The open evidences of the model, in a fixed order.
[[nodiscard]] std::vector<std::unique_ptr<const Evidence>> MakeEvidences(const Model& model);

}  // namespace kith
