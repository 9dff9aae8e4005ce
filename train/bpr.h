/// BPR: vectors of users and items by pairs of items, one that the user has before one that the user lacks (Rendle et
/// al. 2009), on their own or as LightGCN propagates them (He et al. 2020).
///
///   L = mean over (u, i, j) of -ln sigma(<z_u, z_i> - <z_u, z_j>) + l2 / 2 (|e_u|^2 + |e_i|^2 + |e_j|^2)
///   z = mean over k = 0..layers of A^k e,  A_vu = 1 / sqrt(d_v d_u);   layers = 0, z = e: matrix factorisation
/// An epoch meets every interaction once, in an order of its own, beside one negative that is uniform among the items
/// which the user lacks.  A step propagates over the whole graph; without layers it touches its batch's rows alone.
/// Differs from Rendle et al.: mini-batches and Adam for single triples and gradient descent.
/// Threads: one call at a time; the same bits for any number of the Runtime's.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "encoder.h"
#include "kith/base/parallel.h"
#include "kith/base/status.h"
#include "kith/gnn/loss.h"
#include "kith/gnn/matrix.h"
#include "kith/graph/block.h"
#include "kith/graph/social_graph.h"
#include "kith/sampler/negative_sampler.h"
#include "learner.h"
#include "needed_hops.h"

namespace kith {

struct BprOptions {
  std::uint32_t width = 64;
  std::uint32_t layers = 0;
  std::uint32_t batch = 1024;  ///< interactions a step
  double learning_rate = 0.002;
  double l2 = 0.01;
  std::uint64_t seed = 1;
};

struct BprVectors {
  Matrix users, items;  ///< [U x d], [I x d]; rows of zeros where there is no interaction
};

class BprLearner {
 public:
  [[nodiscard]] static Result<std::unique_ptr<BprLearner>> Make(std::shared_ptr<const SocialGraph> graph,
                                                                const BprOptions& options, const Runtime& runtime);

  /// One pass over the interactions.  `stop` is asked after every step.
  [[nodiscard]] Result<EpochResult> RunEpoch(std::uint32_t epoch, FunctionRef<bool()> stop);

  /// z as it stands.
  [[nodiscard]] BprVectors Vectors();

  /// The epoch's triples of nodes, items after users, in the order of its steps.  Users who have everything give none.
  [[nodiscard]] std::vector<Triple> Triples(std::uint32_t epoch) const;

 private:
  BprLearner(std::shared_ptr<const SocialGraph> graph, const BprOptions& options, const Runtime& runtime);
  [[nodiscard]] double Step(std::span<const Triple> triples, std::uint64_t step);

  std::shared_ptr<const SocialGraph> graph_;
  BprOptions options_;
  const Runtime& runtime_;
  NegativeSampler negatives_;
  std::vector<std::size_t> first_triple_;  ///< [U + 1] where each user's stand before they are shuffled
  /// Holds e / (layers + 1), so that the encoder's sum over the layers is their mean.  Learning rate, deviation and l2
  /// follow: e takes the steps that it would take by itself.
  std::unique_ptr<Encoder> encoder_;
  Block whole_graph_;  ///< of no node without layers
  std::unique_ptr<NeededHops> needed_;
  Matrix dz_;
  std::vector<std::uint64_t> met_;      ///< [U + I] the last step whose batch had the node, from 1
  std::vector<std::uint32_t> touched_;  ///< nodes of the batch, each once
};

/// Bytes that learning on `graph` and the models made of it take at their peak, an estimate from above.
[[nodiscard]] std::uint64_t BprBytes(const SocialGraph& graph, const BprOptions& options);

}  // namespace kith
