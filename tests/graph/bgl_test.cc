#include "kith/graph/bgl.h"

#include <gtest/gtest.h>

#include <boost/graph/breadth_first_search.hpp>
#include <boost/graph/clustering_coefficient.hpp>
#include <boost/graph/page_rank.hpp>
#include <boost/graph/strong_components.hpp>
#include <limits>
#include <queue>
#include <set>
#include <type_traits>
#include <utility>
#include <vector>

#include "graph/random_graph.h"
#include "kith/graph/csr_builder.h"
#include "kith/graph/statistics.h"
#include "kith/graph/undirected.h"
#include "testing/toy_graph.h"

namespace kith {
namespace {

using Directed = CsrView<boost::directed_tag>;
using Undirected = CsrView<boost::undirected_tag>;
using BothWays = CsrView<boost::bidirectional_tag>;
using Pairs = std::multiset<std::pair<std::uint32_t, std::uint32_t>>;

template <class View>
struct ModelsTheSharedConcepts {
  BOOST_CONCEPT_ASSERT((boost::VertexListGraphConcept<View>));
  BOOST_CONCEPT_ASSERT((boost::IncidenceGraphConcept<View>));
  BOOST_CONCEPT_ASSERT((boost::AdjacencyGraphConcept<View>));
  BOOST_CONCEPT_ASSERT((boost::EdgeListGraphConcept<View>));
  BOOST_CONCEPT_ASSERT((boost::VertexAndEdgeListGraphConcept<View>));
  BOOST_CONCEPT_ASSERT((boost::AdjacencyMatrixConcept<View>));
  BOOST_CONCEPT_ASSERT((boost::ReadablePropertyGraphConcept<View, std::uint32_t, boost::vertex_index_t>));
};
template struct ModelsTheSharedConcepts<Directed>;
template struct ModelsTheSharedConcepts<Undirected>;
template struct ModelsTheSharedConcepts<BothWays>;
BOOST_CONCEPT_ASSERT((boost::BidirectionalGraphConcept<Undirected>));
BOOST_CONCEPT_ASSERT((boost::BidirectionalGraphConcept<BothWays>));
static_assert(!std::is_convertible_v<Directed::traversal_category, boost::bidirectional_graph_tag>);
static_assert(std::is_constructible_v<Undirected, const Csr&> && !std::is_constructible_v<Undirected, Csr>);
static_assert(!std::is_constructible_v<BothWays, const Csr&, Csr> && !std::is_constructible_v<BothWays, const Csr&>);

struct Square {
  Csr out, in;
};

Square RandomSquare(const Runtime& runtime, std::uint64_t seed, std::uint32_t nodes, std::uint32_t edges) {
  Square square{BuildCsr(runtime, nodes, nodes, testing::RandomPlainEdges(seed, nodes, nodes, edges)).value(), {}};
  square.in = Transpose(runtime, square.out);
  return square;
}

template <class View>
Pairs EdgesOf(const View& view) {
  Pairs pairs;
  for (auto [e, end] = edges(view); e != end; ++e) pairs.emplace(source(*e, view), target(*e, view));
  return pairs;
}

template <class View>
Pairs OutEdgesOf(const View& view) {
  Pairs pairs;
  for (auto [v, last] = vertices(view); v != last; ++v) {
    for (auto [e, end] = out_edges(*v, view); e != end; ++e) {
      EXPECT_EQ(source(*e, view), *v);
      pairs.emplace(*v, target(*e, view));
    }
  }
  return pairs;
}

template <class View>
Pairs InEdgesOf(const View& view) {
  Pairs pairs;
  for (auto [v, last] = vertices(view); v != last; ++v) {
    for (auto [e, end] = in_edges(*v, view); e != end; ++e) {
      EXPECT_EQ(target(*e, view), *v);
      pairs.emplace(source(*e, view), *v);
    }
  }
  return pairs;
}

TEST(CsrView, OfTheToyShowsEachUndirectedEdgeFromBothEnds) {
  const Runtime runtime(1);
  const Csr everything = UndirectedUnion(runtime, *testing::ToyGraph(runtime));
  const Undirected view(everything);
  EXPECT_EQ(num_vertices(view), 11U);
  EXPECT_EQ(num_edges(view), 14U);
  const Pairs listed = EdgesOf(view);
  EXPECT_EQ(listed.size(), 14U);
  Pairs both_ends;
  for (const auto& [u, v] : listed) {
    both_ends.emplace(u, v);
    both_ends.emplace(v, u);
    EXPECT_TRUE(edge(u, v, view).first == edge(v, u, view).first) << "one edge, whichever end it is seen from";
  }
  EXPECT_EQ(OutEdgesOf(view), both_ends);
  EXPECT_EQ(InEdgesOf(view), both_ends);
  EXPECT_EQ(out_degree(2, view), 5U);
  EXPECT_EQ(degree(2, view), 5U);
  EXPECT_TRUE(edge(4, 10, view).second);
  EXPECT_FALSE(edge(3, 10, view).second);
}

TEST(CsrView, ListsADirectedGraphFromEveryDoor) {
  const Runtime runtime(1);
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    const Square square = RandomSquare(runtime, seed, 30, 25 * static_cast<std::uint32_t>(seed));
    const Directed view(square.out);
    const BothWays both(square.out, square.in);
    Pairs expected;
    std::size_t degrees = 0;
    for (std::uint32_t u = 0; u < 30; ++u) {
      for (std::uint32_t v : square.out.neighbors(u)) expected.emplace(u, v);
      degrees += degree(u, both);
      EXPECT_EQ(degree(u, both), in_degree(u, both) + out_degree(u, both));
    }
    EXPECT_EQ(EdgesOf(view), expected);
    EXPECT_EQ(OutEdgesOf(view), expected);
    EXPECT_EQ(EdgesOf(both), expected);
    EXPECT_EQ(InEdgesOf(both), expected);
    EXPECT_EQ(num_edges(view), expected.size());
    EXPECT_EQ(degrees, 2 * expected.size());
  }
}

TEST(CsrView, LetsBoostFindTheHopsThatAQueueFinds) {
  const Runtime runtime(1);
  const Square square = RandomSquare(runtime, 4, 200, 320);
  constexpr std::uint32_t kFar = std::numeric_limits<std::uint32_t>::max();
  std::vector<std::uint32_t> expected(200, kFar), hops(200, kFar);
  std::queue<std::uint32_t> queue({0});
  expected[0] = 0;
  for (; !queue.empty(); queue.pop()) {
    for (std::uint32_t v : square.out.neighbors(queue.front())) {
      if (expected[v] != kFar) continue;
      expected[v] = expected[queue.front()] + 1;
      queue.push(v);
    }
  }
  hops[0] = 0;
  const Directed view(square.out);
  boost::breadth_first_search(
      view, 0U, boost::visitor(boost::make_bfs_visitor(boost::record_distances(hops.data(), boost::on_tree_edge()))));
  EXPECT_EQ(hops, expected);
}

TEST(CsrView, GivesTheSamePageRankThroughOutEdgesAndThroughInEdges) {
  const Runtime runtime(1);
  const Square square = RandomSquare(runtime, 9, 80, 600);
  std::vector<double> pushed(80), pulled(80);
  boost::graph::page_rank(Directed(square.out), pushed.data());
  boost::graph::page_rank(BothWays(square.out, square.in), pulled.data());
  for (std::size_t v = 0; v < 80; ++v) EXPECT_NEAR(pushed[v], pulled[v], 1e-12);
}

TEST(CsrView, GivesTheClusteringThatTheStatisticsCountByTriangles) {
  const Runtime runtime(2);
  const auto graph = testing::RandomGraph(runtime, 8, 300, 10, 0, 4000);
  const Csr friends = UndirectedFriends(runtime, *graph);
  const Undirected view(friends);
  double sum = 0;
  int with_friends = 0;
  for (std::uint32_t user = 0; user < 300; ++user) {
    sum += boost::clustering_coefficient<double>(view, user);
    with_friends += friends.degree(user) > 0 ? 1 : 0;
  }
  EXPECT_GT(sum, 0.0);
  EXPECT_NEAR(ComputeStatistics(runtime, *graph).mean_clustering, sum / with_friends, 1e-12);
}

TEST(CsrView, GivesTheStrongComponentsThatMutualReachabilityGives) {
  const Runtime runtime(1);
  const Square square = RandomSquare(runtime, 6, 40, 60);
  std::vector<std::uint32_t> component(40);
  boost::strong_components(Directed(square.out), component.data());
  std::vector<std::vector<bool>> reaches(40, std::vector<bool>(40));
  for (std::uint32_t u = 0; u < 40; ++u) {
    reaches[u][u] = true;
    for (std::uint32_t v : square.out.neighbors(u)) reaches[u][v] = true;
  }
  for (std::size_t k = 0; k < 40; ++k) {
    for (std::size_t u = 0; u < 40; ++u) {
      for (std::size_t v = 0; v < 40; ++v) reaches[u][v] = reaches[u][v] || (reaches[u][k] && reaches[k][v]);
    }
  }
  for (std::size_t u = 0; u < 40; ++u) {
    for (std::size_t v = 0; v < 40; ++v) EXPECT_EQ(component[u] == component[v], reaches[u][v] && reaches[v][u]);
  }
}

}  // namespace
}  // namespace kith
