/// The kernels as plain loops: what kernels.h means, word for word, and the same formulas in double for gradient
/// checks.
///
/// T is float or double.  Sums run in the order of the indices and in T; the vector kernels sum in lanes, so that they
/// agree with these up to rounding.  Same names and arguments as kernels.h; slow on purpose.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <utility>

#include "kith/kernels/kernels.h"

namespace kith::kernels::reference {

template <class T>
[[nodiscard]] T Dot(const T* a, const T* b, std::size_t d) noexcept {
  T sum = 0;
  for (std::size_t i = 0; i < d; ++i) sum += a[i] * b[i];
  return sum;
}

template <class T>
void Axpy(T alpha, const T* x, T* y, std::size_t d) noexcept {
  for (std::size_t i = 0; i < d; ++i) y[i] += alpha * x[i];
}

/// Results below the smallest normal T are 0.
template <class T>
T ExpInPlace(T* x, std::size_t n, T scale, T shift) noexcept {
  T sum = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const T y = std::exp(scale * x[i] + shift);
    x[i] = y < std::numeric_limits<T>::min() ? T{0} : y;
    sum += x[i];
  }
  return sum;
}

template <class T>
void GatherScaleSum(std::span<const EdgeOffset> offsets, std::span<const std::uint32_t> columns, const T* weights,
                    const T* x, T* out, std::size_t d) noexcept {
  for (std::size_t v = 0; v + 1 < offsets.size(); ++v) {
    T* out_v = out + v * d;
    std::fill(out_v, out_v + d, T{0});
    for (EdgeOffset e = offsets[v]; e < offsets[v + 1]; ++e)
      Axpy(weights ? weights[e] : T{1}, x + columns[e] * d, out_v, d);
  }
}

template <class T>
void GatherScaleSumBackward(std::span<const EdgeOffset> transpose_offsets,
                            std::span<const std::uint32_t> transpose_destinations,
                            std::span<const std::uint32_t> transpose_edges, const T* weights, const T* dout, T* dx,
                            std::size_t d) noexcept {
  for (std::size_t u = 0; u + 1 < transpose_offsets.size(); ++u)
    for (EdgeOffset e = transpose_offsets[u]; e < transpose_offsets[u + 1]; ++e)
      Axpy(weights ? weights[transpose_edges[e]] : T{1}, dout + transpose_destinations[e] * d, dx + u * d, d);
}

template <class T>
void GatherFolded(std::span<const EdgeOffset> offsets, std::span<const std::uint32_t> columns, const T* row_factors,
                  const T* column_factors, const T* x, T* out, std::size_t d) noexcept {
  for (std::size_t v = 0; v + 1 < offsets.size(); ++v) {
    T* out_v = out + v * d;
    std::fill(out_v, out_v + d, T{0});
    for (EdgeOffset e = offsets[v]; e < offsets[v + 1]; ++e)
      Axpy(column_factors[columns[e]], x + columns[e] * d, out_v, d);
    for (std::size_t k = 0; k < d; ++k) out_v[k] *= row_factors[v];
  }
}

template <class T>
struct EdgeGates {
  const T* rows;
  const T* columns;
  T low, high;
  T least, most;
};

template <class T>
void GatherGated(std::span<const EdgeOffset> offsets, std::span<const std::uint32_t> columns, const T* row_factors,
                 const T* column_factors, const EdgeGates<T>& gates, const T* x, T* out, std::size_t d) noexcept {
  for (std::size_t v = 0; v + 1 < offsets.size(); ++v) {
    T* out_v = out + v * d;
    std::fill(out_v, out_v + d, T{0});
    for (EdgeOffset e = offsets[v]; e < offsets[v + 1]; ++e) {
      const std::uint32_t c = columns[e];
      Axpy(column_factors[c] * std::clamp(gates.rows[v] * gates.columns[c], gates.low, gates.high), x + c * d, out_v,
           d);
    }
    for (std::size_t k = 0; k < d; ++k) out_v[k] *= row_factors[v];
  }
}

