#include <vector>

#include "heads.h"
#include "layers.h"
#include "matmul.h"
#include "ops.h"

namespace kith::gnn {
namespace {

/// hidden [o] = LeakyReLU(l + r), as a maximum and a minimum: signs are random, a branch would be missed half the time.
template <class T>
void Leaky(std::size_t o, T slope, const T* l, const T* r, T* __restrict hidden) {
  for (std::size_t i = 0; i < o; ++i) {
    const T s = l[i] + r[i];
    hidden[i] = (s > T{0} ? s : T{0}) + slope * (s < T{0} ? s : T{0});
  }
}

/// dside [o] += dscore * att * LeakyReLU'(l + r), for either side of the sum.
template <class T>
void AddLeakyBackward(std::size_t o, T slope, T dscore, const T* att, const T* l, const T* r, T* __restrict dside) {
  for (std::size_t i = 0; i < o; ++i) {
    const T positive = l[i] + r[i] > T{0} ? T{1} : T{0};
    dside[i] += dscore * att[i] * (slope + (T{1} - slope) * positive);
  }
}

/// y_v = || over h of sum over u of alpha^h_vu r^h_u,  l = x Wl of the destinations,  r = x Wr of the sources,
/// alpha^h_v. = softmax over u of <att^h, LeakyReLU(l^h_v + r^h_u)>.   Brody et al. 2022, eq. 7, without self-loops.
template <class T>
class Gatv2Layer final : public LayerOf<T> {
 public:
  Gatv2Layer(const LayerOptions& options, const Runtime& runtime)
      : in_(options.in),
        out_(options.out),
        slope_(static_cast<T>(options.leaky_slope)),
        runtime_(runtime),
        l_(options.heads),
        dl_(options.heads),
        r_(options.heads),
        dr_(options.heads) {
    InitParameter("left", in_, out_, TensorSeed(options.seed, 0), left_);
    InitParameter("right", in_, out_, TensorSeed(options.seed, 1), right_);
    InitParameter("attention", options.heads, out_ / options.heads, TensorSeed(options.seed, 2), attention_);
  }

  void Forward(const Block& block, const MatrixOf<T>& x, MatrixOf<T>& y) override {
    CheckForward(block, x.rows(), x.cols(), in_);
    ProjectHeads(runtime_, block.num_destinations(), x, left_.value, l_);
    ProjectHeads(runtime_, block.num_sources(), x, right_.value, r_);
    Scores(block);
    AttentionSoftmax(runtime_, block, alpha_);
    AggregateHeads(runtime_, block, alpha_, r_, y);
  }

  /// dr = alpha^T dy + the scores' part;   then dWl += x^T dl, dWr += x^T dr and dx = dl Wl^T + dr Wr^T.
  void Backward(const Block& block, const MatrixOf<T>& x, const MatrixOf<T>& dy, MatrixOf<T>& dx) override {
    CheckBackward(block, alpha_.rows(), dy.rows(), dy.cols(), out_);
    AggregateHeadsBackward(runtime_, block, alpha_, r_, dy, dr_, dscore_);
    AttentionSoftmaxBackward(runtime_, block, alpha_, dscore_);
    ScoresBackwardToDestinations(block);
    ScoresBackwardToSources(block);
    dx.resize(block.num_sources(), in_);
    dx.fill(T{0});
    AddProjectHeadsBackward(runtime_, x, dr_, right_, dx);
    AddProjectHeadsBackward(runtime_, x, dl_, left_, dx);
  }

  [[nodiscard]] std::vector<ParameterOf<T>*> Parameters() override { return {&left_, &right_, &attention_}; }
  [[nodiscard]] const MatrixOf<T>& EdgeWeights() const override { return alpha_; }

