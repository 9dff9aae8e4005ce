#include "kith/train/evaluator.h"

#include <algorithm>

namespace kith {

Metrics Evaluation::Of(const HeldOut& held_out, std::size_t n, std::uint32_t k) const {
  std::vector<std::uint32_t> ranks;
  for (std::uint64_t h = hit_offsets[n]; h < hit_offsets[n + 1]; ++h) ranks.push_back(hits[h].rank);
  return ScoreHits(ranks, held_out.relevant(n), k);
}

Evaluation Evaluate(const Runtime& runtime, const SocialGraph& graph, const Ranker& ranker, const HeldOut& held_out,
                    std::span<const std::uint32_t> ks, const EvaluateOptions& options) {
  Evaluation result;
  result.users = static_cast<std::uint32_t>(held_out.users.size()) + held_out.unknown_users;
  for (const std::uint32_t k : ks) result.at.push_back({.k = k});
  const std::uint32_t deepest = ks.empty() ? 0 : *std::max_element(ks.begin(), ks.end());
  ListMeter meter(graph, ks, options.seed);
  result.hit_offsets.push_back(0);
  result.lists.resize(held_out.users.size() * ks.size());

  const auto judge = [&](std::size_t n, std::span<const ScoredItem> list) {
    const std::vector<std::uint32_t>& wanted = held_out.items[n];
    for (std::uint32_t r = 0; r < list.size(); ++r) {
      if (std::binary_search(wanted.begin(), wanted.end(), list[r].id)) result.hits.push_back({r, list[r].id});
    }
    result.hit_offsets.push_back(result.hits.size());
    for (Metrics& sum : result.at) Add(result.Of(held_out, n, sum.k), sum);
    meter.Measure(held_out.users[n], list, std::span(result.lists).subspan(n * ks.size(), ks.size()));
  };
  const std::span<const UserId> users(held_out.users);
  constexpr std::size_t kUsersBetweenLooks = 4096;
  const std::size_t block = options.block == 0 ? kUsersBetweenLooks : options.block;
  const auto go_on = [&] { return options.cancelled == nullptr || !options.cancelled->load(); };
  for (std::size_t begin = 0; begin < users.size() && go_on(); begin += block) {
    ranker.RankAll(runtime, graph, users.subspan(begin, std::min(block, users.size() - begin)), deepest,
                   [&](std::size_t n, std::span<const ScoredItem> list) { judge(begin + n, list); });
  }
  result.hit_offsets.resize(users.size() + 1, result.hits.size());
  for (Metrics& sum : result.at) DivideBy(result.users, sum);
  result.catalogue = meter.Totals();
  return result;
}

std::vector<double> MetricsByUser(const HeldOut& held_out, const Evaluation& evaluation) {
  std::vector<double> values;
  values.reserve(evaluation.users * evaluation.at.size() * kMetrics.size());
  for (std::size_t n = 0; n < held_out.users.size(); ++n) {
    for (const Metrics& at : evaluation.at) {
      const Metrics metrics = evaluation.Of(held_out, n, at.k);
      for (const MetricName& metric : kMetrics) values.push_back(metrics.*metric.value);
    }
  }
  values.resize(evaluation.users * evaluation.at.size() * kMetrics.size());
  return values;
}

}  // namespace kith
