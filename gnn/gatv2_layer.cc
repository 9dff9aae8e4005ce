#include <vector>

#include "attend.h"
#include "layers.h"

namespace kith::gnn {
namespace {

/// y_v = || over h of sum over u of alpha^h_vu r^h_u,  l = x Wl of the destinations,  r = x Wr of the sources,
/// alpha^h_v. = softmax over u of <att^h, LeakyReLU(l^h_v + r^h_u)>.   Brody et al. 2022, eq. 7, without self-loops.
template <class T>
class Gatv2Layer final : public LayerOf<T> {
 public:
  Gatv2Layer(const LayerOptions& options, const Runtime& runtime)
      : in_(options.in),
        out_(options.out),
        layout_(options.heads, options.out),
        runtime_(runtime),
        block_attention_(kernels::AttentionKind::kDynamic, layout_, static_cast<T>(options.leaky_slope)) {
    InitParameter("left", in_, out_, TensorSeed(options.seed, 0), left_);
    InitParameter("right", in_, out_, TensorSeed(options.seed, 1), right_);
    InitParameter("attention", options.heads, out_ / options.heads, TensorSeed(options.seed, 2), attention_);
  }

  void Forward(const Block& block, const MatrixOf<T>& x, MatrixOf<T>& y) override {
    CheckForward(block, x.rows(), x.cols(), in_);
    edges_seen_ = block.num_edges();
    to_left_.Forward(runtime_, layout_, left_, block.num_destinations(), x, l_);
    to_right_.Forward(runtime_, layout_, right_, block.num_sources(), x, r_);
    block_attention_.SetVectors(attention_.value, nullptr);
    block_attention_.Forward(runtime_, block, l_, r_, y);
  }

  /// dWl += x^T dl, dWr += x^T dr and dx = dl Wl^T + dr Wr^T.
  void Backward(const Block& block, const MatrixOf<T>& x, const MatrixOf<T>& dy, MatrixOf<T>& dx) override {
    CheckBackward(block, edges_seen_, dy.rows(), dy.cols(), out_);
    block_attention_.Backward(runtime_, block, l_, r_, dy, dl_, dr_, dvectors_);
    layout_.AddByHead(dvectors_.row(0), attention_.gradient.data());
    dx.resize(block.num_sources(), in_);
    to_right_.Backward(runtime_, layout_, x, dr_, right_, dx, Write::kReplace);
    to_left_.Backward(runtime_, layout_, x, dl_, left_, dx, Write::kAdd);
  }

  [[nodiscard]] std::vector<ParameterOf<T>*> Parameters() override { return {&left_, &right_, &attention_}; }
  [[nodiscard]] MatrixOf<T> EdgeWeights(const Block& block) const override {
    return block_attention_.EdgeWeights(block, l_, r_);
  }

 private:
  std::size_t in_, out_, edges_seen_ = 0;
  HeadLayout layout_;
  const Runtime& runtime_;
  ParameterOf<T> left_, right_;  ///< [in x out]
  ParameterOf<T> attention_;     ///< [H x o]
  InterleavedProjection<T> to_left_, to_right_;
  BlockAttention<T> block_attention_;
  MatrixOf<T> l_, dl_;    ///< [D x width]
  MatrixOf<T> r_, dr_;    ///< [S x width]
  MatrixOf<T> dvectors_;  ///< [2 x width]
};

}  // namespace

template <class T>
std::unique_ptr<LayerOf<T>> MakeGatv2Layer(const LayerOptions& options, const Runtime& runtime) {
  return std::make_unique<Gatv2Layer<T>>(options, runtime);
}
template std::unique_ptr<LayerOf<float>> MakeGatv2Layer<float>(const LayerOptions&, const Runtime&);
template std::unique_ptr<LayerOf<double>> MakeGatv2Layer<double>(const LayerOptions&, const Runtime&);

}  // namespace kith::gnn
