#include "kernels/support.h"
#include "kith/kernels/reference.h"

namespace kith::kernels {
namespace {

using Attention = EveryIsa;
INSTANTIATE_TEST_SUITE_P(Kernels, Attention, AllIsas(), IsaName);

const std::vector<std::size_t> kHeads = {1, 2, 3, 4, 5, 8, 15, 16, 17, 33};

TEST_P(Attention, EdgeScoresAreTheLeakySumOfBothEnds) {
  for (const Graph& graph : OddGraphs())
    for (const std::size_t heads : kHeads) {
      const auto q = Normals(graph.rows() * heads, 1), k = Normals(graph.sources * heads, 2);
      std::vector<float> score(graph.columns.size() * heads);
      std::vector<double> expected(score.size());
      reference::EdgeScores<double>(graph.offsets, graph.columns, Doubles(q).data(), Doubles(k).data(), 0.2,
                                    expected.data(), heads);
      isa().edge_scores(graph.edges(), q.data(), k.data(), 0.2F, score.data(), heads);
      ExpectNear(score, expected, 1e-6, std::to_string(heads) + " heads");
    }
}

TEST_P(Attention, SoftmaxAgreesWithThePlainLoopAndEveryRowSumsToOne) {
  for (const Graph& graph : OddGraphs())
    for (const std::size_t heads : kHeads) {
      auto score = Normals(graph.columns.size() * heads, 1);
      // Far beyond the range of exp: only the difference to the row's maximum may matter.
      for (float& s : score) s = 3.0F * s + 500.0F;
      auto expected = Doubles(score);
      reference::SegmentSoftmax<double>(graph.offsets, expected.data(), heads);
      isa().segment_softmax(graph.offsets.data(), graph.rows(), score.data(), heads);
      ExpectNear(score, expected, 2e-6, std::to_string(heads) + " heads");
      for (std::size_t v = 0; v < graph.rows(); ++v)
        for (std::size_t h = 0; h < heads; ++h) {
          double sum = 0;
          for (EdgeOffset e = graph.offsets[v]; e < graph.offsets[v + 1]; ++e)
            sum += static_cast<double>(score[e * heads + h]);
          if (graph.offsets[v] < graph.offsets[v + 1]) {
            EXPECT_NEAR(sum, 1.0, 2e-6) << "row " << v << ", head " << h << " of " << heads;
          }
        }
    }
}

TEST_P(Attention, SoftmaxOfARowRangeLeavesTheOtherRowsAlone) {
  const Graph graph = OddGraphs().front();
  for (const std::size_t heads : {1, 4, 17}) {
    const auto before = Normals(graph.columns.size() * heads, 1);
    auto score = before;
    isa().segment_softmax(graph.offsets.data() + 2, 3, score.data(), heads);
    for (std::size_t i = 0; i < score.size(); ++i)
      if (i < graph.offsets[2] * heads || i >= graph.offsets[5] * heads) {
        EXPECT_EQ(score[i], before[i]) << "entry " << i << ", " << heads << " heads";
      }
  }
}

TEST_P(Attention, SoftmaxBackwardAgreesWithThePlainLoopAlsoInPlace) {
  for (const Graph& graph : OddGraphs())
    for (const std::size_t heads : kHeads) {
      auto p = Normals(graph.columns.size() * heads, 1);
      isa().segment_softmax(graph.offsets.data(), graph.rows(), p.data(), heads);
      const auto dp = Normals(p.size(), 2);
      std::vector<float> dscore(p.size());
      std::vector<double> expected(p.size());
      reference::SegmentSoftmaxBackward<double>(graph.offsets, Doubles(p).data(), Doubles(dp).data(), expected.data(),
                                                heads);
      isa().segment_softmax_backward(graph.offsets.data(), graph.rows(), p.data(), dp.data(), dscore.data(), heads);
      ExpectNear(dscore, expected, 3e-6, std::to_string(heads) + " heads");
      auto in_place = dp;
      isa().segment_softmax_backward(graph.offsets.data(), graph.rows(), p.data(), in_place.data(), in_place.data(),
                                     heads);
      EXPECT_EQ(in_place, dscore) << heads << " heads";
    }
}

TEST_P(Attention, SoftmaxBackwardAgreesWithFiniteDifferencesInDouble) {
  const Graph graph = MakeGraph({0, 1, 4, 7}, 9);
  const std::size_t heads = 3;
  const auto score = Normals(graph.columns.size() * heads, 1), g = Normals(score.size(), 2);
  // loss(score) = <softmax(score), g>.
  const auto loss = [&](std::vector<double> s) {
    reference::SegmentSoftmax<double>(graph.offsets, s.data(), heads);
    double sum = 0;
    for (std::size_t i = 0; i < s.size(); ++i) sum += s[i] * static_cast<double>(g[i]);
    return sum;
  };
  auto p = score;
  isa().segment_softmax(graph.offsets.data(), graph.rows(), p.data(), heads);
  std::vector<float> dscore(p.size());
  isa().segment_softmax_backward(graph.offsets.data(), graph.rows(), p.data(), g.data(), dscore.data(), heads);
  for (std::size_t i = 0; i < score.size(); ++i) {
    const double step = 1e-5;
    auto up = Doubles(score), down = Doubles(score);
    up[i] += step;
    down[i] -= step;
    EXPECT_NEAR(dscore[i], (loss(up) - loss(down)) / (2 * step), 2e-6) << "entry " << i;
  }
}

}  // namespace
}  // namespace kith::kernels
