#include "kith/graph/undirected.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <utility>

#include "graph/random_graph.h"
#include "testing/toy_graph.h"

namespace kith {
namespace {

using ::testing::ElementsAre;

using Pairs = std::set<std::pair<std::uint32_t, std::uint32_t>>;

Pairs Listed(const Csr& csr) {
  Pairs pairs;
  for (std::uint32_t row = 0; row < csr.num_rows(); ++row) {
    for (std::uint32_t target : csr.neighbors(row)) pairs.emplace(row, target);
  }
  return pairs;
}

void InsertBothWays(Pairs& pairs, std::uint32_t a, std::uint32_t b) {
  if (a == b) return;
  pairs.emplace(a, b);
  pairs.emplace(b, a);
}

TEST(UndirectedUnion, OfTheToyShowsFriendsThenItemsToAUser) {
  const Runtime runtime(2);
  const Csr everything = UndirectedUnion(runtime, *testing::ToyGraph(runtime));
  EXPECT_EQ(everything.num_edges(), 2U * (11 + 3)) << "ann and bob trust each other: one edge";
  EXPECT_THAT(everything.neighbors(0), ElementsAre(1, 5, 6));
  EXPECT_THAT(everything.neighbors(2), ElementsAre(3, 4, 6, 7, 8));
  EXPECT_THAT(everything.neighbors(10), ElementsAre(4));
}

TEST(UndirectedUnion, IsTheSymmetricSetOfAllEdgesWithoutLoopsOverlayIncluded) {
  const Runtime runtime(2);
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    const auto frozen = testing::RandomGraph(runtime, seed, 40, 30, 200, 150);  // random friendships hold loops
    std::vector<EdgeChange> changes;
    for (const Edge& edge : testing::RandomEdges(seed + 50, 44, 44, 60)) {
      changes.push_back({Relation::kTrusts, edge, edge.weight > 4.0F});
    }
    const auto graph = frozen->WithEdges(changes, 44, 30, 1);
    Pairs friends, everything;
    for (const Edge& edge : graph->Edges(Relation::kTrusts)) InsertBothWays(friends, edge.source, edge.target);
    everything = friends;
    for (const Edge& edge : graph->Edges(Relation::kInteracts))
      InsertBothWays(everything, edge.source, 44 + edge.target);

    const Csr whole = UndirectedUnion(runtime, *graph), social = UndirectedFriends(runtime, *graph);
    CheckOk(whole.Check());
    CheckOk(social.Check());
    EXPECT_EQ(whole.num_rows(), 74U);
    EXPECT_EQ(social.num_rows(), 44U);
    EXPECT_EQ(Listed(whole), everything);
    EXPECT_EQ(Listed(social), friends);
  }
}

}  // namespace
}  // namespace kith
