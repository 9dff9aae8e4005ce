#include "kith/graph/statistics.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "graph/random_graph.h"
#include "testing/toy_graph.h"

namespace kith {
namespace {

/// The second way: a matrix of the undirected simple union.
using Adjacency = std::vector<std::vector<bool>>;

Adjacency Matrix(const SocialGraph& graph) {
  Adjacency adjacent(graph.num_nodes(), std::vector<bool>(graph.num_nodes()));
  const auto join = [&](std::uint32_t a, std::uint32_t b) {
    if (a != b) adjacent[a][b] = adjacent[b][a] = true;
  };
  for (const Edge& edge : graph.Edges(Relation::kInteracts)) join(edge.source, graph.num_users() + edge.target);
  for (const Edge& edge : graph.Edges(Relation::kTrusts)) join(edge.source, edge.target);
  return adjacent;
}

std::uint32_t Degree(const Adjacency& adjacent, std::size_t v) {
  return static_cast<std::uint32_t>(std::count(adjacent[v].begin(), adjacent[v].end(), true));
}

/// Sizes of the components, by union-find.
std::vector<std::uint32_t> ComponentSizes(const Adjacency& adjacent) {
  std::vector<std::uint32_t> parent(adjacent.size());
  std::iota(parent.begin(), parent.end(), 0U);
  const auto root = [&](std::uint32_t v) {
    while (parent[v] != v) v = parent[v] = parent[parent[v]];
    return v;
  };
  for (std::uint32_t u = 0; u < adjacent.size(); ++u) {
    for (std::uint32_t v = 0; v < u; ++v) {
      if (adjacent[u][v]) parent[root(u)] = root(v);
    }
  }
  std::vector<std::uint32_t> sizes(adjacent.size());
  for (std::uint32_t v = 0; v < adjacent.size(); ++v) ++sizes[root(v)];
  std::erase(sizes, 0U);
  return sizes;
}

/// The largest k that survives peeling all nodes of fewer than k neighbours, again and again.
std::uint32_t MaxCoreByPeeling(const Adjacency& adjacent) {
  for (std::uint32_t k = 1;; ++k) {
    Adjacency left = adjacent;
    for (bool peeled = true; peeled;) {
      peeled = false;
      for (std::size_t v = 0; v < left.size(); ++v) {
        if (Degree(left, v) == 0 || Degree(left, v) >= k) continue;
        for (std::size_t u = 0; u < left.size(); ++u) left[u][v] = left[v][u] = false;
        peeled = true;
      }
    }
    const bool empty = std::all_of(left.begin(), left.end(), [](const std::vector<bool>& row) {
      return std::find(row.begin(), row.end(), true) == row.end();
    });
    if (empty) return k - 1;
  }
}

double ClusteringByTriples(const Adjacency& adjacent, std::uint32_t users) {
  double sum = 0;
  int with_friends = 0;
  for (std::size_t u = 0; u < users; ++u) {
    int pairs = 0, closed = 0, friends = 0;
    for (std::size_t a = 0; a < users; ++a) {
      friends += adjacent[u][a] ? 1 : 0;
      for (std::size_t b = 0; b < a; ++b) {
        pairs += adjacent[u][a] && adjacent[u][b] ? 1 : 0;
        closed += adjacent[u][a] && adjacent[u][b] && adjacent[a][b] ? 1 : 0;
      }
    }
    with_friends += friends > 0 ? 1 : 0;
    sum += pairs == 0 ? 0.0 : static_cast<double>(closed) / pairs;
  }
  return with_friends == 0 ? 0.0 : sum / with_friends;
}

/// The fixed point of r = 0.15 + 0.85 P r, by more rounds than the statistics take.
std::vector<double> PageRank(const Adjacency& adjacent) {
  std::vector<double> rank(adjacent.size(), 1.0);
  for (int round = 0; round < 200; ++round) {
    std::vector<double> next(adjacent.size(), 0.15);
    for (std::size_t u = 0; u < adjacent.size(); ++u) {
      for (std::size_t v = 0; v < adjacent.size(); ++v) {
        if (adjacent[u][v]) next[v] += 0.85 * rank[u] / Degree(adjacent, u);
      }
    }
    rank = next;
  }
  return rank;
}

TEST(Statistics, OfTheToyAreThoseCountedByHand) {
  const Runtime runtime(2);
  const GraphStatistics s = ComputeStatistics(runtime, *testing::ToyGraph(runtime));
  EXPECT_EQ(s.users, 5U);
  EXPECT_EQ(s.items, 6U);
  EXPECT_EQ(s.interactions, 11U);
  EXPECT_EQ(s.social_edges, 4U);
  EXPECT_EQ(s.components, 1U);
  EXPECT_EQ(s.largest_component, 11U);
  EXPECT_EQ(s.max_core, 2U) << "all but iliad; no item has three users";
  EXPECT_FALSE(s.time_range.has_value());
  EXPECT_DOUBLE_EQ(s.user_items.mean, 11.0 / 5.0);
  EXPECT_EQ(s.user_items.max, 3U);
  EXPECT_DOUBLE_EQ(s.item_users.mean, 11.0 / 6.0);
  EXPECT_EQ(s.item_users.max, 2U);
  EXPECT_DOUBLE_EQ(s.user_friends.mean, 4.0 / 5.0);
  EXPECT_EQ(s.user_friends.max, 1U);
  EXPECT_EQ(s.mean_clustering, 0.0) << "no three friends know each other";
  EXPECT_EQ(s.top_items.size(), 6U);
  EXPECT_EQ(s.top_items.back().item, ItemId{5}) << "iliad has one reader";
}

TEST(Statistics, CountAnIsolatedUserAsAComponentOfItsOwn) {
  const Runtime runtime(1);
  const auto grown = testing::ToyGraph(runtime)->WithEdges({}, 6, 7, 16);
  const GraphStatistics s = ComputeStatistics(runtime, *grown);
  EXPECT_EQ(s.components, 3U);
  EXPECT_EQ(s.largest_component, 11U);
}

TEST(Statistics, GiveTheClusteringOfATriangleWithATail) {
  const Runtime runtime(1);
  const std::vector<Edge> friendships = {{0, 1}, {1, 2}, {2, 0}, {3, 0}};
  const auto graph = SocialGraph::Build(runtime, 6, 0, {}, friendships).value();
  EXPECT_DOUBLE_EQ(ComputeStatistics(runtime, *graph).mean_clustering, (1.0 / 3.0 + 1.0 + 1.0 + 0.0) / 4.0);
  EXPECT_EQ(ComputeStatistics(runtime, *graph).max_core, 2U);
}

TEST(Statistics, TakeTheTimeRangeFromTheEdgesThatHaveATime) {
  const Runtime runtime(1);
  const std::vector<Edge> interactions = {{0, 0, 1.0F, 70}, {0, 1}, {1, 0, 1.0F, 30}}, friendships = {{0, 1, 1.0F, 90}};
  const auto graph = SocialGraph::Build(runtime, 2, 2, interactions, friendships).value();
  EXPECT_EQ(ComputeStatistics(runtime, *graph).time_range, std::pair(std::int64_t{30}, std::int64_t{90}));
}

TEST(Statistics, AgreeWithBruteForceOnRandomGraphs) {
  const Runtime runtime(2);
  for (std::uint32_t seed = 0; seed < 24; ++seed) {
    const std::uint32_t interactions = 10 + 12 * seed, friendships = seed % 4 == 0 ? 0 : 15 * (seed % 7);
    const auto graph = testing::RandomGraph(runtime, seed, 30, 25, interactions, friendships);
    const Adjacency adjacent = Matrix(*graph);
    const GraphStatistics s = ComputeStatistics(runtime, *graph);
    const std::vector<std::uint32_t> sizes = ComponentSizes(adjacent);
    EXPECT_EQ(s.components, sizes.size());
    EXPECT_EQ(s.largest_component, *std::max_element(sizes.begin(), sizes.end()));
    EXPECT_EQ(s.max_core, MaxCoreByPeeling(adjacent));
    EXPECT_NEAR(s.mean_clustering, ClusteringByTriples(adjacent, 30), 1e-12);

    const std::vector<double> rank = PageRank(adjacent);
    std::vector<double> item_ranks(rank.begin() + 30, rank.end());
    std::sort(item_ranks.rbegin(), item_ranks.rend());
    ASSERT_EQ(s.top_items.size(), 10U);
    for (std::size_t i = 0; i < s.top_items.size(); ++i) {
      EXPECT_NEAR(s.top_items[i].rank, rank[30 + index(s.top_items[i].item)], 0.002 * s.top_items[i].rank);
      EXPECT_NEAR(s.top_items[i].rank, item_ranks[i], 0.002 * item_ranks[i]);
    }
  }
}

TEST(Statistics, AreTheSameOnOneTwoAndEightThreads) {
  const Runtime one(1);
  const auto graph = testing::RandomGraph(one, 3, 2000, 1500, 20000, 9000);
  const GraphStatistics expected = ComputeStatistics(one, *graph);
  for (int threads : {2, 8}) {
    const Runtime runtime(threads);
    const GraphStatistics s = ComputeStatistics(runtime, *graph);
    EXPECT_EQ(s.mean_clustering, expected.mean_clustering);
    EXPECT_EQ(s.components, expected.components);
    ASSERT_EQ(s.top_items.size(), expected.top_items.size());
    for (std::size_t i = 0; i < s.top_items.size(); ++i) EXPECT_EQ(s.top_items[i].rank, expected.top_items[i].rank);
  }
}

TEST(Statistics, OfTheSmallestGraphsAreFinite) {
  const Runtime runtime(1);
  const GraphStatistics none = ComputeStatistics(runtime, *SocialGraph::Build(runtime, 0, 0, {}, {}).value());
  EXPECT_EQ(none.components, 0U);
  EXPECT_EQ(none.largest_component, 0U);
  EXPECT_EQ(none.max_core, 0U);
  EXPECT_EQ(none.user_items.mean, 0.0);
  EXPECT_TRUE(none.top_items.empty());
  const std::vector<Edge> edge = {{0, 0}};
  const GraphStatistics single = ComputeStatistics(runtime, *SocialGraph::Build(runtime, 1, 1, edge, {}).value());
  EXPECT_EQ(single.components, 1U);
  EXPECT_EQ(single.max_core, 1U);
  ASSERT_EQ(single.top_items.size(), 1U);
  EXPECT_NEAR(single.top_items[0].rank, 1.0, 0.001);
}

}  // namespace
}  // namespace kith
