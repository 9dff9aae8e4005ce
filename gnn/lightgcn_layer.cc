#include "layers.h"
#include "propagate.h"

namespace kith::gnn {
namespace {

/// y = A x, A_vu = scale_v / sqrt(d_u d_v).   He et al. 2020, eq. 3.
template <class T>
class LightGcnLayer final : public LayerOf<T> {
 public:
  LightGcnLayer(const LayerOptions& options, const Runtime& runtime) : width_(options.in), runtime_(runtime) {}

  void Forward(const Block& block, const MatrixOf<T>& x, MatrixOf<T>& y) override {
    CheckForward(block, x.rows(), x.cols(), width_);
    edges_seen_ = block.num_edges();
    factors_.Set(runtime_, block);
    Propagate(runtime_, Forwards(block, factors_), x, messages_, y);
  }

  /// dx = A^T dy.
  void Backward(const Block& block, const MatrixOf<T>& /*x*/, const MatrixOf<T>& dy, MatrixOf<T>& dx) override {
    CheckBackward(block, edges_seen_, dy.rows(), dy.cols(), width_);
    Propagate(runtime_, Backwards(block, factors_), dy, messages_, dx);
  }

  void StoreMessages(MessageStorage storage) override { messages_.StoreAs(storage); }
  [[nodiscard]] MatrixOf<T> EdgeWeights(const Block& block) const override {
    return WeightsOfEdges(block, factors_, [](std::size_t, std::size_t) { return T{1}; });
  }

 private:
  std::size_t width_, edges_seen_ = 0;
  const Runtime& runtime_;
  DegreeFactors<T> factors_;
  Messages<T> messages_;
};

}  // namespace

template <class T>
std::unique_ptr<LayerOf<T>> MakeLightGcnLayer(const LayerOptions& options, const Runtime& runtime) {
  return std::make_unique<LightGcnLayer<T>>(options, runtime);
}
template std::unique_ptr<LayerOf<float>> MakeLightGcnLayer<float>(const LayerOptions&, const Runtime&);
template std::unique_ptr<LayerOf<double>> MakeLightGcnLayer<double>(const LayerOptions&, const Runtime&);

}  // namespace kith::gnn
