#include "symmetric_inverse.h"

#include <Eigen/Dense>
#include <algorithm>
#include <memory>
#include <string>

#include "kith/kernels/kernels.h"

namespace kith {
namespace {

constexpr std::size_t kBlock = 256;
constexpr std::size_t kTile = 128;  ///< rows of the lower triangle that one task updates

}  // namespace

Status InvertSymmetric(const Runtime& runtime, Matrix& a, const std::function<bool()>& stop) {
  const std::size_t n = a.rows();
  Matrix column(n, std::min(n, kBlock)), scaled(n, std::min(n, kBlock));
  for (std::size_t begin = 0; begin < n; begin += kBlock) {
    if (stop && stop()) return Cancelled("interrupted while a matrix was inverted");
    const std::size_t width = std::min(kBlock, n - begin), end = begin + width;
    Eigen::MatrixXd pivot(width, width);
    for (std::size_t r = 0; r < width; ++r) {
      for (std::size_t c = 0; c <= r; ++c) {
        const auto row = static_cast<Eigen::Index>(r), col = static_cast<Eigen::Index>(c);
        pivot(row, col) = pivot(col, row) = a(begin + r, begin + c);
      }
    }
    const Eigen::LLT<Eigen::MatrixXd> cholesky(pivot);
    if (cholesky.info() != Eigen::Success) {
      return InvalidArgument("expected a positive definite matrix; rows " + std::to_string(begin) + " to " +
                             std::to_string(end - 1) + " make it indefinite");
    }
    const Eigen::MatrixXd inverse =
        cholesky.solve(Eigen::MatrixXd::Identity(static_cast<Eigen::Index>(width), static_cast<Eigen::Index>(width)));
    Matrix negative(width, width);
    for (std::size_t r = 0; r < width; ++r) {
      for (std::size_t c = 0; c < width; ++c) {
        negative(r, c) = static_cast<float>(-inverse(static_cast<Eigen::Index>(r), static_cast<Eigen::Index>(c)));
      }
    }
    // The block's whole column of the symmetric matrix, and that times -A_kk^-1.
    ParallelFor(runtime, n, kTile, [&](std::size_t first, std::size_t last) {
      for (std::size_t i = first; i < last; ++i) {
        for (std::size_t c = 0; c < width; ++c) {
          column(i, c) = i >= begin + c ? a(i, begin + c) : a(begin + c, i);
        }
      }
      const std::unique_ptr<float[]> workspace(new float[kernels::GemmWorkspace()]);
      kernels::Gemm(last - first, width, width, {column.row(first), column.cols(), 1}, {negative.data(), width, 1},
                    scaled.row(first), scaled.cols(), /*accumulate=*/false, workspace.get());
    });
    ParallelFor(runtime, n, kTile, [&](std::size_t first, std::size_t last) {
      const std::unique_ptr<float[]> workspace(new float[kernels::GemmWorkspace()]);
      kernels::Gemm(last - first, last, width, {scaled.row(first), scaled.cols(), 1}, {column.data(), 1, column.cols()},
                    a.row(first), n, /*accumulate=*/true, workspace.get());
    });
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t c = 0; c < width; ++c) {
        if (i >= end) a(i, begin + c) = -scaled(i, c);
        if (i < begin) a(begin + c, i) = -scaled(i, c);
        if (i >= begin && i < end) a(i, begin + c) = negative(i - begin, c);
      }
    }
  }
  ParallelFor(runtime, n, kTile, [&](std::size_t first, std::size_t last) {
    for (std::size_t i = first; i < last; ++i) {
      for (std::size_t j = 0; j <= i; ++j) a(i, j) = -a(i, j);
    }
  });
  ParallelFor(runtime, n, kTile, [&](std::size_t first, std::size_t last) {
    for (std::size_t i = first; i < last; ++i) {
      for (std::size_t j = i + 1; j < n; ++j) a(i, j) = a(j, i);
    }
  });
  return OkStatus();
}

}  // namespace kith
