// The cases of `kith bench sampler` on a smaller R-MAT graph under Google Benchmark; a wrong block is an error.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "bench/rmat.h"
#include "bench/sampler_bench.h"

namespace kith::tools {
namespace {

const NamedGraph& Graph() {
  static const NamedGraph graph = {"rmat-131k",
                                   MakeRmatGraph(Runtime(), {.nodes = 1U << 17, .edges = 1'400'000}).value()};
  return graph;
}

/// Arguments: the number of the kind and of the fan-out in SamplerBenchOptions.  One iteration is four batches of 1024
/// seeds; the time is that of the drawing alone, on one thread.
void Sampler(benchmark::State& state) {
  SamplerBenchOptions options{.kind = static_cast<SamplerKind>(state.range(0)), .batches = 4, .repeats = 3};
  options.fanouts = {options.fanouts.at(static_cast<std::size_t>(state.range(1)))};
  const Runtime runtime(1);
  double edges = 0;
  for (auto _ : state) {
    const auto rows = RunSamplerBench(runtime, Graph(), options);
    if (!rows.ok()) return state.SkipWithError(rows.status().ToString().c_str());
    const SamplerBenchRow& row = rows->front();
    if (!row.verified) return state.SkipWithError("a block is wrong");
    state.SetLabel(row.kind + " " + row.fanouts);
    state.SetIterationTime(static_cast<double>(row.edges) / row.edges_per_core_second);
    edges += static_cast<double>(row.edges);
  }
  state.counters["edges"] = benchmark::Counter(edges, benchmark::Counter::kIsRate, benchmark::Counter::kIs1000);
}
BENCHMARK(Sampler)->ArgsProduct({{0, 1, 2, 3, 4}, {0, 1, 2}})->UseManualTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace kith::tools
