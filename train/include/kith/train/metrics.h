/// Metrics: how good one list is, by the held-out items in it.
///
/// Recall@k = hits / |held out|;  NDCG@k with the ideal over min(k, |held out|), gain 1 (Jarvelin and Kekalainen 2002);
/// Precision@k = hits / k;  HitRate@k = any hit;  MRR@k = 1 / rank of the first hit;
/// MAP@k = mean of precision at each hit over min(k, |held out|).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "kith/recommend/ranker.h"

namespace kith {

struct Metrics {
  std::uint32_t k = 20;
  double recall = 0, ndcg = 0, precision = 0, hit_rate = 0, mrr = 0, map = 0;
};

/// The metrics by the names that `kith evaluate --json` gives them, in the order in which tables show them.
struct MetricName {
  const char* name;
  double Metrics::*value;
};
inline constexpr std::array<MetricName, 6> kMetrics = {{{"recall", &Metrics::recall},
                                                        {"ndcg", &Metrics::ndcg},
                                                        {"precision", &Metrics::precision},
                                                        {"hit_rate", &Metrics::hit_rate},
                                                        {"mrr", &Metrics::mrr},
                                                        {"map", &Metrics::map}}};

/// From the ranks of the hits (from 0, ascending; those of k and more do not count) among `relevant` held-out items.
[[nodiscard]] Metrics ScoreHits(std::span<const std::uint32_t> ranks, std::size_t relevant, std::uint32_t k);

/// Metrics of one list.  `held_out` is sorted; `unknown` more held-out items can never be hit and count as misses.
[[nodiscard]] Metrics ScoreList(std::span<const ScoredItem> list, std::span<const std::uint32_t> held_out,
                                std::size_t unknown, std::uint32_t k);

/// The sum over users becomes their mean; nobody's mean is 0.
void Add(const Metrics& one, Metrics& sum) noexcept;
void DivideBy(double users, Metrics& sum) noexcept;

}  // namespace kith
