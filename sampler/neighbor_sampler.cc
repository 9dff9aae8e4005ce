#include "kith/sampler/neighbor_sampler.h"

#include <algorithm>
#include <cassert>
#include <string>
#include <utility>

#include "engine.h"
#include "relabel.h"
#include "relabel_by_time.h"
#include "rows.h"
#include "temporal_picks.h"
#include "uniform_picks.h"
#include "weighted_picks.h"

namespace kith {
namespace {

bool AsksForTimes(NeighborChoice choice) noexcept {
  return choice == NeighborChoice::kBefore || choice == NeighborChoice::kMostRecent;
}

template <class Table>
std::shared_ptr<const SampleEngine> MakeEngine(const std::shared_ptr<const SocialGraph>& graph,
                                               const NeighborSamplerOptions& options, const Runtime& runtime) {
  if (options.choice == NeighborChoice::kWeighted) {
    return std::make_shared<EngineOf<WeightedPicks, Table>>(graph, options,
                                                            WeightedPicks(runtime, *graph, options.with_replacement));
  }
  return std::make_shared<EngineOf<UniformPicks, Table>>(graph, options,
                                                         UniformPicks(SourcesOf(*graph), options.with_replacement));
}

std::shared_ptr<const SampleEngine> MakeEngine(const std::shared_ptr<const SocialGraph>& graph,
                                               const NeighborSamplerOptions& options, const Runtime& runtime) {
  if (AsksForTimes(options.choice)) {
    const bool most_recent = options.choice == NeighborChoice::kMostRecent;
    return std::make_shared<EngineOf<TemporalPicks, RelabelByTime>>(
        graph, options, TemporalPicks(runtime, *graph, most_recent, options.with_replacement));
  }
  if (graph->num_nodes() <= options.dense_table_limit) return MakeEngine<DenseRelabel>(graph, options, runtime);
  return MakeEngine<HashedRelabel>(graph, options, runtime);
}

/// The degrees of the first block's nodes for the others, whose nodes are the first of it.
void SpreadDegrees(MiniBatch& batch) {
  const std::vector<std::uint32_t>& degrees = batch.blocks.front().degrees;
  for (std::size_t b = 1; b < batch.blocks.size(); ++b) {
    Block& block = batch.blocks[b];
    MakeRoom(block.degrees, block.nodes.size());
    block.degrees.assign(degrees.begin(), degrees.begin() + static_cast<std::ptrdiff_t>(block.nodes.size()));
  }
}

}  // namespace

Status NeighborSamplerOptions::Validate() const {
  if (fanouts.empty()) return InvalidArgument("sampler: expected fan-outs for at least one hop, found none");
  if (fanouts.size() > 8) {
    return InvalidArgument("sampler: expected at most 8 hops, found " + std::to_string(fanouts.size()));
  }
  if (with_replacement && choice == NeighborChoice::kMostRecent) {
    return InvalidArgument("sampler: the most recent edges are not drawn, so there is no drawing with replacement");
  }
  for (const Fanout& fanout : fanouts) {
    for (const std::uint32_t keep : {fanout.items_per_user, fanout.users_per_item, fanout.friends_per_user}) {
      if (keep == Fanout::kAll && with_replacement) {
        return InvalidArgument(
            "sampler: drawing with replacement needs a number of neighbours in every hop, found \"all\"");
      }
      if (keep != Fanout::kAll && keep > kMaxFanout) {
        return InvalidArgument("sampler: expected a fan-out of at most " + std::to_string(kMaxFanout) +
                               " or \"all\", found " + std::to_string(keep));
      }
    }
  }
  return OkStatus();
}

void NeighborSampler::ScratchDeleter::operator()(Scratch* scratch) const noexcept { delete scratch; }

NeighborSampler::NeighborSampler(std::shared_ptr<const SocialGraph> graph, NeighborSamplerOptions options)
    : NeighborSampler(std::move(graph), std::move(options), Runtime(1)) {}

NeighborSampler::NeighborSampler(std::shared_ptr<const SocialGraph> graph, NeighborSamplerOptions options,
                                 const Runtime& runtime)
    : graph_(std::move(graph)), options_(std::move(options)), engine_(MakeEngine(graph_, options_, runtime)) {}

NeighborSampler::ScratchPtr NeighborSampler::NewScratch() const { return engine_->NewScratch(); }

void NeighborSampler::Sample(std::span<const NodeId> seeds, std::uint64_t step, bool transpose, Scratch& scratch,
                             MiniBatch& batch) const {
  assert(!AsksForTimes(options_.choice));
  batch.seeds.assign(seeds.begin(), seeds.end());
  batch.times.clear();
  Fill(step, transpose, scratch, batch);
}

void NeighborSampler::SampleBefore(std::span<const NodeId> seeds, std::span<const std::int64_t> times,
                                   std::uint64_t step, bool transpose, Scratch& scratch, MiniBatch& batch) const {
  assert(AsksForTimes(options_.choice) && seeds.size() == times.size());
  batch.seeds.assign(seeds.begin(), seeds.end());
  batch.times.assign(times.begin(), times.end());
  Fill(step, transpose, scratch, batch);
}

void NeighborSampler::Fill(std::uint64_t step, bool transpose, Scratch& scratch, MiniBatch& batch) const {
  engine_->Sample(step, scratch, batch);
  SpreadDegrees(batch);
  if (transpose) {
    for (Block& block : batch.blocks) block.BuildTranspose();
  }
}

}  // namespace kith
