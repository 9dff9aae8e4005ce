#include "sampling_plan.h"

#include <algorithm>

namespace kith {

double SampledWork::PerInteraction() const {
  const double work = static_cast<double>(edges) + kEdgesANode * static_cast<double>(nodes);
  return work / static_cast<double>(std::max<std::uint64_t>(1, interactions));
}

std::vector<Fanout> HopFanouts(std::uint32_t first, std::uint32_t layers) {
  std::vector<Fanout> fanouts;
  for (std::uint32_t hop = 0; hop < layers; ++hop) {
    const std::uint32_t kept = std::max(1U, first >> hop);
    fanouts.push_back({.items_per_user = kept, .users_per_item = kept});
  }
  return fanouts;
}

SampledWork CountSampledWork(const std::shared_ptr<const SocialGraph>& graph, const std::vector<Fanout>& fanouts,
                             const BatcherOptions& options) {
  const Batcher batcher(graph, {.fanouts = fanouts, .seed = options.seed}, options);
  const std::vector<UserId> order = ShuffledUsers(*graph, options.seed, /*epoch=*/0);
  SampledWork work;
  if (order.empty()) return work;
  const NeighborSampler sampler(graph, {.fanouts = fanouts, .seed = options.seed});
  const auto scratch = sampler.NewScratch();
  TrainingBatch batch;
  batcher.Fill(order, /*epoch=*/0, /*b=*/0, *scratch, batch);
  for (std::size_t u = 0; u < batch.users.size(); ++u) work.interactions += graph->items(order[u]).size();
  work.nodes = batch.mini_batch.input_nodes().size();
  for (const Block& block : batch.mini_batch.blocks) work.edges += block.num_edges();
  return work;
}

FanoutChoice ChooseFanouts(const std::shared_ptr<const SocialGraph>& graph, std::uint32_t layers,
                           const BatcherOptions& options, double budget) {
  const auto work = [&](std::uint32_t first) {
    return CountSampledWork(graph, HopFanouts(first, layers), options).PerInteraction();
  };
  FanoutChoice choice{.first = kWidestFanout, .work = work(kWidestFanout)};
  if (choice.work <= budget) return choice;
  std::uint32_t fits = kNarrowestFanout, too_wide = kWidestFanout;
  choice = {.first = fits, .work = work(fits)};
  while (too_wide - fits > 1) {
    const std::uint32_t middle = (fits + too_wide) / 2;
    const double counted = work(middle);
    if (counted <= budget) {
      fits = middle;
      choice = {.first = middle, .work = counted};
    } else {
      too_wide = middle;
    }
  }
  return choice;
}

}  // namespace kith
