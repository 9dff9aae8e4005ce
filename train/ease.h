/// EASE (Steck 2019, "Embarrassingly shallow autoencoders for sparse data"): the item-item kernel that rebuilds each
/// user's items best without using an item to rebuild itself.
///
///   P = (X^T X + lambda I)^-1        B_ij = -P_ij / P_jj, B_jj = 0        (eq. 8)        score(u, j) = sum over own i
///   of B_ij
/// Where there are fewer users than items, in the dual: with K = X X^T + lambda I (Woodbury's identity)
///   lambda P = I - W,   W = X^T K^-1 X,   B_ij = W_ij / (1 - W_jj)
/// so that the matrix to invert has min(users, items) rows.  Rows are cut to their largest entries by magnitude, either
/// sign: that they may be negative is half of the method.
#pragma once

#include <cstdint>
#include <functional>

#include "kith/base/parallel.h"
#include "kith/base/status.h"
#include "kith/graph/social_graph.h"
#include "kith/recommend/model.h"

namespace kith {

struct EaseOptions {
  double lambda = 100;
  std::uint32_t neighbors = 512;    ///< kept a row
  std::function<bool()> stop = {};  ///< asked now and then; after a true the status is kCancelled
};

/// Bytes of the matrix that is inverted, and of as much again in rows.
[[nodiscard]] std::uint64_t EaseBytes(const SocialGraph& graph);

/// Fails (kInvalidArgument) on a lambda that is not above 0.  Cost: min(U, I)^3 multiply-adds and EaseBytes of memory;
/// same bits for any number of threads.
[[nodiscard]] Result<ItemKernel> BuildEaseKernel(const Runtime& runtime, const SocialGraph& graph,
                                                 const EaseOptions& options);

}  // namespace kith
