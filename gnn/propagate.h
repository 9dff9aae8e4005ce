/// Message passing with weights that are products of what stands at an edge's two ends: no array as long as the edges.
/// Rows are split over the Runtime; float runs on the vector kernels, double on their plain loops.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <vector>

#include "kith/base/buffer.h"
#include "kith/base/parallel.h"
#include "kith/gnn/layer.h"
#include "kith/gnn/matrix.h"
#include "kith/graph/block.h"
#include "kith/kernels/kernels.h"
#include "kith/kernels/reference.h"
#include "ops.h"

namespace kith::gnn {

/// A_vu = scale_v / sqrt(d_u d_v) = of_destination[v] * of_source[u].   Kipf and Welling 2017, eq. 2.
template <class T>
struct DegreeFactors {
  std::vector<T> of_destination, of_source;  ///< [D], [S]

  void Set(const Runtime& runtime, const Block& block) {
    of_destination.resize(block.num_destinations());
    of_source.resize(block.num_sources());
    ParallelFor(runtime, block.num_sources(), 8 * kRowGrain, [&](std::size_t begin, std::size_t end) {
      for (std::size_t s = begin; s < end; ++s) {
        const T damping = block.degrees[s] == 0 ? T{0} : T{1} / std::sqrt(static_cast<T>(block.degrees[s]));
        of_source[s] = damping;
        if (s < of_destination.size()) of_destination[s] = damping * static_cast<T>(block.scale[s]);
      }
    });
  }
};

/// One direction of the arrows: the rows that are written, what they read, and the factors of both.
template <class T>
struct Arrows {
  const std::vector<EdgeOffset>& offsets;
  const std::vector<std::uint32_t>& columns;
  const std::vector<T>& of_row;
  const std::vector<T>& of_column;
};
template <class T>
[[nodiscard]] Arrows<T> Forwards(const Block& block, const DegreeFactors<T>& factors) {
  return {block.offsets, block.sources, factors.of_destination, factors.of_source};
}
template <class T>
[[nodiscard]] Arrows<T> Backwards(const Block& block, const DegreeFactors<T>& factors) {
  return {block.transpose_offsets, block.transpose_destinations, factors.of_source, factors.of_destination};
}

/// What neighbours read: the rows of x, as they are or as a copy in bfloat16.
template <class T>
class Messages {
 public:
  void StoreAs(MessageStorage storage) { storage_ = storage; }

  /// REQUIRES: x outlives the calls that read it.
  void Set(const Runtime& runtime, const MatrixOf<T>& x) {
    x_ = &x;
    if (!halved()) return;
    if constexpr (std::is_same_v<T, float>) {
      halves_.resize(x.size());
      ParallelFor(runtime, x.rows(), kRowGrain, [&](std::size_t begin, std::size_t end) {
        kernels::ToBfloat16(x.row(begin), (end - begin) * x.cols(), halves_.data() + begin * x.cols());
      });
    }
  }

  [[nodiscard]] bool halved() const noexcept {
    return std::is_same_v<T, float> && storage_ == MessageStorage::kBfloat16;
  }
  [[nodiscard]] const MatrixOf<T>& rows() const noexcept { return *x_; }
  [[nodiscard]] const std::uint16_t* halves() const noexcept { return halves_.data(); }

