/// Initial values, keyed by (seed, Purpose::kInit, row): the same for any number of threads.
#pragma once

#include <cstdint>

#include "kith/gnn/matrix.h"

namespace kith {

/// Normal with the given standard deviation.
template <class T>
void InitNormal(std::uint64_t seed, double deviation, MatrixOf<T>& matrix);
/// Uniform in +-sqrt(6 / (rows + cols)).  Glorot and Bengio 2010, eq. 16.
template <class T>
void InitGlorot(std::uint64_t seed, MatrixOf<T>& matrix);

}  // namespace kith
