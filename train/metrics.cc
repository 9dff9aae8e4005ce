#include "kith/train/metrics.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace kith {
namespace {

double Discount(std::size_t rank_from_zero) { return 1.0 / std::log2(static_cast<double>(rank_from_zero) + 2.0); }

}  // namespace

Metrics ScoreHits(std::span<const std::uint32_t> ranks, std::size_t relevant, std::uint32_t k) {
  Metrics m{.k = k};
  if (relevant == 0 || k == 0) return m;
  double hits = 0, dcg = 0;
  for (const std::uint32_t rank : ranks) {
    if (rank >= k) break;
    if (hits == 0) m.mrr = 1.0 / (rank + 1.0);
    hits += 1;
    dcg += Discount(rank);
    m.map += hits / (rank + 1.0);
  }
  const std::size_t best = std::min<std::size_t>(k, relevant);
  double ideal = 0;
  for (std::size_t r = 0; r < best; ++r) ideal += Discount(r);
  m.recall = hits / static_cast<double>(relevant);
  m.ndcg = dcg / ideal;
  m.precision = hits / k;
  m.hit_rate = hits > 0 ? 1.0 : 0.0;
  m.map /= static_cast<double>(best);
  return m;
}

Metrics ScoreList(std::span<const ScoredItem> list, std::span<const std::uint32_t> held_out, std::size_t unknown,
                  std::uint32_t k) {
  std::vector<std::uint32_t> ranks;
  for (std::uint32_t r = 0; r < std::min<std::size_t>(k, list.size()); ++r) {
    if (std::binary_search(held_out.begin(), held_out.end(), list[r].id)) ranks.push_back(r);
  }
  return ScoreHits(ranks, held_out.size() + unknown, k);
}

void Add(const Metrics& one, Metrics& sum) noexcept {
  for (const MetricName& metric : kMetrics) sum.*metric.value += one.*metric.value;
}

void DivideBy(double users, Metrics& sum) noexcept {
  for (const MetricName& metric : kMetrics) sum.*metric.value = users == 0 ? 0.0 : sum.*metric.value / users;
}

}  // namespace kith