 private:
  MessageStorage storage_ = MessageStorage::kFloat32;
  const MatrixOf<T>* x_ = nullptr;
  AlignedBuffer<std::uint16_t> halves_;  ///< [rows x d]
};

/// y[row] = of_row sum over its columns of of_column x[column].   y is given its shape.
template <class T>
void Propagate(const Runtime& runtime, const Arrows<T>& arrows, const MatrixOf<T>& x, Messages<T>& messages,
               MatrixOf<T>& y) {
  const std::size_t d = x.cols();
  messages.Set(runtime, x);
  y.resize(arrows.of_row.size(), d);
  ParallelFor(runtime, y.rows(), kRowGrain, [&](std::size_t begin, std::size_t end) {
    const auto rows = Rows(arrows.offsets, begin, end);
    if constexpr (std::is_same_v<T, float>) {
      if (messages.halved()) {
        return kernels::GatherFoldedBfloat16(rows, arrows.columns, arrows.of_row.data() + begin,
                                             arrows.of_column.data(), messages.halves(), y.row(begin), d);
      }
      kernels::GatherFolded(rows, arrows.columns, arrows.of_row.data() + begin, arrows.of_column.data(), x.data(),
                            y.row(begin), d);
    } else {
      kernels::reference::GatherFolded<T>(rows, arrows.columns, arrows.of_row.data() + begin, arrows.of_column.data(),
                                          x.data(), y.row(begin), d);
    }
  });
}

/// A gate a node, and the limits of the product of the two at an edge.
template <class T>
struct NodeGates {
  std::vector<T> gates;  ///< [S], of which the first D are the destinations'
  T low, high;
  T least{1}, most{1};  ///< of `gates`

  void SetLimits() {
    if (gates.empty()) return;
    const auto [first, last] = std::minmax_element(gates.begin(), gates.end());
    least = *first;
    most = *last;
  }
  using Of = std::conditional_t<std::is_same_v<T, float>, kernels::EdgeGates, kernels::reference::EdgeGates<T>>;
  [[nodiscard]] Of FromRow(std::size_t row) const { return {gates.data() + row, gates.data(), low, high, least, most}; }
};

/// Rows [begin, end) of the gated sum into out [end - begin x d].
template <class T>
void GatedRows(const Arrows<T>& arrows, const NodeGates<T>& gates, std::size_t begin, std::size_t end,
               const Messages<T>& messages, T* out) {
  const auto rows = Rows(arrows.offsets, begin, end);
  const MatrixOf<T>& x = messages.rows();
  if constexpr (std::is_same_v<T, float>) {
    if (messages.halved()) {
      return kernels::GatherGatedBfloat16(rows, arrows.columns, arrows.of_row.data() + begin, arrows.of_column.data(),
                                          gates.FromRow(begin), messages.halves(), out, x.cols());
    }
    kernels::GatherGated(rows, arrows.columns, arrows.of_row.data() + begin, arrows.of_column.data(),
                         gates.FromRow(begin), x.data(), out, x.cols());
  } else {
    kernels::reference::GatherGated<T>(rows, arrows.columns, arrows.of_row.data() + begin, arrows.of_column.data(),
                                       gates.FromRow(begin), x.data(), out, x.cols());
  }
}
/// dots[row - begin] += what the logarithm of the row's gate gains, given out = GatedRows and the rows it meets.
template <class T>
void AddGatedDots(const Arrows<T>& arrows, const NodeGates<T>& gates, std::size_t begin, std::size_t end,
                  const MatrixOf<T>& x, const T* out, const T* against, T* dots) {
  const auto rows = Rows(arrows.offsets, begin, end);
  if constexpr (std::is_same_v<T, float>) {
    kernels::GatedDots(rows, arrows.columns, arrows.of_row.data() + begin, arrows.of_column.data(),
                       gates.FromRow(begin), x.data(), out, against, dots, x.cols());
  } else {
    kernels::reference::GatedDots<T>(rows, arrows.columns, arrows.of_row.data() + begin, arrows.of_column.data(),
                                     gates.FromRow(begin), x.data(), out, against, dots, x.cols());
  }
}

/// factor(v, u) of every edge, [E x 1].
template <class T, class Factor>
[[nodiscard]] MatrixOf<T> WeightsOfEdges(const Block& block, const DegreeFactors<T>& factors, const Factor& factor) {
  MatrixOf<T> weights(block.num_edges(), 1);
  for (std::size_t v = 0; v < block.num_destinations(); ++v) {
    for (EdgeOffset e = block.offsets[v]; e < block.offsets[v + 1]; ++e) {
      const std::uint32_t u = block.sources[e];
      weights(e, 0) = factors.of_destination[v] * factors.of_source[u] * factor(v, u);
    }
  }
  return weights;
}

}  // namespace kith::gnn
