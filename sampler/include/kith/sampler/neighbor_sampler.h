/// Neighbour sampler: fans out from seeds hop by hop and relabels what it met into Blocks.
///
/// GraphSAGE, Hamilton et al. 2017, algorithm 2.  Users draw items (kInteracts), items draw users (kInteractedBy), and
/// users may draw friends too (kTrusts).  Chance is keyed by (seed, step, node, hop): the same seed gives the same
/// blocks on any number of threads and any instruction set.  docs/sampler.md has the algorithm and its floor.
/// Which edges of a row are drawn is a NeighborChoice: uniform, by weight, or by time.
/// Threads: Sample is const and may be called from any number of threads, each with a Scratch of its own.
/// Cost: O(edges drawn) a batch; a draw without replacement never touches the whole row of a hub.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "kith/base/parallel.h"
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

enum class NeighborChoice : std::uint8_t {
  kUniform,
  /// In proportion to the edges' weights, one after the other among those that are left.  Alias tables, O(1) a draw,
  /// as long as a row's weight is not nearly all in fewer edges than are drawn (then O(degree)).
  kWeighted,
  /// Uniform among the edges before the time of the seed whose neighbourhood it is.  Edges without a time are older
  /// than all others.
  kBefore,
  /// The last edges before that time.
  kMostRecent,
};

struct NeighborSamplerOptions {
  /// Hops, seeds outward. Work per seed grows with the product: {15}, {10} touches at most 165 more nodes.
  std::vector<Fanout> fanouts = {{15, 15, 0}, {10, 10, 0}};
  NeighborChoice choice = NeighborChoice::kUniform;
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
  std::vector<NodeId> seeds;        ///< distinct, in the order given
  std::vector<std::int64_t> times;  ///< of the seeds, where the choice asks for times; then (seed, time) is distinct
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

  /// The graph is shared, not copied.  Options are taken as validated.  What weights or times need beside the graph (8
  /// or 12 bytes an edge) is made here, on `runtime` or on the calling thread; copies of a sampler share it.
  NeighborSampler(std::shared_ptr<const SocialGraph> graph, NeighborSamplerOptions options);
  NeighborSampler(std::shared_ptr<const SocialGraph> graph, NeighborSamplerOptions options, const Runtime& runtime);

  [[nodiscard]] ScratchPtr NewScratch() const;
  /// Fills `batch` for distinct seeds; `step` numbers batches over all epochs.  `transpose`: build the blocks' too.
  /// REQUIRES: a choice that needs no times.
  void Sample(std::span<const NodeId> seeds, std::uint64_t step, bool transpose, Scratch& scratch,
              MiniBatch& batch) const;
  /// The same where the choice is by time: edges before times[s] make the neighbourhood of seeds[s], in every hop.
  /// Seeds of one time share nodes; the same node looked at from two times is two nodes of a block (Block::times).
  void SampleBefore(std::span<const NodeId> seeds, std::span<const std::int64_t> times, std::uint64_t step,
                    bool transpose, Scratch& scratch, MiniBatch& batch) const;

  [[nodiscard]] const NeighborSamplerOptions& options() const noexcept { return options_; }
  [[nodiscard]] const SocialGraph& graph() const noexcept { return *graph_; }

 private:
  void Fill(std::uint64_t step, bool transpose, Scratch& scratch, MiniBatch& batch) const;

  std::shared_ptr<const SocialGraph> graph_;
  NeighborSamplerOptions options_;
  std::shared_ptr<const SampleEngine> engine_;
};

}  // namespace kith
