// The cases of the kernel benchmark: inputs, the public kernel, and the plain loop that checks it.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "bench/kernel_bench.h"
#include "kith/base/buffer.h"
#include "kith/base/rng.h"
#include "kith/kernels/attention.h"
#include "kith/kernels/kernels.h"
#include "kith/kernels/reference.h"
#include "kith/kernels/reference_attention.h"

namespace kith::tools {
namespace {

namespace reference = kernels::reference;
using Floats = AlignedBuffer<float>;

/// n numbers, uniform in [-1, 1).
Floats Uniform(std::size_t n, std::uint64_t seed, std::uint64_t stream) {
  const Rng rng(seed, Purpose::kBench, 100 + stream);
  Floats values(n);
  for (std::size_t i = 0; i < n; ++i) values[i] = 2.0F * rng.uniform(static_cast<std::uint32_t>(i)) - 1.0F;
  return values;
}

/// Whether every entry agrees to 1e-4 of the larger of 1 and the expected one.
bool Agree(std::span<const float> found, std::span<const float> expected) {
  for (std::size_t i = 0; i < expected.size(); ++i)
    if (!(std::fabs(found[i] - expected[i]) <= 1e-4F * std::max(1.0F, std::fabs(expected[i])))) return false;
  return found.size() == expected.size();
}

/// Reads one word of every cache line of the row of every edge, fetched as far ahead as the kernels do.
template <std::size_t kWidth>
void TouchRows(std::span<const std::uint32_t> columns, const Floats& x) {
  constexpr std::size_t kLine = 16, kAhead = 16, kLines = (kWidth + kLine - 1) / kLine;
  float sum[kLines] = {};  // one for each line, or the additions would take longer than the reads
  const float* const rows = x.data();
  for (std::size_t e = 0; e < columns.size(); ++e) {
    if (e + kAhead < columns.size())
      for (std::size_t i = 0; i < kLines; ++i) __builtin_prefetch(rows + columns[e + kAhead] * kWidth + i * kLine);
    for (std::size_t i = 0; i < kLines; ++i) sum[i] += rows[columns[e] * kWidth + i * kLine];
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

template <std::size_t d>
void AddGathers(const SharedInputs& in, Cases& cases) {
  struct Arrays {
    Floats x, out, dout, dx, dots;
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

/// Forward and both backward passes of 4 heads of 16; the floor is the forward propagation that LightGCN needs.
void AddAttention(const SharedInputs& in, kernels::AttentionKind kind, const std::string& name, Cases& cases) {
  constexpr std::size_t kHeads = 4, kFeatures = 16, d = kHeads * kFeatures;
  struct Arrays {
    Floats a, query, message, dout, out, lse, dquery, records, dmessage, dattention, propagated;
    kernels::Attention attention{};
  };
  const Csr& csr = in->csr;
  const std::size_t rows = csr.num_rows(), sources = csr.num_targets();
  auto arrays = std::make_shared<Arrays>();
  arrays->a = Uniform(d, in->seed, 3);
  arrays->query = Uniform(rows * d, in->seed, 4);
  arrays->message = Uniform(sources * d, in->seed, 5);
  arrays->dout = Uniform(rows * d, in->seed, 6);
  arrays->attention = {kind, kHeads, kFeatures, 0.2F, arrays->a.data(), arrays->a.data()};
  for (Floats* floats : {&arrays->out, &arrays->dquery, &arrays->propagated}) floats->resize(rows * d);
  arrays->lse.resize(rows * kHeads);
  arrays->records.resize(rows * arrays->attention.record());
  arrays->dmessage.resize(sources * d);
  arrays->dattention.resize(d);

  const auto forward = [in, arrays] {
    kernels::Attend(arrays->attention, in->offsets, in->csr.targets(), arrays->query.data(), arrays->message.data(),
                    arrays->out.data(), arrays->lse.data());
  };
  const auto both = [in, arrays, forward] {
    forward();
    kernels::AttendBackwardToQueries(arrays->attention, in->offsets, in->csr.targets(), arrays->query.data(),
                                     arrays->message.data(), arrays->out.data(), arrays->lse.data(),
                                     arrays->dout.data(), arrays->dquery.data(), arrays->records.data(),
                                     arrays->dattention.data());
    kernels::AttendBackwardToMessages(arrays->attention, in->transpose_offsets.span(),
                                      in->transpose_destinations.span(), arrays->message.data(), arrays->records.data(),
                                      arrays->dmessage.data(), arrays->dattention.data());
  };
  const auto propagation = [in, arrays] {
    kernels::GatherScaleSum(in->offsets, in->csr.targets(), in->weights.data(), arrays->message.data(),
                            arrays->propagated.data(), d);
  };
  // The plain loops score every edge for each head anew: the first rows, and the sources that have no others.
  const auto verify = [in, arrays, both] {
    both();
    const std::size_t checked = std::min<std::size_t>(in->csr.num_rows(), 2000);
    const std::span<const EdgeOffset> some = std::span<const EdgeOffset>(in->offsets.span()).first(checked + 1);
    const std::span<const EdgeOffset> back = in->transpose_offsets.span().first(checked + 1);
    const kernels::Attention& attention = arrays->attention;
    Floats out(checked * d), lse(checked * kHeads), dquery(checked * d), records(checked * attention.record()),
        dmessage(checked * d), dattention(d);
    reference::Attend(attention, some, in->csr.targets(), arrays->query.data(), arrays->message.data(), out.data(),
                      lse.data());
    reference::AttendBackwardToQueries(attention, some, in->csr.targets(), arrays->query.data(), arrays->message.data(),
                                       out.data(), lse.data(), arrays->dout.data(), dquery.data(), records.data(),
                                       dattention.data());
    reference::AttendBackwardToMessages(attention, back, in->transpose_destinations.span(), arrays->message.data(),
                                        arrays->records.data(), dmessage.data(), dattention.data());
    return Agree(arrays->out.span().first(out.size()), out.span()) &&
           Agree(arrays->dquery.span().first(dquery.size()), dquery.span()) &&
           Agree(arrays->records.span().first(records.size()), records.span()) &&
           Agree(arrays->dmessage.span().first(dmessage.size()), dmessage.span());
  };
  cases.push_back({"kernels/" + name + "/4x16", in->Size(), 0, 1, forward, "propagation", propagation, verify});
  cases.push_back({"kernels/" + name + "_both_ways/4x16", in->Size(), 0, 1, both, "propagation", propagation, verify});
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

std::vector<KernelBenchCase> KernelBenchCases(const Csr& csr, std::uint64_t seed) {
  const auto inputs = std::make_shared<const Inputs>(csr, seed);
  Cases cases;
  AddGathers<64>(inputs, cases);
  AddGathers<128>(inputs, cases);
  AddAttention(inputs, kernels::AttentionKind::kAdditive, "gat", cases);
  AddAttention(inputs, kernels::AttentionKind::kDynamic, "gatv2", cases);
  AddRanking(seed, cases);
  AddExp(seed, cases);
  AddGemm("a_bt", 1024, 4096, 64, false, true, seed, cases);
  AddGemm("a_b", 1024, 64, 4096, false, false, seed, cases);
  AddGemm("at_b", 4096, 64, 1024, true, false, seed, cases);
  return cases;
}

}  // namespace kith::tools
