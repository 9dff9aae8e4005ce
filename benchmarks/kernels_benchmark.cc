// The cases of `kith bench kernels` under Google Benchmark; a case whose answer is wrong is an error.
#include <benchmark/benchmark.h>

#include "bench/kernel_bench.h"

namespace kith::tools {
namespace {

const std::vector<KernelBenchCase>& AllCases() {
  static const Runtime runtime;
  static const Csr csr = SyntheticKernelGraph(runtime, /*seed=*/1).value();
  static const std::vector<KernelBenchCase> cases = KernelBenchCases(runtime, csr, /*seed=*/1);
  return cases;
}

/// Argument: the number of the case; its name is the label.
void Kernels(benchmark::State& state) {
  const auto number = static_cast<std::size_t>(state.range(0));
  if (number >= AllCases().size()) return state.SkipWithError("no such case");
  const KernelBenchCase& bench = AllCases()[number];
  state.SetLabel(bench.name + ", " + bench.size);
  if (!bench.verify()) return state.SkipWithError("the answer differs from the plain loop's");
  for (auto _ : state) bench.run();
  if (bench.flops > 0)
    state.counters["flops"] =
        benchmark::Counter(bench.flops, benchmark::Counter::kIsIterationInvariantRate, benchmark::Counter::kIs1000);
}
BENCHMARK(Kernels)->DenseRange(0, 24)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace kith::tools
