/// Kernels: numeric loops over spans. No threads, no allocation, no logging, no options, no failure.
///
/// Matrices are row-major float32 with d columns and no padding; pointers need no alignment.  Each kernel has a plain
/// twin in kernels/reference.h that is its specification.  One generic source is compiled for several instruction sets
/// and chosen at run time (kernels/isa.h); within one instruction set the bits depend on the arguments alone.
/// Callers split rows over threads: `offsets` holds absolute positions in `columns`, so a subspan of it is a row range.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace kith::kernels {

using EdgeOffset = std::uint64_t;

/// sum_k a[k] b[k].
[[nodiscard]] float Dot(const float* a, const float* b, std::size_t d) noexcept;
/// y += alpha x.
void Axpy(float alpha, const float* x, float* y, std::size_t d) noexcept;
/// x[k] = exp(scale * x[k] + shift), relative error below 1e-6 (beyond the rounding of the argument) where the result
/// is a normal number, 0 below it, infinity above it, NaN of NaN; returns the sum of the results (accumulated in lanes,
/// fixed order).
float ExpInPlace(float* x, std::size_t n, float scale, float shift) noexcept;

/// out[v] = sum over e in row v of weight[e] * x[columns[e]];  weights == nullptr means 1.  out [rows x d].
void GatherScaleSum(std::span<const EdgeOffset> offsets, std::span<const std::uint32_t> columns, const float* weights,
                    const float* x, float* out, std::size_t d) noexcept;
/// dx[u] += sum over e in row u of the transpose of weight[transpose_edges[e]] * dout[transpose_destinations[e]].
/// The same loops, arrows reversed: rows are sources.  transpose_edges may be empty where weights == nullptr.
void GatherScaleSumBackward(std::span<const EdgeOffset> transpose_offsets,
                            std::span<const std::uint32_t> transpose_destinations,
                            std::span<const std::uint32_t> transpose_edges, const float* weights, const float* dout,
                            float* dx, std::size_t d) noexcept;
/// out[v] = row_factors[v] * sum over e in row v of column_factors[c] * x[c], c = columns[e]: weights that are products
/// of their ends' factors, without an array as long as the edges.  Its own backward: rows of the transpose, the factors
/// changed over, dout for x.   row_factors [rows], column_factors [columns], out [rows x d] (written).
void GatherFolded(std::span<const EdgeOffset> offsets, std::span<const std::uint32_t> columns, const float* row_factors,
                  const float* column_factors, const float* x, float* out, std::size_t d) noexcept;
/// The same of rows stored as bfloat16, summed in float32.
void GatherFoldedBfloat16(std::span<const EdgeOffset> offsets, std::span<const std::uint32_t> columns,
                          const float* row_factors, const float* column_factors, const std::uint16_t* x, float* out,
                          std::size_t d) noexcept;
/// The upper halves of n floats, rounded to nearest, ties to even.
void ToBfloat16(const float* x, std::size_t n, std::uint16_t* out) noexcept;

/// A factor of every edge more: clamp(rows[v] * columns[c], low, high).
struct EdgeGates {
  const float* rows;     ///< [rows], > 0
  const float* columns;  ///< [columns], > 0
  float low, high;
  float least, most;  ///< of `columns`
};
void GatherGated(std::span<const EdgeOffset> offsets, std::span<const std::uint32_t> columns, const float* row_factors,
                 const float* column_factors, const EdgeGates& gates, const float* x, float* out,
                 std::size_t d) noexcept;
/// The same of rows stored as bfloat16, summed in float32.
void GatherGatedBfloat16(std::span<const EdgeOffset> offsets, std::span<const std::uint32_t> columns,
                         const float* row_factors, const float* column_factors, const EdgeGates& gates,
                         const std::uint16_t* x, float* out, std::size_t d) noexcept;
/// dots[v] += sum over the edges of row v strictly within the limits of weight <x[c], against[v]>, from GatherGated's
/// out: the gradient to the logarithm of rows[v].  against [rows x d].  An out of bfloat16 rows gives the gradient of
/// these, but for the edges at a limit, which are taken off it as x has them.
void GatedDots(std::span<const EdgeOffset> offsets, std::span<const std::uint32_t> columns, const float* row_factors,
               const float* column_factors, const EdgeGates& gates, const float* x, const float* out,
               const float* against, float* dots, std::size_t d) noexcept;

/// dweight[e] = <dout[v], x[columns[e]]> for e in row v: the gradient of GatherScaleSum to its weights.
void EdgeDots(std::span<const EdgeOffset> offsets, std::span<const std::uint32_t> columns, const float* dout,
              const float* x, float* dweight, std::size_t d) noexcept;

/// scores[i] = <query, items[i]> for n rows of items; the bits of a score do not depend on the rows around it.
void Scores(const float* query, const float* items, std::size_t n, std::size_t d, float* scores) noexcept;

/// One entry of a top-k list. Order: higher score first, then the smaller id.
struct Scored {
  float score;
  std::uint32_t id;
  friend bool operator==(const Scored&, const Scored&) = default;
};
/// Offers ids first_id + i with scores[i], i < n, to the top-k list heap[0..size): a heap whose worst entry is at 0.
/// `skip` is sorted and holds ids that are left out.  NaN scores are left out.  Returns the new size, at most k.
/// SortTopK turns the heap into a list, best first.
[[nodiscard]] std::size_t OfferTopK(const float* scores, std::size_t n, std::uint32_t first_id,
                                    std::span<const std::uint32_t> skip, Scored* heap, std::size_t size,
                                    std::size_t k) noexcept;
void SortTopK(Scored* heap, std::size_t size) noexcept;

/// C [m x n] (+)= A B with A(i, k) = a[i * a_row + k * a_col], B(k, j) = b[k * b_row + j * b_col], C(i, j) = c[i * ldc
/// + j]. Strides make A B^T and A^T B the same call.  `workspace` holds GemmWorkspace() floats (below 640 KiB), one per
/// thread. C(i, j) is summed over k in a fixed order: its bits do not depend on how callers split m and n.  Fastest
/// where A or B has one stride of 1.
struct GemmOperand {
  const float* data;
  std::size_t row_stride, column_stride;
};
[[nodiscard]] std::size_t GemmWorkspace() noexcept;
void Gemm(std::size_t m, std::size_t n, std::size_t k, GemmOperand a, GemmOperand b, float* c, std::size_t ldc,
          bool accumulate, float* workspace) noexcept;

}  // namespace kith::kernels
