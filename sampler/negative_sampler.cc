#include "kith/sampler/negative_sampler.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>
#include <string>
#include <utility>

#include "alias_rows.h"
#include "distinct.h"
#include "kith/base/rng.h"

namespace kith {
namespace {

/// Tries before a negative is found by walking on; a user with half of all items fails them once in 65 536.
constexpr std::uint32_t kTries = 16;

/// Coins of the alias table are numbered from here.
constexpr std::uint32_t kCoins = 1U << 26;
/// Known pairs to a word of the filter: of 64 bits some 14 are set, and one negative in twenty cannot be told.
constexpr std::size_t kPairsPerWord = 8;

/// Where the filter holds a pair.
struct PairBits {
  PairBits(std::uint32_t user, std::uint32_t item, std::size_t words) noexcept {
    std::uint64_t hash = (std::uint64_t{user} << 32 | item) * 0x9E3779B97F4A7C15ULL;
    hash = (hash ^ hash >> 32) * 0xD6E8FEB86659FD93ULL;
    word = hash >> 12 & (words - 1);
    mask = std::uint64_t{1} << (hash >> 58) | std::uint64_t{1} << (hash & 63);
  }
  std::size_t word;
  std::uint64_t mask;
};

std::uint64_t KeyOf(std::uint64_t seed, std::uint64_t step) {
  const Rng rng(seed, Purpose::kNegatives, step);
  return std::uint64_t{rng.bits(0)} << 32 | rng.bits(1);
}

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
  if (options_.of_users && graph_->num_interactions() != 0) {
    known_.assign(std::bit_ceil(graph_->num_interactions() / kPairsPerWord + 1), 0);
    for (std::uint32_t user = 0; user < graph_->num_users(); ++user) {
      for (const std::uint32_t item : graph_->items(UserId{user}).targets) {
        const PairBits bits(user, item, known_.size());
        known_[bits.word] |= bits.mask;
      }
    }
  }
  const std::uint32_t n = graph_->num_items();
  if (options_.distribution == NegativeDistribution::kUniform || n == 0) return;
  std::vector<float> weights(n);
  double sum = 0;
  for (std::uint32_t i = 0; i < n; ++i) {
    weights[i] =
        static_cast<float>(std::pow(static_cast<double>(graph_->degree(Relation::kInteractedBy, i)), options_.power));
    sum += static_cast<double>(weights[i]);
  }
  if (sum <= 0) return;  // no interaction yet: uniform
  log_probability_.resize(n);
  for (std::uint32_t i = 0; i < n; ++i) {
    log_probability_[i] = static_cast<float>(std::log(static_cast<double>(weights[i]) / sum));
  }
  columns_.resize(n);
  AliasBuilder().Build(weights, columns_.data());
}

bool NegativeSampler::MayKnow(std::uint32_t user, std::uint32_t item) const noexcept {
  if (known_.empty()) return true;
  const PairBits bits(user, item, known_.size());
  return (known_[bits.word] & bits.mask) == bits.mask;
}

std::size_t NegativeSampler::Sample(UserId user, std::uint64_t step, std::span<ItemId> out) const {
  const std::uint32_t n = graph_->num_items();
  const std::span<const std::uint32_t> positives = graph_->items(user).targets;
  if (positives.size() >= n) return 0;
  const WordStream words(KeyOf(options_.seed, step), index(user));
  for (std::size_t i = 0; i < out.size(); ++i) {
    std::uint32_t item = 0;
    bool found = false;
    for (std::uint32_t t = 0; t < kTries && !found; ++t) {
      const auto draw = static_cast<std::uint32_t>(i * kTries + t);
      item = words.bounded(draw, n);
      if (!columns_.empty() && words.word(kCoins + draw) >= columns_[item].accept) item = columns_[item].other;
      found = !MayKnow(index(user), item) || !Has(positives, item);
    }
    if (!found) {  // a user with nearly all items: the next one that is no positive
      while (Has(positives, item)) item = item + 1 == n ? 0 : item + 1;
    }
    out[i] = ItemId{item};
  }
  return out.size();
}

std::size_t NegativeSampler::SampleHard(UserId user, std::uint64_t step, std::size_t pool,
                                        FunctionRef<void(std::span<const ItemId>, std::span<float>)> score,
                                        std::span<ItemId> out) const {
  std::vector<ItemId> items(pool);
  items.resize(Sample(user, step, items));
  std::sort(items.begin(), items.end());
  items.erase(std::unique(items.begin(), items.end()), items.end());
  if (items.empty()) return 0;
  std::vector<float> scores(items.size());
  score(items, scores);
  std::vector<std::uint32_t> best(items.size());
  std::iota(best.begin(), best.end(), 0U);
  const std::size_t keep = std::min(out.size(), items.size());
  std::partial_sort(
      best.begin(), best.begin() + static_cast<std::ptrdiff_t>(keep), best.end(),
      [&](std::uint32_t a, std::uint32_t b) { return scores[a] != scores[b] ? scores[a] > scores[b] : a < b; });
  for (std::size_t k = 0; k < keep; ++k) out[k] = items[best[k]];
  return keep;
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

void InBatchLogProbability(const SocialGraph& graph, std::span<const ItemId> items, std::span<float> out) {
  const double all = std::log(static_cast<double>(std::max<std::size_t>(graph.num_interactions(), 1)));
  for (std::size_t j = 0; j < items.size(); ++j) {
    const std::uint32_t users = std::max(graph.degree(Relation::kInteractedBy, index(items[j])), 1U);
    out[j] = static_cast<float>(std::log(static_cast<double>(users)) - all);
  }
}

}  // namespace kith