 private:
  /// alpha[e, h] = <att^h, LeakyReLU(l^h_v + r^h_u)>, before the softmax.
  void Scores(const Block& block) {
    const std::size_t heads = l_.size(), o = attention_.value.cols();
    alpha_.resize(block.num_edges(), heads);
    ParallelFor(runtime_, block.num_destinations(), kRowGrain, [&](std::size_t begin, std::size_t end) {
      std::vector<T> hidden(o);
      for (std::size_t v = begin; v < end; ++v) {
        for (EdgeOffset e = block.offsets[v]; e < block.offsets[v + 1]; ++e) {
          for (std::size_t h = 0; h < heads; ++h) {
            Leaky(o, slope_, l_[h].row(v), r_[h].row(block.sources[e]), hidden.data());
            alpha_(e, h) = Dot(attention_.value.row(h), hidden.data(), o);
          }
        }
      }
    });
  }

  /// dl^h_v = sum over v's in-edges of dscore att^h LeakyReLU';  datt^h += sum over edges of dscore LeakyReLU(l + r),
  /// a partial sum for each range of destinations, added in order.
  void ScoresBackwardToDestinations(const Block& block) {
    const std::size_t heads = l_.size(), o = attention_.value.cols(), destinations = block.num_destinations();
    for (MatrixOf<T>& dl : dl_) {
      dl.resize(destinations, o);
      dl.fill(T{0});
    }
    MatrixOf<T> partial((destinations + kRowGrain - 1) / kRowGrain, heads * o);
    ParallelFor(runtime_, destinations, kRowGrain, [&](std::size_t begin, std::size_t end) {
      std::vector<T> hidden(o);
      for (std::size_t v = begin; v < end; ++v) {
        for (EdgeOffset e = block.offsets[v]; e < block.offsets[v + 1]; ++e) {
          for (std::size_t h = 0; h < heads; ++h) {
            const T* l = l_[h].row(v);
            const T* r = r_[h].row(block.sources[e]);
            Leaky(o, slope_, l, r, hidden.data());
            Axpy(dscore_(e, h), hidden.data(), partial.row(begin / kRowGrain) + h * o, o);
            AddLeakyBackward(o, slope_, dscore_(e, h), attention_.value.row(h), l, r, dl_[h].row(v));
          }
        }
      }
    });
    for (std::size_t range = 0; range < partial.rows(); ++range) {
      for (std::size_t i = 0; i < heads * o; ++i) attention_.gradient.data()[i] += partial(range, i);
    }
  }

  /// dr^h_u += sum over u's out-edges of dscore att^h LeakyReLU'(l^h_v + r^h_u).
  void ScoresBackwardToSources(const Block& block) {
    const std::size_t heads = l_.size(), o = attention_.value.cols();
    ParallelFor(runtime_, block.num_sources(), kRowGrain, [&](std::size_t begin, std::size_t end) {
      for (std::size_t u = begin; u < end; ++u) {
        for (EdgeOffset t = block.transpose_offsets[u]; t < block.transpose_offsets[u + 1]; ++t) {
          for (std::size_t h = 0; h < heads; ++h) {
            AddLeakyBackward(o, slope_, dscore_(block.transpose_edges[t], h), attention_.value.row(h),
                             l_[h].row(block.transpose_destinations[t]), r_[h].row(u), dr_[h].row(u));
          }
        }
      }
    });
  }

  std::size_t in_, out_;
  T slope_;
  const Runtime& runtime_;
  ParameterOf<T> left_, right_;  ///< [in x out]
  ParameterOf<T> attention_;     ///< [H x o]
  HeadsOf<T> l_, dl_;            ///< [D x o] a head
  HeadsOf<T> r_, dr_;            ///< [S x o] a head
  MatrixOf<T> alpha_, dscore_;   ///< [E x H]
};

}  // namespace

template <class T>
std::unique_ptr<LayerOf<T>> MakeGatv2Layer(const LayerOptions& options, const Runtime& runtime) {
  return std::make_unique<Gatv2Layer<T>>(options, runtime);
}
template std::unique_ptr<LayerOf<float>> MakeGatv2Layer<float>(const LayerOptions&, const Runtime&);
template std::unique_ptr<LayerOf<double>> MakeGatv2Layer<double>(const LayerOptions&, const Runtime&);

}  // namespace kith::gnn
