/// Negative sampler: items that a user has no edge to: uniform, by popularity, hard ones; and in-batch negatives.
///
/// Chance is keyed by (seed, step, user, draw).  A known positive is never returned: it is drawn again, and after a
/// fixed number of tries found by walking on, so a user who has every item but one gets that one; a user who has all
/// gets none.  Threads: const calls from anywhere.
/// Cost: O(1) expected a draw.  Most draws are no positives, and a filter of one byte an interaction says so by one
/// word; only where it cannot tell is the user's row searched.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "kith/base/parallel.h"
#include "kith/base/status.h"
#include "kith/graph/social_graph.h"
#include "kith/sampler/alias_column.h"

namespace kith {

enum class NegativeDistribution : std::uint8_t {
  kUniform,
  kPopularity,  ///< proportional to degree^power (word2vec, Mikolov et al. 2013: power 0.75), by an alias table
};

struct NegativeSamplerOptions {
  NegativeDistribution distribution = NegativeDistribution::kUniform;
  double power = 0.75;
  /// False where only Candidates is asked for: the filter of known pairs is not made then.
  bool of_users = true;
  std::uint64_t seed = 1;
  [[nodiscard]] Status Validate() const;
};

class NegativeSampler {
 public:
  NegativeSampler(std::shared_ptr<const SocialGraph> graph, NegativeSamplerOptions options);

  /// Draws out.size() negatives of `user`, repeats possible; returns how many there are: all, or 0 if the user has all.
  [[nodiscard]] std::size_t Sample(UserId user, std::uint64_t step, std::span<ItemId> out) const;
  /// The out.size() distinct items of highest score, best first and ties to the smaller item, among `pool` negatives
  /// drawn as Sample draws them; returns how many there are, fewer where the pool has fewer.  Dynamic negative
  /// sampling, Zhang et al., SIGIR 2013.  `score` gets distinct items, ascending, and room for as many scores.
  [[nodiscard]] std::size_t SampleHard(UserId user, std::uint64_t step, std::size_t pool,
                                       FunctionRef<void(std::span<const ItemId>, std::span<float>)> score,
                                       std::span<ItemId> out) const;
  /// Distinct items drawn without a user in mind (shared candidates of a step), ascending; min(n, items) of them.
  [[nodiscard]] std::vector<ItemId> Candidates(std::uint64_t step, std::size_t n) const;
  /// log of the probability with which one draw gives the item, before positives are left out: the logQ correction of
  /// sampled softmax (Bengio and Senecal 2008).
  [[nodiscard]] float LogProbability(ItemId item) const noexcept;

 private:
  [[nodiscard]] bool MayKnow(std::uint32_t user, std::uint32_t item) const noexcept;

  std::shared_ptr<const SocialGraph> graph_;
  NegativeSamplerOptions options_;
  std::vector<AliasColumn> columns_;  ///< [I], empty for uniform
  std::vector<float> log_probability_;
  std::vector<std::uint64_t> known_;  ///< two bits of one word a known pair (blocked Bloom filter); a power of two
};

/// In-batch negatives: mask[b * items.size() + j] = 1 where items[j] is no known item of users[b] (so it may serve as
/// its negative), else 0.
void InBatchNegatives(const SocialGraph& graph, std::span<const UserId> users, std::span<const ItemId> items,
                      std::span<std::uint8_t> mask);

/// The correction of in-batch negatives: log of the probability with which a positive of the batch is the item, its
/// share of all interactions.  Taken from an item's logits in every row, it makes the softmax over a batch estimate the
/// one over all items (sampling-bias correction, Yi et al., RecSys 2019).  An item without interactions gets that of
/// one: it can stand in no batch.
void InBatchLogProbability(const SocialGraph& graph, std::span<const ItemId> items, std::span<float> out);

}  // namespace kith
