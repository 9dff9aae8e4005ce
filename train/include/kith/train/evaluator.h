/// Evaluator: exact full ranking against held-out items. The same figures for any block size and number of threads.
///
/// All items are ranked, the user's items in the graph left out, for users with at least one held-out item.
/// Recall@k = hits / |held out|;  NDCG@k with the ideal over min(k, |held out|), gain 1 (Jarvelin and Kekalainen 2002);
/// Precision@k = hits / k;  HitRate@k = any hit;  MRR@k = 1 / rank of the first hit;
/// MAP@k = mean of precision at each hit over min(k, |held out|);  Coverage@k = share of items in any list.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kith/base/parallel.h"
#include "kith/base/status.h"
#include "kith/graph/social_graph.h"
#include "kith/recommend/ranker.h"

namespace kith {

struct Metrics {
  std::uint32_t k = 20;
  double recall = 0, ndcg = 0, precision = 0, hit_rate = 0, mrr = 0, map = 0;
};

/// Metrics of one list.  `held_out` is sorted; `unknown` more held-out items can never be hit and count as misses.
[[nodiscard]] Metrics ScoreList(std::span<const ScoredItem> list, std::span<const std::uint32_t> held_out,
                                std::size_t unknown, std::uint32_t k);

struct HeldOut {
  std::vector<UserId> users;                      ///< those with at least one held-out item
  std::vector<std::vector<std::uint32_t>> items;  ///< sorted, per user
  std::vector<std::uint32_t> unknown = {};        ///< per user, or empty: held-out items the store does not know
  std::uint32_t unknown_users = 0;                ///< users the store does not know: they score 0
};

struct Evaluation {
  std::uint32_t users = 0;
  std::vector<Metrics> at;       ///< one per k, means over users
  std::vector<double> coverage;  ///< one per k
};

[[nodiscard]] Evaluation Evaluate(const Runtime& runtime, const SocialGraph& graph, const Ranker& ranker,
                                  const HeldOut& held_out, std::span<const std::uint32_t> ks);

}  // namespace kith
