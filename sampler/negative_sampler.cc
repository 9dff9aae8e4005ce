#include "kith/sampler/negative_sampler.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "distinct.h"
#include "kith/base/rng.h"

namespace kith {
namespace {

/// Tries before a negative is found by walking on; a user with half of all items fails them once in 65 536.
constexpr std::uint32_t kTries = 16;

bool Has(std::span<const std::uint32_t> sorted, std::uint32_t value) {
  return std::binary_search(sorted.begin(), sorted.end(), value);
}

}  // namespace

Status NegativeSamplerOptions::Validate() const {
  if (!(power >= 0.0 && power <= 4.0)) {
    return InvalidArgument("negative sampler: expected a power of 0 to 4, found " + std::to_string(power));
  }
  return OkStatus();
}

NegativeSampler::NegativeSampler(std::shared_ptr<const SocialGraph> graph, NegativeSamplerOptions options)
    : graph_(std::move(graph)), options_(options) {
  const std::uint32_t n = graph_->num_items();
  if (options_.distribution == NegativeDistribution::kUniform || n == 0) return;
  std::vector<double> share(n);
  double sum = 0;
  for (std::uint32_t i = 0; i < n; ++i) {
    share[i] = std::pow(static_cast<double>(graph_->degree(Relation::kInteractedBy, i)), options_.power);
    sum += share[i];
  }
  if (sum <= 0) return;  // no interaction yet: uniform
  log_probability_.resize(n);
  for (std::uint32_t i = 0; i < n; ++i) log_probability_[i] = static_cast<float>(std::log(share[i] / sum));

  // Vose's alias method: every column holds 1/n, filled by at most two items.
  accept_.assign(n, 1.0F);
  alias_.resize(n);
  std::vector<std::uint32_t> small, large;
  for (std::uint32_t i = 0; i < n; ++i) {
    alias_[i] = i;
    share[i] *= n / sum;
    (share[i] < 1.0 ? small : large).push_back(i);
  }
  while (!small.empty() && !large.empty()) {
    const std::uint32_t poor = small.back(), rich = large.back();
    small.pop_back();
    accept_[poor] = static_cast<float>(share[poor]);
    alias_[poor] = rich;
    share[rich] -= 1.0 - share[poor];
    if (share[rich] < 1.0) {
      large.pop_back();
      small.push_back(rich);
    }
  }
}

std::size_t NegativeSampler::Sample(UserId user, std::uint64_t step, std::span<ItemId> out) const {
  const std::uint32_t n = graph_->num_items();
  const std::span<const std::uint32_t> positives = graph_->items(user).targets;
  if (positives.size() >= n) return 0;
  const Rng rng(options_.seed, Purpose::kNegatives, step, index(user));
  for (std::size_t i = 0; i < out.size(); ++i) {
    std::uint32_t item = 0;
    bool found = false;
    for (std::uint32_t t = 0; t < kTries && !found; ++t) {
      const auto draw = static_cast<std::uint32_t>(2 * (i * kTries + t));
      item = rng.bounded(draw, n);
      if (!accept_.empty() && rng.uniform(draw + 1) >= accept_[item]) item = alias_[item];
      found = !Has(positives, item);
    }
    while (Has(positives, item)) item = item + 1 == n ? 0 : item + 1;
    out[i] = ItemId{item};
  }
  return out.size();
}

std::vector<ItemId> NegativeSampler::Candidates(std::uint64_t step, std::size_t n) const {
  const std::uint32_t items = graph_->num_items();
  std::vector<ItemId> out;
  if (n >= items) {
    out.reserve(items);
    for (std::uint32_t i = 0; i < items; ++i) out.push_back(ItemId{i});
    return out;
  }
  out.reserve(n);
  StampedSet taken;
  DrawDistinct(Rng(options_.seed, Purpose::kCandidates, step), 0, items, static_cast<std::uint32_t>(n), taken,
               [&](std::uint32_t item) { out.push_back(ItemId{item}); });
  std::sort(out.begin(), out.end());
  return out;
}

float NegativeSampler::LogProbability(ItemId item) const noexcept {
  if (log_probability_.empty()) return -std::log(static_cast<float>(graph_->num_items()));
  return log_probability_[index(item)];
}

void InBatchNegatives(const SocialGraph& graph, std::span<const UserId> users, std::span<const ItemId> items,
                      std::span<std::uint8_t> mask) {
  for (std::size_t b = 0; b < users.size(); ++b) {
    const std::span<const std::uint32_t> known = graph.items(users[b]).targets;
    for (std::size_t j = 0; j < items.size(); ++j) mask[b * items.size() + j] = Has(known, index(items[j])) ? 0 : 1;
  }
}

}  // namespace kith
