#include "matmul.h"

#include <Eigen/Core>
#include <algorithm>
#include <type_traits>
#include <vector>

#include "kith/kernels/kernels.h"

namespace kith::gnn {
namespace {

constexpr std::size_t kProductGrain = 512;     ///< rows of one task of ParallelProduct
constexpr std::size_t kTransposedRows = 4096;  ///< rows of one partial sum of AddTransposedProduct

template <class T>
using RowMajor = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
template <class T>
using Strided = Eigen::Map<const RowMajor<T>, 0, Eigen::Stride<Eigen::Dynamic, Eigen::Dynamic>>;

template <class T>
Strided<T> AsEigen(const Operand<T>& operand, std::size_t rows, std::size_t cols) {
  return {operand.data, static_cast<Eigen::Index>(rows), static_cast<Eigen::Index>(cols),
          Eigen::Stride<Eigen::Dynamic, Eigen::Dynamic>(static_cast<Eigen::Index>(operand.row_stride),
                                                        static_cast<Eigen::Index>(operand.column_stride))};
}

}  // namespace

template <class T>
Product<T>::Product() {
  if constexpr (std::is_same_v<T, float>)
    workspace_ = std::make_unique_for_overwrite<float[]>(kernels::GemmWorkspace());
}

template <class T>
void Product<T>::operator()(std::size_t m, std::size_t n, std::size_t k, Operand<T> a, Operand<T> b, T* c,
                            std::size_t ldc, bool accumulate) {
  if constexpr (std::is_same_v<T, float>) {
    kernels::Gemm(m, n, k, {a.data, a.row_stride, a.column_stride}, {b.data, b.row_stride, b.column_stride}, c, ldc,
                  accumulate, workspace_.get());
  } else {
    Eigen::Map<RowMajor<T>, 0, Eigen::OuterStride<>> out(c, static_cast<Eigen::Index>(m), static_cast<Eigen::Index>(n),
                                                         Eigen::OuterStride<>(static_cast<Eigen::Index>(ldc)));
    if (!accumulate) out.setZero();
    out.noalias() += AsEigen(a, m, k) * AsEigen(b, k, n);
  }
}

template <class T>
void ParallelProduct(const Runtime& runtime, std::size_t m, std::size_t n, std::size_t k, Operand<T> a, Operand<T> b,
                     T* c, std::size_t ldc, Write write) {
  ParallelFor(runtime, m, kProductGrain, [&](std::size_t begin, std::size_t end) {
    Product<T> product;
    product(end - begin, n, k, a.FromRow(begin), b, c + begin * ldc, ldc, write == Write::kAdd);
  });
}

template <class T>
void AddTransposedProduct(const Runtime& runtime, std::size_t rows, std::size_t m, std::size_t n, Operand<T> a,
                          Operand<T> b, T* c, std::size_t ldc) {
  const std::size_t blocks = (rows + kTransposedRows - 1) / kTransposedRows;
  std::vector<T> partial(blocks * m * n);
  ParallelFor(runtime, rows, kTransposedRows, [&](std::size_t begin, std::size_t end) {
    Product<T> product;
    product(m, n, end - begin, a.FromRow(begin).Transposed(), b.FromRow(begin),
            partial.data() + begin / kTransposedRows * m * n, n, false);
  });
  for (std::size_t block = 0; block < blocks; ++block) {
    for (std::size_t i = 0; i < m; ++i) {
      for (std::size_t j = 0; j < n; ++j) c[i * ldc + j] += partial[(block * m + i) * n + j];
    }
  }
}

template class Product<float>;
template class Product<double>;
template void ParallelProduct<float>(const Runtime&, std::size_t, std::size_t, std::size_t, Operand<float>,
                                     Operand<float>, float*, std::size_t, Write);
template void ParallelProduct<double>(const Runtime&, std::size_t, std::size_t, std::size_t, Operand<double>,
                                      Operand<double>, double*, std::size_t, Write);
template void AddTransposedProduct<float>(const Runtime&, std::size_t, std::size_t, std::size_t, Operand<float>,
                                          Operand<float>, float*, std::size_t);
template void AddTransposedProduct<double>(const Runtime&, std::size_t, std::size_t, std::size_t, Operand<double>,
                                           Operand<double>, double*, std::size_t);

}  // namespace kith::gnn
