#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "kith/gnn/loss.h"
#include "matmul.h"
#include "ops.h"
#include "unit_rows.h"

namespace kith {
namespace gnn {
namespace {

constexpr std::size_t kUserBlock = 128;                      ///< users of one product
constexpr std::size_t kCandidateBlock = 512;                 ///< candidates of one product
constexpr std::size_t kStoredBytes = std::size_t{64} << 20;  ///< of exp((c - 1)/tau), kept between the passes

void CheckBatch(const SoftmaxBatch& batch, bool same_shape) {
  const std::size_t users = batch.users.size();
  const bool offsets_fit = batch.positive_offsets.size() == users + 1 && batch.positive_offsets.front() == 0 &&
                           batch.positive_offsets.back() == batch.positives.size();
  const bool weights_fit =
      (batch.candidate_weights.empty() || batch.candidate_weights.size() == batch.candidates.size()) &&
      (batch.user_weights.empty() || batch.user_weights.size() == users);
  if (offsets_fit && weights_fit && same_shape && batch.tau > 0.0) return;
  throw std::invalid_argument(
      "softmax loss: expected offsets [" + std::to_string(users + 1) + "] from 0 to " +
      std::to_string(batch.positives.size()) +
      ", weights as long as what they weigh or empty, dz of z's shape and tau > 0; found "
      "offsets [" +
      std::to_string(batch.positive_offsets.size()) + "], user weights [" + std::to_string(batch.user_weights.size()) +
      "], candidate weights [" + std::to_string(batch.candidate_weights.size()) + "] for " +
      std::to_string(batch.candidates.size()) + " candidates, tau " + std::to_string(batch.tau));
}

/// One evaluation.  Users pass in chunks whose exponentials fit kStoredBytes; with e_uc = exp((c_uc - 1)/tau)
///   candidate pass   e [chunk x C] and its weighted row sums        parallel over candidates, sums added in order
///   user pass        D_u, the positives, g_u = dL/dD_u scale / tau, dZu = g_u (e W Zc) + positives    over users
///   gradient pass    dZc += e^T (g Zu)                              parallel over candidates
/// The weights w_c and g_u are folded into the small operands, so the stored e is never rescaled.
template <class T>
class SoftmaxStep {
 public:
  SoftmaxStep(const Runtime& runtime, const SoftmaxBatch& batch, const MatrixOf<T>& z)
      : runtime_(runtime), batch_(batch), d_(z.cols()), rows_(z) {
    rows_.Name(batch.users, "users");
    rows_.Name(batch.positives, "positives");
    rows_.Name(batch.candidates, "candidates");
    rows_.Normalize(runtime);
    users_ = rows_.Gather(runtime, batch.users);
    candidates_ = rows_.Gather(runtime, batch.candidates);
    weighted_candidates_ = candidates_;
    for (std::size_t c = 0; c < batch.candidate_weights.size(); ++c) {
      for (std::size_t k = 0; k < d_; ++k) weighted_candidates_(c, k) *= static_cast<T>(batch.candidate_weights[c]);
    }
    scaled_users_.resize(users_.rows(), d_);
    duser_.resize(users_.rows(), d_);
    dcandidate_.resize(candidates_.rows(), d_);
    coefficients_.resize(batch.positives.size());
  }

  double Run(MatrixOf<T>& dz) {
    const std::size_t num_users = users_.rows(), num_candidates = candidates_.rows();
    const std::size_t fitting = kStoredBytes / sizeof(T) / std::max<std::size_t>(num_candidates, 1);
    const std::size_t chunk = std::min(std::max(fitting / kUserBlock * kUserBlock, kUserBlock), num_users);
    exps_ = std::make_unique_for_overwrite<T[]>(chunk * num_candidates);
    partial_sums_.resize((num_candidates + kCandidateBlock - 1) / kCandidateBlock, chunk);
    double loss = 0.0;
    for (std::size_t first = 0; first < num_users; first += chunk) {
      const std::size_t count = std::min(chunk, num_users - first);
      CandidatePass(first, count);
      loss += UserPass(first, count);
      GradientPass(first, count);
    }
    ScatterGradients();
    rows_.AddGradient(runtime_, dz);
    return loss;
  }

