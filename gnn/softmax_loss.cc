#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "candidate_panels.h"
#include "kith/gnn/loss.h"
#include "ops.h"
#include "unit_rows.h"

namespace kith {
namespace gnn {
namespace {

constexpr std::size_t kUserBlock = kernels::kSoftmaxUsers;
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

/// Keeps its arrays from one evaluation to the next.  Users pass in chunks whose exponentials fit kStoredBytes, e_uc =
/// w_c exp((c_uc - 1)/tau):
///   user pass        e, D_u and e Zc panel by panel; the positives; dZu = g_u (e Zc) + positives     over users
///   candidate pass   dZc += e^T (g Zu)                                                             over panels
/// g_u = dL/dD_u scale / tau is folded into the small operands, so that the stored e is written once and read once.
template <class T>
class SoftmaxStep {
 public:
  explicit SoftmaxStep(const Runtime& runtime) : runtime_(runtime) {}

  double Run(const SoftmaxBatch& batch, const MatrixOf<T>& z, MatrixOf<T>& dz) {
    Begin(batch, z);
    const std::size_t num_users = users_.rows(), padded = candidates_.panels() * kernels::kSoftmaxPanel;
    const std::size_t fitting = kStoredBytes / sizeof(T) / std::max<std::size_t>(padded, 1);
    const std::size_t chunk = std::min(std::max(fitting / kUserBlock * kUserBlock, kUserBlock), num_users);
    if (exps_.size() < chunk * padded) exps_.resize(chunk * padded);
    double loss = 0.0;
    for (std::size_t first = 0; first < num_users; first += chunk) {
      const std::size_t count = std::min(chunk, num_users - first), stride = count * kernels::kSoftmaxPanel;
      loss += ParallelSum(runtime_, count, kUserBlock, [&](std::size_t begin, std::size_t end) {
        return UserPass(first + begin, end - begin, exps_.data() + begin * kernels::kSoftmaxPanel, stride);
      });
      candidates_.Backward(runtime_, exps_.data(), stride, scaled_users_.row(first), count, first != 0);
    }
    ScatterGradients();
    rows_.AddGradient(runtime_, dz);
    return loss;
  }

 private:
  /// Names the rows, copies their unit vectors and makes room.
  void Begin(const SoftmaxBatch& batch, const MatrixOf<T>& z) {
    batch_ = batch;
    d_ = z.cols();
    width_ = PaddedWidth<T>(d_);
    rows_.Begin(z, width_);
    rows_.Name(batch.users, "users");
    rows_.Name(batch.positives, "positives");
    rows_.Name(batch.candidates, "candidates");
    rows_.Normalize(runtime_);
    users_.resize(batch.users.size(), width_);
    rows_.Gather(runtime_, batch.users, users_);
    candidates_.Begin(batch.candidates.size(), d_, batch.candidate_weights);
    rows_.Gather(runtime_, batch.candidates, candidates_.rows());
    candidates_.Pack(runtime_);
    scaled_users_.resize(users_.rows(), width_);
    duser_.resize(users_.rows(), width_);
    coefficients_.resize(batch.positives.size());
    positive_slots_.clear();
    positive_slots_.reserve(batch.positives.size());
    for (const std::uint32_t row : batch.positives) positive_slots_.push_back(rows_.slot(row));
  }

  /// The loss of users [first, first + count); fills coefficients, duser and scaled_users.
  double UserPass(std::size_t first, std::size_t count, T* exps, std::size_t panel_stride) {
    const T inverse_tau = static_cast<T>(1.0 / batch_.tau);
    T sums[kUserBlock];
    candidates_.Forward(users_.row(first), count, inverse_tau, -inverse_tau, exps, panel_stride, sums,
                        duser_.row(first));
    // The cosines of the positives stand where their coefficients will.
    const auto rows = batch_.positive_offsets.subspan(first, count + 1);
    EdgeDots(rows, positive_slots_, users_.row(first), rows_.unit().data(), coefficients_.data(), width_);
    double loss = 0.0;
    T scales[kUserBlock];
    for (std::size_t r = 0; r < count; ++r) {
      loss += Positives(first + r, batch_.candidate_scale * static_cast<double>(sums[r]), scales[r]);
    }
    MatrixOf<T> from_positives(count, width_);
    GatherScaleSum(rows, positive_slots_, coefficients_.data(), rows_.unit().data(), from_positives.data(), width_);
    for (std::size_t r = 0; r < count; ++r) {
      T* const duser = duser_.row(first + r);
      for (std::size_t k = 0; k < width_; ++k) {
        scaled_users_(first + r, k) = scales[r] * users_(first + r, k);
        duser[k] = scales[r] * duser[k] + from_positives(r, k);
      }
    }
    return loss;
  }

