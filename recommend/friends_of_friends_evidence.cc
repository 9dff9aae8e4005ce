#include <algorithm>
#include <cmath>

#include "close_users.h"
#include "evidences.h"

namespace kith {
namespace {

constexpr std::size_t kKept = 300;
/// Friendships that are looked at for one answer, those of the friends with the fewest first: a bound on what a user
/// with popular friends may cost.
constexpr std::size_t kMostEdges = std::size_t{1} << 18;

/// Friends of friends, all live, with n friends and n_f friends of friend f:
///   c(u, v) = sum over friends f of both of 1 / n_f;   the 300 closest with items are kept, ties by smaller id
///   w(u, i) = n^-1/2 sum over kept v of c(u, v) x_vi / sqrt(d_v)
/// It is the friends' evidence one step further: two steps of a walk over friendships, on the scale of one.
class FriendsOfFriendsEvidence final : public Evidence {
 public:
  explicit FriendsOfFriendsEvidence(const Model& model) : model_(model) {}

  [[nodiscard]] float Gate(const UserView& view) const override {
    if (view.friends.empty()) return 0.0F;
    return view.has_items() ? model_.gates.friends_of_friends : model_.gates.cold_friends_of_friends;
  }

  void Score(const UserView& view, float gate, std::span<float> scores) const override {
    for (const CloseUser& close : Find(view)) {
      const auto items = ItemsOf(view, close);
      const float weight = Weight(view, close, items.size(), gate);
      for (const std::uint32_t item : items) scores[item] += weight;
    }
  }

  void Explain(const UserView& view, float gate, std::span<const std::uint32_t> items,
               std::span<std::vector<Contribution>> terms) const override {
    const std::vector<CloseUser> found = Find(view);
    double total = 0;
    for (const CloseUser& close : found) total += close.weight;
    for (const CloseUser& close : found) {
      const auto theirs = ItemsOf(view, close);
      const float weight = Weight(view, close, theirs.size(), gate);
      for (std::size_t n = 0; n < items.size(); ++n) {
        const bool has = std::binary_search(theirs.begin(), theirs.end(), items[n]);
        terms[n].push_back(
            {Via::kFriendOfFriend, close.user, static_cast<float>(close.weight / total), has ? weight : 0.0F});
      }
    }
  }

 private:
  [[nodiscard]] static std::span<const std::uint32_t> ItemsOf(const UserView& view, const CloseUser& v) noexcept {
    return view.graph->items(UserId{v.user}).targets;
  }
  [[nodiscard]] static float Weight(const UserView& view, const CloseUser& v, std::size_t degree, float gate) noexcept {
    const double company = static_cast<double>(view.friends.size()) * static_cast<double>(degree);
    return static_cast<float>(gate * v.weight / std::sqrt(company));
  }

  /// The kept ones by id.
  [[nodiscard]] static std::vector<CloseUser> Find(const UserView& view) {
    const SocialGraph& graph = *view.graph;
    std::vector<std::uint32_t> order = view.friends;
    std::stable_sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
      return graph.friends(UserId{a}).size() < graph.friends(UserId{b}).size();
    });
    std::vector<double> closeness(graph.num_users(), 0.0);
    std::vector<CloseUser> met;
    std::size_t edges = 0;
    for (const std::uint32_t other : order) {
      const auto theirs = graph.friends(UserId{other}).targets;
      if (theirs.empty()) continue;
      edges += theirs.size();
      if (edges > kMostEdges && !met.empty()) break;
      const double share = 1.0 / static_cast<double>(theirs.size());
      for (const std::uint32_t v : theirs) {
        if (v == view.user || graph.items(UserId{v}).empty()) continue;
        if (closeness[v] == 0) met.push_back({v, 0.0});
        closeness[v] += share;
      }
    }
    for (CloseUser& close : met) close.weight = closeness[close.user];
    KeepHeaviest(kKept, met);
    return met;
  }

  const Model& model_;
};

}  // namespace

std::unique_ptr<const Evidence> MakeFriendsOfFriendsEvidence(const Model& model) {
  return std::make_unique<FriendsOfFriendsEvidence>(model);
}

}  // namespace kith
