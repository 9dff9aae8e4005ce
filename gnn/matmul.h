/// Dense products, float on the Gemm kernel and double on Eigen; rows are split over the Runtime at a fixed grain.
#pragma once

#include <cstddef>
#include <memory>

#include "kith/base/parallel.h"
#include "kith/gnn/matrix.h"

namespace kith::gnn {

/// M(i, j) = data[i * row_stride + j * column_stride], borrowed.
template <class T>
struct Operand {
  const T* data;
  std::size_t row_stride, column_stride;

  [[nodiscard]] Operand Transposed() const { return {data, column_stride, row_stride}; }
  [[nodiscard]] Operand FromRow(std::size_t i) const { return {data + i * row_stride, row_stride, column_stride}; }
  [[nodiscard]] Operand FromColumn(std::size_t j) const {
    return {data + j * column_stride, row_stride, column_stride};
  }
};
template <class T>
[[nodiscard]] Operand<T> AsOperand(const MatrixOf<T>& matrix) {
  return {matrix.data(), matrix.cols(), 1};
}

/// A product on the calling thread; owns the kernel's workspace, so make one per task and use it for many products.
template <class T>
class Product {
 public:
  Product();
  /// C [m x n] (+)= A [m x k] B [k x n], C(i, j) = c[i * ldc + j].
  void operator()(std::size_t m, std::size_t n, std::size_t k, Operand<T> a, Operand<T> b, T* c, std::size_t ldc,
                  bool accumulate);

 private:
  std::unique_ptr<float[]> workspace_;  ///< float only
};

enum class Write { kReplace, kAdd };

/// C [m x n] = A [m x k] B [k x n] (or C += A B), rows of C in parallel.
template <class T>
void ParallelProduct(const Runtime& runtime, std::size_t m, std::size_t n, std::size_t k, Operand<T> a, Operand<T> b,
                     T* c, std::size_t ldc, Write write = Write::kReplace);

/// C [m x n] += A^T B for tall A [rows x m], B [rows x n]: the gradient of a projection.  Rows are cut into fixed
/// blocks and the blocks' products are added in order.
template <class T>
void AddTransposedProduct(const Runtime& runtime, std::size_t rows, std::size_t m, std::size_t n, Operand<T> a,
                          Operand<T> b, T* c, std::size_t ldc);

}  // namespace kith::gnn
