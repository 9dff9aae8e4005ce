/// What the tests of the kernels share: every instruction set of this machine, random arrays, and small odd graphs.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "kith/base/rng.h"
#include "kith/kernels/kernels.h"
#include "table.h"

namespace kith::kernels {

/// A test that runs once for each instruction set of this machine; GetParam() is its table.
class EveryIsa : public testing::TestWithParam<const Table*> {
 protected:
  [[nodiscard]] const Table& isa() const { return *GetParam(); }
};

inline auto AllIsas() {
  const auto tables = AvailableTables();
  return testing::ValuesIn(std::vector<const Table*>(tables.begin(), tables.end()));
}
inline std::string IsaName(const testing::TestParamInfo<const Table*>& info) { return info.param->name; }

/// Widths around the sizes of the vectors, and the usual ones.
inline const std::vector<std::size_t> kWidths = {1, 2, 3, 7, 15, 16, 17, 31, 33, 63, 64, 65, 100, 128, 200};

/// n standard normal numbers, the same for the same `stream`.
inline std::vector<float> Normals(std::size_t n, std::uint32_t stream) {
  const Rng rng(/*seed=*/7, Purpose::kTest, /*step=*/0, stream);
  std::vector<float> values(n);
  for (std::size_t i = 0; i < n; ++i) values[i] = rng.normal(static_cast<std::uint32_t>(i));
  return values;
}

inline std::vector<double> Doubles(const std::vector<float>& values) { return {values.begin(), values.end()}; }

/// Edges of rows, and the same edges by their targets.
struct Graph {
  std::size_t sources = 0;
  std::vector<EdgeOffset> offsets = {0};
  std::vector<std::uint32_t> columns;
  std::vector<EdgeOffset> transpose_offsets;
  std::vector<std::uint32_t> transpose_destinations, transpose_edges;

  [[nodiscard]] std::size_t rows() const { return offsets.size() - 1; }
  [[nodiscard]] EdgeRows edges() const { return {offsets.data(), rows(), columns.data()}; }
  [[nodiscard]] EdgeRows transposed() const {
    return {transpose_offsets.data(), sources, transpose_destinations.data()};
  }
};

/// Rows of the given degrees with random targets among `sources`.
inline Graph MakeGraph(const std::vector<std::size_t>& degrees, std::uint32_t sources, std::uint32_t stream = 1) {
  const Rng rng(/*seed=*/11, Purpose::kTest, /*step=*/1, stream);
  Graph graph;
  graph.sources = sources;
  for (const std::size_t degree : degrees) {
    for (std::size_t i = 0; i < degree; ++i)
      graph.columns.push_back(rng.bounded(static_cast<std::uint32_t>(graph.columns.size()), sources));
    graph.offsets.push_back(graph.columns.size());
  }
  graph.transpose_offsets.assign(sources + 1, 0);
  for (std::uint32_t u = 0; u < sources; ++u) {
    for (std::uint32_t v = 0; v < graph.rows(); ++v)
      for (EdgeOffset e = graph.offsets[v]; e < graph.offsets[v + 1]; ++e)
        if (graph.columns[e] == u) {
          graph.transpose_destinations.push_back(v);
          graph.transpose_edges.push_back(static_cast<std::uint32_t>(e));
        }
    graph.transpose_offsets[u + 1] = graph.transpose_destinations.size();
  }
  return graph;
}

/// Empty rows at both ends and inside, rows shorter than the distance of fetching, a hub; no edge at all; no row at
/// all.
inline std::vector<Graph> OddGraphs() {
  return {MakeGraph({0, 1, 5, 0, 0, 2, 90, 3, 1, 0, 17, 16, 15, 0}, 23), MakeGraph({3}, 1), MakeGraph({0, 0, 0}, 4),
          MakeGraph({}, 5)};
}

/// |actual - expected| within `tolerance` times the larger of 1 and |expected|, entry by entry.
inline void ExpectNear(const std::vector<float>& actual, const std::vector<double>& expected, double tolerance,
                       const std::string& what) {
  ASSERT_EQ(actual.size(), expected.size()) << what;
  for (std::size_t i = 0; i < actual.size(); ++i)
    ASSERT_NEAR(actual[i], expected[i], tolerance * std::fmax(1.0, std::fabs(expected[i]))) << what << ", entry " << i;
}

inline double InnerProduct(const std::vector<float>& a, const std::vector<float>& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  return sum;
}

}  // namespace kith::kernels
