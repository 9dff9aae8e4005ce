/// Neighbour sampler: fans out from seeds hop by hop and relabels what it met into Blocks.
///
/// GraphSAGE, Hamilton et al. 2017, algorithm 2.  Users draw items (kInteracts), items draw users (kInteractedBy), and
/// users may draw friends too (kTrusts).  Chance is keyed by (seed, step, node, hop): the same seed gives the same
/// blocks on any number of threads and any instruction set.
/// Threads: Sample is const and may be called from any number of threads, each with a Scratch of its own.
/// Cost: O(edges drawn) a batch; a draw without replacement never touches the whole row of a hub.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "kith/base/status.h"
#include "kith/graph/block.h"
#include "kith/graph/social_graph.h"

namespace kith {

/// Neighbours kept per destination in one hop; kAll keeps the whole row, 0 none.
struct Fanout {
  static constexpr std::uint32_t kAll = 0xFFFFFFFFU;
  std::uint32_t items_per_user = 15;
  std::uint32_t users_per_item = 15;
  std::uint32_t friends_per_user = 0;
};

struct NeighborSamplerOptions {
  /// Hops, seeds outward. Work per seed grows with the product: {15}, {10} touches at most 165 more nodes.
  std::vector<Fanout> fanouts = {{15, 15, 0}, {10, 10, 0}};
  /// Independent draws, repeats kept, instead of distinct neighbours.
  bool with_replacement = false;
  /// Nodes up to which a Scratch keeps 4 bytes for each (one cache line a look-up); above, a hash table that grows with
  /// the batches.
  std::uint32_t dense_table_limit = 1U << 26;
  std::uint64_t seed = 1;

  static constexpr std::uint32_t kMaxFanout = 1U << 20;

  [[nodiscard]] Status Validate() const;
};

/// Seeds and the blocks that compute their vectors: blocks.front() is the outermost hop (its sources are the input
/// nodes), blocks.back() has the seeds as destinations; the sources of block h+1 are the destinations of block h.
struct MiniBatch {
  std::vector<NodeId> seeds;  ///< distinct, in the order given
  std::vector<Block> blocks;
  [[nodiscard]] std::span<const NodeId> input_nodes() const noexcept { return blocks.front().nodes; }
};

class SampleEngine;

class NeighborSampler {
 public:
  /// Work space of one thread; grows to what a batch needs and is then used again.
  class Scratch;
  struct ScratchDeleter {
    void operator()(Scratch* scratch) const noexcept;
  };
  using ScratchPtr = std::unique_ptr<Scratch, ScratchDeleter>;

  /// The graph is shared, not copied.  Options are taken as validated.
  NeighborSampler(std::shared_ptr<const SocialGraph> graph, NeighborSamplerOptions options);

  [[nodiscard]] ScratchPtr NewScratch() const;
  /// Fills `batch` for distinct seeds; `step` numbers batches over all epochs.  `transpose`: build the blocks' too.
  void Sample(std::span<const NodeId> seeds, std::uint64_t step, bool transpose, Scratch& scratch,
              MiniBatch& batch) const;

  [[nodiscard]] const NeighborSamplerOptions& options() const noexcept { return options_; }
  [[nodiscard]] const SocialGraph& graph() const noexcept { return *graph_; }

 private:
  std::shared_ptr<const SocialGraph> graph_;
  NeighborSamplerOptions options_;
  std::shared_ptr<const SampleEngine> engine_;
};

}  // namespace kith
