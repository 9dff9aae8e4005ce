/// Sampler benchmark: edges that NeighborSampler draws a second and core, batches in parallel, every block checked.
///
/// Blocks are relabelled and have degrees and scales, no transpose: what inference needs and training adds to.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "bench/rmat.h"
#include "kith/base/parallel.h"
#include "kith/base/status.h"
#include "kith/graph/social_graph.h"

namespace kith::tools {

struct SamplerBenchOptions {
  /// Neighbours a node keeps in each hop, seeds outward.
  std::vector<std::vector<std::uint32_t>> fanouts = {{10, 10}, {15, 10, 5}, {25, 10}};
  std::uint32_t seeds_per_batch = 1024;
  std::uint32_t batches = 64;  ///< in one measurement; seeds are nodes with edges in random order, again and again
  std::uint32_t repeats = 5;   ///< times each fan-out is measured; the median counts
  RmatOptions rmat = {};       ///< the synthetic graph; its seed is `seed`
  std::uint64_t seed = 1;

  [[nodiscard]] Status Validate() const;
};

struct SamplerBenchRow {
  std::string graph;                         ///< "gowalla", "rmat-1m"
  std::string fanouts;                       ///< "15,10"
  std::uint64_t nodes = 0, graph_edges = 0;  ///< of the graph; edges in both directions
  std::uint64_t edges = 0;                   ///< drawn in one measurement
  std::uint32_t threads = 1;
  double edges_per_core_second = 0;  ///< edges / seconds / threads
  std::string hash;                  ///< of all blocks, 16 hexadecimal digits; the same for any number of threads
  bool verified =
      false;  ///< edges are the graph's, distinct, min(fan-out, degree) a row; one thread gives the hash too
};

/// A graph and the name of its rows.  Where it has interactions they are sampled, otherwise its friendships.
struct NamedGraph {
  std::string name;
  std::shared_ptr<const SocialGraph> graph;
};

/// Every fan-out on the given graph, if there is one, and on the synthetic one ("rmat-1m" at scale 20).
/// Fails (kInvalidArgument) on options or a graph without edges.
[[nodiscard]] Result<std::vector<SamplerBenchRow>> RunSamplerBench(const Runtime& runtime,
                                                                   const SamplerBenchOptions& options = {},
                                                                   const NamedGraph& data = {});

/// One fan-out on one graph.
[[nodiscard]] Result<SamplerBenchRow> RunSamplerCase(const Runtime& runtime, const NamedGraph& data,
                                                     const std::vector<std::uint32_t>& fanouts,
                                                     const SamplerBenchOptions& options);

}  // namespace kith::tools
