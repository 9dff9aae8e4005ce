/// The kernels of softmax.h as plain loops, in float or double.  Their rows are not filled up: width is d.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "kith/kernels/reference.h"
#include "kith/kernels/softmax.h"

namespace kith::kernels::reference {

/// As kernels::SoftmaxBlock; `packed` is not read.
template <class T>
struct SoftmaxBlock {
  const T* users;
  std::size_t count, d;
  const T* packed;
  const T* candidates;
  const T* weights;
  std::size_t panels;
  T scale, shift;
  T* exps;
  std::size_t panel_stride;
  T* sums;
  T* dusers;
};

template <class T>
void SoftmaxForward(const SoftmaxBlock<T>& b) noexcept {
  for (std::size_t u = 0; u < b.count; ++u) {
    b.sums[u] = 0;
    std::fill_n(b.dusers + u * b.d, b.d, T{0});
    for (std::size_t c = 0; c < b.panels * kSoftmaxPanel; ++c) {
      T e = Dot(b.users + u * b.d, b.candidates + c * b.d, b.d);
      (void)ExpInPlace(&e, 1, b.scale, b.shift);
      e *= b.weights[c];
      b.exps[c / kSoftmaxPanel * b.panel_stride + u * kSoftmaxPanel + c % kSoftmaxPanel] = e;
      b.sums[u] += e;
      Axpy(e, b.candidates + c * b.d, b.dusers + u * b.d, b.d);
    }
  }
}

template <class T>
void SoftmaxBackward(const T* exps, const T* users, std::size_t count, std::size_t d, T* dcandidates,
                     bool add) noexcept {
  if (!add) std::fill_n(dcandidates, kSoftmaxPanel * d, T{0});
  for (std::size_t u = 0; u < count; ++u)
    for (std::size_t c = 0; c < kSoftmaxPanel; ++c)
      Axpy(exps[u * kSoftmaxPanel + c], users + u * d, dcandidates + c * d, d);
}

}  // namespace kith::kernels::reference
