#include "bench_graph.h"

#include <filesystem>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "readers/edge_file.h"

namespace kith::tools {
namespace {

/// Dense ids in order of first sight.
class Ids {
 public:
  [[nodiscard]] std::uint32_t Of(std::string_view key) {
    return ids_.try_emplace(std::string(key), static_cast<std::uint32_t>(ids_.size())).first->second;
  }
  [[nodiscard]] std::vector<std::string> Keys() const {
    std::vector<std::string> keys(ids_.size());
    for (const auto& [key, id] : ids_) keys[id] = key;
    return keys;
  }
  [[nodiscard]] std::uint32_t size() const { return static_cast<std::uint32_t>(ids_.size()); }

 private:
  std::unordered_map<std::string, std::uint32_t> ids_;
};

Status ReadEdges(const std::string& path, EdgeKind kind, Ids& users, Ids& targets, std::vector<Edge>& edges) {
  const auto edge = [&](const Event& event) {
    edges.push_back({users.Of(event.user), targets.Of(event.target), event.weight, event.time});
    return OkStatus();
  };
  const auto lone_user = [&](std::string_view user) {
    (void)users.Of(user);
    return OkStatus();
  };
  DroppedRows dropped;
  return ReadEdgeFile(path, {.kind = kind}, {.edge = edge, .lone_user = lone_user}, dropped);
}

}  // namespace

Result<BenchGraph> ReadBenchGraph(const Runtime& runtime, const std::string& folder) {
  namespace fs = std::filesystem;
  for (const fs::path& place : {fs::path(folder), fs::path(folder) / "gowalla"}) {
    for (const char* name : {"train.txt", "train.tsv", "ratings.tsv"}) {
      if (!fs::is_regular_file(place / name)) continue;
      Ids users, items;
      std::vector<Edge> interactions, friendships;
      KITH_RETURN_IF_ERROR(ReadEdges((place / name).string(), EdgeKind::kInteractions, users, items, interactions));
      if (const fs::path social = place / "social.tsv"; fs::is_regular_file(social)) {
        KITH_RETURN_IF_ERROR(ReadEdges(social.string(), EdgeKind::kFriendships, users, users, friendships));
      }
      KITH_ASSIGN_OR_RETURN(
          auto graph, SocialGraph::Build(runtime, users.size(), items.size(), interactions, friendships, "bench", 1));
      return BenchGraph{.name = fs::weakly_canonical(place).filename().string(),
                        .graph = std::move(graph),
                        .user_keys = users.Keys(),
                        .item_keys = items.Keys()};
    }
  }
  return BadInput(folder + ": expected train.txt, train.tsv or ratings.tsv there or in its folder gowalla, found none");
}

Result<Csr> BothDirections(const Runtime& runtime, const SocialGraph& graph) {
  std::vector<Edge> edges;
  edges.reserve(2 * graph.num_interactions());
  for (const Edge& edge : graph.Edges(Relation::kInteracts)) {
    const std::uint32_t item = graph.num_users() + edge.target;
    edges.push_back({.source = edge.source, .target = item});
    edges.push_back({.source = item, .target = edge.source});
  }
  return BuildCsr(runtime, graph.num_nodes(), graph.num_nodes(), edges);
}

}  // namespace kith::tools
