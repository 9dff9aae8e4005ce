/// Message passing over a whole Block: the kernels, with rows split over the Runtime.
///
/// float runs on the vector kernels, double on their plain-loop reference, so that one layer serves work and gradient
/// checks.  Every row is owned by one range and ranges are cut at a fixed grain: same bits for any number of threads.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <vector>

#include "kith/base/parallel.h"
#include "kith/gnn/matrix.h"
#include "kith/graph/block.h"
#include "kith/kernels/kernels.h"
#include "kith/kernels/reference.h"

namespace kith::gnn {

inline constexpr std::size_t kRowGrain = 256;  ///< destinations or sources in one task

/// Row range [begin, end) of a list of offsets: the kernels take its absolute positions as they are.
inline std::span<const EdgeOffset> Rows(const std::vector<EdgeOffset>& offsets, std::size_t begin, std::size_t end) {
  return std::span<const EdgeOffset>(offsets).subspan(begin, end - begin + 1);
}

/// y[v] = sum over e = (u -> v) of weights[e] * x[u].   x [S x d] -> y [D x d], weights [E].
template <class T>
void Aggregate(const Runtime& runtime, const Block& block, const T* weights, const MatrixOf<T>& x, MatrixOf<T>& y) {
  const std::size_t d = x.cols();
  y.resize(block.num_destinations(), d);
  ParallelFor(runtime, y.rows(), kRowGrain, [&](std::size_t begin, std::size_t end) {
    const auto rows = Rows(block.offsets, begin, end);
    if constexpr (std::is_same_v<T, float>) {
      kernels::GatherScaleSum(rows, block.sources, weights, x.data(), y.row(begin), d);
    } else {
      kernels::reference::GatherScaleSum<T>(rows, block.sources, weights, x.data(), y.row(begin), d);
    }
  });
}

/// dx[u] += sum over e = (u -> v) of weights[e] * dy[v]: the same sum, arrows reversed.   dy [D x d], dx [S x d].
template <class T>
void AddAggregateBackward(const Runtime& runtime, const Block& block, const T* weights, const MatrixOf<T>& dy,
                          MatrixOf<T>& dx) {
  const std::size_t d = dy.cols();
  ParallelFor(runtime, block.num_sources(), kRowGrain, [&](std::size_t begin, std::size_t end) {
    const auto rows = Rows(block.transpose_offsets, begin, end);
    if constexpr (std::is_same_v<T, float>) {
      kernels::GatherScaleSumBackward(rows, block.transpose_destinations, block.transpose_edges, weights, dy.data(),
                                      dx.row(begin), d);
    } else {
      kernels::reference::GatherScaleSumBackward<T>(rows, block.transpose_destinations, block.transpose_edges, weights,
                                                    dy.data(), dx.row(begin), d);
    }
  });
}

/// dweights[e] = <dy[v], x[u]> for e = (u -> v): the gradient of Aggregate to its weights.   dweights [E].
template <class T>
void AggregateBackwardToWeights(const Runtime& runtime, const Block& block, const MatrixOf<T>& dy, const MatrixOf<T>& x,
                                T* dweights) {
  const std::size_t d = x.cols();
  ParallelFor(runtime, block.num_destinations(), kRowGrain, [&](std::size_t begin, std::size_t end) {
    const auto rows = Rows(block.offsets, begin, end);
    if constexpr (std::is_same_v<T, float>) {
      kernels::EdgeDots(rows, block.sources, dy.row(begin), x.data(), dweights, d);
    } else {
      kernels::reference::EdgeDots<T>(rows, block.sources, dy.row(begin), x.data(), dweights, d);
    }
  });
}

/// weights[e] = scale[v] / sqrt(d_u d_v): graph's rule for float, the same rule for double.   weights [E].
template <class T>
void NormalizedWeights(const Runtime& runtime, const Block& block, std::span<T> weights) {
  if constexpr (std::is_same_v<T, float>) {
    SymmetricWeights(runtime, block, weights);
  } else {
    ParallelFor(runtime, block.num_destinations(), kRowGrain, [&](std::size_t begin, std::size_t end) {
      for (std::size_t v = begin; v < end; ++v) {
        for (EdgeOffset e = block.offsets[v]; e < block.offsets[v + 1]; ++e) {
          const T product = static_cast<T>(block.degrees[block.sources[e]]) * static_cast<T>(block.degrees[v]);
          weights[e] = static_cast<T>(block.scale[v]) / std::sqrt(product);
        }
      }
    });
  }
}

/// The kernels on one thread, over rows that are no Block's.
template <class T>
void EdgeDots(std::span<const EdgeOffset> offsets, std::span<const std::uint32_t> columns, const T* dout, const T* x,
              T* dweights, std::size_t d) {
  if constexpr (std::is_same_v<T, float>) {
    kernels::EdgeDots(offsets, columns, dout, x, dweights, d);
  } else {
    kernels::reference::EdgeDots<T>(offsets, columns, dout, x, dweights, d);
  }
}
template <class T>
void GatherScaleSum(std::span<const EdgeOffset> offsets, std::span<const std::uint32_t> columns, const T* weights,
                    const T* x, T* out, std::size_t d) {
  if constexpr (std::is_same_v<T, float>) {
    kernels::GatherScaleSum(offsets, columns, weights, x, out, d);
  } else {
    kernels::reference::GatherScaleSum<T>(offsets, columns, weights, x, out, d);
  }
}
template <class T>
void GatherScaleSumBackward(std::span<const EdgeOffset> offsets, std::span<const std::uint32_t> destinations,
                            std::span<const std::uint32_t> edges, const T* weights, const T* dout, T* dx,
                            std::size_t d) {
  if constexpr (std::is_same_v<T, float>) {
    kernels::GatherScaleSumBackward(offsets, destinations, edges, weights, dout, dx, d);
  } else {
    kernels::reference::GatherScaleSumBackward<T>(offsets, destinations, edges, weights, dout, dx, d);
  }
}

template <class T>
[[nodiscard]] T Dot(const T* a, const T* b, std::size_t d) {
  if constexpr (std::is_same_v<T, float>) {
    return kernels::Dot(a, b, d);
  } else {
    return kernels::reference::Dot<T>(a, b, d);
  }
}

template <class T>
void Axpy(T alpha, const T* x, T* y, std::size_t d) {
  if constexpr (std::is_same_v<T, float>) {
    kernels::Axpy(alpha, x, y, d);
  } else {
    kernels::reference::Axpy<T>(alpha, x, y, d);
  }
}

/// x[k] = exp(scale * x[k] + shift); returns the sum.
template <class T>
T ExpInPlace(T* x, std::size_t n, T scale, T shift) {
  if constexpr (std::is_same_v<T, float>) {
    return kernels::ExpInPlace(x, n, scale, shift);
  } else {
    return kernels::reference::ExpInPlace<T>(x, n, scale, shift);
  }
}

}  // namespace kith::gnn
