/// What GAT and GATv2 share: heads side by side in the lanes of the fused kernels, and the kernels over a whole Block.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <type_traits>
#include <vector>

#include "kith/gnn/layer.h"
#include "kith/kernels/attention.h"
#include "kith/kernels/reference_attention.h"
#include "matmul.h"
#include "ops.h"

namespace kith::gnn {

/// Two orders of a row's columns.  By head: feature f of head h at h * features + f, as papers and files have them.
/// Interleaved: at f * padded_heads + h, as kernels/attention.h wants them; what is filled up is zero and stays zero.
struct HeadLayout {
  std::size_t heads, features, padded_heads, padded_features;

  HeadLayout(std::size_t h, std::size_t out) : heads(h), features(out / h), padded_heads(16), padded_features(1) {
    if (heads > 16) padded_heads = (heads + 15) / 16 * 16;
    while (padded_heads / 2 >= heads) padded_heads /= 2;
    const std::size_t whole = padded_heads < 16 ? 16 / padded_heads : 1;
    padded_features = (features + whole - 1) / whole * whole;
  }
  [[nodiscard]] std::size_t width() const noexcept { return padded_heads * padded_features; }

  /// interleaved [width] = by_head [heads * features].
  template <class T>
  void Interleave(const T* by_head, T* interleaved) const {
    if (width() != heads * features) std::fill_n(interleaved, width(), T{0});
    for (std::size_t h = 0; h < heads; ++h) {
      for (std::size_t f = 0; f < features; ++f) interleaved[f * padded_heads + h] = by_head[h * features + f];
    }
  }
  template <class T>
  void ByHead(const T* interleaved, T* by_head) const {
    for (std::size_t h = 0; h < heads; ++h) {
      for (std::size_t f = 0; f < features; ++f) by_head[h * features + f] = interleaved[f * padded_heads + h];
    }
  }
  template <class T>
  void AddByHead(const T* interleaved, T* by_head) const {
    for (std::size_t h = 0; h < heads; ++h) {
      for (std::size_t f = 0; f < features; ++f) by_head[h * features + f] += interleaved[f * padded_heads + h];
    }
  }
};

/// A projection [in x heads * features] with its columns interleaved, and its two products.
template <class T>
class InterleavedProjection {
 public:
  /// out [rows x width] = x W for the first `rows` rows of x.
  void Forward(const Runtime& runtime, const HeadLayout& layout, const ParameterOf<T>& weight, std::size_t rows,
               const MatrixOf<T>& x, MatrixOf<T>& out) {
    const std::size_t width = layout.width();
    weight_.resize(x.cols(), width);
    for (std::size_t r = 0; r < weight_.rows(); ++r) layout.Interleave(weight.value.row(r), weight_.row(r));
    out.resize(rows, width);
    ParallelProduct(runtime, rows, width, x.cols(), AsOperand(x), AsOperand(weight_), out.data(), width);
  }
  /// dW += x^T dout;   dx (+)= dout W^T, for the rows that dout has.
  void Backward(const Runtime& runtime, const HeadLayout& layout, const MatrixOf<T>& x, const MatrixOf<T>& dout,
                ParameterOf<T>& weight, MatrixOf<T>& dx, Write write) {
    const std::size_t in = x.cols(), width = layout.width();
    dweight_.resize(in, width);
    dweight_.fill(T{0});
    AddTransposedProduct(runtime, dout.rows(), in, width, AsOperand(x), AsOperand(dout), dweight_.data(), width);
    for (std::size_t r = 0; r < in; ++r) layout.AddByHead(dweight_.row(r), weight.gradient.row(r));
    ParallelProduct(runtime, dout.rows(), in, width, AsOperand(dout), AsOperand(weight_).Transposed(), dx.data(), in,
                    write);
  }

 private:
  MatrixOf<T> weight_, dweight_;  ///< [in x width]
};

/// The fused kernels over a Block: float runs on the vector kernels, double on their plain loops.  Keeps what backward
/// reads: the interleaved output, and two numbers a node and head (lse here, delta in the records).
template <class T>
class BlockAttention {
 public:
  BlockAttention(kernels::AttentionKind kind, const HeadLayout& layout, T slope) : layout_(layout) {
    attention_ = {kind, layout.padded_heads, layout.padded_features, slope, nullptr, nullptr};
  }

  /// Copies the attention vectors, [heads x features] each; `query` where additive.
  void SetVectors(const MatrixOf<T>& message, const MatrixOf<T>* query) {
    vectors_.resize(2, layout_.width());
    layout_.Interleave(message.data(), vectors_.row(0));
    if (query != nullptr) layout_.Interleave(query->data(), vectors_.row(1));
    attention_.message_attention = vectors_.row(0);
    attention_.query_attention = vectors_.row(1);
  }

