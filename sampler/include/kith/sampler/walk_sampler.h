/// Walk sampler: the neighbourhood of a node is whom random walks from it visit most.
///
/// PinSage, Ying et al., KDD 2018, section 3.2: importance-based neighbourhoods.  Walkers go over interactions (user,
/// item, user, ... ; nodes of the seed's kind are counted) or over friendships (every node is), and return to their
/// seed with a fixed probability before each step that leaves from its kind.  The most visited are kept, the seed
/// itself excepted, ties to the smaller node; their shares of the kept visits are the weights of the messages.
/// Differs from the paper: every walker makes the same number of moves, a return ends no walk.
/// All walkers of some seeds move in lock step: each stage of a move fetches for all what the next stage reads.
/// Chance is keyed by (seed, step, node, move).   Threads: const, a Scratch of its own for each thread.
/// Cost: O(walks * moves) a seed, no allocation after the first batches.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "kith/base/status.h"
#include "kith/graph/block.h"
#include "kith/graph/social_graph.h"

namespace kith {

struct WalkSamplerOptions {
  /// kInteracts: over interactions, to and fro; kTrusts: along friendships.
  Relation over = Relation::kInteracts;
  std::uint32_t walks = 16;  ///< walkers a seed
  std::uint32_t moves = 8;   ///< edges each of them walks
  /// Probability to return to the seed before a step: nearer nodes count more the higher it is.
  float restart = 0.25F;
  std::uint32_t keep = 10;  ///< neighbours a seed keeps at most
  std::uint64_t seed = 1;

  [[nodiscard]] Status Validate() const;
};

/// One hop: the block's destinations are the seeds, its sources whom they keep, most visited first.
struct WalkBatch {
  Block block;                        ///< scale 1, degrees those of the relation walked over
  std::vector<std::uint32_t> visits;  ///< [E]
  std::vector<float> weights;         ///< [E] visits / visits of the row
  std::uint64_t moves = 0;            ///< edges walked
};

class WalkSampler {
 public:
  /// Work space of one thread.
  class Scratch;
  struct ScratchDeleter {
    void operator()(Scratch* scratch) const noexcept;
  };
  using ScratchPtr = std::unique_ptr<Scratch, ScratchDeleter>;

  /// The graph is shared, not copied.  Options are taken as validated.
  WalkSampler(std::shared_ptr<const SocialGraph> graph, WalkSamplerOptions options);

  [[nodiscard]] ScratchPtr NewScratch() const;
  /// Fills `batch` for distinct seeds (users where friendships are walked); `step` numbers batches over all epochs.
  void Sample(std::span<const NodeId> seeds, std::uint64_t step, bool transpose, Scratch& scratch,
              WalkBatch& batch) const;

  [[nodiscard]] const WalkSamplerOptions& options() const noexcept { return options_; }

 private:
  void Walk(std::span<const NodeId> seeds, std::uint64_t key, Scratch& scratch, WalkBatch& batch) const;
  void Keep(std::span<const NodeId> seeds, Scratch& scratch, WalkBatch& batch) const;

  std::shared_ptr<const SocialGraph> graph_;
  WalkSamplerOptions options_;
};

}  // namespace kith
