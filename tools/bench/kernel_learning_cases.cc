// The cases of the kernel benchmark that training is made of: fused attention, whole layers, a step of the softmax
// loss.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "bench/kernel_bench.h"
#include "bench/kernel_inputs.h"
#include "kith/gnn/layer.h"
#include "kith/graph/block.h"
#include "kith/kernels/attention.h"
#include "kith/kernels/reference_attention.h"
#include "kith/kernels/reference_softmax.h"
#include "kith/kernels/softmax.h"

namespace kith::tools {
namespace {

namespace reference = kernels::reference;

/// Forward and both backward passes of 4 heads of 16; the floor is the forward propagation that LightGCN needs.
void AddOneKind(const SharedInputs& in, kernels::AttentionKind kind, const std::string& name, Cases& cases) {
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

/// One layer over the whole graph, its products and copies included, on all threads of the Runtime.
struct LayerRun {
  Block block;
  std::unique_ptr<Layer> layer, plain;
  Matrix x, dy, y, dx, propagated;

  LayerRun(const Runtime& runtime, const Inputs& in, LayerKind kind) {
    constexpr std::size_t kWidth = 64;
    const std::uint32_t nodes = in.csr.num_rows();
    for (std::uint32_t v = 0; v < nodes; ++v) {
      block.nodes.push_back(NodeId{v});
      block.degrees.push_back(in.csr.degree(v));
      block.scale.push_back(1.0F);
    }
    block.offsets.assign(in.offsets.begin(), in.offsets.end());
    block.sources.assign(in.csr.targets().begin(), in.csr.targets().end());
    block.BuildTranspose();
    const LayerOptions options = {.in = kWidth, .out = kWidth, .heads = 4, .num_nodes = nodes, .seed = in.seed};
    layer = MakeLayer<float>(kind, options, runtime).value();
    plain = MakeLayer<float>(LayerKind::kLightGcn, options, runtime).value();
    for (Matrix* matrix : {&x, &dy}) {
      matrix->resize(nodes, kWidth);
      const Floats values = Uniform(matrix->size(), in.seed, matrix == &x ? 15 : 16);
      std::copy(values.begin(), values.end(), matrix->data());
    }
  }
  void Forward() { layer->Forward(block, x, y); }
  void BothWays() {
    Forward();
    layer->Backward(block, x, dy, dx);
  }
  void Propagation() { plain->Forward(block, x, propagated); }

  /// The layer in double on the plain loops, forward.
  [[nodiscard]] bool Verify(const Runtime& runtime, LayerKind kind) {
    BothWays();
    auto exact = MakeLayer<double>(kind, {.heads = 4, .num_nodes = x.rows()}, runtime).value();
    const auto to = exact->Parameters();
    const auto from = layer->Parameters();
    for (std::size_t p = 0; p < to.size(); ++p)
      std::copy(from[p]->value.span().begin(), from[p]->value.span().end(), to[p]->value.data());
    MatrixOf<double> input(x.rows(), x.cols()), output;
    std::copy(x.span().begin(), x.span().end(), input.data());
    exact->Forward(block, input, output);
    for (std::size_t i = 0; i < y.size(); ++i)
      if (!(std::fabs(y.data()[i] - output.data()[i]) <= 1e-4) || !std::isfinite(dx.data()[i])) return false;
    return true;
  }
};

}  // namespace

void AddAttentionCases(const SharedInputs& in, Cases& cases) {
  AddOneKind(in, kernels::AttentionKind::kAdditive, "gat", cases);
  AddOneKind(in, kernels::AttentionKind::kDynamic, "gatv2", cases);
}

void AddLayerCases(const Runtime& runtime, const SharedInputs& in, Cases& cases) {
  if (in->csr.num_rows() != in->csr.num_targets()) return;  // both ends of an edge are nodes of one kind
  for (const LayerKind kind : {LayerKind::kHouse, LayerKind::kGatv2}) {
    const auto run = std::make_shared<LayerRun>(runtime, *in, kind);
    const auto plain = [run] { run->Propagation(); };
    const auto verify = [run, kind, &runtime] { return run->Verify(runtime, kind); };
    const std::string name = "layers/" + std::string(ToString(kind));
    cases.push_back({name + "/64", in->Size(), 0, 1, [run] { run->Forward(); }, "propagation", plain, verify, true});
    cases.push_back(
        {name + "_both_ways/64", in->Size(), 0, 1, [run] { run->BothWays(); }, "propagation", plain, verify, true});
  }
}

/// The products and exponentials of a training step: 1024 users against 4096 candidates, forward and backward.
void AddSoftmaxCase(const SharedInputs& in, Cases& cases) {
  constexpr std::size_t d = 64, kUsers = 1024, kPanels = 43, kCandidates = kPanels * kernels::kSoftmaxPanel;
  constexpr std::size_t kBlock = kernels::kSoftmaxUsers;
  struct Arrays {
    Floats users, candidates, weights, packed, exps, sums, dusers, dcandidates;
  };
  auto arrays = std::make_shared<Arrays>();
  const std::size_t width = kernels::SoftmaxWidth(d);
  const auto padded = [&](std::size_t rows, std::uint64_t stream) {
    const Floats numbers = Uniform(rows * d, in->seed, stream);
    Floats out(rows * width);
    for (std::size_t r = 0; r < rows; ++r) std::copy_n(numbers.data() + r * d, d, out.data() + r * width);
    return out;
  };
  arrays->users = padded(kUsers, 17);
  arrays->candidates = padded(kCandidates, 18);
  arrays->weights.resize(kCandidates);
  std::fill(arrays->weights.begin(), arrays->weights.end(), 1.0F);
  arrays->packed.resize(kCandidates * d);
  arrays->exps.resize(kCandidates * kUsers);
  arrays->sums.resize(kUsers);
  arrays->dusers.resize(kUsers * width);
  arrays->dcandidates.resize(kCandidates * width);
  for (std::size_t p = 0; p < kPanels; ++p)
    kernels::PackSoftmaxPanel(arrays->candidates.data() + p * kernels::kSoftmaxPanel * width, d,
                              arrays->packed.data() + p * kernels::kSoftmaxPanel * d);
  const std::size_t stride = kUsers * kernels::kSoftmaxPanel;
  const auto run = [=] {
    for (std::size_t u = 0; u < kUsers; u += kBlock)
      kernels::SoftmaxForward({.users = arrays->users.data() + u * width,
                               .count = std::min(kBlock, kUsers - u),
                               .d = d,
                               .packed = arrays->packed.data(),
                               .candidates = arrays->candidates.data(),
                               .weights = arrays->weights.data(),
                               .panels = kPanels,
                               .scale = 0.1F,
                               .shift = -0.5F,
                               .exps = arrays->exps.data() + u * kernels::kSoftmaxPanel,
                               .panel_stride = stride,
                               .sums = arrays->sums.data() + u,
                               .dusers = arrays->dusers.data() + u * width});
    for (std::size_t p = 0; p < kPanels; ++p)
      kernels::SoftmaxBackward(arrays->exps.data() + p * stride, arrays->users.data(), kUsers, d,
                               arrays->dcandidates.data() + p * kernels::kSoftmaxPanel * width, false);
  };
  const std::string size =
      std::to_string(kUsers) + " users " + std::to_string(kCandidates) + " candidates d=" + std::to_string(d);
  const double flops = 3.0 * 2.0 * static_cast<double>(kUsers) * static_cast<double>(kCandidates) * d;
  cases.push_back({"kernels/softmax_step", size, flops, 1, run, {}, {}, [=] {
                     run();
                     for (std::size_t u = 0; u < kUsers; u += 97) {
                       double sum = 0;
                       for (std::size_t c = 0; c < kCandidates; ++c) {
                         double dot = 0;
                         for (std::size_t k = 0; k < d; ++k)
                           dot += static_cast<double>(arrays->users[u * width + k]) *
                                  static_cast<double>(arrays->candidates[c * width + k]);
                         sum += std::exp(0.1 * dot - 0.5);
                       }
                       if (!(std::fabs(sum - arrays->sums[u]) <= 1e-5 * sum)) return false;
                     }
                     for (std::size_t c = 0; c < kCandidates; c += 611) {
                       const float* e = arrays->exps.data() + c / kernels::kSoftmaxPanel * stride;
                       double sum = 0;
                       for (std::size_t u = 0; u < kUsers; ++u)
                         sum += static_cast<double>(e[u * kernels::kSoftmaxPanel + c % kernels::kSoftmaxPanel]) *
                                static_cast<double>(arrays->users[u * width]);
                       if (!(std::fabs(sum - arrays->dcandidates[c * width]) <= 1e-2)) return false;
                     }
                     return true;
                   }});
}

}  // namespace kith::tools
