#include "kith/graph/csr.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>

#include "graph/random_graph.h"
#include "kith/graph/csr_builder.h"

namespace kith {
namespace {

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

template <class T>
AlignedBuffer<T> Buffer(std::initializer_list<T> values) {
  AlignedBuffer<T> buffer;
  buffer.assign(std::span<const T>(values.begin(), values.size()));
  return buffer;
}

/// The second way: a map keeps the last of repeated keys and orders them.
std::map<std::pair<std::uint32_t, std::uint32_t>, Edge> Sorted(std::span<const Edge> edges) {
  std::map<std::pair<std::uint32_t, std::uint32_t>, Edge> sorted;
  for (const Edge& edge : edges) sorted[{edge.source, edge.target}] = edge;
  return sorted;
}

std::vector<Edge> Listed(const Csr& csr) {
  std::vector<Edge> edges;
  for (std::uint32_t row = 0; row < csr.num_rows(); ++row) {
    for (std::size_t i = 0; i < csr.degree(row); ++i) {
      edges.push_back({row, csr.neighbors(row)[i], csr.weighted() ? csr.weights(row)[i] : 1.0F,
                       csr.timed() ? csr.times(row)[i] : kNoTime});
    }
  }
  return edges;
}

void ExpectSameBits(const Csr& a, const Csr& b) {
  EXPECT_EQ(a.num_targets(), b.num_targets());
  EXPECT_THAT(a.offsets(), ElementsAreArray(b.offsets()));
  EXPECT_THAT(a.targets(), ElementsAreArray(b.targets()));
  EXPECT_THAT(a.weights(), ElementsAreArray(b.weights()));
  EXPECT_THAT(a.times(), ElementsAreArray(b.times()));
}

TEST(Csr, ListsRowsInOrderOfTheirTargets) {
  const Runtime runtime(2);
  const std::vector<Edge> edges = {{2, 3}, {0, 4}, {2, 0}, {0, 1}};
  const Csr csr = BuildCsr(runtime, 3, 5, edges).value();
  EXPECT_EQ(csr.num_rows(), 3U);
  EXPECT_EQ(csr.num_targets(), 5U);
  EXPECT_EQ(csr.num_edges(), 4U);
  EXPECT_THAT(csr.offsets(), ElementsAre(0, 2, 2, 4));
  EXPECT_THAT(csr.neighbors(0), ElementsAre(1, 4));
  EXPECT_THAT(csr.neighbors(1), IsEmpty());
  EXPECT_THAT(csr.neighbors(2), ElementsAre(0, 3));
  EXPECT_TRUE(csr.contains(2, 3));
  EXPECT_FALSE(csr.contains(2, 4));
  EXPECT_FALSE(csr.contains(1, 0));
}

TEST(Csr, KeepsTheLastOfRepeatedEdges) {
  const Runtime runtime(2);
  const std::vector<Edge> edges = {{0, 1, 2.0F, 10}, {0, 1, 3.0F, 5}, {0, 0, 4.0F, kNoTime}, {0, 1, 7.0F, 6}};
  const Csr csr = BuildCsr(runtime, 1, 2, edges).value();
  EXPECT_THAT(csr.neighbors(0), ElementsAre(0, 1));
  EXPECT_THAT(csr.weights(0), ElementsAre(4.0F, 7.0F));
  EXPECT_THAT(csr.times(0), ElementsAre(kNoTime, 6));
}

TEST(Csr, DropsWeightsAndTimesWhereAllAreTheDefault) {
  const Runtime runtime(1);
  const std::vector<Edge> plain = {{0, 0}, {0, 1}}, overwritten = {{0, 0, 2.0F, 9}, {0, 0}};
  EXPECT_FALSE(BuildCsr(runtime, 1, 2, plain)->weighted());
  EXPECT_FALSE(BuildCsr(runtime, 1, 2, plain)->timed());
  EXPECT_FALSE(BuildCsr(runtime, 1, 2, overwritten)->weighted());
  EXPECT_FALSE(BuildCsr(runtime, 1, 2, overwritten)->timed());
  const std::vector<Edge> weighted = {{0, 0, 2.0F}, {0, 1}}, timed = {{0, 0}, {0, 1, 1.0F, 0}};
  EXPECT_TRUE(BuildCsr(runtime, 1, 2, weighted)->weighted());
  EXPECT_FALSE(BuildCsr(runtime, 1, 2, weighted)->timed());
  EXPECT_TRUE(BuildCsr(runtime, 1, 2, timed)->timed());
}

TEST(Csr, AgreesWithASortedMapOnRandomEdges) {
  const Runtime runtime(2);
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const std::vector<Edge> edges = testing::RandomEdges(seed, 50, 40, 40 + 100 * static_cast<std::uint32_t>(seed));
    const Csr csr = BuildCsr(runtime, 50, 40, edges).value();
    CheckOk(csr.Check());
    std::vector<Edge> expected;
    for (const auto& [ends, edge] : Sorted(edges)) expected.push_back(edge);
    EXPECT_EQ(Listed(csr), expected);
  }
}

TEST(Csr, HasTheSameBitsOnOneTwoAndEightThreads) {
  const std::vector<Edge> edges = testing::RandomEdges(7, 3000, 200, 100000);
  const Runtime one(1);
  const Csr expected = BuildCsr(one, 3000, 200, edges).value(), expected_transpose = Transpose(one, expected);
  for (int threads : {2, 8}) {
    const Runtime runtime(threads);
    const Csr csr = BuildCsr(runtime, 3000, 200, edges).value();
    ExpectSameBits(csr, expected);
    ExpectSameBits(Transpose(runtime, csr), expected_transpose);
  }
}

TEST(Csr, TransposedHoldsEveryEdgeReversedWithItsWeightAndTime) {
  const Runtime runtime(2);
  const std::vector<Edge> edges = testing::RandomEdges(3, 70, 90, 900);
  const Csr csr = BuildCsr(runtime, 70, 90, edges).value(), transposed = Transpose(runtime, csr);
  CheckOk(transposed.Check());
  std::vector<Edge> reversed = Listed(csr);
  for (Edge& edge : reversed) std::swap(edge.source, edge.target);
  std::vector<Edge> expected;
  for (const auto& [ends, edge] : Sorted(reversed)) expected.push_back(edge);
  EXPECT_EQ(Listed(transposed), expected);
  ExpectSameBits(Transpose(runtime, transposed), csr);
}

TEST(Csr, OfNothingIsValid) {
  const Runtime runtime(1);
  const Csr none = BuildCsr(runtime, 0, 0, {}).value(), no_edges = BuildCsr(runtime, 4, 0, {}).value();
  CheckOk(Csr().Check());
  CheckOk(none.Check());
  CheckOk(no_edges.Check());
  EXPECT_EQ(Transpose(runtime, no_edges).num_targets(), 4U);
  EXPECT_EQ(Transpose(runtime, none).num_rows(), 0U);
}

TEST(Csr, RefusesAnEdgeOutOfRangeNamingTheFirst) {
  const Runtime runtime(2);
  std::vector<Edge> edges(50000, Edge{1, 1});
  edges[40000] = {1, 9};
  edges[30000] = {3, 1};
  const Status status = BuildCsr(runtime, 3, 5, edges).status();
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("edge 30000 (3 -> 1)"));
  EXPECT_THAT(std::string(status.message()), HasSubstr("source below 3 and a target below 5"));
}

