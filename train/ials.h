/// iALS (Hu, Koren and Volinsky 2008, with the regularisation of Rendle et al. 2021, "Revisiting the performance of
/// iALS on item recommendation benchmarks", eq. 7 with nu = 1): matrix factorisation that fits 1 to what is there and,
/// at weight alpha, 0 to all pairs.
///
///   L = sum over (u, i) there of (1 - <z_u, v_i>)^2 + alpha sum over all pairs of <z_u, v_i>^2
///       + lambda (sum over u of (d_u + alpha I) |z_u|^2 + sum over i of (d_i + alpha U) |v_i|^2)
/// One half of a sweep solves every z_u exactly with the v fixed, the other every v_i with the z fixed; L never rises.
#pragma once

#include <cstdint>
#include <functional>

#include "kith/base/parallel.h"
#include "kith/base/status.h"
#include "kith/gnn/matrix.h"
#include "kith/graph/social_graph.h"

namespace kith {

struct IalsOptions {
  std::uint32_t width = 64;
  std::uint32_t sweeps = 12;
  double alpha = 0.1, lambda = 0.003;
  double deviation = 0.1;  ///< of the items' start, over sqrt(width)
  std::uint64_t seed = 1;
  std::function<bool()> stop =
      {};  ///< asked before each half; after a true the factors are those of the last whole one
};

struct IalsFactors {
  Matrix users, items;  ///< [U x width], [I x width]; zero rows where a node has no edges
};

/// Fails (kInvalidArgument) on alpha or lambda that is not above 0.  Cost of a half: edges x width^2 + rows x width^3 /
/// 3; same bits for any number of threads.
[[nodiscard]] Result<IalsFactors> FactoriseIals(const Runtime& runtime, const SocialGraph& graph,
                                                const IalsOptions& options);

/// L of factors: O(edges x width + (U + I) width^2).
[[nodiscard]] double IalsObjective(const SocialGraph& graph, const IalsOptions& options, const IalsFactors& factors);

}  // namespace kith
