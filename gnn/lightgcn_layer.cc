#include "layers.h"
#include "ops.h"

namespace kith::gnn {
namespace {

/// y = A x, A_vu = scale_v / sqrt(d_u d_v).   He et al. 2020, eq. 3.
template <class T>
class LightGcnLayer final : public LayerOf<T> {
 public:
  LightGcnLayer(const LayerOptions& options, const Runtime& runtime) : width_(options.in), runtime_(runtime) {}

  void Forward(const Block& block, const MatrixOf<T>& x, MatrixOf<T>& y) override {
    CheckForward(block, x.rows(), x.cols(), width_);
    weights_.resize(block.num_edges(), 1);
    NormalizedWeights(runtime_, block, weights_.span());
    Aggregate(runtime_, block, weights_.data(), x, y);
  }

  /// dx = A^T dy.
  void Backward(const Block& block, const MatrixOf<T>& /*x*/, const MatrixOf<T>& dy, MatrixOf<T>& dx) override {
    CheckBackward(block, weights_.rows(), dy.rows(), dy.cols(), width_);
    dx.resize(block.num_sources(), width_);
    dx.fill(T{0});
    AddAggregateBackward(runtime_, block, weights_.data(), dy, dx);
  }

  [[nodiscard]] MatrixOf<T> EdgeWeights(const Block& /*block*/) const override { return weights_; }

 private:
  std::size_t width_;
  const Runtime& runtime_;
  MatrixOf<T> weights_;  ///< [E x 1]
};

}  // namespace

template <class T>
std::unique_ptr<LayerOf<T>> MakeLightGcnLayer(const LayerOptions& options, const Runtime& runtime) {
  return std::make_unique<LightGcnLayer<T>>(options, runtime);
}
template std::unique_ptr<LayerOf<float>> MakeLightGcnLayer<float>(const LayerOptions&, const Runtime&);
template std::unique_ptr<LayerOf<double>> MakeLightGcnLayer<double>(const LayerOptions&, const Runtime&);

}  // namespace kith::gnn
