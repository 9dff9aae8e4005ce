#include "kith/graph/statistics.h"

#include <algorithm>
#include <boost/graph/connected_components.hpp>
#include <boost/graph/core_numbers.hpp>
#include <boost/graph/page_rank.hpp>

#include "kith/graph/bgl.h"
#include "kith/graph/undirected.h"

namespace kith {
namespace {

using UndirectedView = CsrView<boost::undirected_tag>;

constexpr std::size_t kTopItems = 10;
constexpr double kDamping = 0.85;
constexpr std::size_t kPageRankRounds = 50;  // what is left of the start is 0.85^50 = 0.0003

/// A value a vertex, as Boost's algorithms write it.
template <class T>
auto VertexMap(std::vector<T>& values, const UndirectedView& view) {
  return boost::make_iterator_property_map(values.begin(), get(boost::vertex_index, view));
}

DegreeSummary Degrees(const SocialGraph& graph, Relation relation) {
  DegreeSummary summary;
  std::size_t edges = 0;
  const std::uint32_t rows = graph.num_rows(relation);
  for (std::uint32_t row = 0; row < rows; ++row) {
    edges += graph.degree(relation, row);
    summary.max = std::max(summary.max, graph.degree(relation, row));
  }
  if (rows != 0) summary.mean = static_cast<double>(edges) / rows;
  return summary;
}

std::optional<std::pair<std::int64_t, std::int64_t>> TimeRange(const SocialGraph& graph) {
  std::optional<std::pair<std::int64_t, std::int64_t>> range;
  for (Relation relation : {Relation::kInteracts, Relation::kTrusts}) {
    for (std::uint32_t row = 0; row < graph.num_rows(relation); ++row) {
      for (std::int64_t time : graph.neighbors(relation, row).times) {
        if (time == kNoTime) continue;
        if (!range) range = {time, time};
        range->first = std::min(range->first, time);
        range->second = std::max(range->second, time);
      }
    }
  }
  return range;
}

void FindComponents(const UndirectedView& view, GraphStatistics& statistics) {
  std::vector<std::uint32_t> component(num_vertices(view));
  statistics.components = boost::connected_components(view, VertexMap(component, view));
  std::vector<std::uint32_t> sizes(statistics.components);
  for (std::uint32_t c : component) ++sizes[c];
  if (!sizes.empty()) statistics.largest_component = *std::max_element(sizes.begin(), sizes.end());
}

std::uint32_t MaxCore(const UndirectedView& view) {
  std::vector<std::uint32_t> core(num_vertices(view));
  return core.empty() ? 0 : boost::core_numbers(view, VertexMap(core, view));
}

std::vector<RankedItem> TopItems(const UndirectedView& view, const SocialGraph& graph) {
  if (graph.num_items() == 0) return {};
  std::vector<double> rank(num_vertices(view)), next(num_vertices(view));
  boost::graph::page_rank(view, VertexMap(rank, view), boost::graph::n_iterations(kPageRankRounds), kDamping,
                          num_vertices(view), VertexMap(next, view));
  std::vector<RankedItem> items(graph.num_items());
  for (std::uint32_t i = 0; i < graph.num_items(); ++i) items[i] = {ItemId{i}, rank[index(graph.node(ItemId{i}))]};
  const auto end = items.begin() + static_cast<std::ptrdiff_t>(std::min(kTopItems, items.size()));
  std::partial_sort(items.begin(), end, items.end(), [](const RankedItem& a, const RankedItem& b) {
    return a.rank != b.rank ? a.rank > b.rank : a.item < b.item;
  });
  items.erase(end, items.end());
  return items;
}

/// Triangles through each user.  Each is found once, from the end of least (degree, id), whose list of later friends is
/// short even at a hub: O(E^1.5), Chiba and Nishizeki 1985, where Boost's clustering_coefficient asks for every pair.
std::vector<std::uint64_t> Triangles(const Csr& friends) {
  const std::uint32_t users = friends.num_rows();
  const auto key = [&](std::uint32_t user) { return std::pair(friends.degree(user), user); };
  std::vector<std::vector<std::uint32_t>> later(users);
  for (std::uint32_t user = 0; user < users; ++user) {
    for (std::uint32_t other : friends.neighbors(user)) {
      if (key(user) < key(other)) later[user].push_back(other);
    }
  }
  std::vector<std::uint64_t> triangles(users);
  std::vector<bool> is_later(users);
  for (std::uint32_t user = 0; user < users; ++user) {
    for (std::uint32_t a : later[user]) is_later[a] = true;
    for (std::uint32_t a : later[user]) {
      for (std::uint32_t b : later[a]) {
        if (!is_later[b]) continue;
        for (std::uint32_t end : {user, a, b}) ++triangles[end];
      }
    }
    for (std::uint32_t a : later[user]) is_later[a] = false;
  }
  return triangles;
}

double MeanClustering(const Csr& friends) {
  const std::vector<std::uint64_t> triangles = Triangles(friends);
  std::size_t with_friends = 0;
  double sum = 0;
  for (std::uint32_t user = 0; user < friends.num_rows(); ++user) {
    const double degree = friends.degree(user);
    if (degree > 0) ++with_friends;
    if (degree > 1) sum += static_cast<double>(triangles[user]) / (degree * (degree - 1) / 2);
  }
  return with_friends == 0 ? 0 : sum / static_cast<double>(with_friends);
}

}  // namespace

GraphStatistics ComputeStatistics(const Runtime& runtime, const SocialGraph& graph) {
  GraphStatistics statistics;
  statistics.users = graph.num_users();
  statistics.items = graph.num_items();
  statistics.interactions = graph.num_interactions();
  statistics.social_edges = graph.num_friendships();
  statistics.time_range = TimeRange(graph);
  statistics.user_items = Degrees(graph, Relation::kInteracts);
  statistics.item_users = Degrees(graph, Relation::kInteractedBy);
  statistics.user_friends = Degrees(graph, Relation::kTrusts);

  const Csr everything = UndirectedUnion(runtime, graph);
  const UndirectedView view(everything);
  FindComponents(view, statistics);
  statistics.max_core = MaxCore(view);
  statistics.top_items = TopItems(view, graph);
  statistics.mean_clustering = MeanClustering(UndirectedFriends(runtime, graph));
  return statistics;
}

}  // namespace kith
