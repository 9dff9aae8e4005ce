#include "kith/sampler/batcher.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

#include "distinct.h"
#include "kith/base/rng.h"

namespace kith {
namespace {

/// Positives share Purpose::kShuffle with the order of users; their draws have the high bit.
constexpr std::uint32_t kPositiveDraws = 1U << 31;

double Seconds(std::chrono::steady_clock::duration duration) { return std::chrono::duration<double>(duration).count(); }

}  // namespace

Status BatcherOptions::Validate() const {
  if (users_per_batch == 0) return InvalidArgument("batcher: expected at least 1 user a batch, found 0");
  if (positives_per_user == 0) return InvalidArgument("batcher: expected at least 1 positive a user, found 0");
  if (prefetch == 0) return InvalidArgument("batcher: expected at least 1 batch in flight, found 0");
  return OkStatus();
}

std::vector<UserId> ShuffledUsers(const SocialGraph& graph, std::uint64_t seed, std::uint64_t epoch) {
  std::vector<UserId> users;
  for (std::uint32_t u = 0; u < graph.num_users(); ++u) {
    if (!graph.items(UserId{u}).empty()) users.push_back(UserId{u});
  }
  const Rng rng(seed, Purpose::kShuffle, epoch);
  for (std::size_t i = users.size(); i > 1; --i) {  // Fisher-Yates from the end
    std::swap(users[i - 1], users[rng.bounded(static_cast<std::uint32_t>(i), static_cast<std::uint32_t>(i))]);
  }
  return users;
}

Batcher::Batcher(std::shared_ptr<const SocialGraph> graph, NeighborSamplerOptions sampling, BatcherOptions options)
    : graph_(graph),
      sampler_(graph, std::move(sampling)),
      negatives_(graph, {.of_users = false, .seed = options.seed}),
      options_(options) {
  for (std::uint32_t u = 0; u < graph_->num_users(); ++u) active_users_ += graph_->items(UserId{u}).empty() ? 0 : 1;
}

std::size_t Batcher::batches_per_epoch() const noexcept {
  return (active_users_ + options_.users_per_batch - 1) / options_.users_per_batch;
}

void Batcher::Fill(std::span<const UserId> order, std::uint64_t epoch, std::size_t b, NeighborSampler::Scratch& scratch,
                   TrainingBatch& batch) const {
  const std::size_t begin = b * options_.users_per_batch;
  const std::span<const UserId> users =
      order.subspan(begin, std::min<std::size_t>(options_.users_per_batch, order.size() - begin));
  batch.step = epoch * batches_per_epoch() + b;

  // Positives first as items; they get local numbers once the batch's distinct items are known.
  batch.positive_offsets.assign(1, 0);
  batch.positives.clear();
  StampedSet taken;
  for (const UserId user : users) {
    const std::span<const std::uint32_t> row = graph_->items(user).targets;
    const auto degree = static_cast<std::uint32_t>(row.size());
    if (degree <= options_.positives_per_user) {
      batch.positives.insert(batch.positives.end(), row.begin(), row.end());
    } else {
      DrawDistinct(Rng(options_.seed, Purpose::kShuffle, batch.step, index(user)), kPositiveDraws, degree,
                   options_.positives_per_user, taken, [&](std::uint32_t p) { batch.positives.push_back(row[p]); });
    }
    batch.positive_offsets.push_back(batch.positives.size());
  }
  const std::vector<ItemId> candidates = negatives_.Candidates(batch.step, options_.candidates);

  std::vector<std::uint32_t> items(batch.positives);
  for (const ItemId item : candidates) items.push_back(index(item));
  std::sort(items.begin(), items.end());
  items.erase(std::unique(items.begin(), items.end()), items.end());
  const auto local = [&](std::uint32_t item) {
    return static_cast<std::uint32_t>(users.size() +
                                      (std::lower_bound(items.begin(), items.end(), item) - items.begin()));
  };
  batch.users.resize(users.size());
  for (std::size_t u = 0; u < users.size(); ++u) batch.users[u] = static_cast<std::uint32_t>(u);
  for (std::uint32_t& positive : batch.positives) positive = local(positive);
  batch.candidates.clear();
  for (const ItemId item : candidates) batch.candidates.push_back(local(index(item)));

  std::vector<NodeId> seeds;
  seeds.reserve(users.size() + items.size());
  for (const UserId user : users) seeds.push_back(graph_->node(user));
  for (const std::uint32_t item : items) seeds.push_back(graph_->node(ItemId{item}));
  sampler_.Sample(seeds, batch.step, /*transpose=*/true, scratch, batch.mini_batch);
}

double Batcher::RunEpoch(const Runtime& runtime, std::uint64_t epoch,
                         FunctionRef<bool(const TrainingBatch&)> train) const {
  const std::vector<UserId> order = ShuffledUsers(*graph_, options_.seed, epoch);
  const std::size_t batches = batches_per_epoch();
  std::vector<TrainingBatch> slots(options_.prefetch);
  std::vector<NeighborSampler::ScratchPtr> scratch;
  for (std::size_t s = 0; s < slots.size(); ++s) scratch.push_back(sampler_.NewScratch());

  const auto begin = std::chrono::steady_clock::now();
  auto idle_since = begin;
  double waited = 0;
  ParallelPrefetch(
      runtime, batches, slots.size(),
      [&](std::size_t b, std::size_t slot) { Fill(order, epoch, b, *scratch[slot], slots[slot]); },
      [&](std::size_t, std::size_t slot) {
        waited += Seconds(std::chrono::steady_clock::now() - idle_since);
        const bool go_on = train(slots[slot]);
        idle_since = std::chrono::steady_clock::now();
        return go_on;
      });
  const double total = Seconds(std::chrono::steady_clock::now() - begin);
  return total > 0 ? std::min(1.0, waited / total) : 0.0;
}

}  // namespace kith
