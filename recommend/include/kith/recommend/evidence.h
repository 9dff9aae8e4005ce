/// Evidence: one reason why a user may like an item, scored against all items, and explained item by item.
///
/// score(u, i) = sum over evidences of gate * evidence(u, i); every evidence is a weighted aggregation over the user's
/// neighbours (own items, friends, everyone), so each hands back the terms of its own sum: explanations are the
/// computation itself.  A closed gate's evidence is not called.
/// Threads: const calls from anywhere; a Workspace belongs to one call.
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
/// kModel); `attention` its share within its via, 0..1.
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
  std::uint32_t user = 0;                      ///< dense id
  std::vector<std::uint32_t> items;            ///< live items that the model knows, ascending
  std::vector<std::uint32_t> seen;             ///< all live items, ascending
  std::vector<std::uint32_t> friends;          ///< live friends (kTrusts), ascending
  std::vector<float> z;                        ///< [d] live vector, not normalised; empty without learned vectors
  std::vector<float> item_weights;             ///< [items x heads] a_uj of the live vector

  [[nodiscard]] bool has_items() const noexcept { return !items.empty(); }
};
/// Collects the live facts and encodes z.
[[nodiscard]] UserView MakeUserView(const SocialGraph& graph, const Model& model, UserId user);

class Evidence {
 public:
  virtual ~Evidence() = default;
  /// scores[i] += gate(view) * evidence(view, i) for all items of the model.
  virtual void Score(const UserView& view, std::span<float> scores) const = 0;
  /// Appends the terms of gate * evidence(view, item); they sum to what Score added (to rounding).
  virtual void Explain(const UserView& view, std::uint32_t item, std::vector<Contribution>& terms) const = 0;
};

/// The open evidences of the model, in a fixed order.
[[nodiscard]] std::vector<std::unique_ptr<const Evidence>> MakeEvidences(const Model& model);

}  // namespace kith