 private:
  /// exps [count x C] and partial_sums [candidate block x user] = sum of w_c e_uc over the block.
  void CandidatePass(std::size_t first, std::size_t count) {
    const T inverse_tau = static_cast<T>(1.0 / batch_.tau);
    const std::size_t stride = candidates_.rows();
    ParallelFor(runtime_, stride, kCandidateBlock, [&](std::size_t begin, std::size_t end) {
      Product<T> product;
      std::vector<T> weights(end - begin, T{1});
      if (!batch_.candidate_weights.empty()) {
        std::copy_n(batch_.candidate_weights.begin() + static_cast<std::ptrdiff_t>(begin), end - begin,
                    weights.begin());
      }
      T* sums = partial_sums_.row(begin / kCandidateBlock);
      const Operand<T> block = AsOperand(candidates_).FromRow(begin).Transposed();
      for (std::size_t u = 0; u < count; u += kUserBlock) {
        const std::size_t users = std::min(kUserBlock, count - u);
        T* out = exps_.get() + u * stride + begin;
        product(users, end - begin, d_, AsOperand(users_).FromRow(first + u), block, out, stride, false);
        for (std::size_t r = 0; r < users; ++r) {
          T* row = out + r * stride;
          const T sum = ExpInPlace(row, end - begin, inverse_tau, -inverse_tau);
          sums[u + r] = batch_.candidate_weights.empty() ? sum : Dot(row, weights.data(), end - begin);
        }
      }
    });
  }

  /// The loss of these users; fills coefficients, duser and scaled_users.
  double UserPass(std::size_t first, std::size_t count) {
    const std::size_t num_candidates = candidates_.rows();
    return ParallelSum(runtime_, count, kUserBlock / 2, [&](std::size_t begin, std::size_t end) {
      Product<T> product;
      const Operand<T> exps{exps_.get() + begin * num_candidates, num_candidates, 1};
      product(end - begin, d_, num_candidates, exps, AsOperand(weighted_candidates_), duser_.row(first + begin), d_,
              false);
      double loss = 0.0;
      for (std::size_t r = begin; r < end; ++r) {
        double sum = 0.0;
        for (std::size_t block = 0; block < partial_sums_.rows(); ++block) sum += partial_sums_(block, r);
        loss += Positives(first + r, batch_.candidate_scale * sum);
      }
      return loss;
    });
  }

  /// The sum over one user's positives; D is the denominator that they share.
  double Positives(std::size_t user, double denominator) {
    const double weight =
        (batch_.user_weights.empty() ? 1.0 : batch_.user_weights[user]) / static_cast<double>(batch_.positives.size());
    double loss = 0.0, slope = 0.0;  // slope: -dL/d log-terms of D, sum over positives of 1 / (D + e)
    const T* unit = users_.row(user);
    for (EdgeOffset p = batch_.positive_offsets[user]; p < batch_.positive_offsets[user + 1]; ++p) {
      const T* item = rows_.unit(rows_.slot(batch_.positives[p]));
      const double logit = (static_cast<double>(Dot(unit, item, d_)) - 1.0) / batch_.tau;
      const double total = denominator + std::exp(logit);
      if (!(total > 0.0)) continue;  // both underflow: the positive stands against nothing
      loss -= weight * (logit - std::log(total));
      coefficients_[p] = static_cast<T>(-weight / batch_.tau * (denominator / total));
      slope += weight / total;
    }
    const T scale = static_cast<T>(slope * batch_.candidate_scale / batch_.tau);
    for (std::size_t k = 0; k < d_; ++k) {
      scaled_users_(user, k) = scale * unit[k];
      duser_(user, k) *= scale;
    }
    for (EdgeOffset p = batch_.positive_offsets[user]; p < batch_.positive_offsets[user + 1]; ++p) {
      Axpy(coefficients_[p], rows_.unit(rows_.slot(batch_.positives[p])), duser_.row(user), d_);
    }
    return loss;
  }

