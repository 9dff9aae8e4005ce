// The cases of the kernel benchmark: inputs, the public kernel, and the plain loop that checks it.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "bench/kernel_bench.h"
#include "bench/kernel_inputs.h"
#include "kith/base/buffer.h"
#include "kith/base/rng.h"
#include "kith/kernels/kernels.h"
#include "kith/kernels/reference.h"

namespace kith::tools {
namespace {

namespace reference = kernels::reference;

template <std::size_t d>
void AddGathers(const SharedInputs& in, Cases& cases) {
  struct Arrays {
    Floats x, out, dout, dx, dots, ends;
    AlignedBuffer<std::uint16_t> half;
  };
  const Csr& csr = in->csr;
  auto arrays = std::make_shared<Arrays>();
  arrays->x = Uniform(csr.num_targets() * d, in->seed, 1);
  arrays->out.resize(csr.num_rows() * d);
  arrays->dout = Uniform(csr.num_rows() * d, in->seed, 2);
  arrays->dx.resize(csr.num_targets() * d);
  arrays->dots.resize(csr.num_edges());
  const double flops = 2.0 * static_cast<double>(csr.num_edges() * d);
  const std::string width = "/d=" + std::to_string(d);

  const auto forward = [in, arrays] {
    kernels::GatherScaleSum(in->offsets, in->csr.targets(), in->weights.data(), arrays->x.data(), arrays->out.data(),
                            d);
  };
  const auto forward_floor = [in, arrays] { TouchRows<d>(in->csr.targets(), arrays->x); };
  cases.push_back({"kernels/gather" + width, in->Size(), flops, 1, forward, "gathers", forward_floor, [=] {
                     forward();
                     Floats expected(arrays->out.size());
                     reference::GatherScaleSum(in->offsets, in->csr.targets(), in->weights.data(), arrays->x.data(),
                                               expected.data(), d);
                     return Agree(arrays->out.span(), expected.span());
                   }});

  // Weights folded into the ends: what LightGCN and the house layer do, in both directions.
  arrays->ends = Uniform(std::max(csr.num_targets(), csr.num_rows()), in->seed, 14);
  const auto folded = [in, arrays] {
    kernels::GatherFolded(in->offsets, in->csr.targets(), arrays->ends.data(), arrays->ends.data(), arrays->x.data(),
                          arrays->out.data(), d);
  };
  const auto folded_reference = [in, arrays](const float* x) {
    Floats expected(arrays->out.size());
    reference::GatherFolded<float>(in->offsets, in->csr.targets(), arrays->ends.data(), arrays->ends.data(), x,
                                   expected.data(), d);
    return expected;
  };
  cases.push_back({"kernels/propagation" + width, in->Size(), flops, 1, folded, "gathers", forward_floor, [=] {
                     folded();
                     return Agree(arrays->out.span(), folded_reference(arrays->x.data()).span());
                   }});
  arrays->half.resize(arrays->x.size());
  kernels::ToBfloat16(arrays->x.data(), arrays->x.size(), arrays->half.data());
  const auto half = [in, arrays] {
    kernels::GatherFoldedBfloat16(in->offsets, in->csr.targets(), arrays->ends.data(), arrays->ends.data(),
                                  arrays->half.data(), arrays->out.data(), d);
  };
  const auto half_floor = [in, arrays] { TouchRows<d>(in->csr.targets(), arrays->half); };
  cases.push_back({"kernels/propagation_bf16" + width, in->Size(), flops, 1, half, "gathers", half_floor, [=] {
                     half();
                     Floats rounded(arrays->half.size());
                     for (std::size_t i = 0; i < rounded.size(); ++i)
                       rounded[i] = std::bit_cast<float>(std::uint32_t{arrays->half[i]} << 16);
                     return Agree(arrays->out.span(), folded_reference(rounded.data()).span());
                   }});

  const auto backward = [in, arrays] {
    kernels::GatherScaleSumBackward(in->transpose_offsets.span(), in->transpose_destinations.span(),
                                    in->transpose_edges.span(), in->weights.data(), arrays->dout.data(),
                                    arrays->dx.data(), d);
  };
  const auto backward_floor = [in, arrays] { TouchRows<d>(in->transpose_destinations.span(), arrays->dout); };
  cases.push_back({"kernels/gather_backward" + width, in->Size(), flops, 1, backward, "gathers", backward_floor, [=] {
                     arrays->dx.clear();
                     arrays->dx.resize(in->csr.num_targets() * d);
                     backward();
                     Floats expected(arrays->dx.size());
                     reference::GatherScaleSumBackward(in->transpose_offsets.span(), in->transpose_destinations.span(),
                                                       in->transpose_edges.span(), in->weights.data(),
                                                       arrays->dout.data(), expected.data(), d);
                     return Agree(arrays->dx.span(), expected.span());
                   }});

  const auto dots = [in, arrays] {
    kernels::EdgeDots(in->offsets, in->csr.targets(), arrays->dout.data(), arrays->x.data(), arrays->dots.data(), d);
  };
  cases.push_back({"kernels/edge_dots" + width, in->Size(), flops, 1, dots, "gathers", forward_floor, [=] {
                     dots();
                     Floats expected(arrays->dots.size());
                     reference::EdgeDots(in->offsets, in->csr.targets(), arrays->dout.data(), arrays->x.data(),
                                         expected.data(), d);
                     return Agree(arrays->dots.span(), expected.span());
                   }});
}

void AddRanking(std::uint64_t seed, Cases& cases) {
  constexpr std::size_t n = 40981, d = 64, k = 20;
  struct Arrays {
    Floats query, items, scores;
  };
  auto arrays = std::make_shared<Arrays>();
  arrays->query = Uniform(d, seed, 8);
  arrays->items = Uniform(n * d, seed, 9);
  arrays->scores = Uniform(n, seed, 10);
  const std::string size = std::to_string(n) + " items";

  const auto top_k = [arrays] {
    kernels::Scored heap[k];
    const std::size_t found = kernels::OfferTopK(arrays->scores.data(), n, 0, {}, heap, 0, k);
    kernels::SortTopK(heap, found);
    asm volatile("" : : "r"(heap) : "memory");
  };
  cases.push_back({"kernels/top_k/k=20", size, 0, 100, top_k, {}, {}, [arrays] {
                     std::vector<kernels::Scored> found(k), expected(k);
                     found.resize(kernels::OfferTopK(arrays->scores.data(), n, 0, {}, found.data(), 0, k));
                     kernels::SortTopK(found.data(), found.size());
                     expected.resize(reference::OfferTopK(arrays->scores.data(), n, 0, {}, expected.data(), 0, k));
                     reference::SortTopK(expected.data(), expected.size());
                     return found == expected;
                   }});
  const auto scores = [arrays] {
    kernels::Scores(arrays->query.data(), arrays->items.data(), n, d, arrays->scores.data());
  };
  cases.push_back({"kernels/scores/d=64", size, 2.0 * n * d, 10, scores, {}, {}, [=] {
                     scores();
                     Floats expected(n);
                     reference::Scores(arrays->query.data(), arrays->items.data(), n, d, expected.data());
                     return Agree(arrays->scores.span(), expected.span());
                   }});
}

void AddExp(std::uint64_t seed, Cases& cases) {
  constexpr std::size_t n = std::size_t{1} << 20;
  auto x = std::make_shared<Floats>(Uniform(n, seed, 11));
  // exp(x / 2 - 1) again and again settles at a number, so that every run sees ordinary arguments.
  const auto run = [x] { (void)kernels::ExpInPlace(x->data(), n, 0.5F, -1.0F); };
  cases.push_back({"kernels/exp", std::to_string(n) + " numbers", 0, 4, run, {}, {}, [=] {
                     Floats expected = *x;
                     (void)reference::ExpInPlace(expected.data(), n, 0.5F, -1.0F);
                     run();
                     return Agree(x->span(), expected.span());
                   }});
}

/// C = A B with A or B transposed in memory; 16 rows of C are compared with the plain loop.
void AddGemm(const std::string& name, std::size_t m, std::size_t n, std::size_t k, bool a_transposed, bool b_transposed,
             std::uint64_t seed, Cases& cases) {
  struct Arrays {
    Floats a, b, c, workspace;
  };
  auto arrays = std::make_shared<Arrays>();
  arrays->a = Uniform(m * k, seed, 12);
  arrays->b = Uniform(k * n, seed, 13);
  arrays->c.resize(m * n);
  arrays->workspace.resize(kernels::GemmWorkspace());
  const std::size_t a_row = a_transposed ? 1 : k, a_column = a_transposed ? m : 1;
  const std::size_t b_row = b_transposed ? 1 : n, b_column = b_transposed ? k : 1;
  const auto run = [=] {
    kernels::Gemm(m, n, k, {arrays->a.data(), a_row, a_column}, {arrays->b.data(), b_row, b_column}, arrays->c.data(),
                  n, false, arrays->workspace.data());
  };
  const std::string size = std::to_string(m) + " x " + std::to_string(n) + " x " + std::to_string(k);
  const double flops = 2.0 * static_cast<double>(m) * static_cast<double>(n) * static_cast<double>(k);
  cases.push_back({"kernels/gemm/" + name, size, flops, 1, run, {}, {}, [=] {
                     run();
                     Floats expected(n);
                     for (std::size_t i = 0; i < m; i += std::max<std::size_t>(1, m / 16)) {
                       reference::Gemm<float>(1, n, k, {arrays->a.data() + i * a_row, a_row, a_column},
                                              {arrays->b.data(), b_row, b_column}, expected.data(), n, false);
                       if (!Agree(arrays->c.span().subspan(i * n, n), expected.span())) return false;
                     }
                     return true;
                   }});
}

}  // namespace

std::vector<KernelBenchCase> KernelBenchCases(const Runtime& runtime, const Csr& csr, std::uint64_t seed) {
  const auto inputs = std::make_shared<const Inputs>(csr, seed);
  Cases cases;
  AddGathers<64>(inputs, cases);
  AddGathers<128>(inputs, cases);
  AddAttentionCases(inputs, cases);
  AddLayerCases(runtime, inputs, cases);
  AddSoftmaxCase(inputs, cases);
  AddRanking(seed, cases);
  AddExp(seed, cases);
  AddGemm("a_bt", 1024, 4096, 64, false, true, seed, cases);
  AddGemm("a_b", 1024, 64, 4096, false, false, seed, cases);
  AddGemm("at_b", 4096, 64, 1024, true, false, seed, cases);
  return cases;
}

}  // namespace kith::tools
