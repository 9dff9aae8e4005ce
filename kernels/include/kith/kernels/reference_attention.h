/// Fused attention as plain loops: what attention.h means, in float or double, with the softmax of a row at once.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

#include "kith/kernels/attention.h"
#include "kith/kernels/reference.h"

namespace kith::kernels::reference {

/// The derivative is that of the right at +0 and of the left at -0.
template <class T>
[[nodiscard]] T LeakyRelu(T t, T slope) noexcept {
  return t < T{0} ? slope * t : t;
}
template <class T>
[[nodiscard]] T LeakyReluSlope(T t, T slope) noexcept {
  return std::signbit(t) ? slope : T{1};
}

/// <a, b> of head h.
template <class T>
[[nodiscard]] T HeadDot(const AttentionOf<T>& a, std::size_t h, const T* x, const T* y) noexcept {
  T sum = 0;
  for (std::size_t f = 0; f < a.features; ++f) sum += x[f * a.heads + h] * y[f * a.heads + h];
  return sum;
}

/// The score of one edge under head h before the softmax.
template <class T>
[[nodiscard]] T AttentionScore(const AttentionOf<T>& a, std::size_t h, const T* query, const T* message) noexcept {
  if (a.kind == AttentionKind::kAdditive)
    return LeakyRelu(HeadDot(a, h, a.query_attention, query) + HeadDot(a, h, a.message_attention, message), a.slope);
  T score = 0;
  for (std::size_t i = h; i < a.width(); i += a.heads)
    score += a.message_attention[i] * LeakyRelu(query[i] + message[i], a.slope);
  return score;
}

template <class T>
void Attend(const AttentionOf<T>& a, std::span<const EdgeOffset> offsets, std::span<const std::uint32_t> columns,
            const T* query, const T* message, T* out, T* lse) noexcept {
  const std::size_t width = a.width();
  for (std::size_t v = 0; v + 1 < offsets.size(); ++v) {
    std::fill_n(out + v * width, width, T{0});
    for (std::size_t h = 0; h < a.heads; ++h) {
      T most = -std::numeric_limits<T>::infinity(), sum = 0;
      const auto score = [&](EdgeOffset e) {
        return AttentionScore(a, h, query + v * width, message + columns[e] * width);
      };
      for (EdgeOffset e = offsets[v]; e < offsets[v + 1]; ++e) most = std::max(most, score(e));
      for (EdgeOffset e = offsets[v]; e < offsets[v + 1]; ++e) {
        const T p = std::exp(score(e) - most);
        sum += p;
        for (std::size_t i = h; i < width; i += a.heads) out[v * width + i] += p * message[columns[e] * width + i];
      }
      for (std::size_t i = h; i < width; i += a.heads) out[v * width + i] /= offsets[v] < offsets[v + 1] ? sum : T{1};
      lse[v * a.heads + h] = offsets[v] < offsets[v + 1] ? most + std::log(sum) : T{0};
    }
  }
}

/// p [E x heads], the softmax of every edge: what Attend weighs with, for whoever wants to see it.
template <class T>
void AttentionWeights(const AttentionOf<T>& a, std::span<const EdgeOffset> offsets,
                      std::span<const std::uint32_t> columns, const T* query, const T* message, const T* lse,
                      T* p) noexcept {
  const std::size_t width = a.width();
  for (std::size_t v = 0; v + 1 < offsets.size(); ++v)
    for (EdgeOffset e = offsets[v]; e < offsets[v + 1]; ++e)
      for (std::size_t h = 0; h < a.heads; ++h)
        p[e * a.heads + h] =
            std::exp(AttentionScore(a, h, query + v * width, message + columns[e] * width) - lse[v * a.heads + h]);
}

template <class T>
void AttendBackwardToQueries(const AttentionOf<T>& a, std::span<const EdgeOffset> offsets,
                             std::span<const std::uint32_t> columns, const T* query, const T* message, const T* out,
                             const T* lse, const T* dout, T* dquery, T* records, T* dattention) noexcept {
  const std::size_t width = a.width();
  const bool dynamic = a.kind == AttentionKind::kDynamic;
  const T up = (1 + a.slope) / 2;
  for (std::size_t v = 0; v + 1 < offsets.size(); ++v) {
    const T *q = query + v * width, *dy = dout + v * width;
    T *dq = dquery + v * width, *record = records + v * a.record();
    T* numbers = record + width;
    std::copy_n(dy, width, record);
    std::fill_n(dq, width, T{0});
    if (dynamic) numbers = std::copy_n(q, width, numbers);
    for (std::size_t h = 0; h < a.heads; ++h) {
      const T delta = HeadDot(a, h, dy, out + v * width), log_sum = lse[v * a.heads + h];
      for (EdgeOffset e = offsets[v]; e < offsets[v + 1]; ++e) {
        const T* m = message + columns[e] * width;
        const T ds = std::exp(AttentionScore(a, h, q, m) - log_sum) * (HeadDot(a, h, dy, m) - delta);
        const T t = HeadDot(a, h, a.message_attention, m);
        const T dt = dynamic ? ds : ds * LeakyReluSlope(HeadDot(a, h, a.query_attention, q) + t, a.slope);
        for (std::size_t i = h; i < width; i += a.heads) {
          dq[i] +=
              dynamic ? ds * a.message_attention[i] * LeakyReluSlope(q[i] + m[i], a.slope) : dt * a.query_attention[i];
          dattention[i] += (dynamic ? ds * (LeakyReluSlope(q[i] + m[i], a.slope) - up) : dt) * q[i];
        }
      }
      T* number = numbers + h;
      if (!dynamic) *number = HeadDot(a, h, a.query_attention, q), number += a.heads;
      number[0] = dynamic ? log_sum - up * HeadDot(a, h, a.message_attention, q) : log_sum;
      number[a.heads] = delta;
    }
  }
}

template <class T>
void AttendBackwardToMessages(const AttentionOf<T>& a, std::span<const EdgeOffset> transpose_offsets,
                              std::span<const std::uint32_t> transpose_destinations, const T* message, const T* records,
                              T* dmessage, T* dattention) noexcept {
  const std::size_t width = a.width();
  const bool dynamic = a.kind == AttentionKind::kDynamic;
  const T up = (1 + a.slope) / 2;
  for (std::size_t u = 0; u + 1 < transpose_offsets.size(); ++u) {
    const T* m = message + u * width;
    T* dm = dmessage + u * width;
    std::fill_n(dm, width, T{0});
    for (EdgeOffset e = transpose_offsets[u]; e < transpose_offsets[u + 1]; ++e) {
      const T* dy = records + transpose_destinations[e] * a.record();
      const T *q = dy + width, *numbers = q + (dynamic ? width : a.heads);
      for (std::size_t h = 0; h < a.heads; ++h) {
        const T t = dynamic ? T{0} : q[h] + HeadDot(a, h, a.message_attention, m);
        const T score =
            dynamic ? AttentionScore(a, h, q, m) - up * HeadDot(a, h, a.message_attention, q) : LeakyRelu(t, a.slope);
        const T p = std::exp(score - numbers[h]), ds = p * (HeadDot(a, h, dy, m) - numbers[a.heads + h]);
        const T dt = ds * LeakyReluSlope(t, a.slope);
        for (std::size_t i = h; i < width; i += a.heads) {
          const T through = dynamic ? ds * LeakyReluSlope(q[i] + m[i], a.slope) : dt;
          dm[i] += p * dy[i] + through * a.message_attention[i];
          dattention[i] += through * m[i];
        }
      }
    }
  }
}

}  // namespace kith::kernels::reference
