/// Fused attention over the edges of each row: scores, softmax and weighted sum in one pass over the neighbours.
///
/// Additive: GAT, Velickovic et al. 2018, eq. 1-5.   Dynamic: GATv2, Brody et al. 2022, eq. 7.   For every head h
///   additive   score_vu = LeakyReLU(<b_h, q_v> + <a_h, m_u>)      q, m [. x width], a message_, b query_attention
///   dynamic    score_vu = <a_h, LeakyReLU(q_v + m_u)>
///   out_v = sum over u of p_vu m_u,   p_v. = softmax over u of score_v.;   a row without edges gets zeros.
/// Heads are innermost: feature f of head h stands at f * heads + h, so that a vector holds every head at once and the
/// softmax of all heads is one run of lanes.
///
/// The softmax is taken online in blocks of 16 neighbours, of scores less a number a row and head: 0, or the largest
/// score (Milakov and Gimelshein 2018) once one is further than 40 from it.  What stays is the logarithm of each row's
/// denominator, lse [D x heads].  Backward recomputes the scores from it (Dao et al. 2022, section 3.1)
/// in two passes, one over the rows of the graph and one over those of its transpose: each number has one owner, no
/// array is as long as the edges.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "kith/kernels/kernels.h"

namespace kith::kernels {

enum class AttentionKind : std::uint8_t { kAdditive, kDynamic };

/// REQUIRES: heads is a power of two up to 16 or a multiple of 16, and width() a multiple of 16 (zeros fill up).
/// Members are always inlined: code for a wide instruction set calls them, and must leave no copy to others.
template <class T>
struct AttentionOf {
  AttentionKind kind;
  std::size_t heads, features;  ///< features of one head
  T slope;                      ///< of LeakyReLU below zero; at zero its derivative is taken as 1
  const T* message_attention;   ///< a [width]
  const T* query_attention;     ///< b [width], additive alone

  [[nodiscard, gnu::always_inline]] constexpr std::size_t width() const noexcept { return heads * features; }
  /// Floats of what the second backward pass reads of a destination, side by side: dout [width], then the query
  /// [width] (dynamic) or <b, q> [heads] (additive), then lse (dynamic: less up <a, q>, up = (1 + slope) / 2, which is
  /// the query's part of every score of its row) and delta [heads], filled up to a cache line.
  [[nodiscard, gnu::always_inline]] constexpr std::size_t record() const noexcept {
    const std::size_t query = kind == AttentionKind::kDynamic ? width() : heads;
    return (width() + query + 2 * heads + 15) / 16 * 16;
  }
};
using Attention = AttentionOf<float>;

/// query [rows x width], message [S x width] -> out [rows x width], lse [rows x heads].
void Attend(const Attention& attention, std::span<const EdgeOffset> offsets, std::span<const std::uint32_t> columns,
            const float* query, const float* message, float* out, float* lse) noexcept;

/// First pass, rows of the graph: dout [rows x width] -> dquery [rows x width] (written), records [rows x record()]
/// (written), dattention [width] (added to): of b where additive; where dynamic, of a what the queries bring, since
/// LeakyReLU(t) = t LeakyReLU'(t) with t = q_v + m_u.  out and lse are Attend's.
void AttendBackwardToQueries(const Attention& attention, std::span<const EdgeOffset> offsets,
                             std::span<const std::uint32_t> columns, const float* query, const float* message,
                             const float* out, const float* lse, const float* dout, float* dquery, float* records,
                             float* dattention) noexcept;

/// Second pass, rows of the transpose: records of all destinations -> dmessage [rows x width] (written) and
/// dattention [width] (added to) of a; where dynamic what the messages bring.  `message` begins at the first row of the
/// range.
void AttendBackwardToMessages(const Attention& attention, std::span<const EdgeOffset> transpose_offsets,
                              std::span<const std::uint32_t> transpose_destinations, const float* message,
                              const float* records, float* dmessage, float* dattention) noexcept;

}  // namespace kith::kernels
