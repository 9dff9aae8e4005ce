#include "world.h"

#include <algorithm>
#include <set>

#include "kith/base/rng.h"
#include "names.h"

namespace kith::tools {
namespace {

/// What a stream of numbers is for: the step of its key.
enum class Stage : std::uint64_t { kTastes = 0, kSize = 1, kFriends = 2, kLikes = 3, kCopies = 4, kHoldOut = 5 };

/// The numbers of one (stage, user), drawn one after the other.
class Draws {
 public:
  Draws(std::uint64_t seed, Stage stage, std::uint32_t user)
      : rng_(seed, Purpose::kWorld, static_cast<std::uint64_t>(stage), user) {}
  [[nodiscard]] float Uniform() { return rng_.uniform(next_++); }
  [[nodiscard]] std::uint32_t Below(std::uint32_t n) { return rng_.bounded(next_++, n); }

 private:
  Rng rng_;
  std::uint32_t next_ = 0;
};

constexpr float kCopiedShare = 0.35F;     ///< of a user's interactions that come from friends
constexpr float kKindredShare = 0.75F;    ///< of friends that are looked for among those of the same first taste
constexpr float kFirstTasteShare = 0.6F;  ///< of own interactions that fall into the strongest taste
constexpr std::uint32_t kAttempts = 64;   ///< draws before a wish that cannot be met is given up

using Items = std::set<std::uint32_t>;

class Maker {
 public:
  explicit Maker(const WorldOptions& options) : options_(options) {}

  World Make() {
    MakeItems();
    MakeUsers();
    MakeFriends();
    std::vector<Items> likes(options_.users);
    for (std::uint32_t user = 0; user < options_.users; ++user) likes[user] = OwnLikes(user);
    for (std::uint32_t user = 0; user < options_.users; ++user) HoldOut(user, WithCopies(user, likes));
    world_.guest = ChooseGuest();
    return std::move(world_);
  }

 private:
  void MakeItems() {
    by_taste_.resize(kNumTastes);
    for (std::uint32_t taste = 0; taste < kNumTastes; ++taste) world_.tastes.emplace_back(TasteName(taste));
    for (std::uint32_t item = 0; item < options_.items; ++item) {
      const std::uint32_t taste = item % kNumTastes;
      const std::string name = ItemName(taste, item / kNumTastes);
      world_.items.emplace_back(Slug(name), name);
      world_.item_taste.push_back(taste);
      by_taste_[taste].push_back(item);
    }
    // Popularity within a taste falls with the rank as 1 / (rank + 4); only divisions, so that every machine agrees.
    std::size_t most = 0;
    for (const auto& items : by_taste_) most = std::max(most, items.size());
    double sum = 0;
    for (std::size_t rank = 0; rank < most; ++rank) cumulative_.push_back(sum += 1.0 / static_cast<double>(rank + 4));
  }

  void MakeUsers() {
    const std::uint32_t tastes = std::min(kNumTastes, options_.items);  // tastes that have an item
    kindred_.resize(kNumTastes);
    for (std::uint32_t user = 0; user < options_.users; ++user) {
      world_.users.push_back(PersonName(user));
      Draws draws(options_.seed, Stage::kTastes, user);
      const float dice = draws.Uniform();
      const std::uint32_t wanted = std::min(tastes, dice < 0.3F ? 1U : dice < 0.75F ? 2U : 3U);
      std::vector<std::uint32_t> own;
      while (own.size() < wanted) {
        const std::uint32_t taste = draws.Below(tastes);
        if (std::find(own.begin(), own.end(), taste) == own.end()) own.push_back(taste);
      }
      kindred_[own.front()].push_back(user);
      world_.user_tastes.push_back(std::move(own));
      Draws size(options_.seed, Stage::kSize, user);
      sizes_.push_back(size.Below(12) == 0 ? 3 : 12 + size.Below(29));
    }
  }

  void MakeFriends() {
    friends_.resize(options_.users);
    for (std::uint32_t user = 0; user < options_.users; ++user) {
      Draws draws(options_.seed, Stage::kFriends, user);
      const std::uint32_t wishes = 2 + draws.Below(3);
      for (std::uint32_t i = 0; i < wishes; ++i) {
        const auto& kindred = kindred_[world_.user_tastes[user].front()];
        const std::uint32_t other = draws.Uniform() < kKindredShare
                                        ? kindred[draws.Below(static_cast<std::uint32_t>(kindred.size()))]
                                        : draws.Below(options_.users);
        if (other == user) continue;
        friends_[user].insert(other);
        friends_[other].insert(user);
      }
    }
    for (std::uint32_t user = 0; user < options_.users; ++user) {
      for (const std::uint32_t other : friends_[user]) world_.friendships.emplace_back(user, other);
    }
  }

