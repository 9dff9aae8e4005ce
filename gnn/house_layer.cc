#include <algorithm>
#include <cmath>
#include <vector>

#include "layers.h"
#include "propagate.h"

namespace kith::gnn {
namespace {

constexpr double kClip = 3.0;   ///< a stays in [-3, 3]: an edge counts between 1/20 and 20 times its norm
constexpr double kMost = 40.0;  ///< of |b|: the product of two gates stays a float

/// y_v = sum over u of w_vu x_u,  w_vu = A_vu exp(clip(a_vu, -3, 3)),  a_vu = b_u + b_v.   docs/model.md.
/// exp(clip(a)) = clip(exp(b_u) exp(b_v)): the weight of an edge is made of what stands at its ends.  At b = 0 it is
/// LightGCN's to the bit.
template <class T>
class HouseLayer final : public LayerOf<T> {
 public:
  HouseLayer(const LayerOptions& options, const Runtime& runtime) : width_(options.in), runtime_(runtime) {
    bias_.name = "bias";
    bias_.value.resize(options.num_nodes, 1);
    bias_.gradient.resize(options.num_nodes, 1);
    gates_.low = static_cast<T>(std::exp(-kClip));
    gates_.high = static_cast<T>(std::exp(kClip));
  }

  void Forward(const Block& block, const MatrixOf<T>& x, MatrixOf<T>& y) override {
    CheckForward(block, x.rows(), x.cols(), width_);
    edges_seen_ = block.num_edges();
    factors_.Set(runtime_, block);
    SetGates(block);
    y.resize(block.num_destinations(), width_);
    y_.resize(block.num_destinations(), width_);
    messages_.Set(runtime_, x);
    ParallelFor(runtime_, y.rows(), kRowGrain, [&](std::size_t begin, std::size_t end) {
      GatedRows(Forwards(block, factors_), gates_, begin, end, messages_, y.row(begin));
      std::copy(y.row(begin), y.row(end), y_.row(begin));
    });
  }

  /// dx = W^T dy;   da_vu = <dy_v, x_u> w_vu inside the clip, 0 outside;   db_n = sum of da over n's edges, both ends.
  /// The sums of da need no edge: over u's out-edges it is <x_u, dx_u>, over v's in-edges <dy_v, y_v>, less what is
  /// clipped.
  void Backward(const Block& block, const MatrixOf<T>& x, const MatrixOf<T>& dy, MatrixOf<T>& dx) override {
    CheckBackward(block, edges_seen_, dy.rows(), dy.cols(), width_);
    std::vector<T> gains(block.num_sources(), T{0});
    dx.resize(block.num_sources(), width_);
    messages_.Set(runtime_, dy);
    ParallelFor(runtime_, dx.rows(), kRowGrain, [&](std::size_t begin, std::size_t end) {
      const Arrows<T> arrows = Backwards(block, factors_);
      GatedRows(arrows, gates_, begin, end, messages_, dx.row(begin));
      AddGatedDots(arrows, gates_, begin, end, dy, dx.row(begin), x.row(begin), gains.data() + begin);
    });
    ParallelFor(runtime_, dy.rows(), kRowGrain, [&](std::size_t begin, std::size_t end) {
      AddGatedDots(Forwards(block, factors_), gates_, begin, end, x, y_.row(begin), dy.row(begin),
                   gains.data() + begin);
    });
    // Nodes of a block are distinct: each bias has one local owner.
    for (std::size_t n = 0; n < gains.size(); ++n) bias_.gradient.data()[index(block.nodes[n])] += gains[n];
  }

  [[nodiscard]] std::vector<ParameterOf<T>*> Parameters() override { return {&bias_}; }
  void StoreMessages(MessageStorage storage) override { messages_.StoreAs(storage); }
  [[nodiscard]] MatrixOf<T> EdgeWeights(const Block& block) const override {
    return WeightsOfEdges(block, factors_, [&](std::size_t v, std::size_t u) {
      return std::clamp(gates_.gates[v] * gates_.gates[u], gates_.low, gates_.high);
    });
  }

 private:
  /// exp(b) of every node of the block; at b = 0 exactly 1.
  void SetGates(const Block& block) {
    gates_.gates.resize(block.num_sources());
    ParallelFor(runtime_, block.num_sources(), kRowGrain, [&](std::size_t begin, std::size_t end) {
      for (std::size_t n = begin; n < end; ++n) {
        gates_.gates[n] = std::clamp(bias_.value.data()[index(block.nodes[n])], T{-kMost}, T{kMost});
      }
      (void)ExpInPlace(gates_.gates.data() + begin, end - begin, T{1}, T{0});
    });
    gates_.SetLimits();
  }

  std::size_t width_, edges_seen_ = 0;
  const Runtime& runtime_;
  ParameterOf<T> bias_;  ///< [num_nodes x 1]
  DegreeFactors<T> factors_;
  Messages<T> messages_;
  NodeGates<T> gates_;
  MatrixOf<T> y_;  ///< [D x width] what Forward wrote; the caller's may have changed since
};

}  // namespace

template <class T>
std::unique_ptr<LayerOf<T>> MakeHouseLayer(const LayerOptions& options, const Runtime& runtime) {
  return std::make_unique<HouseLayer<T>>(options, runtime);
}
template std::unique_ptr<LayerOf<float>> MakeHouseLayer<float>(const LayerOptions&, const Runtime&);
template std::unique_ptr<LayerOf<double>> MakeHouseLayer<double>(const LayerOptions&, const Runtime&);

}  // namespace kith::gnn