TEST(Csr, CheckFindsEachBrokenInvariant) {
  const auto message = [](const Csr& csr) { return std::string(csr.Check().message()); };
  using Offsets = std::initializer_list<CsrOffset>;
  using Targets = std::initializer_list<std::uint32_t>;
  EXPECT_THAT(message(Csr(3, Buffer(Offsets{1, 2}), Buffer(Targets{0, 1}))), HasSubstr("start at 0"));
  EXPECT_THAT(message(Csr(3, Buffer(Offsets{0, 2, 1, 2}), Buffer(Targets{0, 1}))), HasSubstr("after row 1"));
  EXPECT_THAT(message(Csr(3, Buffer(Offsets{0, 1}), Buffer(Targets{0, 1}))), HasSubstr("end at 2"));
  EXPECT_THAT(message(Csr(3, Buffer(Offsets{0, 2}), Buffer(Targets{0, 3}))), HasSubstr("targets below 3, found 3"));
  EXPECT_THAT(message(Csr(3, Buffer(Offsets{0, 2}), Buffer(Targets{1, 1}))), HasSubstr("ascending"));
  EXPECT_THAT(message(Csr(3, {}, Buffer(Targets{1}))), HasSubstr("offsets"));
  EXPECT_THAT(message(Csr(3, Buffer(Offsets{0, 2}), Buffer(Targets{0, 1}), Buffer({1.0F}))), HasSubstr("weights"));
}

}  // namespace
}  // namespace kith
