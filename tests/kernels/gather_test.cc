#include "kernels/support.h"
#include "kith/kernels/reference.h"

namespace kith::kernels {
namespace {

using Gather = EveryIsa;
INSTANTIATE_TEST_SUITE_P(Kernels, Gather, AllIsas(), IsaName);

std::string Named(const Graph& graph, std::size_t d) {
  return std::to_string(graph.rows()) + " rows, " + std::to_string(graph.columns.size()) +
         " edges, d = " + std::to_string(d);
}

TEST_P(Gather, SumsTheWeightedNeighborsOfEveryRow) {
  for (const Graph& graph : OddGraphs())
    for (const std::size_t d : kWidths)
      for (const bool weighted : {true, false}) {
        const auto x = Normals(graph.sources * d, 1), weights = Normals(graph.columns.size(), 2);
        const auto dx = Doubles(x), dweights = Doubles(weights);
        // The output's old content must not matter, the float after it must stay.
        std::vector<float> out(graph.rows() * d + 1, 9.5F);
        std::vector<double> expected(graph.rows() * d);
        reference::GatherScaleSum<double>(graph.offsets, graph.columns, weighted ? dweights.data() : nullptr, dx.data(),
                                          expected.data(), d);
        isa().gather_scale_sum(graph.edges(), weighted ? weights.data() : nullptr, x.data(), out.data(), d);
        EXPECT_EQ(out.back(), 9.5F);
        out.pop_back();
        ExpectNear(out, expected, 2e-5, Named(graph, d));
      }
}

TEST_P(Gather, BackwardAddsToWhatIsThere) {
  for (const Graph& graph : OddGraphs())
    for (const std::size_t d : kWidths)
      for (const bool weighted : {true, false}) {
        const auto dout = Normals(graph.rows() * d, 1), weights = Normals(graph.columns.size(), 2);
        auto dx = Normals(graph.sources * d + 1, 3);
        const float beyond = dx.back();
        auto expected = Doubles(dx);
        const auto ddout = Doubles(dout), dweights = Doubles(weights);
        reference::GatherScaleSumBackward<double>(graph.transpose_offsets, graph.transpose_destinations,
                                                  graph.transpose_edges, weighted ? dweights.data() : nullptr,
                                                  ddout.data(), expected.data(), d);
        isa().gather_scale_sum_backward(graph.transposed(), weighted ? graph.transpose_edges.data() : nullptr,
                                        weighted ? weights.data() : nullptr, dout.data(), dx.data(), d);
        EXPECT_EQ(dx.back(), beyond);
        ExpectNear(dx, expected, 2e-5, Named(graph, d));
      }
}

TEST_P(Gather, BackwardIsTheTransposeOfForward) {
  const Graph graph = OddGraphs().front();
  for (const std::size_t d : kWidths) {
    const auto x = Normals(graph.sources * d, 1), g = Normals(graph.rows() * d, 2),
               w = Normals(graph.columns.size(), 3);
    std::vector<float> forward(g.size()), backward(x.size());
    isa().gather_scale_sum(graph.edges(), w.data(), x.data(), forward.data(), d);
    isa().gather_scale_sum_backward(graph.transposed(), graph.transpose_edges.data(), w.data(), g.data(),
                                    backward.data(), d);
    const double left = InnerProduct(forward, g), right = InnerProduct(x, backward);
    EXPECT_NEAR(left, right, 1e-4 * (1 + std::fabs(left))) << "d = " << d;
  }
}

TEST_P(Gather, EdgeDotsAreTheGradientToTheWeights) {
  for (const Graph& graph : OddGraphs())
    for (const std::size_t d : kWidths) {
      const auto x = Normals(graph.sources * d, 1), g = Normals(graph.rows() * d, 2);
      std::vector<float> dweight(graph.columns.size());
      isa().edge_dots(graph.edges(), g.data(), x.data(), dweight.data(), d);
      std::vector<double> expected(dweight.size());
      reference::EdgeDots<double>(graph.offsets, graph.columns, Doubles(g).data(), Doubles(x).data(), expected.data(),
                                  d);
      ExpectNear(dweight, expected, 2e-5, Named(graph, d));
      // The forward pass is linear in the weights: <A(w) x, g> == <w, dweight>.
      const auto w = Normals(dweight.size(), 3);
      std::vector<float> out(g.size());
      isa().gather_scale_sum(graph.edges(), w.data(), x.data(), out.data(), d);
      const double left = InnerProduct(out, g);
      EXPECT_NEAR(left, InnerProduct(w, dweight), 1e-4 * (1 + std::fabs(left))) << Named(graph, d);
    }
}

TEST_P(Gather, GivesTheSameBitsForAnySplitOfTheRows) {
  const Graph graph = OddGraphs().front();
  for (const std::size_t d : kWidths) {
    const auto x = Normals(graph.sources * d, 1), w = Normals(graph.columns.size(), 2);
    std::vector<float> whole(graph.rows() * d), split(graph.rows() * d);
    isa().gather_scale_sum(graph.edges(), w.data(), x.data(), whole.data(), d);
    for (std::size_t cut = 0; cut <= graph.rows(); ++cut) {
      isa().gather_scale_sum({graph.offsets.data(), cut, graph.columns.data()}, w.data(), x.data(), split.data(), d);
      isa().gather_scale_sum({graph.offsets.data() + cut, graph.rows() - cut, graph.columns.data()}, w.data(), x.data(),
                             split.data() + cut * d, d);
      ASSERT_EQ(whole, split) << "cut before row " << cut << ", d = " << d;
    }
  }
}

}  // namespace
}  // namespace kith::kernels
