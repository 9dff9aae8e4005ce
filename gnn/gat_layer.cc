#include <vector>

#include "heads.h"
#include "layers.h"
#include "matmul.h"
#include "ops.h"

namespace kith::gnn {
namespace {

/// y_v = || over h of sum over u of alpha^h_vu z^h_u,  z^h = x W^h,  alpha^h_v. = softmax over u of
/// LeakyReLU(<att_dst^h, z^h_v> + <att_src^h, z^h_u>).   Velickovic et al. 2018, eq. 1-5, without self-loops.
/// Destinations are the first sources, so z serves both ends.  The softmax needs no scale for sampled rows.
template <class T>
class GatLayer final : public LayerOf<T> {
 public:
  GatLayer(const LayerOptions& options, const Runtime& runtime)
      : in_(options.in),
        out_(options.out),
        slope_(static_cast<T>(options.leaky_slope)),
        runtime_(runtime),
        z_(options.heads),
        dz_(options.heads) {
    const std::size_t o = out_ / options.heads;
    InitParameter("weight", in_, out_, TensorSeed(options.seed, 0), weight_);
    InitParameter("att_dst", options.heads, o, TensorSeed(options.seed, 1), att_dst_);
    InitParameter("att_src", options.heads, o, TensorSeed(options.seed, 2), att_src_);
  }

  void Forward(const Block& block, const MatrixOf<T>& x, MatrixOf<T>& y) override {
    CheckForward(block, x.rows(), x.cols(), in_);
    ProjectHeads(runtime_, x.rows(), x, weight_.value, z_);
    HeadDots(block.num_destinations(), att_dst_.value, q_);
    HeadDots(block.num_sources(), att_src_.value, k_);
    alpha_.resize(block.num_edges(), z_.size());
    AdditiveScores(runtime_, block, q_, k_, slope_, alpha_);
    AttentionSoftmax(runtime_, block, alpha_);
    AggregateHeads(runtime_, block, alpha_, z_, y);
  }

  /// dz = alpha^T dy + dq att_dst + dk att_src;   then dW += x^T dz and dx = dz W^T.
  void Backward(const Block& block, const MatrixOf<T>& x, const MatrixOf<T>& dy, MatrixOf<T>& dx) override {
    CheckBackward(block, alpha_.rows(), dy.rows(), dy.cols(), out_);
    AggregateHeadsBackward(runtime_, block, alpha_, z_, dy, dz_, dscore_);
    AttentionSoftmaxBackward(runtime_, block, alpha_, dscore_);
    ScoresBackward(block);
    AddHeadDotsBackward(dq_, att_dst_);
    AddHeadDotsBackward(dk_, att_src_);
    dx.resize(block.num_sources(), in_);
    dx.fill(T{0});
    AddProjectHeadsBackward(runtime_, x, dz_, weight_, dx);
  }

  [[nodiscard]] std::vector<ParameterOf<T>*> Parameters() override { return {&weight_, &att_dst_, &att_src_}; }
  [[nodiscard]] const MatrixOf<T>& EdgeWeights() const override { return alpha_; }

 private:
  /// out[n, h] = <att_h, z^h_n> for the first `rows` nodes.
  void HeadDots(std::size_t rows, const MatrixOf<T>& att, MatrixOf<T>& out) const {
    out.resize(rows, z_.size());
    ParallelFor(runtime_, rows, kRowGrain, [&](std::size_t begin, std::size_t end) {
      for (std::size_t n = begin; n < end; ++n) {
        for (std::size_t h = 0; h < z_.size(); ++h) out(n, h) = Dot(att.row(h), z_[h].row(n), att.cols());
      }
    });
  }

  /// dz^h_n += dout[n, h] att_h;   datt_h += sum over n of dout[n, h] z^h_n.
  void AddHeadDotsBackward(const MatrixOf<T>& dout, ParameterOf<T>& att) {
    const std::size_t o = att.value.cols();
    ParallelFor(runtime_, dout.rows(), kRowGrain, [&](std::size_t begin, std::size_t end) {
      for (std::size_t n = begin; n < end; ++n) {
        for (std::size_t h = 0; h < z_.size(); ++h) Axpy(dout(n, h), att.value.row(h), dz_[h].row(n), o);
      }
    });
    for (std::size_t h = 0; h < z_.size(); ++h) {
      AddTransposedProduct(runtime_, dout.rows(), 1, o, AsOperand(dout).FromColumn(h), AsOperand(z_[h]),
                           att.gradient.row(h), o);
    }
  }

  /// Through LeakyReLU(q_v + k_u), in place, then dq_v and dk_u as sums over v's in-edges and u's out-edges.
  void ScoresBackward(const Block& block) {
    const std::size_t heads = z_.size();
    dq_.resize(block.num_destinations(), heads);
    dq_.fill(T{0});
    ParallelFor(runtime_, dq_.rows(), kRowGrain, [&](std::size_t begin, std::size_t end) {
      for (std::size_t v = begin; v < end; ++v) {
        for (EdgeOffset e = block.offsets[v]; e < block.offsets[v + 1]; ++e) {
          for (std::size_t h = 0; h < heads; ++h) {
            if (!(q_(v, h) + k_(block.sources[e], h) > T{0})) dscore_(e, h) *= slope_;
            dq_(v, h) += dscore_(e, h);
          }
        }
      }
    });
    dk_.resize(block.num_sources(), heads);
    dk_.fill(T{0});
    ParallelFor(runtime_, dk_.rows(), kRowGrain, [&](std::size_t begin, std::size_t end) {
      for (std::size_t u = begin; u < end; ++u) {
        for (EdgeOffset t = block.transpose_offsets[u]; t < block.transpose_offsets[u + 1]; ++t) {
          for (std::size_t h = 0; h < heads; ++h) dk_(u, h) += dscore_(block.transpose_edges[t], h);
        }
      }
    });
  }

  std::size_t in_, out_;
  T slope_;
  const Runtime& runtime_;
  ParameterOf<T> weight_;             ///< [in x out]
  ParameterOf<T> att_dst_, att_src_;  ///< [H x o]
  HeadsOf<T> z_, dz_;                 ///< [S x o] a head
  MatrixOf<T> q_, dq_;                ///< [D x H]
  MatrixOf<T> k_, dk_;                ///< [S x H]
  MatrixOf<T> alpha_, dscore_;        ///< [E x H]
};

}  // namespace

template <class T>
std::unique_ptr<LayerOf<T>> MakeGatLayer(const LayerOptions& options, const Runtime& runtime) {
  return std::make_unique<GatLayer<T>>(options, runtime);
}
template std::unique_ptr<LayerOf<float>> MakeGatLayer<float>(const LayerOptions&, const Runtime&);
template std::unique_ptr<LayerOf<double>> MakeGatLayer<double>(const LayerOptions&, const Runtime&);

}  // namespace kith::gnn
