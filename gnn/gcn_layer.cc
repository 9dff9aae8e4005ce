#include <vector>

#include "layers.h"
#include "matmul.h"
#include "propagate.h"

namespace kith::gnn {
namespace {

/// y = (A x) W, A_vu = scale_v / sqrt(d_u d_v).   Kipf and Welling 2017, eq. 2, without self-loops and activation.
template <class T>
class GcnLayer final : public LayerOf<T> {
 public:
  GcnLayer(const LayerOptions& options, const Runtime& runtime)
      : in_(options.in), out_(options.out), runtime_(runtime) {
    InitParameter("weight", in_, out_, TensorSeed(options.seed, 0), weight_);
  }

  void Forward(const Block& block, const MatrixOf<T>& x, MatrixOf<T>& y) override {
    CheckForward(block, x.rows(), x.cols(), in_);
    edges_seen_ = block.num_edges();
    factors_.Set(runtime_, block);
    Propagate(runtime_, Forwards(block, factors_), x, messages_, aggregated_);
    y.resize(block.num_destinations(), out_);
    ParallelProduct(runtime_, y.rows(), out_, in_, AsOperand(aggregated_), AsOperand(weight_.value), y.data(), out_);
  }

  /// dW += (A x)^T dy;   dx = A^T (dy W^T).
  void Backward(const Block& block, const MatrixOf<T>& /*x*/, const MatrixOf<T>& dy, MatrixOf<T>& dx) override {
    CheckBackward(block, edges_seen_, dy.rows(), dy.cols(), out_);
    AddTransposedProduct(runtime_, dy.rows(), in_, out_, AsOperand(aggregated_), AsOperand(dy), weight_.gradient.data(),
                         out_);
    daggregated_.resize(dy.rows(), in_);
    ParallelProduct(runtime_, dy.rows(), in_, out_, AsOperand(dy), AsOperand(weight_.value).Transposed(),
                    daggregated_.data(), in_);
    Propagate(runtime_, Backwards(block, factors_), daggregated_, messages_, dx);
  }

  [[nodiscard]] std::vector<ParameterOf<T>*> Parameters() override { return {&weight_}; }
  void StoreMessages(MessageStorage storage) override { messages_.StoreAs(storage); }
  [[nodiscard]] MatrixOf<T> EdgeWeights(const Block& block) const override {
    return WeightsOfEdges(block, factors_, [](std::size_t, std::size_t) { return T{1}; });
  }

 private:
  std::size_t in_, out_, edges_seen_ = 0;
  const Runtime& runtime_;
  ParameterOf<T> weight_;  ///< [in x out]
  DegreeFactors<T> factors_;
  Messages<T> messages_;
  MatrixOf<T> aggregated_, daggregated_;  ///< [D x in]
};

}  // namespace

template <class T>
std::unique_ptr<LayerOf<T>> MakeGcnLayer(const LayerOptions& options, const Runtime& runtime) {
  return std::make_unique<GcnLayer<T>>(options, runtime);
}
template std::unique_ptr<LayerOf<float>> MakeGcnLayer<float>(const LayerOptions&, const Runtime&);
template std::unique_ptr<LayerOf<double>> MakeGcnLayer<double>(const LayerOptions&, const Runtime&);

}  // namespace kith::gnn
