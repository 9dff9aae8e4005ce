#include <algorithm>
#include <cmath>
#include <vector>

#include "layers.h"
#include "ops.h"

namespace kith::gnn {
namespace {

constexpr double kClip = 3.0;  ///< a stays in [-3, 3]: an edge counts between 1/20 and 20 times its norm

/// y_v = sum over u of w_vu x_u,  w_vu = A_vu exp(clip(a_vu, -3, 3)),  a_vu = b_u + b_v.   docs/model.md.
/// At b = 0 every w is A_vu * exp(0) = A_vu to the bit, and the sums are LightGCN's own.
template <class T>
class HouseLayer final : public LayerOf<T> {
 public:
  HouseLayer(const LayerOptions& options, const Runtime& runtime) : width_(options.in), runtime_(runtime) {
    bias_.name = "bias";
    bias_.value.resize(options.num_nodes, 1);
    bias_.gradient.resize(options.num_nodes, 1);
  }

  void Forward(const Block& block, const MatrixOf<T>& x, MatrixOf<T>& y) override {
    CheckForward(block, x.rows(), x.cols(), width_);
    weights_.resize(block.num_edges(), 1);
    NormalizedWeights(runtime_, block, weights_.span());
    ForEachEdge(block, [&](std::size_t e, std::size_t u, std::size_t v) {
      weights_.data()[e] *= std::exp(std::clamp(LogWeight(block, u, v), T{-kClip}, T{kClip}));
    });
    Aggregate(runtime_, block, weights_.data(), x, y);
  }

  /// dx = W^T dy;   da_vu = <dy_v, x_u> w_vu inside the clip, 0 outside;   db_n = sum of da over n's edges, both ends.
  void Backward(const Block& block, const MatrixOf<T>& x, const MatrixOf<T>& dy, MatrixOf<T>& dx) override {
    CheckBackward(block, weights_.rows(), dy.rows(), dy.cols(), width_);
    dx.resize(block.num_sources(), width_);
    dx.fill(T{0});
    AddAggregateBackward(runtime_, block, weights_.data(), dy, dx);

    attention_gradient_.resize(block.num_edges());
    AggregateBackwardToWeights(runtime_, block, dy, x, attention_gradient_.data());
    ForEachEdge(block, [&](std::size_t e, std::size_t u, std::size_t v) {
      const bool inside = std::abs(LogWeight(block, u, v)) < T{kClip};
      attention_gradient_[e] = inside ? attention_gradient_[e] * weights_.data()[e] : T{0};
    });
    AddBiasGradient(block);
  }

  [[nodiscard]] std::vector<ParameterOf<T>*> Parameters() override { return {&bias_}; }
  [[nodiscard]] MatrixOf<T> EdgeWeights(const Block& /*block*/) const override { return weights_; }

 private:
  /// a_vu before the clip; u and v are local numbers.
  [[nodiscard]] T LogWeight(const Block& block, std::size_t u, std::size_t v) const {
    return bias_.value.data()[index(block.nodes[u])] + bias_.value.data()[index(block.nodes[v])];
  }

  template <class Body>
  void ForEachEdge(const Block& block, const Body& body) const {
    ParallelFor(runtime_, block.num_destinations(), kRowGrain, [&](std::size_t begin, std::size_t end) {
      for (std::size_t v = begin; v < end; ++v) {
        for (EdgeOffset e = block.offsets[v]; e < block.offsets[v + 1]; ++e) body(e, block.sources[e], v);
      }
    });
  }

  /// Nodes of a block are distinct, so each bias has one local owner, who adds its in-edges, then its out-edges.
  void AddBiasGradient(const Block& block) {
    ParallelFor(runtime_, block.num_sources(), kRowGrain, [&](std::size_t begin, std::size_t end) {
      for (std::size_t n = begin; n < end; ++n) {
        T sum{0};
        if (n < block.num_destinations()) {
          for (EdgeOffset e = block.offsets[n]; e < block.offsets[n + 1]; ++e) sum += attention_gradient_[e];
        }
        for (EdgeOffset t = block.transpose_offsets[n]; t < block.transpose_offsets[n + 1]; ++t) {
          sum += attention_gradient_[block.transpose_edges[t]];
        }
        bias_.gradient.data()[index(block.nodes[n])] += sum;
      }
    });
  }

  std::size_t width_;
  const Runtime& runtime_;
  ParameterOf<T> bias_;                ///< [num_nodes x 1]
  MatrixOf<T> weights_;                ///< [E x 1]
  std::vector<T> attention_gradient_;  ///< [E]
};

}  // namespace

template <class T>
std::unique_ptr<LayerOf<T>> MakeHouseLayer(const LayerOptions& options, const Runtime& runtime) {
  return std::make_unique<HouseLayer<T>>(options, runtime);
}
template std::unique_ptr<LayerOf<float>> MakeHouseLayer<float>(const LayerOptions&, const Runtime&);
template std::unique_ptr<LayerOf<double>> MakeHouseLayer<double>(const LayerOptions&, const Runtime&);

}  // namespace kith::gnn
