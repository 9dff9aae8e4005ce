#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

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

/// What bfloat16 numbers say.
std::vector<double> Values(const std::vector<std::uint16_t>& half) {
  std::vector<double> values;
  for (const std::uint16_t upper : half) {
    const std::uint32_t bits = std::uint32_t{upper} << 16;
    float value = 0;
    std::memcpy(&value, &bits, sizeof(value));
    values.push_back(value);
  }
  return values;
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

/// n numbers in [0.5, 1.5], positive as factors are.
std::vector<float> Factors(std::size_t n, std::uint32_t stream) {
  auto factors = Normals(n, stream);
  for (float& factor : factors) factor = 1.0F + 0.5F * std::sin(factor);
  return factors;
}

TEST_P(Gather, FoldsWeightsIntoRowsAndColumns) {
  for (const Graph& graph : OddGraphs())
    for (const std::size_t d : kWidths) {
      const auto x = Normals(graph.sources * d, 1), rows = Factors(graph.rows(), 2),
                 columns = Factors(graph.sources, 3);
      std::vector<float> out(graph.rows() * d + 1, 9.5F), weights;
      isa().gather_folded(graph.edges(), rows.data(), columns.data(), x.data(), out.data(), d);
      EXPECT_EQ(out.back(), 9.5F);
      out.pop_back();
      for (std::size_t v = 0; v < graph.rows(); ++v)
        for (EdgeOffset e = graph.offsets[v]; e < graph.offsets[v + 1]; ++e)
          weights.push_back(rows[v] * columns[graph.columns[e]]);
      std::vector<double> expected(out.size());
      reference::GatherScaleSum<double>(graph.offsets, graph.columns, Doubles(weights).data(), Doubles(x).data(),
                                        expected.data(), d);
      ExpectNear(out, expected, 2e-5, Named(graph, d));
    }
}

TEST_P(Gather, SumsHalfPrecisionRowsInFloat) {
  for (const Graph& graph : OddGraphs())
    for (const std::size_t d : kWidths) {
      const auto x = Normals(graph.sources * d, 1), rows = Factors(graph.rows(), 2),
                 columns = Factors(graph.sources, 3);
      std::vector<std::uint16_t> half(x.size());
      isa().to_bfloat16(x.data(), x.size(), half.data());
      const std::vector<double> rounded = Values(half);
      for (std::size_t i = 0; i < x.size(); ++i) {
        ASSERT_NEAR(rounded[i], x[i], std::fabs(x[i]) / 256) << "the nearest number with 8 bits";
      }
      std::vector<float> out(graph.rows() * d + 1, 9.5F);
      isa().gather_folded_bfloat16(graph.edges(), rows.data(), columns.data(), half.data(), out.data(), d);
      EXPECT_EQ(out.back(), 9.5F);
      out.pop_back();
      std::vector<double> expected(out.size());
      reference::GatherFolded<double>(graph.offsets, graph.columns, Doubles(rows).data(), Doubles(columns).data(),
                                      rounded.data(), expected.data(), d);
      ExpectNear(out, expected, 2e-5, Named(graph, d));
    }
}

TEST_P(Gather, RoundsToHalfPrecisionAsIntegersSay) {
  // 1 + 1/256 lies between two numbers and goes to the even one, its upper neighbour goes up; NaN and infinity stay.
  const float inf = std::numeric_limits<float>::infinity(), nan = std::numeric_limits<float>::quiet_NaN();
  const std::vector<float> x = {1.0F, 1.0F + 1.0F / 256, 1.0F + 3.0F / 256, 1.00390637F, -2.5F, inf, -inf, nan, 0.0F};
  std::vector<std::uint16_t> half(x.size());
  isa().to_bfloat16(x.data(), x.size(), half.data());
  EXPECT_EQ(half, (std::vector<std::uint16_t>{0x3F80, 0x3F80, 0x3F82, 0x3F81, 0xC020, 0x7F80, 0xFF80, 0x7FC0, 0}));
}

TEST_P(Gather, GatesMultiplyEveryEdgeWithinTheirLimits) {
  for (const Graph& graph : OddGraphs())
    for (const std::size_t d : {1, 16, 33, 64}) {
      const auto x = Normals(graph.sources * d, 1), against = Normals(graph.rows() * d, 2),
                 rows = Factors(graph.rows(), 3), columns = Factors(graph.sources, 4);
      auto row_gates = Normals(graph.rows(), 5), column_gates = Normals(graph.sources, 6);
      float least = 1e9F, most = 0;
      for (float& gate : row_gates) gate = std::exp(gate);
      for (float& gate : column_gates)
        gate = std::exp(gate), least = std::min(least, gate), most = std::max(most, gate);
      const EdgeGates gates = {row_gates.data(), column_gates.data(), 0.5F, 3.0F, least, most};
      std::vector<float> out(graph.rows() * d, 9.5F), dots(graph.rows(), 2.0F);
      isa().gather_gated(graph.edges(), rows.data(), columns.data(), gates, x.data(), out.data(), d);
      isa().gated_dots(graph.edges(), rows.data(), columns.data(), gates, x.data(), out.data(), against.data(),
                       dots.data(), d);
      const auto rows64 = Doubles(rows), columns64 = Doubles(columns), row64 = Doubles(row_gates),
                 column64 = Doubles(column_gates);
      const reference::EdgeGates<double> exact = {row64.data(), column64.data(), 0.5, 3.0, 0, 0};
      std::vector<double> expected(out.size()), expected_dots(dots.size(), 2.0);
      reference::GatherGated<double>(graph.offsets, graph.columns, rows64.data(), columns64.data(), exact,
                                     Doubles(x).data(), expected.data(), d);
      reference::GatedDots<double>(graph.offsets, graph.columns, rows64.data(), columns64.data(), exact,
                                   Doubles(x).data(), nullptr, Doubles(against).data(), expected_dots.data(), d);
      ExpectNear(out, expected, 5e-5, Named(graph, d));
      double largest = 1;
      for (const double dot : expected_dots) largest = std::fmax(largest, std::fabs(dot));
      for (std::size_t v = 0; v < dots.size(); ++v)
        ASSERT_NEAR(dots[v], expected_dots[v], 1e-4 * largest) << Named(graph, d);
    }
}

TEST_P(Gather, GatesHalfRowsAsTheirRoundedValues) {
  for (const Graph& graph : OddGraphs())
    for (const std::size_t d : {1, 16, 33, 64, 128}) {
      const auto x = Normals(graph.sources * d, 1), rows = Factors(graph.rows(), 3),
                 columns = Factors(graph.sources, 4);
      const auto row_gates = Factors(graph.rows(), 5), column_gates = Factors(graph.sources, 6);
      std::vector<std::uint16_t> half(x.size());
      isa().to_bfloat16(x.data(), x.size(), half.data());
      const std::vector<double> rounded = Values(half);
      const EdgeGates gates = {row_gates.data(), column_gates.data(), 0.5F, 3.0F, 0.0F, 9.0F};
      std::vector<float> out(graph.rows() * d + 1, 9.5F);
      isa().gather_gated_bfloat16(graph.edges(), rows.data(), columns.data(), gates, half.data(), out.data(), d);
      EXPECT_EQ(out.back(), 9.5F);
      out.pop_back();
      const auto row64 = Doubles(row_gates), column64 = Doubles(column_gates);
      std::vector<double> expected(out.size());
      reference::GatherGated<double>(graph.offsets, graph.columns, Doubles(rows).data(), Doubles(columns).data(),
                                     {row64.data(), column64.data(), 0.5, 3.0, 0, 0}, rounded.data(), expected.data(),
                                     d);
      ExpectNear(out, expected, 5e-5, Named(graph, d));
    }
}

TEST_P(Gather, GatesOfOneLeaveTheFoldedSumToTheBit) {
  const Graph graph = OddGraphs().front();
  for (const std::size_t d : {16, 33, 64}) {
    const auto x = Normals(graph.sources * d, 1), rows = Factors(graph.rows(), 2), columns = Factors(graph.sources, 3);
    const std::vector<float> ones(std::max(graph.rows(), graph.sources), 1.0F);
    std::vector<float> folded(graph.rows() * d), gated(folded.size());
    isa().gather_folded(graph.edges(), rows.data(), columns.data(), x.data(), folded.data(), d);
    isa().gather_gated(graph.edges(), rows.data(), columns.data(), {ones.data(), ones.data(), 0.05F, 20.0F, 1.0F, 1.0F},
                       x.data(), gated.data(), d);
    EXPECT_EQ(folded, gated) << d;
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
