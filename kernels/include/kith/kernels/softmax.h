/// Softmax of users against many candidates, forward and backward: blocks of users pass over panels of candidates, and
/// a panel's products, exponentials and sums happen while it is in the nearest cache.
///
///   e_uc = w_c exp(scale <x_u, y_c> + shift)      sums_u = sum over c of e_uc      duser_u = sum over c of e_uc y_c
///   dcandidate_c = sum over u of e_uc g_u         from the e that the forward pass stored
/// Rows have `width` = SoftmaxWidth(d) floats, of which those from d on are zero.  A panel is kSoftmaxPanel candidates;
/// the last one is filled up with zero rows of weight 0.
#pragma once

#include <cstddef>

namespace kith::kernels {

inline constexpr std::size_t kSoftmaxPanel = 96;
inline constexpr std::size_t kSoftmaxUsers = 48;  ///< at most, in one call

/// d filled up to whole tiles of the active instruction set.
[[nodiscard]] std::size_t SoftmaxWidth(std::size_t d) noexcept;

/// candidates [kSoftmaxPanel x width] -> packed [kSoftmaxPanel * d], the order in which SoftmaxForward reads them.
void PackSoftmaxPanel(const float* candidates, std::size_t d, float* packed) noexcept;

/// One block of users against all panels.
struct SoftmaxBlock {
  const float* users;       ///< [count x width]
  std::size_t count, d;     ///< count <= kSoftmaxUsers
  const float* packed;      ///< [panels * kSoftmaxPanel * d]
  const float* candidates;  ///< [panels * kSoftmaxPanel x width]
  const float* weights;     ///< [panels * kSoftmaxPanel] w
  std::size_t panels;
  float scale, shift;  ///< scale <x, y> + shift <= 80
  float* exps;         ///< e of panel p: exps + p * panel_stride, [count x kSoftmaxPanel] (written)
  std::size_t panel_stride;
  float* sums;    ///< [count] (written)
  float* dusers;  ///< [count x width] (written)
};
void SoftmaxForward(const SoftmaxBlock& block) noexcept;

/// One panel: exps [count x kSoftmaxPanel], users [count x width] g -> dcandidates [kSoftmaxPanel x width], written or
/// added to.  count may be any number.
void SoftmaxBackward(const float* exps, const float* users, std::size_t count, std::size_t d, float* dcandidates,
                     bool add) noexcept;

}  // namespace kith::kernels
