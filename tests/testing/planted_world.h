/// A small world whose structure is known: users and items belong to taste groups, friends share tastes, and part of
/// every user's interactions is copied from friends.  Whoever learns well must beat chance on it, and friends must pay.
///
/// With `shuffled_friends` the interactions stay as they are and every friendship names a random user instead: the
/// numbers of edges are the same, but friends say nothing.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <set>
#include <vector>

#include "kith/base/parallel.h"
#include "kith/base/rng.h"
#include "kith/graph/social_graph.h"

namespace kith::testing {

struct PlantedWorldOptions {
  std::uint32_t users = 240, items = 180;
  std::uint32_t groups = 6;       ///< user u and item i belong to group u % groups, i % groups
  std::uint32_t own = 8;          ///< draws of a user on its own, repeats lost
  std::uint32_t copied = 6;       ///< draws from friends' own items, repeats lost
  std::uint32_t friends = 4;      ///< of every user
  float own_taste = 0.6F;         ///< share of own draws within the group; the others are anywhere
  float kindred = 0.7F;           ///< share of friends within the group
  bool shuffled_friends = false;  ///< friendships name random users; the interactions are untouched
  std::uint64_t seed = 1;
};

struct PlantedWorld {
  std::shared_ptr<const SocialGraph> graph;
  std::uint32_t groups = 0;

  [[nodiscard]] std::uint32_t group(UserId user) const { return index(user) % groups; }
  [[nodiscard]] std::uint32_t group(ItemId item) const { return index(item) % groups; }
};

[[nodiscard]] inline PlantedWorld MakePlantedWorld(const Runtime& runtime, const PlantedWorldOptions& options = {}) {
  const auto draws = [&](std::uint64_t stage, std::uint32_t user) {
    return Rng(options.seed, Purpose::kTest, stage, user);
  };
  /// One of the `n` members of a group, or any.
  const auto member = [&](const Rng& rng, std::uint32_t draw, std::uint32_t n, std::uint32_t group, float share) {
    if (rng.uniform(2 * draw) >= share) return rng.bounded(2 * draw + 1, n);
    const std::uint32_t of_group = (n - group + options.groups - 1) / options.groups;
    return group + options.groups * rng.bounded(2 * draw + 1, of_group);
  };

  std::vector<std::set<std::uint32_t>> own(options.users), friends(options.users);
  for (std::uint32_t u = 0; u < options.users; ++u) {
    const Rng items = draws(0, u), people = draws(1, u);
    for (std::uint32_t i = 0; i < options.own; ++i) {
      own[u].insert(member(items, i, options.items, u % options.groups, options.own_taste));
    }
    for (std::uint32_t i = 0; friends[u].size() < options.friends; ++i) {
      const std::uint32_t other = member(people, i, options.users, u % options.groups, options.kindred);
      if (other != u) friends[u].insert(other);
    }
  }

  std::vector<Edge> likes, trusts;
  for (std::uint32_t u = 0; u < options.users; ++u) {
    const Rng copies = draws(2, u), strangers = draws(3, u);
    std::set<std::uint32_t> items = own[u];
    for (std::uint32_t i = 0; i < options.copied; ++i) {
      const auto other = std::next(friends[u].begin(), copies.bounded(2 * i, options.friends));
      const auto& shelf = own[*other];
      items.insert(*std::next(shelf.begin(), copies.bounded(2 * i + 1, static_cast<std::uint32_t>(shelf.size()))));
    }
    for (const std::uint32_t item : items) likes.push_back({u, item});
    std::set<std::uint32_t> named = friends[u];
    if (options.shuffled_friends) {
      named.clear();
      for (std::uint32_t i = 0; named.size() < options.friends; ++i) {
        const std::uint32_t other = strangers.bounded(i, options.users);
        if (other != u) named.insert(other);
      }
    }
    for (const std::uint32_t other : named) trusts.push_back({u, other});
  }
  return {
      SocialGraph::Build(runtime, options.users, options.items, likes, trusts, "planted", likes.size() + trusts.size())
          .value(),
      options.groups};
}

}  // namespace kith::testing
