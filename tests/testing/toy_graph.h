/// The toy graph of docs/tour.md: 5 users, 6 items, 11 interactions, 4 friendships. Small enough to draw.
///
///   ann  - dune, emma              ann trusts bob, bob trusts ann
///   bob  - dune, faust             cem trusts dee
///   cem  - emma, faust, gilgamesh  eli trusts cem
///   dee  - gilgamesh, hamlet
///   eli  - hamlet, iliad
#pragma once

#include <array>
#include <memory>
#include <string_view>

#include "kith/base/parallel.h"
#include "kith/graph/social_graph.h"

namespace kith::testing {

inline constexpr std::array<std::string_view, 5> kToyUsers = {"ann", "bob", "cem", "dee", "eli"};
inline constexpr std::array<std::string_view, 6> kToyItems = {"dune", "emma", "faust", "gilgamesh", "hamlet", "iliad"};
inline constexpr std::array<Edge, 11> kToyInteractions = {
    {{0, 0}, {0, 1}, {1, 0}, {1, 2}, {2, 1}, {2, 2}, {2, 3}, {3, 3}, {3, 4}, {4, 4}, {4, 5}}};
inline constexpr std::array<Edge, 4> kToyFriendships = {{{0, 1}, {1, 0}, {2, 3}, {4, 2}}};

[[nodiscard]] inline std::shared_ptr<const SocialGraph> ToyGraph(const Runtime& runtime) {
  return SocialGraph::Build(runtime, 5, 6, kToyInteractions, kToyFriendships, "toy", 15).value();
}

}  // namespace kith::testing