  /// The sum over one user's positives; D is the denominator that they share.  Their cosines become coefficients;
  /// `scale` is g_u.
  double Positives(std::size_t user, double denominator, T& scale) {
    const double weight =
        (batch_.user_weights.empty() ? 1.0 : batch_.user_weights[user]) / static_cast<double>(batch_.positives.size());
    double loss = 0.0, slope = 0.0;  // slope: -dL/d log-terms of D, sum over positives of 1 / (D + e)
    for (EdgeOffset p = batch_.positive_offsets[user]; p < batch_.positive_offsets[user + 1]; ++p) {
      const double logit = (static_cast<double>(coefficients_[p]) - 1.0) / batch_.tau;
      const double total = denominator + std::exp(logit);
      coefficients_[p] = T{0};
      if (total == 0.0) continue;  // both underflow: the positive stands against nothing
      loss -= weight * (logit - std::log(total));
      coefficients_[p] = static_cast<T>(-weight / batch_.tau * (denominator / total));
      slope += weight / total;
    }
    scale = static_cast<T>(slope * batch_.candidate_scale / batch_.tau);
    return loss;
  }

  /// Adds everything to the gradients of the unit rows.  A row may be named many times: users and candidates are few
  /// and added in order; positives are many, so they are grouped by row first and each row has one owner.
  void ScatterGradients() {
    MatrixOf<T>& gradient = rows_.gradient();
    for (std::size_t u = 0; u < users_.rows(); ++u) {
      Axpy(T{1}, duser_.row(u), gradient.row(rows_.slot(batch_.users[u])), d_);
    }
    for (std::size_t c = 0; c < batch_.candidates.size(); ++c) {
      Axpy(T{1}, candidates_.gradient(c), gradient.row(rows_.slot(batch_.candidates[c])), d_);
    }
    const GroupedPositives grouped = GroupPositives();
    ParallelFor(runtime_, rows_.size(), kRowGrain, [&](std::size_t begin, std::size_t end) {
      GatherScaleSumBackward(Rows(grouped.offsets, begin, end), grouped.users, grouped.places, coefficients_.data(),
                             users_.data(), gradient.row(begin), width_);
    });
  }

  /// (user, place in positives) of each slot's positives, users ascending.
  struct GroupedPositives {
    std::vector<EdgeOffset> offsets;  ///< [slots + 1]
    std::vector<std::uint32_t> users, places;
  };
  /// Counting sort.
  [[nodiscard]] GroupedPositives GroupPositives() const {
    GroupedPositives grouped;
    grouped.offsets.assign(rows_.size() + 1, 0);
    for (const std::uint32_t slot : positive_slots_) ++grouped.offsets[slot + 1];
    for (std::size_t s = 0; s < rows_.size(); ++s) grouped.offsets[s + 1] += grouped.offsets[s];
    std::vector<EdgeOffset> next(grouped.offsets.begin(), grouped.offsets.end() - 1);
    grouped.users.resize(positive_slots_.size());
    grouped.places.resize(positive_slots_.size());
    for (std::uint32_t u = 0; u < batch_.users.size(); ++u) {
      for (EdgeOffset p = batch_.positive_offsets[u]; p < batch_.positive_offsets[u + 1]; ++p) {
        const EdgeOffset at = next[positive_slots_[p]]++;
        grouped.users[at] = u;
        grouped.places[at] = static_cast<std::uint32_t>(p);
      }
    }
    return grouped;
  }

  const Runtime& runtime_;
  SoftmaxBatch batch_;
  std::size_t d_ = 0, width_ = 0;
  UnitRows<T> rows_;
  MatrixOf<T> users_, scaled_users_, duser_;  ///< [B x width]
  CandidatePanels<T> candidates_;
  AlignedBuffer<T> exps_;                      ///< [panels x chunk x kSoftmaxPanel]
  std::vector<T> coefficients_;                ///< [P] dL/dc_ui of the positives themselves
  std::vector<std::uint32_t> positive_slots_;  ///< [P]
};

}  // namespace
}  // namespace gnn

template <class T>
class SoftmaxLossOf<T>::Impl : public gnn::SoftmaxStep<T> {
  using gnn::SoftmaxStep<T>::SoftmaxStep;
};

template <class T>
SoftmaxLossOf<T>::SoftmaxLossOf(const Runtime& runtime) : impl_(std::make_unique<Impl>(runtime)) {}
template <class T>
SoftmaxLossOf<T>::~SoftmaxLossOf() = default;

template <class T>
double SoftmaxLossOf<T>::operator()(const SoftmaxBatch& batch, const MatrixOf<T>& z, MatrixOf<T>& dz) {
  gnn::CheckBatch(batch, z.rows() == dz.rows() && z.cols() == dz.cols());
  return batch.positives.empty() ? 0.0 : impl_->Run(batch, z, dz);
}

template class SoftmaxLossOf<float>;
template class SoftmaxLossOf<double>;

}  // namespace kith
