// The cases of `kith bench sampler` on a smaller R-MAT graph under Google Benchmark; a wrong block is an error.
#include <benchmark/benchmark.h>

#include "bench/sampler_bench.h"
#include "kith/sampler/neighbor_sampler.h"

namespace kith::tools {
namespace {

const NamedGraph& Graph() {
  static const NamedGraph graph = {"rmat-scale17", MakeRmatGraph(Runtime(), {.scale = 17}).value()};
  return graph;
}

/// Argument: the number of the fan-out in SamplerBenchOptions.  One iteration is one batch of 1024 seeds.
void Sampler(benchmark::State& state) {
  const SamplerBenchOptions options{.batches = 4, .repeats = 1};
  const auto number = static_cast<std::size_t>(state.range(0));
  if (number >= options.fanouts.size()) return state.SkipWithError("no such fan-out");
  const Runtime runtime(1);
  const auto checked = RunSamplerCase(runtime, Graph(), options.fanouts[number], options);
  if (!checked.ok()) return state.SkipWithError(checked.status().ToString().c_str());
  if (!checked->verified) return state.SkipWithError("a block is wrong");
  state.SetLabel(checked->graph + ", " + checked->fanouts);

  NeighborSamplerOptions sampling{.fanouts = {}, .seed = options.seed};
  for (const std::uint32_t keep : options.fanouts[number]) sampling.fanouts.push_back({0, 0, keep});
  const NeighborSampler sampler(Graph().graph, sampling);
  const auto scratch = sampler.NewScratch();
  std::vector<NodeId> seeds;
  for (std::uint32_t v = 0; v < options.seeds_per_batch; ++v) seeds.push_back(NodeId{v});
  MiniBatch batch;
  std::uint64_t step = 0;
  double edges = 0;
  for (auto _ : state) {
    sampler.Sample(seeds, step++, /*transpose=*/false, *scratch, batch);
    for (const Block& block : batch.blocks) edges += static_cast<double>(block.num_edges());
  }
  state.counters["edges"] = benchmark::Counter(edges, benchmark::Counter::kIsRate, benchmark::Counter::kIs1000);
}
BENCHMARK(Sampler)->DenseRange(0, 2)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace kith::tools
