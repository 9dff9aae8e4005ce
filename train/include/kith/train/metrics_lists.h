/// ListMeter: what lists are like beyond their hits: new to people, unlike each other, popular, spread over the items.
///
/// Novelty@k    mean over the list of log2(users / degree of the item): the bits of surprise (Zhou et al. 2010); an
/// item
///              that nobody has counts as one that one user has.
/// Diversity@k  1 - mean over the list's pairs of the cosine of their audiences, |U_i and U_j| / sqrt(d_i d_j): intra-
///              list distance (Ziegler et al. 2005).  Audiences are the graph's, not the model's vectors, so that
///              models are compared by one measure.  Of more than 65 536 users a sample of so many is looked at; the
///              estimate is unbiased.
/// Coverage@k   share of the items that stand in any list.
/// Gini@k       of the items' numbers of places in lists: 0 all alike, near 1 a few items fill all lists.
/// Popularity bias@k  mean degree of the listed items over that of the user's own items, both averaged over users with
///              items, less 1 (delta GAP, Abdollahpouri et al. 2019): 0 is the popularity people choose by themselves.
/// Threads: one call at a time.   Cost: the audiences of a list's items, each once.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kith/graph/social_graph.h"
#include "kith/recommend/ranker.h"

namespace kith {

/// One list cut at one k.  Of an empty list all are 0; the diversity of fewer than two items is 0.
struct ListFigures {
  std::uint32_t items = 0;
  double novelty = 0, diversity = 0;
  double popularity = 0;  ///< mean degree
};

/// All lists cut at one k.  Means are over users with a list (of at least two items for diversity).
struct CatalogueFigures {
  double coverage = 0, novelty = 0, diversity = 0, popularity_bias = 0, gini = 0;
};

class ListMeter {
 public:
  /// `ks` in any order.
  ListMeter(const SocialGraph& graph, std::span<const std::uint32_t> ks, std::uint64_t seed = 1,
            std::uint32_t most_audience = 65'536);

  /// The user's list enters the totals; figures [ks] of it.
  void Measure(UserId user, std::span<const ScoredItem> list, std::span<ListFigures> at);
  /// Of the lists so far, one per k.
  [[nodiscard]] std::vector<CatalogueFigures> Totals() const;

 private:
  struct Sums {
    double lists = 0, pairs = 0, novelty = 0, diversity = 0, with_items = 0, popularity = 0, own_popularity = 0;
    std::vector<std::uint32_t> places;  ///< [I] of each item
  };
  [[nodiscard]] std::span<const std::uint32_t> Audience(std::uint32_t item) const noexcept;
  void TakeAudienceSample(std::uint64_t seed, std::uint32_t size);

  const SocialGraph& graph_;
  std::vector<std::uint32_t> ks_;
  std::vector<Sums> sums_;                            ///< [ks]
  std::vector<std::uint32_t> degrees_;                ///< [I]
  std::vector<std::vector<std::uint32_t>> audience_;  ///< [I] of the sample; empty: the graph's own rows are looked at
  double share_ = 1;                                  ///< of all users that the sample is
  std::vector<double> audible_;  ///< [U] sum of 1/sqrt(d_i) over the list's items so far that u has
};

}  // namespace kith
