/// The demo's world: seeded users with planted tastes, friends that matter, items with readable names.
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
  std::vector<std::string> users;                                   ///< keys
  std::vector<std::pair<std::string, std::string>> items;           ///< key, readable name
  std::vector<std::pair<std::uint32_t, std::uint32_t>> interactions;  ///< (user, item), train part
  std::vector<std::pair<std::uint32_t, std::uint32_t>> held_out;      ///< (user, item), kept from the store
  std::vector<std::pair<std::uint32_t, std::uint32_t>> friendships;   ///< (user, friend)
  std::uint32_t guest = 0;                                            ///< the user whose answers the demo prints
};

/// Same options, same world, everywhere.
[[nodiscard]] World MakeWorld(const WorldOptions& options);

}  // namespace kith::tools