  /// query [>= D x width], message [S x width] -> y [D x heads * features], by head.
  void Forward(const Runtime& runtime, const Block& block, const MatrixOf<T>& query, const MatrixOf<T>& message,
               MatrixOf<T>& y) {
    const std::size_t destinations = block.num_destinations();
    out_.resize(destinations, layout_.width());
    lse_.resize(destinations, layout_.padded_heads);
    y.resize(destinations, layout_.heads * layout_.features);
    ParallelFor(runtime, destinations, kRowGrain, [&](std::size_t begin, std::size_t end) {
      const auto rows = Rows(block.offsets, begin, end);
      if constexpr (std::is_same_v<T, float>) {
        kernels::Attend(attention_, rows, block.sources, query.row(begin), message.data(), out_.row(begin),
                        lse_.row(begin));
      } else {
        kernels::reference::Attend<T>(attention_, rows, block.sources, query.row(begin), message.data(),
                                      out_.row(begin), lse_.row(begin));
      }
      for (std::size_t v = begin; v < end; ++v) layout_.ByHead(out_.row(v), y.row(v));
    });
  }

  /// dy [D x heads * features] -> dquery [D x width], dmessage [S x width] (written); dvectors [2 x width] of what
  /// SetVectors was given: ranges' sums, added in order.
  void Backward(const Runtime& runtime, const Block& block, const MatrixOf<T>& query, const MatrixOf<T>& message,
                const MatrixOf<T>& dy, MatrixOf<T>& dquery, MatrixOf<T>& dmessage, MatrixOf<T>& dvectors) {
    const std::size_t width = layout_.width(), destinations = block.num_destinations(), sources = block.num_sources();
    const bool dynamic = attention_.kind == kernels::AttentionKind::kDynamic;
    dquery.resize(destinations, width);
    dmessage.resize(sources, width);
    records_.resize(destinations, attention_.record());
    MatrixOf<T> partial(Ranges(destinations), width);
    ParallelFor(runtime, destinations, kRowGrain, [&](std::size_t begin, std::size_t end) {
      const auto rows = Rows(block.offsets, begin, end);
      MatrixOf<T> dout(end - begin, width);
      for (std::size_t v = begin; v < end; ++v) layout_.Interleave(dy.row(v), dout.row(v - begin));
      T* const dvector = partial.row(begin / kRowGrain);
      if constexpr (std::is_same_v<T, float>) {
        kernels::AttendBackwardToQueries(attention_, rows, block.sources, query.row(begin), message.data(),
                                         out_.row(begin), lse_.row(begin), dout.data(), dquery.row(begin),
                                         records_.row(begin), dvector);
      } else {
        kernels::reference::AttendBackwardToQueries<T>(attention_, rows, block.sources, query.row(begin),
                                                       message.data(), out_.row(begin), lse_.row(begin), dout.data(),
                                                       dquery.row(begin), records_.row(begin), dvector);
      }
    });
    dvectors.resize(2, width);
    dvectors.fill(T{0});
    AddRanges(partial, dvectors.row(dynamic ? 0 : 1));
    partial.resize(Ranges(sources), width);
    partial.fill(T{0});
    ParallelFor(runtime, sources, kRowGrain, [&](std::size_t begin, std::size_t end) {
      const auto rows = Rows(block.transpose_offsets, begin, end);
      T* const dvector = partial.row(begin / kRowGrain);
      if constexpr (std::is_same_v<T, float>) {
        kernels::AttendBackwardToMessages(attention_, rows, block.transpose_destinations, message.row(begin),
                                          records_.data(), dmessage.row(begin), dvector);
      } else {
        kernels::reference::AttendBackwardToMessages<T>(attention_, rows, block.transpose_destinations,
                                                        message.row(begin), records_.data(), dmessage.row(begin),
                                                        dvector);
      }
    });
    AddRanges(partial, dvectors.row(0));
  }

  /// The attention of every edge in the last Forward, [E x heads]: recomputed, since nothing keeps it.
  [[nodiscard]] MatrixOf<T> EdgeWeights(const Block& block, const MatrixOf<T>& query,
                                        const MatrixOf<T>& message) const {
    MatrixOf<T> padded(block.num_edges(), layout_.padded_heads), weights(block.num_edges(), layout_.heads);
    kernels::reference::AttentionWeights<T>(attention_, block.offsets, block.sources, query.data(), message.data(),
                                            lse_.data(), padded.data());
    for (std::size_t e = 0; e < weights.rows(); ++e) std::copy_n(padded.row(e), layout_.heads, weights.row(e));
    return weights;
  }
  [[nodiscard]] std::size_t destinations_seen() const noexcept { return lse_.rows(); }

 private:
  [[nodiscard]] static std::size_t Ranges(std::size_t rows) { return (rows + kRowGrain - 1) / kRowGrain; }
  static void AddRanges(const MatrixOf<T>& partial, T* sum) {
    for (std::size_t range = 0; range < partial.rows(); ++range) {
      for (std::size_t i = 0; i < partial.cols(); ++i) sum[i] += partial(range, i);
    }
  }

  HeadLayout layout_;
  kernels::AttentionOf<T> attention_;
  MatrixOf<T> vectors_;  ///< [2 x width] a, b
  MatrixOf<T> out_;      ///< [D x width]
  MatrixOf<T> lse_;      ///< [D x padded heads]
  MatrixOf<T> records_;  ///< [D x record()]
};

}  // namespace kith::gnn
