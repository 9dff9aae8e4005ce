/// Attention over a user's own items inside the item-item kernel: what serving weighs by and training learns.
///
///   s0(u, i) = d_i^beta sum over own items j of d_j^-beta K(j, i),   n_u its standard deviation over all items
///   a(u, j)  = d_j^-beta exp(theta . phi(u, j)), rescaled so that sum_j a(u, j) = sum_j d_j^-beta
///   s(u, i)  = d_i^beta sum_j a(u, j) K(j, i),   t = s / n_u,   evidence = 2 (sqrt(1 + |t|) - 1) with the sign of t
/// phi(u, j): cos(z_u, z_j); the same times log d_u - 3; coh; coh times log d_u - 3; .3 (log d_j - 3)^2;
///            log(top8_j / sum_j) + 1.5;  log d_j - 3
/// coh = log(.3 + r_uj / mean_j r_uj) with r_uj = s0(u, j): how well the rest of the user's items explains j;
/// top8_j / sum_j: the share of item j's eight largest values K(j, .) d_.^beta, 1 where it has no row.
/// An attention whose prior is the degree normalisation and which starts, at theta = 0, as the plain kernel.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <tuple>
#include <vector>

#include "kith/recommend/evidence.h"
#include "kith/recommend/model.h"

namespace kith {

/// What the kernel says about one user before attention.
struct KernelView {
  std::vector<float> plain;           ///< [I] s0(u, .)
  double deviation = 0;               ///< n_u
  std::vector<double> prior;          ///< [own items] d_j^-beta
  std::vector<KernelAttention> keys;  ///< [own items] phi(u, j)
};

class KernelReader {
 public:
  /// The model is borrowed and must have a kernel.  Cost: one pass over it.
  explicit KernelReader(const Model& model);

  /// Overwrites `view`; keys only if asked for.
  void Read(const UserView& user, bool with_keys, KernelView& view) const;
  /// a(u, j), [own items].  In double, so that learning can check its gradient.
  using Theta = std::array<double, std::tuple_size_v<KernelAttention>>;
  [[nodiscard]] static std::vector<double> Attention(const KernelView& view, const Theta& theta);
  [[nodiscard]] static std::vector<double> Attention(const KernelView& view, const KernelAttention& theta);
  /// sums [I] is overwritten with s(u, .) under attention a.
  void Sum(const UserView& user, std::span<const double> attention, std::span<float> sums) const;
  /// K(j, i) d_i^beta; 0 where i is not in the row of j.
  [[nodiscard]] double Value(std::uint32_t own, std::uint32_t item) const noexcept;

  /// The evidence of t and its derivative.
  [[nodiscard]] static double Root(double t) noexcept;
  [[nodiscard]] static double RootSlope(double t) noexcept;

 private:
  const Model& model_;
  std::vector<float> damping_;        ///< [I] d_i^beta
  std::vector<float> concentration_;  ///< [I] log(top8 / sum) + 1.5
};

}  // namespace kith