  /// dcandidate += e^T (g Zu), before the candidates' weights.
  void GradientPass(std::size_t first, std::size_t count) {
    const std::size_t stride = candidates_.rows();
    ParallelFor(runtime_, stride, kCandidateBlock, [&](std::size_t begin, std::size_t end) {
      Product<T> product;
      const Operand<T> exps{exps_.get() + begin, stride, 1};
      product(end - begin, d_, count, exps.Transposed(), AsOperand(scaled_users_).FromRow(first),
              dcandidate_.row(begin), d_, first != 0);
    });
  }

  /// Adds everything to the gradients of the unit rows.  A row may be named many times: users and candidates are few
  /// and added in order; positives are many, so they are grouped by row first and each row has one owner.
  void ScatterGradients() {
    for (std::size_t u = 0; u < users_.rows(); ++u) {
      Axpy(T{1}, duser_.row(u), rows_.gradient(rows_.slot(batch_.users[u])), d_);
    }
    for (std::size_t c = 0; c < candidates_.rows(); ++c) {
      const T weight = batch_.candidate_weights.empty() ? T{1} : static_cast<T>(batch_.candidate_weights[c]);
      Axpy(weight, dcandidate_.row(c), rows_.gradient(rows_.slot(batch_.candidates[c])), d_);
    }
    const std::vector<Pair> pairs = GroupPositives();
    ParallelFor(runtime_, rows_.size(), kRowGrain, [&](std::size_t begin, std::size_t end) {
      for (std::size_t i = group_offsets_[begin]; i < group_offsets_[end]; ++i) {
        Axpy(coefficients_[pairs[i].place], users_.row(pairs[i].user), rows_.gradient(pairs[i].slot), d_);
      }
    });
  }

  struct Pair {
    std::uint32_t slot, user;
    std::size_t place;  ///< in positives
  };
  /// (user, positive) pairs by the positive's slot, users ascending: counting sort.
  std::vector<Pair> GroupPositives() {
    group_offsets_.assign(rows_.size() + 1, 0);
    for (const std::uint32_t row : batch_.positives) ++group_offsets_[rows_.slot(row) + 1];
    for (std::size_t s = 0; s < rows_.size(); ++s) group_offsets_[s + 1] += group_offsets_[s];
    std::vector<std::size_t> next(group_offsets_.begin(), group_offsets_.end() - 1);
    std::vector<Pair> pairs(batch_.positives.size());
    for (std::uint32_t u = 0; u < batch_.users.size(); ++u) {
      for (EdgeOffset p = batch_.positive_offsets[u]; p < batch_.positive_offsets[u + 1]; ++p) {
        const std::uint32_t slot = rows_.slot(batch_.positives[p]);
        pairs[next[slot]++] = {slot, u, p};
      }
    }
    return pairs;
  }

  const Runtime& runtime_;
  const SoftmaxBatch& batch_;
  std::size_t d_;
  UnitRows<T> rows_;
  MatrixOf<T> users_, scaled_users_, duser_;                   ///< [B x d]
  MatrixOf<T> candidates_, weighted_candidates_, dcandidate_;  ///< [C x d]
  std::vector<T> coefficients_;                                ///< [P] dL/dc_ui of the positives themselves
  std::unique_ptr<T[]> exps_;                                  ///< [chunk x C]
  MatrixOf<T> partial_sums_;                                   ///< [candidate blocks x chunk]
  std::vector<std::size_t> group_offsets_;                     ///< [slots + 1]
};

}  // namespace
}  // namespace gnn

template <class T>
double MultiPositiveSoftmaxLoss(const Runtime& runtime, const SoftmaxBatch& batch, const MatrixOf<T>& z,
                                MatrixOf<T>& dz) {
  gnn::CheckBatch(batch, z.rows() == dz.rows() && z.cols() == dz.cols());
  if (batch.positives.empty()) return 0.0;
  return gnn::SoftmaxStep<T>(runtime, batch, z).Run(dz);
}

template double MultiPositiveSoftmaxLoss<float>(const Runtime&, const SoftmaxBatch&, const Matrix&, Matrix&);
template double MultiPositiveSoftmaxLoss<double>(const Runtime&, const SoftmaxBatch&, const MatrixOf<double>&,
                                                 MatrixOf<double>&);

}  // namespace kith
