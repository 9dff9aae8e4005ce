/// The kernels for float and double under one name: float runs on the vector kernels, double on their plain loops, so
/// that one layer serves work and gradient checks.
///
/// Callers split rows over the Runtime at a fixed grain; every row is owned by one range: same bits for any number of
/// threads.
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
