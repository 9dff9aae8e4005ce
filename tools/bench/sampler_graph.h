/// The graphs that the sampler is measured on.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "kith/base/parallel.h"
#include "kith/base/status.h"
#include "kith/graph/social_graph.h"

namespace kith::tools {

/// A graph and the name of its rows.  Where it has interactions they are sampled, otherwise its friendships.
struct NamedGraph {
  std::string name;
  std::shared_ptr<const SocialGraph> graph;
  std::vector<std::string> user_keys = {}, item_keys = {};  ///< as its files write them; empty: the numbers themselves
  double open_seconds = 0;                                  ///< of an rmat graph: until it was made, or read

  [[nodiscard]] bool bipartite() const noexcept { return graph->num_interactions() != 0; }
  /// Nodes that may be seeds: users and items, or users alone.
  [[nodiscard]] std::uint32_t num_nodes() const noexcept {
    return bipartite() ? graph->num_nodes() : graph->num_users();
  }
  /// Edges that are sampled, both directions.
  [[nodiscard]] std::uint64_t num_edges() const noexcept {
    return bipartite() ? 2 * std::uint64_t{graph->num_interactions()} : graph->num_friendships();
  }
  [[nodiscard]] Relation RelationOf(NodeId node) const noexcept;
  /// The row that a node draws from, and the node number of its target 0.
  [[nodiscard]] Neighbors RowOf(NodeId node) const noexcept;
  [[nodiscard]] std::uint32_t FirstTarget(NodeId node) const noexcept;
  /// The node's key in its own kind.
  [[nodiscard]] std::string KeyOf(NodeId node) const;
};

/// "rmat-1m" and "rmat-5m" are made; another name is a folder of `data`, or that folder itself (ReadBenchGraph).
/// Where `cache` names a folder, what is made is kept there as a graph snapshot, and read from it the next time.
[[nodiscard]] Result<NamedGraph> LoadSamplerGraph(const Runtime& runtime, const std::string& name,
                                                  const std::string& data, std::uint64_t seed,
                                                  const std::string& cache = {});

/// The same edges with weights (exponential, mean 1) and times (uniform below kTimeEnd), the same in both directions.
[[nodiscard]] Result<NamedGraph> WithWeightsAndTimes(const Runtime& runtime, const NamedGraph& graph, bool weights,
                                                     bool times, std::uint64_t seed);
inline constexpr std::int64_t kTimeEnd = 1'000'000'000;

/// Bytes of all frozen rows, held once where a relation is symmetric, over the edges in them.
[[nodiscard]] double TopologyBytesPerEdge(const SocialGraph& graph);

/// Bytes of what one hop looks at at random: offsets, targets.
struct Footprint {
  std::size_t offsets = 0, targets = 0;
};
[[nodiscard]] Footprint FootprintOf(const NamedGraph& graph);

}  // namespace kith::tools