  [[nodiscard]] bool OwnTaste(std::uint32_t user, std::uint32_t item) const {
    const auto& own = world_.user_tastes[user];
    return std::find(own.begin(), own.end(), world_.item_taste[item]) != own.end();
  }

  /// As many items of the user's own tastes as are not to be copied, by popularity.
  Items OwnLikes(std::uint32_t user) {
    Draws draws(options_.seed, Stage::kLikes, user);
    const auto& own = world_.user_tastes[user];
    const std::uint32_t wanted = sizes_[user] - CopiesWanted(user);
    Items likes;
    for (std::uint32_t attempt = 0; likes.size() < wanted && attempt < kAttempts * wanted; ++attempt) {
      std::uint32_t taste = own.front();
      if (own.size() > 1 && draws.Uniform() >= kFirstTasteShare) {
        taste = own[1 + draws.Below(static_cast<std::uint32_t>(own.size()) - 1)];
      }
      const auto& items = by_taste_[taste];
      const double point = static_cast<double>(draws.Uniform()) * cumulative_[items.size() - 1];
      const auto rank = std::upper_bound(cumulative_.begin(),
                                         cumulative_.begin() + static_cast<std::ptrdiff_t>(items.size()) - 1, point) -
                        cumulative_.begin();
      likes.insert(items[static_cast<std::size_t>(rank)]);
    }
    return likes;
  }

  [[nodiscard]] std::uint32_t CopiesWanted(std::uint32_t user) const {
    return friends_[user].empty() ? 0 : static_cast<std::uint32_t>(kCopiedShare * static_cast<float>(sizes_[user]));
  }

  /// The user's likes and what was taken over from friends: things of theirs outside the user's own tastes.
  Items WithCopies(std::uint32_t user, const std::vector<Items>& likes) {
    Draws draws(options_.seed, Stage::kCopies, user);
    const std::vector<std::uint32_t> friends(friends_[user].begin(), friends_[user].end());
    const std::size_t wanted = likes[user].size() + CopiesWanted(user);
    Items all = likes[user];
    for (std::uint32_t attempt = 0; all.size() < wanted && attempt < kAttempts; ++attempt) {
      const Items& theirs = likes[friends[draws.Below(static_cast<std::uint32_t>(friends.size()))]];
      if (theirs.empty()) continue;
      const std::uint32_t item = *std::next(theirs.begin(), draws.Below(static_cast<std::uint32_t>(theirs.size())));
      if (!OwnTaste(user, item)) all.insert(item);
    }
    return all;
  }

  /// A fifth of the user's items goes to the held-out part, where there are at least five.
  void HoldOut(std::uint32_t user, const Items& items) {
    std::vector<std::uint32_t> order(items.begin(), items.end());
    Draws draws(options_.seed, Stage::kHoldOut, user);
    for (std::size_t i = order.size(); i > 1; --i)
      std::swap(order[i - 1], order[draws.Below(static_cast<std::uint32_t>(i))]);
    const std::size_t held_out = order.size() >= 5 ? order.size() / 5 : 0;
    std::sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(held_out));
    std::sort(order.begin() + static_cast<std::ptrdiff_t>(held_out), order.end());
    for (std::size_t i = 0; i < order.size(); ++i)
      (i < held_out ? world_.held_out : world_.interactions).emplace_back(user, order[i]);
  }

  /// Somebody of middling activity with two tastes and some friends, or the first user.
  [[nodiscard]] std::uint32_t ChooseGuest() const {
    for (std::uint32_t user = 0; user < options_.users; ++user) {
      if (world_.user_tastes[user].size() == 2 && sizes_[user] >= 16 && sizes_[user] <= 26 &&
          friends_[user].size() >= 5 && friends_[user].size() <= 8) {
        return user;
      }
    }
    return 0;
  }

  WorldOptions options_;
  World world_;
  std::vector<std::vector<std::uint32_t>> by_taste_;  ///< items, the most popular first
  std::vector<double> cumulative_;                    ///< popularity of ranks, summed
  std::vector<std::vector<std::uint32_t>> kindred_;   ///< users by their first taste
  std::vector<std::uint32_t> sizes_;                  ///< wanted interactions of a user
  std::vector<std::set<std::uint32_t>> friends_;
};

}  // namespace

World MakeWorld(const WorldOptions& options) { return Maker(options).Make(); }

}  // namespace kith::tools
