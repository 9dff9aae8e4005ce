/// The demo's world: seeded users with planted tastes, friends that matter, items with readable names.
///
/// Items belong to one taste each and are liked by a power law within it.  A user has one to three tastes, friends
/// who mostly share the first of them, and 12 to 40 interactions (one user in twelve has 3).  About a third of the
/// interactions are copied from friends and lie outside the user's own tastes: nothing but the friendship foretells
/// them.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace kith::tools {

struct WorldOptions {
  std::uint32_t users = 1200;
  std::uint32_t items = 800;
  std::uint64_t seed = 1;
};

struct World {
  std::vector<std::string> users;                                     ///< keys
  std::vector<std::pair<std::string, std::string>> items;             ///< key, readable name
  std::vector<std::pair<std::uint32_t, std::uint32_t>> interactions;  ///< (user, item), train part
  std::vector<std::pair<std::uint32_t, std::uint32_t>> held_out;      ///< (user, item), kept from the store
  std::vector<std::pair<std::uint32_t, std::uint32_t>> friendships;   ///< (user, friend), both directions
  std::uint32_t guest = 0;                                            ///< the user whose answers the demo prints

  std::vector<std::string> tastes;                      ///< names of the planted tastes
  std::vector<std::uint32_t> item_taste;                ///< per item
  std::vector<std::vector<std::uint32_t>> user_tastes;  ///< per user, the strongest first
};

/// Same options, same world, everywhere.  REQUIRES: users > 0, items > 0.
[[nodiscard]] World MakeWorld(const WorldOptions& options);

}  // namespace kith::tools
