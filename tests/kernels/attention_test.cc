#include "kith/kernels/attention.h"

#include "kernels/support.h"
#include "kith/kernels/reference_attention.h"

namespace kith::kernels {
namespace {

using Attending = EveryIsa;
INSTANTIATE_TEST_SUITE_P(Kernels, Attending, AllIsas(), IsaName);

struct Shape {
  AttentionKind kind;
  std::size_t heads, features;

  [[nodiscard]] std::string Name() const {
    return std::string(kind == AttentionKind::kDynamic ? "dynamic, " : "additive, ") + std::to_string(heads) +
           " heads of " + std::to_string(features);
  }
};

/// Heads below, at and above the lanes of every instruction set; pieces of 4, 2 and 1 vectors.
std::vector<Shape> Shapes() {
  std::vector<Shape> shapes;
  for (const AttentionKind kind : {AttentionKind::kAdditive, AttentionKind::kDynamic})
    for (const auto& [heads, features] : {std::pair<std::size_t, std::size_t>{1, 16},
                                          {1, 112},
                                          {2, 8},
                                          {2, 40},
                                          {4, 4},
                                          {4, 16},
                                          {4, 28},
                                          {4, 32},
                                          {8, 8},
                                          {16, 1},
                                          {16, 5},
                                          {32, 3},
                                          {48, 1}})
      shapes.push_back({kind, heads, features});
  return shapes;
}

template <class T>
std::vector<T> As(const std::vector<float>& values) {
  return {values.begin(), values.end()};
}

/// One row range's inputs and everything that the three kernels leave.
template <class T>
struct Pass {
  std::vector<T> a, b, query, message, dout;
  AttentionOf<T> attention;
  std::vector<T> out, lse, dquery, records, dmessage, to_query, to_message;

  Pass(const Graph& graph, const Shape& shape, float size)
      : attention{shape.kind, shape.heads, shape.features, T{0.2F}, nullptr, nullptr} {
    const std::size_t width = shape.heads * shape.features;
    std::vector<float> sized = Normals(width, 1);
    for (float& value : sized) value *= size;
    a = As<T>(sized);
    b = As<T>(Normals(width, 2));
    query = As<T>(Normals(graph.rows() * width, 3));
    message = As<T>(Normals(graph.sources * width, 4));
    dout = As<T>(Normals(graph.rows() * width, 5));
    attention.message_attention = a.data();
    attention.query_attention = b.data();
    out.assign(graph.rows() * width, T{9});
    lse.assign(graph.rows() * shape.heads, T{9});
    dquery.assign(out.size(), T{9});
    records.assign(graph.rows() * attention.record(), T{0});
    dmessage.assign(message.size(), T{9});
    to_query.assign(width, T{2});  // gradients of a and b are added to
    to_message.assign(width, T{3});
  }

