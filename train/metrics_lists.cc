#include "kith/train/metrics_lists.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "kith/base/rng.h"

namespace kith {
namespace {

/// Of non-negative numbers: 0 where all are alike, 1 - 1/n where one has everything.
double Gini(std::vector<std::uint32_t> values) {
  std::sort(values.begin(), values.end());
  double sum = 0, weighted = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    sum += values[i];
    weighted += (2.0 * static_cast<double>(i) + 1.0 - static_cast<double>(values.size())) * values[i];
  }
  return sum == 0 ? 0.0 : weighted / (static_cast<double>(values.size()) * sum);
}

double Over(double sum, double n) { return n == 0 ? 0.0 : sum / n; }

}  // namespace

ListMeter::ListMeter(const SocialGraph& graph, std::span<const std::uint32_t> ks, std::uint64_t seed,
                     std::uint32_t most_audience)
    : graph_(graph), ks_(ks.begin(), ks.end()), sums_(ks.size()), degrees_(graph.num_items()) {
  for (Sums& sums : sums_) sums.places.resize(graph.num_items());
  for (std::uint32_t i = 0; i < graph.num_items(); ++i) degrees_[i] = graph.degree(Relation::kInteractedBy, i);
  audible_.resize(graph.num_users());
  if (graph.num_users() > most_audience) TakeAudienceSample(seed, most_audience);
}

void ListMeter::TakeAudienceSample(std::uint64_t seed, std::uint32_t size) {
  std::vector<std::uint32_t> users(graph_.num_users());
  std::iota(users.begin(), users.end(), 0U);
  const Rng rng(seed, Purpose::kBootstrap, /*step=*/0);
  for (std::uint32_t i = 0; i < size; ++i) {
    std::swap(users[i], users[i + rng.bounded(i, graph_.num_users() - i)]);
  }
  users.resize(size);
  std::sort(users.begin(), users.end());
  audience_.resize(graph_.num_items());
  for (const std::uint32_t user : users) {
    for (const std::uint32_t item : graph_.items(UserId{user}).targets) audience_[item].push_back(user);
  }
  share_ = static_cast<double>(size) / graph_.num_users();
}

std::span<const std::uint32_t> ListMeter::Audience(std::uint32_t item) const noexcept {
  if (item >= degrees_.size()) return {};
  return audience_.empty() ? graph_.users(ItemId{item}).targets : std::span<const std::uint32_t>(audience_[item]);
}

void ListMeter::Measure(UserId user, std::span<const ScoredItem> list, std::span<ListFigures> at) {
  std::fill(at.begin(), at.end(), ListFigures{});
  const std::uint32_t deepest = ks_.empty() ? 0 : *std::max_element(ks_.begin(), ks_.end());
  list = list.first(std::min<std::size_t>(list.size(), deepest));

  double surprise = 0, popularity = 0, kinship = 0;  // kinship: sum of the pairs' cosines so far
  std::size_t heard = 0;
  for (std::size_t r = 0; r < list.size(); ++r) {
    const std::uint32_t item = list[r].id, degree = item < degrees_.size() ? degrees_[item] : 0;
    surprise += std::log2(static_cast<double>(graph_.num_users()) / std::max(degree, 1U));
    popularity += degree;
    const double weight = degree == 0 ? 0.0 : 1.0 / std::sqrt(static_cast<double>(degree));
    double shared = 0;
    const std::span<const std::uint32_t> audience = Audience(item);
    for (const std::uint32_t u : audience) {
      shared += audible_[u];
      audible_[u] += weight;
    }
    heard += audience.size();
    kinship += weight * shared / share_;
    const auto n = static_cast<double>(r + 1);
    for (std::size_t i = 0; i < ks_.size(); ++i) {
      if (item < degrees_.size() && r < ks_[i]) ++sums_[i].places[item];
      if (r + 1 != std::min<std::size_t>(ks_[i], list.size())) continue;
      at[i] = {.items = static_cast<std::uint32_t>(r + 1),
               .novelty = surprise / n,
               .diversity = r == 0 ? 0.0 : 1.0 - kinship / (n * (n - 1) / 2),
               .popularity = popularity / n};
    }
  }
  if (heard > audible_.size() / 4) {  // one sweep is cheaper than as many jumps
    std::fill(audible_.begin(), audible_.end(), 0.0);
  } else {
    for (const ScoredItem& hit : list) {
      for (const std::uint32_t u : Audience(hit.id)) audible_[u] = 0;
    }
  }

  const auto own = graph_.items(user).targets;
  double own_popularity = 0;
  for (const std::uint32_t item : own) own_popularity += degrees_[item];
  for (std::size_t i = 0; i < ks_.size(); ++i) {
    if (at[i].items == 0) continue;
    Sums& sums = sums_[i];
    sums.lists += 1;
    sums.novelty += at[i].novelty;
    if (at[i].items > 1) {
      sums.pairs += 1;
      sums.diversity += at[i].diversity;
    }
    if (own.empty()) continue;
    sums.with_items += 1;
    sums.popularity += at[i].popularity;
    sums.own_popularity += own_popularity / static_cast<double>(own.size());
  }
}

std::vector<CatalogueFigures> ListMeter::Totals() const {
  std::vector<CatalogueFigures> totals;
  for (const Sums& sums : sums_) {
    const auto listed =
        sums.places.size() - static_cast<std::size_t>(std::count(sums.places.begin(), sums.places.end(), 0U));
    totals.push_back({.coverage = Over(static_cast<double>(listed), static_cast<double>(sums.places.size())),
                      .novelty = Over(sums.novelty, sums.lists),
                      .diversity = Over(sums.diversity, sums.pairs),
                      .popularity_bias = sums.own_popularity == 0 ? 0.0 : sums.popularity / sums.own_popularity - 1.0,
                      .gini = Gini(sums.places)});
  }
  return totals;
}

}  // namespace kith
