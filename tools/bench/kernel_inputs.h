/// What the cases of the kernel benchmark share: inputs, comparison with the plain loops, and the floor of gathers.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "bench/kernel_bench.h"
#include "kith/base/buffer.h"
#include "kith/base/rng.h"
#include "kith/kernels/kernels.h"

namespace kith::tools {

using Floats = AlignedBuffer<float>;

/// n numbers, uniform in [-1, 1).
inline Floats Uniform(std::size_t n, std::uint64_t seed, std::uint64_t stream) {
  const Rng rng(seed, Purpose::kBench, 100 + stream);
  Floats values(n);
  for (std::size_t i = 0; i < n; ++i) values[i] = 2.0F * rng.uniform(static_cast<std::uint32_t>(i)) - 1.0F;
  return values;
}

/// Whether every entry agrees to 1e-4 of the larger of 1 and the expected one.
inline bool Agree(std::span<const float> found, std::span<const float> expected) {
  for (std::size_t i = 0; i < expected.size(); ++i)
    if (!(std::fabs(found[i] - expected[i]) <= 1e-4F * std::max(1.0F, std::fabs(expected[i])))) return false;
  return found.size() == expected.size();
}

/// Reads one word of every cache line of the row of every edge, fetched as far ahead as the kernels do.
template <std::size_t kWidth, class X>
void TouchRows(std::span<const std::uint32_t> columns, const AlignedBuffer<X>& x) {
  constexpr std::size_t kLine = 64 / sizeof(X), kAhead = 16, kLines = (kWidth + kLine - 1) / kLine;
  X sum[kLines] = {};  // one for each line, or the additions would take longer than the reads
  const X* const rows = x.data();
  for (std::size_t e = 0; e < columns.size(); ++e) {
    if (e + kAhead < columns.size())
      for (std::size_t i = 0; i < kLines; ++i) __builtin_prefetch(rows + columns[e + kAhead] * kWidth + i * kLine);
    for (std::size_t i = 0; i < kLines; ++i) sum[i] = static_cast<X>(sum[i] + rows[columns[e] * kWidth + i * kLine]);
  }
  // The compiler must believe that the sums are used.
  asm volatile("" : : "r"(sum) : "memory");
}

/// The graph, its transpose and the arrays that all cases read and write.
struct Inputs {
  const Csr& csr;
  std::uint64_t seed;
  AlignedBuffer<EdgeOffset> offsets;  ///< the graph's, as wide as kernels read them
  AlignedBuffer<EdgeOffset> transpose_offsets;
  AlignedBuffer<std::uint32_t> transpose_destinations, transpose_edges;
  Floats weights;

  Inputs(const Csr& graph, std::uint64_t the_seed) : csr(graph), seed(the_seed) {
    offsets.resize(csr.offsets().size());
    std::copy(csr.offsets().begin(), csr.offsets().end(), offsets.begin());
    transpose_offsets.resize(csr.num_targets() + std::size_t{1});
    transpose_destinations.resize(csr.num_edges());
    transpose_edges.resize(csr.num_edges());
    for (const std::uint32_t target : csr.targets()) ++transpose_offsets[target + std::size_t{1}];
    for (std::size_t u = 1; u < transpose_offsets.size(); ++u) transpose_offsets[u] += transpose_offsets[u - 1];
    auto next = transpose_offsets;
    for (std::uint32_t v = 0; v < csr.num_rows(); ++v)
      for (EdgeOffset e = csr.offsets()[v]; e < csr.offsets()[v + 1]; ++e) {
        const EdgeOffset at = next[csr.targets()[e]]++;
        transpose_destinations[at] = v;
        transpose_edges[at] = static_cast<std::uint32_t>(e);
      }
    weights = Uniform(csr.num_edges(), seed, 0);
  }
  [[nodiscard]] std::string Size() const {
    return std::to_string(csr.num_rows()) + " rows " + std::to_string(csr.num_edges()) + " edges";
  }
};
using SharedInputs = std::shared_ptr<const Inputs>;
using Cases = std::vector<KernelBenchCase>;

/// Defined beside the cases they add.
void AddAttentionCases(const SharedInputs& in, Cases& cases);
void AddLayerCases(const Runtime& runtime, const SharedInputs& in, Cases& cases);
void AddSoftmaxCase(const SharedInputs& in, Cases& cases);

}  // namespace kith::tools
