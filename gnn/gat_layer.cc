#include <vector>

#include "attend.h"
#include "layers.h"

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
        layout_(options.heads, options.out),
        runtime_(runtime),
        attention_(kernels::AttentionKind::kAdditive, layout_, static_cast<T>(options.leaky_slope)) {
    const std::size_t o = out_ / options.heads;
    InitParameter("weight", in_, out_, TensorSeed(options.seed, 0), weight_);
    InitParameter("att_dst", options.heads, o, TensorSeed(options.seed, 1), att_dst_);
    InitParameter("att_src", options.heads, o, TensorSeed(options.seed, 2), att_src_);
  }

  void Forward(const Block& block, const MatrixOf<T>& x, MatrixOf<T>& y) override {
    CheckForward(block, x.rows(), x.cols(), in_);
    edges_seen_ = block.num_edges();
    projection_.Forward(runtime_, layout_, weight_, x.rows(), x, z_);
    attention_.SetVectors(att_src_.value, &att_dst_.value);
    attention_.Forward(runtime_, block, z_, z_, y);
  }

  /// dz = what reaches it as message and, in the first D rows, as query;   then dW += x^T dz and dx = dz W^T.
  void Backward(const Block& block, const MatrixOf<T>& x, const MatrixOf<T>& dy, MatrixOf<T>& dx) override {
    CheckBackward(block, edges_seen_, dy.rows(), dy.cols(), out_);
    attention_.Backward(runtime_, block, z_, z_, dy, dquery_, dz_, dvectors_);
    layout_.AddByHead(dvectors_.row(0), att_src_.gradient.data());
    layout_.AddByHead(dvectors_.row(1), att_dst_.gradient.data());
    ParallelFor(runtime_, dquery_.rows(), kRowGrain, [&](std::size_t begin, std::size_t end) {
      Axpy(T{1}, dquery_.row(begin), dz_.row(begin), (end - begin) * dz_.cols());
    });
    dx.resize(block.num_sources(), in_);
    projection_.Backward(runtime_, layout_, x, dz_, weight_, dx, Write::kReplace);
  }

  [[nodiscard]] std::vector<ParameterOf<T>*> Parameters() override { return {&weight_, &att_dst_, &att_src_}; }
  [[nodiscard]] MatrixOf<T> EdgeWeights(const Block& block) const override {
    return attention_.EdgeWeights(block, z_, z_);
  }

 private:
  std::size_t in_, out_, edges_seen_ = 0;
  HeadLayout layout_;
  const Runtime& runtime_;
  ParameterOf<T> weight_;             ///< [in x out]
  ParameterOf<T> att_dst_, att_src_;  ///< [H x o]
  InterleavedProjection<T> projection_;
  BlockAttention<T> attention_;
  MatrixOf<T> z_, dz_;             ///< [S x width]
  MatrixOf<T> dquery_, dvectors_;  ///< [D x width], [2 x width]
};

}  // namespace

template <class T>
std::unique_ptr<LayerOf<T>> MakeGatLayer(const LayerOptions& options, const Runtime& runtime) {
  return std::make_unique<GatLayer<T>>(options, runtime);
}
template std::unique_ptr<LayerOf<float>> MakeGatLayer<float>(const LayerOptions&, const Runtime&);
template std::unique_ptr<LayerOf<double>> MakeGatLayer<double>(const LayerOptions&, const Runtime&);

}  // namespace kith::gnn
