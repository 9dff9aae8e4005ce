/// Ranker: the gated sum of evidence, exact top-k without seen items, for one user or for all of them.
///
/// Ranked are the items of the model and, by live evidence alone, those that only the live graph knows (evidence.h).
/// Used by serving (Engine) and by training's evaluation alike: what is measured is what is served.
/// Threads: const calls from anywhere; RankAll splits users over the Runtime, same lists for any number of threads.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "kith/base/parallel.h"
#include "kith/graph/social_graph.h"
#include "kith/kernels/kernels.h"
#include "kith/recommend/evidence.h"
#include "kith/recommend/model.h"

namespace kith {

using ScoredItem = kernels::Scored;  ///< {score, item id}; ties go to the smaller id

class Ranker {
 public:
  explicit Ranker(std::shared_ptr<const Model> model);

  /// The k best items the user has no edge to, best first; fewer where the catalogue ends.  A user without any edge
  /// gets the popular ones (`view.fallback()` tells), by log(1 + d_i), which is 0 for items later than the model.
  [[nodiscard]] std::vector<ScoredItem> Rank(const UserView& view, std::size_t k) const;
  /// All scores of the view: scores [view.num_items()] is overwritten.
  void ScoreAll(const UserView& view, std::span<float> scores) const;
  /// Every term of score(view, item) that is not 0, merged to one per (via, key), ordered by via, then key.  They sum
  /// to the score (to 1e-4 of max(1, |score|)).  REQUIRES: item < view.num_items().
  [[nodiscard]] std::vector<Contribution> Explain(const UserView& view, std::uint32_t item) const;
  /// The same for several items, one list each; cheaper than one by one.
  [[nodiscard]] std::vector<std::vector<Contribution>> Explain(const UserView& view,
                                                               std::span<const std::uint32_t> items) const;

  /// Rank for many users, bit for bit; visit(position in `users`, list) is called in order of `users`, from one thread
  /// at a time.  Memory: at most 8 MiB of scores a thread, or one row of all items.
  void RankAll(const Runtime& runtime, const SocialGraph& graph, std::span<const UserId> users, std::size_t k,
               FunctionRef<void(std::size_t, std::span<const ScoredItem>)> visit) const;

  [[nodiscard]] const Model& model() const noexcept { return *model_; }

 private:
  std::shared_ptr<const Model> model_;
  std::vector<std::unique_ptr<const Evidence>> evidences_;
};

}  // namespace kith