  void RunReference(const Graph& g) {
    reference::Attend<T>(attention, g.offsets, g.columns, query.data(), message.data(), out.data(), lse.data());
    reference::AttendBackwardToQueries<T>(attention, g.offsets, g.columns, query.data(), message.data(), out.data(),
                                          lse.data(), dout.data(), dquery.data(), records.data(), to_query.data());
    reference::AttendBackwardToMessages<T>(attention, g.transpose_offsets, g.transpose_destinations, message.data(),
                                           records.data(), dmessage.data(), to_message.data());
  }
  /// Rows [0, cut), then the others, as two threads would.
  void Run(const Table& isa, const Graph& g, std::size_t cut) requires std::is_same_v<T, float> {
    const std::size_t width = attention.width(), heads = attention.heads;
    for (const auto& [first, rows] :
         {std::pair<std::size_t, std::size_t>{0, cut}, {cut, g.rows() > cut ? g.rows() - cut : 0}}) {
      const EdgeRows edges = {g.offsets.data() + first, rows, g.columns.data()};
      isa.attend(attention, edges, query.data() + first * width, message.data(), out.data() + first * width,
                 lse.data() + first * heads);
      isa.attend_backward_to_queries(attention, edges, query.data() + first * width, message.data(),
                                     out.data() + first * width, lse.data() + first * heads,
                                     dout.data() + first * width, dquery.data() + first * width,
                                     records.data() + first * attention.record(), to_query.data());
    }
    isa.attend_backward_to_messages(attention, g.transposed(), message.data(), records.data(), dmessage.data(),
                                    to_message.data());
  }
};

TEST_P(Attending, AgreesWithThePlainLoopsForwardAndBackward) {
  for (const Graph& graph : OddGraphs())
    for (const Shape& shape : Shapes()) {
      SCOPED_TRACE(shape.Name() + ", " + std::to_string(graph.columns.size()) + " edges");
      Pass<float> fast(graph, shape, 0.5F);
      Pass<double> exact(graph, shape, 0.5F);
      fast.Run(isa(), graph, graph.rows());
      exact.RunReference(graph);
      ExpectNear(fast.out, exact.out, 2e-5, "out");
      ExpectNear(fast.lse, exact.lse, 1e-5, "lse");
      ExpectNear(fast.dquery, exact.dquery, 2e-4, "dquery");
      ExpectNear(fast.records, exact.records, 2e-5, "records");
      ExpectNear(fast.dmessage, exact.dmessage, 2e-4, "dmessage");
      ExpectNear(fast.to_query, exact.to_query, 1e-3, "gradient to the queries' vector");
      ExpectNear(fast.to_message, exact.to_message, 1e-3, "gradient to the messages' vector");
    }
}

TEST_P(Attending, TakesScoresFarBeyondTheRangeOfExp) {
  const Graph graph = OddGraphs().front();
  for (const AttentionKind kind : {AttentionKind::kAdditive, AttentionKind::kDynamic})
    for (const std::size_t heads : {4, 2, 32}) {
      const Shape shape = {kind, heads, 16};
      Pass<float> fast(graph, shape, 300.0F);
      Pass<double> exact(graph, shape, 300.0F);
      fast.Run(isa(), graph, graph.rows());
      exact.RunReference(graph);
      ExpectNear(fast.out, exact.out, 2e-3, shape.Name());
      ExpectNear(fast.lse, exact.lse, 1e-4, shape.Name());  // sums of terms of some hundred that may cancel
      double largest = 0;
      for (const double lse : exact.lse) largest = std::fmax(largest, std::fabs(lse));
      EXPECT_GT(largest, 200.0) << "the test should leave the range of exp";
    }
}

TEST_P(Attending, ScalesWhatItSummedWhenALaterScoreIsMuchLarger) {
  // One row of 40 neighbours whose scores are 8 times their number, up or down, some of them beyond exp's range: sums
  // start from 0, and go over to a larger score in the first, the second and the third block.
  Graph graph;
  graph.sources = 40;
  for (std::uint32_t u = 0; u < 40; ++u) graph.columns.push_back(u);
  graph.offsets.push_back(40);
  for (const std::size_t features : {16, 32, 28})
    for (const float step : {8.0F, -8.0F, 0.5F}) {
      Pass<float> fast(graph, {AttentionKind::kAdditive, 4, features}, 0.0F);
      Pass<double> exact(graph, {AttentionKind::kAdditive, 4, features}, 0.0F);
      for (std::size_t h = 0; h < 4; ++h) fast.a[h] = 1.0F, exact.a[h] = 1.0;
      for (std::size_t u = 0; u < 40; ++u)
        for (std::size_t h = 0; h < 4; ++h) {
          const float score = step * static_cast<float>(h % 2 == 0 ? u : 39 - u);
          fast.message[u * 4 * features + h] = score, exact.message[u * 4 * features + h] = score;
        }
      isa().attend(fast.attention, graph.edges(), fast.query.data(), fast.message.data(), fast.out.data(),
                   fast.lse.data());
      reference::Attend<double>(exact.attention, graph.offsets, graph.columns, exact.query.data(), exact.message.data(),
                                exact.out.data(), exact.lse.data());
      ExpectNear(fast.out, exact.out, 1e-4, "out");
      ExpectNear(fast.lse, exact.lse, 1e-6, "lse");
    }
}

TEST_P(Attending, GivesTheSameBitsForAnySplitOfTheRows) {
  const Graph graph = OddGraphs().front();
  for (const AttentionKind kind : {AttentionKind::kAdditive, AttentionKind::kDynamic}) {
    const Shape shape = {kind, 4, 16};
    Pass<float> whole(graph, shape, 0.5F);
    whole.Run(isa(), graph, graph.rows());
    for (std::size_t cut = 0; cut < graph.rows(); ++cut) {
      Pass<float> split(graph, shape, 0.5F);
      split.Run(isa(), graph, cut);
      ASSERT_EQ(split.out, whole.out) << cut;
      ASSERT_EQ(split.lse, whole.lse) << cut;
      ASSERT_EQ(split.dquery, whole.dquery) << cut;
      ASSERT_EQ(split.records, whole.records) << cut;
      ASSERT_EQ(split.dmessage, whole.dmessage) << cut;
    }
  }
}

TEST_P(Attending, WeighsByTheSoftmaxOfTheScores) {
  // The weights of AttentionWeights sum to one in every row, and summing messages with them gives Attend's rows.
  const Graph graph = OddGraphs().front();
  for (const Shape& shape : Shapes()) {
    Pass<float> fast(graph, shape, 0.5F);
    fast.Run(isa(), graph, graph.rows());
    std::vector<float> p(graph.columns.size() * shape.heads);
    reference::AttentionWeights<float>(fast.attention, graph.offsets, graph.columns, fast.query.data(),
                                       fast.message.data(), fast.lse.data(), p.data());
    const std::size_t width = fast.attention.width();
    for (std::size_t v = 0; v < graph.rows(); ++v)
      for (std::size_t i = 0; i < width; ++i) {
        double total = 0, sum = 0;
        for (EdgeOffset e = graph.offsets[v]; e < graph.offsets[v + 1]; ++e) {
          const double weight = p[e * shape.heads + i % shape.heads];
          total += weight;
          sum += weight * static_cast<double>(fast.message[graph.columns[e] * width + i]);
        }
        ASSERT_NEAR(total, graph.offsets[v] < graph.offsets[v + 1] ? 1.0 : 0.0, 1e-5) << shape.Name();
        ASSERT_NEAR(fast.out[v * width + i], sum, 3e-5) << shape.Name();
      }
  }
}

}  // namespace
}  // namespace kith::kernels
