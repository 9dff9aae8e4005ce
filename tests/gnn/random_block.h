/// Small random blocks and matrices for the tests of layers and losses.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <vector>

#include "kith/base/rng.h"
#include "kith/gnn/matrix.h"
#include "kith/graph/block.h"

namespace kith::testing {

/// A sampled hop: D of S nodes are destinations, edges are drawn with probability 1/3, every third destination kept
/// only part of its edges (scale > 1); destination 0 and the last source have no edge at all.
/// Node numbers are scattered over [0, 2 S).
inline Block RandomBlock(std::uint32_t num_sources, std::uint32_t num_destinations, std::uint64_t seed) {
  Block block;
  block.offsets.push_back(0);
  for (std::uint32_t v = 0; v < num_destinations; ++v) {
    const Rng rng(seed, Purpose::kTest, 0, v);
    for (std::uint32_t u = 0; v > 0 && u + 1 < num_sources; ++u) {
      if (rng.bounded(u, 3) == 0) block.sources.push_back(u);
    }
    block.offsets.push_back(block.sources.size());
  }
  const Rng rng(seed, Purpose::kTest, 1);
  for (std::uint32_t s = 0; s < num_sources; ++s) {
    block.nodes.push_back(NodeId{2 * num_sources - 1 - 2 * s});
    if (s >= num_destinations) {
      block.degrees.push_back(1 + rng.bounded(s, 9));
      continue;
    }
    const auto kept = static_cast<std::uint32_t>(block.offsets[s + 1] - block.offsets[s]);
    const std::uint32_t degree = kept > 0 && s % 3 == 0 ? kept + 1 + rng.bounded(s, 5) : kept;
    block.degrees.push_back(degree);
    block.scale.push_back(kept == 0 ? 1.0F : static_cast<float>(degree) / static_cast<float>(kept));
  }
  // A source that is a destination too may be left without in-edges; its out-edges still need a degree.
  for (const std::uint32_t u : block.sources) block.degrees[u] = std::max(block.degrees[u], 1U);
  block.BuildTranspose();
  return block;
}

template <class T>
MatrixOf<T> RandomMatrix(std::size_t rows, std::size_t cols, std::uint64_t seed) {
  MatrixOf<T> matrix(rows, cols);
  for (std::size_t r = 0; r < rows; ++r) {
    const Rng rng(seed, Purpose::kTest, 2, static_cast<std::uint32_t>(r));
    for (std::size_t c = 0; c < cols; ++c) matrix(r, c) = static_cast<T>(rng.normal(static_cast<std::uint32_t>(c)));
  }
  return matrix;
}

template <class To, class From>
MatrixOf<To> Convert(const MatrixOf<From>& from) {
  MatrixOf<To> to(from.rows(), from.cols());
  for (std::size_t i = 0; i < from.size(); ++i) to.data()[i] = static_cast<To>(from.data()[i]);
  return to;
}

/// Sum of the products of the elements.
template <class T>
double Inner(const MatrixOf<T>& a, const MatrixOf<T>& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += static_cast<double>(a.data()[i]) * static_cast<double>(b.data()[i]);
  return sum;
}

/// a + step * b.
template <class T>
MatrixOf<T> Moved(const MatrixOf<T>& a, double step, const MatrixOf<T>& b) {
  MatrixOf<T> moved = a;
  for (std::size_t i = 0; i < a.size(); ++i) moved.data()[i] += static_cast<T>(step) * b.data()[i];
  return moved;
}

template <class T>
bool SameBits(const MatrixOf<T>& a, const MatrixOf<T>& b) {
  return a.rows() == b.rows() && a.cols() == b.cols() &&
         (a.size() == 0 || std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0);
}

}  // namespace kith::testing
