#include "kith/gnn/init.h"

#include <cmath>

#include "kith/base/rng.h"

namespace kith {

template <class T>
void InitNormal(std::uint64_t seed, double deviation, MatrixOf<T>& matrix) {
  for (std::size_t r = 0; r < matrix.rows(); ++r) {
    const Rng rng(seed, Purpose::kInit, /*step=*/0, static_cast<std::uint32_t>(r));
    for (std::size_t c = 0; c < matrix.cols(); ++c) {
      matrix(r, c) = static_cast<T>(deviation * rng.normal(static_cast<std::uint32_t>(c)));
    }
  }
}

template <class T>
void InitGlorot(std::uint64_t seed, MatrixOf<T>& matrix) {
  if (matrix.size() == 0) return;
  const double bound = std::sqrt(6.0 / static_cast<double>(matrix.rows() + matrix.cols()));
  for (std::size_t r = 0; r < matrix.rows(); ++r) {
    const Rng rng(seed, Purpose::kInit, /*step=*/0, static_cast<std::uint32_t>(r));
    for (std::size_t c = 0; c < matrix.cols(); ++c) {
      matrix(r, c) = static_cast<T>(bound * (2.0 * rng.uniform(static_cast<std::uint32_t>(c)) - 1.0));
    }
  }
}

template void InitNormal<float>(std::uint64_t, double, Matrix&);
template void InitNormal<double>(std::uint64_t, double, MatrixOf<double>&);
template void InitGlorot<float>(std::uint64_t, Matrix&);
template void InitGlorot<double>(std::uint64_t, MatrixOf<double>&);

}  // namespace kith
