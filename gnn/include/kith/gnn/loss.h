/// Losses over vectors of users and items, with their gradients.
///
/// Bpr: Rendle et al. 2009, eq. 4 (without its regulariser): mean over triples of -log sigma(<u, i> - <u, j>).
/// MultiPositiveSoftmax: a user's positives share one denominator (docs/model.md):
///   c_ui = cos(z_u, z_i);  w_i = item weight;  D_u = scale * sum over candidates c of w_c exp((c_uc - 1) / tau)
///   loss = -(1/P) sum_u user_weight_u sum_{i in pos(u)} [ (c_ui - 1)/tau - log(D_u + w_i' exp((c_ui - 1)/tau)) ]
///   with P the number of positives and w_i' = 1: sampled softmax with popularity weighted denominators.
/// Rows of z need not be unit: the loss normalises them and hands back gradients of z as given; a zero row has cosine 0
/// and no gradient.
/// Numbers of rows and lengths that do not fit throw std::invalid_argument; BprLoss REQUIRES triples within z.
/// T is float for work and double for gradient checks.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "kith/base/parallel.h"
#include "kith/gnn/matrix.h"
#include "kith/graph/csr.h"

namespace kith {

/// One training triple of rows of z: user, positive item, negative item.
struct Triple {
  std::uint32_t user, positive, negative;
};
/// z [N x d] -> loss; dz [N x d] is added to.
template <class T>
[[nodiscard]] double BprLoss(std::span<const Triple> triples, const MatrixOf<T>& z, MatrixOf<T>& dz);

/// Who stands against whom in one step; all numbers are rows of z.
struct SoftmaxBatch {
  std::span<const std::uint32_t> users;           ///< [B]
  std::span<const EdgeOffset> positive_offsets;   ///< [B + 1], from 0
  std::span<const std::uint32_t> positives;       ///< [P]
  std::span<const std::uint32_t> candidates;      ///< [C] shared negatives (a positive among them is harmless)
  std::span<const float> candidate_weights = {};  ///< [C], or empty for 1: w_c
  std::span<const float> user_weights = {};       ///< [B], or empty for 1
  double candidate_scale = 1.0;                   ///< items / C for a uniform sample
  double tau = 0.1;
};
/// The multi-positive softmax; an object keeps its arrays from one call to the next, since fresh memory costs a tenth
/// of a step. Cost: three products B x C x d; memory 4 B x C bytes up to 64 MiB (users pass in chunks), and 4 N.
/// Threads: one call at a time per object; users and candidates are split over the Runtime, same bits for any number.
template <class T>
class SoftmaxLossOf {
 public:
  /// The Runtime must outlive the object.
  explicit SoftmaxLossOf(const Runtime& runtime);
  ~SoftmaxLossOf();
  SoftmaxLossOf(const SoftmaxLossOf&) = delete;
  SoftmaxLossOf& operator=(const SoftmaxLossOf&) = delete;

  /// z [N x d] -> loss; dz [N x d] is added to.
  [[nodiscard]] double operator()(const SoftmaxBatch& batch, const MatrixOf<T>& z, MatrixOf<T>& dz);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};
using SoftmaxLoss = SoftmaxLossOf<float>;
extern template class SoftmaxLossOf<float>;
extern template class SoftmaxLossOf<double>;

/// One call with arrays of its own.
template <class T>
[[nodiscard]] double MultiPositiveSoftmaxLoss(const Runtime& runtime, const SoftmaxBatch& batch, const MatrixOf<T>& z,
                                              MatrixOf<T>& dz) {
  return SoftmaxLossOf<T>(runtime)(batch, z, dz);
}

}  // namespace kith
