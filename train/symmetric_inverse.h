/// The inverse of a symmetric positive definite matrix, in place: block sweeps over the lower triangle, on the Gemm
/// kernel.
///
/// Sweeping a block k turns A_kk into -A_kk^-1, A_ik into A_ik A_kk^-1 and A_ij into A_ij - A_ik A_kk^-1 A_kj
/// (Goodnight 1979, "A tutorial on the SWEEP operator", here in blocks); after all blocks A is -A^-1.  Each A_kk met is
/// a Schur complement of a positive definite matrix and so is one itself: no pivoting.
#pragma once

#include <functional>

#include "kith/base/parallel.h"
#include "kith/base/status.h"
#include "kith/gnn/matrix.h"

namespace kith {

/// Reads the lower triangle of `a` [n x n] and overwrites both with the inverse.  `stop` is asked before each block;
/// after a true `a` is good for nothing and the status is kCancelled.  Fails (kInvalidArgument) where a pivot block is
/// not positive definite.  Cost: n^3 multiply-adds, n x 256 floats beside the matrix; same bits for any number of
/// threads.
[[nodiscard]] Status InvertSymmetric(const Runtime& runtime, Matrix& a, const std::function<bool()>& stop = {});

}  // namespace kith
