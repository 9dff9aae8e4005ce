/// Block: the edges of one hop of message passing, in local numbers. The sampler writes it, gnn reads it.
///
/// Destinations are the first num_destinations() entries of `nodes`, so a row's own vector is its row of x.
/// A message runs from sources[e] (a local number < num_sources()) to the destination whose row holds e.
/// Invariants: offsets has D+1 entries, starts at 0, ends at E;  nodes are distinct (with times: node and time are);
///             degrees[s] is the whole graph's degree of nodes[s];  scale[v] is degree / kept edges, 1 for a whole row;
///             the transpose lists the same edges by source, each row in ascending destination order.
/// A whole graph is a Block whose destinations are all its nodes (FullGraphBlock).
/// Threads: plain data, read from anywhere once made.
/// Cost: 4 bytes an edge, 4 more for the transpose; 12 a destination, 8 a source (+ 8 for the transpose).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kith/base/parallel.h"
#include "kith/graph/csr.h"
#include "kith/graph/ids.h"
#include "kith/graph/social_graph.h"

namespace kith {

struct Block {
  std::vector<NodeId> nodes;           ///< [S] node of each source; the first D are the destinations
  std::vector<EdgeOffset> offsets;     ///< [D + 1]
  std::vector<std::uint32_t> sources;  ///< [E] local number of the edge's source
  std::vector<std::uint32_t> degrees;  ///< [S] degree in the whole graph (over the relations that are sampled)
  std::vector<float> scale;            ///< [D] degree / kept edges
  std::vector<Relation> relations;     ///< [E], or empty where each node kind has one relation
  std::vector<std::int64_t> times;     ///< [S] the time a node is looked at from: edges before it count; or empty

  std::vector<EdgeOffset> transpose_offsets;          ///< [S + 1]
  std::vector<std::uint32_t> transpose_destinations;  ///< [E]

  [[nodiscard]] std::size_t num_sources() const noexcept { return nodes.size(); }
  [[nodiscard]] std::size_t num_destinations() const noexcept { return offsets.empty() ? 0 : offsets.size() - 1; }
  [[nodiscard]] std::size_t num_edges() const noexcept { return sources.size(); }

  /// Fills the transpose from offsets and sources: counting sort, O(S + E).
  void BuildTranspose();
  /// Ok, or which invariant is broken and where.
  [[nodiscard]] Status Check() const;
};

/// Users and items of `graph` as one Block over the user-item relation, both directions; scale is 1.
[[nodiscard]] Block FullGraphBlock(const Runtime& runtime, const SocialGraph& graph);

/// Those rows of `whole` whose mark is not 0, into `part`: nodes keep their numbers, degrees and scales, the rows of
/// the others are empty.  The arrays of `part` are used again.   wanted [D].
/// REQUIRES: `whole` has its transpose, and neither relations nor times.
void TakeRows(const Runtime& runtime, const Block& whole, std::span<const std::uint8_t> wanted, Block& part);

/// 1 / sqrt(d_u d_v) times the destination's scale, for every edge; [E].  GCN, Kipf and Welling 2017, eq. 2, without
/// self-loops as in LightGCN, He et al. 2020, eq. 3.  A node of degree 0 has no edge and needs no weight.
void SymmetricWeights(const Runtime& runtime, const Block& block, std::span<float> weights);

}  // namespace kith
