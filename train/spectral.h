/// Spectral evidence: the normalised user-item matrix's leading singular vectors, and the item-item kernel they give.
///
///   R~ = D_u^-1/2 R D_i^-1/2;  V: its right singular vectors, lambda = sigma^2 in [0, 1], descending.
///   S = c1 P + V diag(h(lambda) - c1 lambda + eta) V^T,   P = R~^T R~,  c1 = h(lambda_r) / lambda_r
/// h is the plateau filter of ChebyCF (Kim et al. 2025): h(lambda) = (1 -+ |x|^1.5) / 2 with x = 1 - 2 lambda; the tail
/// below lambda_r is taken as linear.  eta is the ideal pass of GF-CF (Shen et al. 2021, eq. 11).
/// Vectors by block subspace iteration with Cholesky-QR and a Rayleigh-Ritz step (Halko et al. 2011, algorithm 4.4).
/// Same bits for any number of threads.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "kith/base/parallel.h"
#include "kith/base/status.h"
#include "kith/gnn/matrix.h"
#include "kith/graph/social_graph.h"
#include "kith/recommend/model.h"

namespace kith {

struct SpectralOptions {
  std::uint32_t rank = 256;  ///< cut to what the graph has
  std::uint32_t oversample = 32;
  std::uint32_t rounds = 4;
  std::uint64_t seed = 1;
};

struct SpectralBasis {
  Matrix items;               ///< V [I x rank], orthonormal columns
  std::vector<float> lambda;  ///< [rank], descending, in (0, 1]
};

/// Cost: rounds * 2 gathers of rank + oversample columns, and products I x rank x rank.
[[nodiscard]] Result<SpectralBasis> ComputeSpectralBasis(const Runtime& runtime, const SocialGraph& graph,
                                                         const SpectralOptions& options);

struct SpectralKernelOptions {
  float ideal_pass = 0.2F;         ///< eta
  float degree_exponent = 0.35F;   ///< beta: rows are cut by S(j, i) d_i^beta
  std::uint32_t least_degree = 1;  ///< items with fewer users have no row and stand in none
  /// Asked before each block of rows; after a true the kernel is not whole and only good to be thrown away.
  std::function<bool()> stop = {};
  std::uint32_t neighbors = 256;  ///< kept a row
};

/// The kernel's rows cut to their largest positive entries, the item itself left out.
/// Cost: n x n x rank multiply-adds for the n items of least_degree and more, never held: blocks of rows.
[[nodiscard]] ItemKernel BuildSpectralKernel(const Runtime& runtime, const SocialGraph& graph,
                                             const SpectralBasis& basis, const SpectralKernelOptions& options);

}  // namespace kith
