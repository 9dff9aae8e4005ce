#include "kith/train/evaluator.h"

#include <algorithm>
#include <cmath>

namespace kith {
namespace {

double Discount(std::size_t rank_from_zero) { return 1.0 / std::log2(static_cast<double>(rank_from_zero) + 2.0); }

void AddTo(Metrics& sum, const Metrics& one) {
  sum.recall += one.recall;
  sum.ndcg += one.ndcg;
  sum.precision += one.precision;
  sum.hit_rate += one.hit_rate;
  sum.mrr += one.mrr;
  sum.map += one.map;
}

void DivideBy(Metrics& sum, double n) {
  for (double* value : {&sum.recall, &sum.ndcg, &sum.precision, &sum.hit_rate, &sum.mrr, &sum.map}) *value /= n;
}

}  // namespace

Metrics ScoreList(std::span<const ScoredItem> list, std::span<const std::uint32_t> held_out, std::size_t unknown,
                  std::uint32_t k) {
  Metrics m{.k = k};
  const std::size_t relevant = held_out.size() + unknown;
  if (relevant == 0 || k == 0) return m;
  double hits = 0, dcg = 0;
  for (std::size_t r = 0; r < std::min<std::size_t>(k, list.size()); ++r) {
    if (!std::binary_search(held_out.begin(), held_out.end(), list[r].id)) continue;
    if (hits == 0) m.mrr = 1.0 / static_cast<double>(r + 1);
    hits += 1;
    dcg += Discount(r);
    m.map += hits / static_cast<double>(r + 1);
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

Evaluation Evaluate(const Runtime& runtime, const SocialGraph& graph, const Ranker& ranker, const HeldOut& held_out,
                    std::span<const std::uint32_t> ks) {
  Evaluation result;
  for (const std::uint32_t k : ks) result.at.push_back({.k = k});
  std::vector<std::vector<std::uint8_t>> covered(ks.size(), std::vector<std::uint8_t>(graph.num_items()));
  const std::uint32_t deepest = ks.empty() ? 0 : *std::max_element(ks.begin(), ks.end());

  ranker.RankAll(runtime, graph, held_out.users, deepest, [&](std::size_t n, std::span<const ScoredItem> list) {
    const std::size_t unknown = held_out.unknown.empty() ? 0 : held_out.unknown[n];
    for (std::size_t i = 0; i < ks.size(); ++i) {
      AddTo(result.at[i], ScoreList(list, held_out.items[n], unknown, ks[i]));
      for (std::size_t r = 0; r < std::min<std::size_t>(ks[i], list.size()); ++r) covered[i][list[r].id] = 1;
    }
  });

  result.users = static_cast<std::uint32_t>(held_out.users.size()) + held_out.unknown_users;
  for (std::size_t i = 0; i < ks.size(); ++i) {
    if (result.users != 0) DivideBy(result.at[i], result.users);
    const auto in_lists = static_cast<double>(std::count(covered[i].begin(), covered[i].end(), 1));
    result.coverage.push_back(graph.num_items() == 0 ? 0.0 : in_lists / graph.num_items());
  }
  return result;
}

}  // namespace kith
