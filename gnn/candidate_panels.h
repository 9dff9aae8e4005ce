/// The candidates of a softmax in panels, and its two kernels over them: float on the vector kernels, double on their
/// plain loops.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <type_traits>

#include "kith/base/parallel.h"
#include "kith/gnn/matrix.h"
#include "kith/kernels/reference_softmax.h"
#include "kith/kernels/softmax.h"

namespace kith::gnn {

template <class T>
[[nodiscard]] std::size_t PaddedWidth(std::size_t d) {
  if constexpr (std::is_same_v<T, float>) {
    return kernels::SoftmaxWidth(d);
  } else {
    return d;
  }
}

template <class T>
class CandidatePanels {
 public:
  using Block =
      std::conditional_t<std::is_same_v<T, float>, kernels::SoftmaxBlock, kernels::reference::SoftmaxBlock<T>>;

  /// Room for `count` candidates of d columns with weights [count], or empty for 1; the caller fills rows().
  void Begin(std::size_t count, std::size_t d, std::span<const float> weights) {
    d_ = d;
    panels_ = (count + kernels::kSoftmaxPanel - 1) / kernels::kSoftmaxPanel;
    const std::size_t width = PaddedWidth<T>(d), padded = panels_ * kernels::kSoftmaxPanel;
    candidates_.resize(padded, width);
    weights_.resize(padded, 1);
    gradient_.resize(padded, width);
    // What fills up the last panel: zero rows, which count for nothing.
    for (std::size_t c = 0; c < count; ++c) weights_(c, 0) = weights.empty() ? T{1} : static_cast<T>(weights[c]);
    for (std::size_t c = count; c < padded; ++c) {
      weights_(c, 0) = T{0};
      std::fill_n(candidates_.row(c), width, T{0});
    }
  }
  [[nodiscard]] MatrixOf<T>& rows() noexcept { return candidates_; }
  /// Once the rows stand.
  void Pack(const Runtime& runtime) {
    if constexpr (std::is_same_v<T, float>) {
      packed_.resize(candidates_.rows(), d_);
      ParallelFor(runtime, candidates_.rows(), kernels::kSoftmaxPanel, [&](std::size_t begin, std::size_t) {
        kernels::PackSoftmaxPanel(candidates_.row(begin), d_, packed_.row(begin));
      });
    }
  }

  /// e of `count` users (at most kSoftmaxUsers) against all candidates, their sums [count] and e y [count x width].
  void Forward(const T* users, std::size_t count, T scale, T shift, T* exps, std::size_t panel_stride, T* sums,
               T* dusers) const {
    const Block block = {.users = users,
                         .count = count,
                         .d = d_,
                         .packed = packed_.data(),
                         .candidates = candidates_.data(),
                         .weights = weights_.data(),
                         .panels = panels_,
                         .scale = scale,
                         .shift = shift,
                         .exps = exps,
                         .panel_stride = panel_stride,
                         .sums = sums,
                         .dusers = dusers};
    if constexpr (std::is_same_v<T, float>) {
      kernels::SoftmaxForward(block);
    } else {
      kernels::reference::SoftmaxForward(block);
    }
  }

  /// gradient (+)= e^T users, panels in parallel.   users [count x width]
  void Backward(const Runtime& runtime, const T* exps, std::size_t panel_stride, const T* users, std::size_t count,
                bool add) {
    ParallelFor(runtime, panels_, 1, [&](std::size_t panel, std::size_t) {
      T* const to = gradient_.row(panel * kernels::kSoftmaxPanel);
      if constexpr (std::is_same_v<T, float>) {
        kernels::SoftmaxBackward(exps + panel * panel_stride, users, count, d_, to, add);
      } else {
        kernels::reference::SoftmaxBackward<T>(exps + panel * panel_stride, users, count, d_, to, add);
      }
    });
  }

  [[nodiscard]] std::size_t panels() const noexcept { return panels_; }
  /// dL/dz^ of candidate c, [width].
  [[nodiscard]] const T* gradient(std::size_t c) const noexcept { return gradient_.row(c); }

 private:
  std::size_t d_ = 0, panels_ = 0;
  MatrixOf<T> candidates_, gradient_;  ///< [panels * kSoftmaxPanel x width]
  MatrixOf<T> packed_;                 ///< [panels * kSoftmaxPanel x d], float alone
  MatrixOf<T> weights_;                ///< [panels * kSoftmaxPanel x 1]
};

}  // namespace kith::gnn
