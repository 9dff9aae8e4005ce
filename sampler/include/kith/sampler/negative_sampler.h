/// Negative sampler: items that a user has no edge to, drawn uniformly or by popularity; and in-batch negatives.
///
/// Chance is keyed by (seed, step, user, draw).  A known positive is never returned: it is drawn again, and after a
/// fixed number of tries found by walking on, so a user who has every item but one gets that one; a user who has all
/// gets none.  Threads: const calls from anywhere.   Cost: O(1) expected a draw.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "kith/base/status.h"
#include "kith/graph/social_graph.h"

namespace kith {

enum class NegativeDistribution : std::uint8_t {
  kUniform,
  kPopularity,  ///< proportional to degree^power (word2vec, Mikolov et al. 2013: power 0.75), by an alias table
};

struct NegativeSamplerOptions {
  NegativeDistribution distribution = NegativeDistribution::kUniform;
  double power = 0.75;
  std::uint64_t seed = 1;
  [[nodiscard]] Status Validate() const;
};

class NegativeSampler {
 public:
  NegativeSampler(std::shared_ptr<const SocialGraph> graph, NegativeSamplerOptions options);

  /// Draws out.size() negatives of `user`, repeats possible; returns how many there are: all, or 0 if the user has all.
  [[nodiscard]] std::size_t Sample(UserId user, std::uint64_t step, std::span<ItemId> out) const;
  /// Distinct items drawn without a user in mind (shared candidates of a step), ascending; min(n, items) of them.
  [[nodiscard]] std::vector<ItemId> Candidates(std::uint64_t step, std::size_t n) const;
  /// log of the probability with which one draw gives the item, before positives are left out: the logQ correction of
  /// sampled softmax (Bengio and Senecal 2008).
  [[nodiscard]] float LogProbability(ItemId item) const noexcept;

 private:
  std::shared_ptr<const SocialGraph> graph_;
  NegativeSamplerOptions options_;
  std::vector<float> accept_;  ///< alias table, empty for uniform
  std::vector<std::uint32_t> alias_;
  std::vector<float> log_probability_;
};

/// In-batch negatives: mask[b * items.size() + j] = 1 where items[j] is no known item of users[b] (so it may serve as
/// its negative), else 0.
void InBatchNegatives(const SocialGraph& graph, std::span<const UserId> users, std::span<const ItemId> items,
                      std::span<std::uint8_t> mask);

}  // namespace kith
