/// SampleEngine: the hops of a batch for one way of picking and one relabel table, chosen once for a sampler.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "degrees.h"
#include "hop.h"
#include "kith/base/rng.h"
#include "kith/sampler/neighbor_sampler.h"
#include "relabel.h"

namespace kith {

class NeighborSampler::Scratch {
 public:
  virtual ~Scratch() = default;
};

class SampleEngine {
 public:
  virtual ~SampleEngine() = default;
  [[nodiscard]] virtual NeighborSampler::ScratchPtr NewScratch() const = 0;
  /// Fills batch.blocks from batch.seeds; transposes excepted, and degrees of all blocks but the first.
  virtual void Sample(std::uint64_t step, NeighborSampler::Scratch& scratch, MiniBatch& batch) const = 0;
};

/// Whether any hop draws friends, so that edges have to say their relation.
[[nodiscard]] inline bool DrawsFriends(const NeighborSamplerOptions& options) noexcept {
  return std::any_of(options.fanouts.begin(), options.fanouts.end(),
                     [](const Fanout& fanout) { return fanout.friends_per_user != 0; });
}

/// The key of the word streams of one hop and kind of row: seed and step enter by Philox.
[[nodiscard]] inline std::uint64_t HopKey(std::uint64_t seed, std::uint64_t step, std::size_t hop, bool friends) {
  const Rng rng(seed, Purpose::kNeighbors, step, static_cast<std::uint32_t>(2 * hop + (friends ? 1 : 0)));
  return std::uint64_t{rng.bits(0)} << 32 | rng.bits(1);
}

template <class Picks, class Table>
class EngineOf final : public SampleEngine {
 public:
  EngineOf(std::shared_ptr<const SocialGraph> graph, NeighborSamplerOptions options, Picks picks)
      : graph_(std::move(graph)),
        options_(std::move(options)),
        picks_(std::move(picks)),
        degrees_(*graph_, DrawsFriends(options_)) {}

  [[nodiscard]] NeighborSampler::ScratchPtr NewScratch() const override {
    return NeighborSampler::ScratchPtr(new Space(graph_->num_nodes()));
  }

  void Sample(std::uint64_t step, NeighborSampler::Scratch& scratch, MiniBatch& batch) const override {
    auto& space = static_cast<Space&>(scratch);
    const std::size_t hops = options_.fanouts.size();
    batch.blocks.resize(hops);
    MeetSeeds(batch, space);
    for (std::size_t hop = 0; hop < hops; ++hop) {
      const HopPlan plan{.fanout = options_.fanouts[hop],
                         .num_users = graph_->num_users(),
                         .relations = DrawsFriends(options_),
                         .key = HopKey(options_.seed, step, hop, false),
                         .friends_key = HopKey(options_.seed, step, hop, true)};
      Block& block = batch.blocks[hops - 1 - hop];
      const DegreeReader* degrees = hop + 1 == hops ? &degrees_ : nullptr;
      Hop<Picks, Table>(plan, picks_, degrees, space.table, space.hop, space.met, block).Run();
      MakeRoom(block.nodes, space.met.count);
      block.nodes.assign(space.met.nodes.begin(), space.met.nodes.begin() + space.met.count);
      if constexpr (Picks::kTimed) {
        ResizeTo(block.times, space.met.count);
        for (std::uint32_t v = 0; v < space.met.count; ++v) {
          block.times[v] = space.met.seed_times[space.met.times[v]];
        }
      } else {
        block.times.clear();
      }
    }
  }

 private:
  struct Space final : NeighborSampler::Scratch {
    explicit Space(std::uint32_t num_nodes) : table(num_nodes) {}
    Table table;
    MetNodes met;
    typename Hop<Picks, Table>::Space hop;
  };

  void MeetSeeds(const MiniBatch& batch, Space& space) const {
    MetNodes& met = space.met;
    GrowTo(met.nodes, batch.seeds.size());
    if constexpr (Picks::kTimed) {
      std::vector<std::int64_t>& times = met.seed_times;
      times.assign(batch.times.begin(), batch.times.end());
      std::sort(times.begin(), times.end());
      times.erase(std::unique(times.begin(), times.end()), times.end());
      GrowTo(met.times, batch.seeds.size());
      picks_.BeginBatch(times, space.hop.picks);
      space.table.Begin(met.count, times.size());
    } else {
      space.table.Begin(met.count);
      space.table.Reserve(batch.seeds.size());
    }
    met.count = 0;
    for (std::size_t s = 0; s < batch.seeds.size(); ++s) {
      std::uint64_t key = index(batch.seeds[s]);
      if constexpr (Picks::kTimed) {
        const std::vector<std::int64_t>& times = met.seed_times;
        const auto time = std::lower_bound(times.begin(), times.end(), batch.times[s]) - times.begin();
        met.times[met.count] = static_cast<std::uint32_t>(time);
        key |= static_cast<std::uint64_t>(time) << 32;
        space.table.Reserve(met.times[met.count], 1);
      }
      met.nodes[met.count] = batch.seeds[s];
      (void)space.table.cursor().Local(key, met.count);
    }
  }

  std::shared_ptr<const SocialGraph> graph_;
  NeighborSamplerOptions options_;
  Picks picks_;
  DegreeReader degrees_;
};

}  // namespace kith
