/// Sampler benchmark: edges that the sampler draws a second and core, batches in parallel, every block checked.
///
/// Blocks are relabelled and have degrees and scales, no transpose: what inference needs and training adds to.
/// The floor: what the memory system alone would need for one line of the targets and one of the relabel table an edge,
/// and one of the offsets a node that is met, all prefetched; rates of such lines are measured in the same run over
/// arrays as large as the graph's, between its repeats.  docs/sampler.md has the argument.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bench/memory_rate.h"
#include "bench/sampler_graph.h"
#include "kith/base/parallel.h"
#include "kith/base/status.h"

namespace kith::tools {

enum class SamplerKind : std::uint8_t {
  kUniform,
  kWeighted,    ///< by weights that are made up
  kTemporal,    ///< uniform before the seed's time, times made up
  kRecent,      ///< the most recent before it
  kImportance,  ///< random walks; an edge is a move, fan-outs do not matter
};

struct SamplerBenchOptions {
  /// Neighbours a node keeps in each hop, seeds outward.
  std::vector<std::vector<std::uint32_t>> fanouts = {{10, 10}, {15, 10, 5}, {25, 10}};
  SamplerKind kind = SamplerKind::kUniform;
  std::uint32_t seeds_per_batch = 1024;
  std::uint32_t batches = 64;  ///< in one measurement; seeds are nodes with edges in random order, again and again
  std::uint32_t repeats = 5;   ///< times each fan-out is measured; the median counts
  std::uint64_t seed = 1;
  /// The edges of the first 100 batches are written here where it is not empty (not of importance sampling).
  std::string dump = {};

  [[nodiscard]] Status Validate() const;
};

struct SamplerBenchRow {
  std::string graph;                         ///< "gowalla", "rmat-1m"
  std::string kind;                          ///< "uniform"
  std::string fanouts;                       ///< "15,10"
  std::uint64_t nodes = 0, graph_edges = 0;  ///< of the graph; edges in both directions
  std::uint64_t edges = 0, met_nodes = 0;    ///< drawn and met in one measurement
  std::uint32_t threads = 1;
  double edges_per_core_second = 0;  ///< edges / CPU seconds of the threads that drew them, the median of the repeats
  double best = 0;                   ///< and the best
  double floor = 0;                  ///< what the lines alone would allow on one core, 0 for importance sampling
  double share_of_floor = 0;         ///< edges_per_core_second / floor
  MemoryRate lines;                  ///< over the targets
  double topology_bytes_per_edge = 0;
  std::string hash;  ///< of all blocks, 16 hexadecimal digits; the same for any number of threads
  bool verified =
      false;  ///< edges are the graph's, distinct, min(fan-out, degree) a row; one thread gives the hash too
};

[[nodiscard]] const char* NameOf(SamplerKind kind);

/// Every fan-out on the graph (one row for importance sampling).
/// Fails (kInvalidArgument) on options or a graph without edges, kIoError where the dump cannot be written.
[[nodiscard]] Result<std::vector<SamplerBenchRow>> RunSamplerBench(const Runtime& runtime, const NamedGraph& graph,
                                                                   const SamplerBenchOptions& options = {});

}  // namespace kith::tools