/// `out` is not read: every edge is looked at.
template <class T>
void GatedDots(std::span<const EdgeOffset> offsets, std::span<const std::uint32_t> columns, const T* row_factors,
               const T* column_factors, const EdgeGates<T>& gates, const T* x, const T* /*out*/, const T* against,
               T* dots, std::size_t d) noexcept {
  for (std::size_t v = 0; v + 1 < offsets.size(); ++v)
    for (EdgeOffset e = offsets[v]; e < offsets[v + 1]; ++e) {
      const std::uint32_t c = columns[e];
      const T product = gates.rows[v] * gates.columns[c];
      if (product > gates.low && product < gates.high)
        dots[v] += row_factors[v] * column_factors[c] * product * Dot(x + c * d, against + v * d, d);
    }
}

template <class T>
void EdgeDots(std::span<const EdgeOffset> offsets, std::span<const std::uint32_t> columns, const T* dout, const T* x,
              T* dweight, std::size_t d) noexcept {
  for (std::size_t v = 0; v + 1 < offsets.size(); ++v)
    for (EdgeOffset e = offsets[v]; e < offsets[v + 1]; ++e) dweight[e] = Dot(dout + v * d, x + columns[e] * d, d);
}

template <class T>
void Scores(const T* query, const T* items, std::size_t n, std::size_t d, T* scores) noexcept {
  for (std::size_t i = 0; i < n; ++i) scores[i] = Dot(query, items + i * d, d);
}

/// The order of the list: higher score first, then the smaller id.
[[nodiscard]] inline bool Better(const Scored& a, const Scored& b) noexcept {
  return a.score > b.score || (a.score == b.score && a.id < b.id);
}

/// Scores are compared as float, the type of the list.
template <class T>
[[nodiscard]] std::size_t OfferTopK(const T* scores, std::size_t n, std::uint32_t first_id,
                                    std::span<const std::uint32_t> skip, Scored* heap, std::size_t size,
                                    std::size_t k) noexcept {
  for (std::size_t i = 0; i < n; ++i) {
    const Scored offered{static_cast<float>(scores[i]), first_id + static_cast<std::uint32_t>(i)};
    if (std::isnan(offered.score) || std::binary_search(skip.begin(), skip.end(), offered.id)) continue;
    if (size < k) {
      heap[size++] = offered;
    } else if (size > 0 && Better(offered, heap[0])) {
      heap[0] = offered;
    } else {
      continue;
    }
    // Worst first is a heap, too.
    for (std::size_t j = 1; j < size; ++j)
      for (std::size_t at = j; at > 0 && Better(heap[at - 1], heap[at]); --at) std::swap(heap[at - 1], heap[at]);
  }
  return size;
}

inline void SortTopK(Scored* heap, std::size_t size) noexcept {
  for (std::size_t j = 1; j < size; ++j)
    for (std::size_t at = j; at > 0 && Better(heap[at], heap[at - 1]); --at) std::swap(heap[at - 1], heap[at]);
}

template <class T>
struct GemmOperand {
  const T* data;
  std::size_t row_stride, column_stride;
};

/// kernels::Gemm without the workspace.
template <class T>
void Gemm(std::size_t m, std::size_t n, std::size_t k, GemmOperand<T> a, GemmOperand<T> b, T* c, std::size_t ldc,
          bool accumulate) noexcept {
  for (std::size_t i = 0; i < m; ++i)
    for (std::size_t j = 0; j < n; ++j) {
      T sum = accumulate ? c[i * ldc + j] : T{0};
      for (std::size_t p = 0; p < k; ++p)
        sum += a.data[i * a.row_stride + p * a.column_stride] * b.data[p * b.row_stride + j * b.column_stride];
      c[i * ldc + j] = sum;
    }
}

}  // namespace kith::kernels::reference
