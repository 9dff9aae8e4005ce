#include <vector>

#include "layers.h"
#include "matmul.h"
#include "propagate.h"

namespace kith::gnn {
namespace {

/// y_v = x_v Ws + (mean over u in N(v) of x_u) Wn.   Hamilton et al. 2017, algorithm 1 with the mean aggregator: two
/// matrices are its one over the concatenation.  Without activation and without scaling rows to length 1.
/// The mean over kept edges is that of a sample: the softmax aside, the one weight that needs no scale.
template <class T>
class SageLayer final : public LayerOf<T> {
 public:
  SageLayer(const LayerOptions& options, const Runtime& runtime)
      : in_(options.in), out_(options.out), runtime_(runtime) {
    InitParameter("self", in_, out_, TensorSeed(options.seed, 0), self_);
    InitParameter("neighbour", in_, out_, TensorSeed(options.seed, 1), neighbour_);
  }

  void Forward(const Block& block, const MatrixOf<T>& x, MatrixOf<T>& y) override {
    CheckForward(block, x.rows(), x.cols(), in_);
    edges_seen_ = block.num_edges();
    factors_.of_source.assign(block.num_sources(), T{1});
    factors_.of_destination.resize(block.num_destinations());
    for (std::size_t v = 0; v < factors_.of_destination.size(); ++v) {
      const EdgeOffset kept = block.offsets[v + 1] - block.offsets[v];
      factors_.of_destination[v] = kept == 0 ? T{0} : T{1} / static_cast<T>(kept);
    }
    Propagate(runtime_, Forwards(block, factors_), x, messages_, mean_);
    y.resize(block.num_destinations(), out_);
    ParallelProduct(runtime_, y.rows(), out_, in_, AsOperand(mean_), AsOperand(neighbour_.value), y.data(), out_);
    ParallelProduct(runtime_, y.rows(), out_, in_, AsOperand(x), AsOperand(self_.value), y.data(), out_, Write::kAdd);
  }

  /// dWn += mean^T dy,  dWs += x^T dy;   dx = M^T (dy Wn^T), and dy Ws^T more in the first D rows.
  void Backward(const Block& block, const MatrixOf<T>& x, const MatrixOf<T>& dy, MatrixOf<T>& dx) override {
    CheckBackward(block, edges_seen_, dy.rows(), dy.cols(), out_);
    AddTransposedProduct(runtime_, dy.rows(), in_, out_, AsOperand(mean_), AsOperand(dy), neighbour_.gradient.data(),
                         out_);
    AddTransposedProduct(runtime_, dy.rows(), in_, out_, AsOperand(x), AsOperand(dy), self_.gradient.data(), out_);
    dmean_.resize(dy.rows(), in_);
    ParallelProduct(runtime_, dy.rows(), in_, out_, AsOperand(dy), AsOperand(neighbour_.value).Transposed(),
                    dmean_.data(), in_);
    Propagate(runtime_, Backwards(block, factors_), dmean_, messages_, dx);
    ParallelProduct(runtime_, dy.rows(), in_, out_, AsOperand(dy), AsOperand(self_.value).Transposed(), dx.data(), in_,
                    Write::kAdd);
  }

  [[nodiscard]] std::vector<ParameterOf<T>*> Parameters() override { return {&self_, &neighbour_}; }
  void StoreMessages(MessageStorage storage) override { messages_.StoreAs(storage); }
  [[nodiscard]] MatrixOf<T> EdgeWeights(const Block& block) const override {
    return WeightsOfEdges(block, factors_, [](std::size_t, std::size_t) { return T{1}; });
  }

 private:
  std::size_t in_, out_, edges_seen_ = 0;
  const Runtime& runtime_;
  ParameterOf<T> self_, neighbour_;  ///< [in x out]
  DegreeFactors<T> factors_;         ///< 1 / kept edges and 1
  Messages<T> messages_;
  MatrixOf<T> mean_, dmean_;  ///< [D x in]
};

}  // namespace

template <class T>
std::unique_ptr<LayerOf<T>> MakeSageLayer(const LayerOptions& options, const Runtime& runtime) {
  return std::make_unique<SageLayer<T>>(options, runtime);
}
template std::unique_ptr<LayerOf<float>> MakeSageLayer<float>(const LayerOptions&, const Runtime&);
template std::unique_ptr<LayerOf<double>> MakeSageLayer<double>(const LayerOptions&, const Runtime&);

}  // namespace kith::gnn
