#include "demo/world.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "demo/names.h"
#include "kith/graph/event.h"

namespace kith::tools {
namespace {

using Pairs = std::vector<std::pair<std::uint32_t, std::uint32_t>>;

/// Share of `pairs` (user, item) where somebody that `friends_of` names for the user has the item in the train part.
double FriendsHaveShare(const World& world, const Pairs& pairs,
                        const std::map<std::uint32_t, std::vector<std::uint32_t>>& friends_of) {
  const std::set<std::pair<std::uint32_t, std::uint32_t>> known(world.interactions.begin(), world.interactions.end());
  std::size_t hits = 0;
  for (const auto& [user, item] : pairs) {
    const auto friends = friends_of.find(user);
    if (friends == friends_of.end()) continue;
    hits += std::any_of(friends->second.begin(), friends->second.end(), [&, wanted = item](std::uint32_t other) {
      return known.contains({other, wanted});
    });
  }
  return static_cast<double>(hits) / static_cast<double>(pairs.size());
}

std::map<std::uint32_t, std::vector<std::uint32_t>> FriendLists(const World& world) {
  std::map<std::uint32_t, std::vector<std::uint32_t>> lists;
  for (const auto& [user, other] : world.friendships) lists[user].push_back(other);
  return lists;
}

bool OwnTaste(const World& world, std::uint32_t user, std::uint32_t item) {
  const auto& own = world.user_tastes[user];
  return std::find(own.begin(), own.end(), world.item_taste[item]) != own.end();
}

TEST(World, IsTheSameForTheSameSeedAndAnotherForAnother) {
  const World a = MakeWorld({.seed = 7}), b = MakeWorld({.seed = 7}), c = MakeWorld({.seed = 8});
  EXPECT_EQ(a.users, b.users);
  EXPECT_EQ(a.items, b.items);
  EXPECT_EQ(a.interactions, b.interactions);
  EXPECT_EQ(a.held_out, b.held_out);
  EXPECT_EQ(a.friendships, b.friendships);
  EXPECT_EQ(a.guest, b.guest);
  EXPECT_NE(a.interactions, c.interactions);
  EXPECT_NE(a.friendships, c.friendships);
}

TEST(World, GivesEveryUserAndItemADistinctLegalName) {
  const World world = MakeWorld({.users = 2000, .items = 1500});
  std::set<std::string> users(world.users.begin(), world.users.end()), keys, names;
  EXPECT_EQ(users.size(), 2000U);
  for (const auto& [key, name] : world.items) {
    EXPECT_TRUE(ValidateKey(key, "item key").ok()) << key;
    keys.insert(key);
    names.insert(name);
  }
  EXPECT_EQ(keys.size(), 1500U);
  EXPECT_EQ(names.size(), 1500U);
}

TEST(World, HoldsOutAFifthOfEveryUserWithAtLeastFive) {
  const World world = MakeWorld({});
  std::map<std::uint32_t, std::size_t> kept, held;
  for (const auto& [user, item] : world.interactions) ++kept[user];
  for (const auto& [user, item] : world.held_out) ++held[user];
  std::size_t small = 0;
  for (std::uint32_t user = 0; user < 1200; ++user) {
    const std::size_t all = kept[user] + held[user];
    EXPECT_GE(all, 2U);
    EXPECT_LE(all, 40U);
    EXPECT_EQ(held[user], all >= 5 ? all / 5 : 0) << world.users[user];
    small += all <= 3;
  }
  EXPECT_GT(small, 50U);
  EXPECT_LT(small, 200U);
}

TEST(World, NeverHoldsOutWhatItKeepsAndRepeatsNothing) {
  const World world = MakeWorld({});
  Pairs all = world.interactions;
  all.insert(all.end(), world.held_out.begin(), world.held_out.end());
  const std::set<std::pair<std::uint32_t, std::uint32_t>> distinct(all.begin(), all.end());
  EXPECT_EQ(distinct.size(), all.size());
}

TEST(World, MakesFriendshipsMutualAndNeverWithOneself) {
  const World world = MakeWorld({});
  const std::set<std::pair<std::uint32_t, std::uint32_t>> edges(world.friendships.begin(), world.friendships.end());
  EXPECT_EQ(edges.size(), world.friendships.size());
  for (const auto& [user, other] : edges) {
    EXPECT_NE(user, other);
    EXPECT_TRUE(edges.contains({other, user}));
  }
}

TEST(World, LetsFriendsShareTastesFarMoreOftenThanStrangers) {
  const World world = MakeWorld({});
  const auto same_first = [&](std::uint32_t a, std::uint32_t b) {
    return world.user_tastes[a].front() == world.user_tastes[b].front();
  };
  std::size_t friends = 0, strangers = 0, pairs = 0;
  for (const auto& [user, other] : world.friendships) friends += same_first(user, other);
  for (std::uint32_t a = 0; a < 1200; ++a) {
    for (std::uint32_t b = a + 1; b < 1200; ++b, ++pairs) strangers += same_first(a, b);
  }
  EXPECT_GT(static_cast<double>(friends) / static_cast<double>(world.friendships.size()), 0.6);
  EXPECT_LT(static_cast<double>(strangers) / static_cast<double>(pairs), 0.15);
}

TEST(World, CopiesAThirdOfTheInteractionsFromFriendsOutsideOnesOwnTastes) {
  const World world = MakeWorld({});
  Pairs foreign;
  for (const auto& pair : world.interactions) {
    if (!OwnTaste(world, pair.first, pair.second)) foreign.push_back(pair);
  }
  const double share = static_cast<double>(foreign.size()) / static_cast<double>(world.interactions.size());
  EXPECT_GT(share, 0.2);
  EXPECT_LT(share, 0.4);
  // A fifth of what the friends have is held out, so not every source is seen in the train part.
  EXPECT_GT(FriendsHaveShare(world, foreign, FriendLists(world)), 0.75);
}

TEST(World, FriendsForetellHeldOutInteractionsAndShuffledFriendsDoNot) {
  const World world = MakeWorld({});
  Pairs foreign;
  for (const auto& pair : world.held_out) {
    if (!OwnTaste(world, pair.first, pair.second)) foreign.push_back(pair);
  }
  const auto friends = FriendLists(world);
  // The same lists handed to other users: degrees stay, the meaning goes.
  std::map<std::uint32_t, std::vector<std::uint32_t>> shuffled;
  for (const auto& [user, list] : friends) shuffled[(user + 601) % 1200] = list;
  const double real = FriendsHaveShare(world, foreign, friends), null = FriendsHaveShare(world, foreign, shuffled);
  EXPECT_GT(real, 0.75);
  EXPECT_LT(null, 0.3);
}

TEST(World, FavoursTheFirstItemsOfATasteByAPowerLaw) {
  const World world = MakeWorld({});
  std::vector<std::size_t> degree(800, 0);
  for (const auto& [user, item] : world.interactions) ++degree[item];
  std::size_t first = 0, last = 0;  // the ten first and the ten last ranks of all tastes
  for (std::uint32_t item = 0; item < 160; ++item) first += degree[item];
  for (std::uint32_t item = 640; item < 800; ++item) last += degree[item];
  EXPECT_GT(first, 3 * last);
  EXPECT_GT(last, 0U);
}

TEST(World, IsLegalHoweverSmall) {
  for (const std::uint32_t size : {1U, 2U, 5U}) {
    const World world = MakeWorld({.users = size, .items = size});
    EXPECT_EQ(world.users.size(), size);
    EXPECT_EQ(world.items.size(), size);
    EXPECT_FALSE(world.interactions.empty());
    EXPECT_LT(world.guest, size);
  }
}

}  // namespace
}  // namespace kith::tools
