/// The rows of z that a loss names, once each and scaled to length 1, with room for the gradient of the unit vectors.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "kith/base/parallel.h"
#include "kith/gnn/matrix.h"
#include "ops.h"

namespace kith::gnn {

/// Slots number the named rows upwards, so that passes over them walk z in one direction.  A row whose squared length
/// is below the smallest normal number counts as zero: its unit vector is zero and it gets no gradient.
template <class T>
class UnitRows {
 public:
  /// Forgets what was named before.  Unit rows and gradients have `width` >= z.cols() columns, zero where z has none.
  void Begin(const MatrixOf<T>& z, std::size_t width) {
    z_ = &z;
    width_ = width;
    slot_of_.assign(z.rows(), kNone);
    rows_.clear();
  }

  /// Notes the rows; throws std::invalid_argument where z has no such row.
  void Name(std::span<const std::uint32_t> rows, const char* what) {
    for (const std::uint32_t row : rows) {
      if (row >= slot_of_.size()) {
        throw std::invalid_argument(std::string("softmax loss: ") + what + " names row " + std::to_string(row) +
                                    ", z has " + std::to_string(slot_of_.size()));
      }
      slot_of_[row] = kNamed;
    }
  }

  /// Numbers the rows and computes their unit vectors, once all are named.
  void Normalize(const Runtime& runtime) {
    for (std::uint32_t row = 0; row < slot_of_.size(); ++row) {
      if (slot_of_[row] == kNone) continue;
      slot_of_[row] = static_cast<std::uint32_t>(rows_.size());
      rows_.push_back(row);
    }
    const std::size_t d = z_->cols();
    unit_.resize(rows_.size(), width_);
    gradient_.resize(rows_.size(), width_);
    inverse_.resize(rows_.size());
    ParallelFor(runtime, rows_.size(), kRowGrain, [&](std::size_t begin, std::size_t end) {
      for (std::size_t s = begin; s < end; ++s) {
        FetchRow(*z_, s);
        const T* z = z_->row(rows_[s]);
        const T squared = Dot(z, z, d);
        inverse_[s] = squared < std::numeric_limits<T>::min() ? T{0} : T{1} / std::sqrt(squared);
        T* const unit = unit_.row(s);
        for (std::size_t k = 0; k < d; ++k) unit[k] = inverse_[s] * z[k];
        std::fill(unit + d, unit + width_, T{0});
        std::fill_n(gradient_.row(s), width_, T{0});
      }
    });
  }

  /// dz[row] += (g - unit <unit, g>) / |z| with g the gradient of the unit vector: back through the normalisation.
  /// Leaves in gradient() what is across the unit vectors.
  void AddGradient(const Runtime& runtime, MatrixOf<T>& dz) {
    const std::size_t d = z_->cols();
    ParallelFor(runtime, rows_.size(), kRowGrain, [&](std::size_t begin, std::size_t end) {
      for (std::size_t s = begin; s < end; ++s) {
        FetchRow(dz, s);
        const T along = Dot(unit_.row(s), gradient_.row(s), d);
        Axpy(-along, unit_.row(s), gradient_.row(s), d);
        Axpy(inverse_[s], gradient_.row(s), dz.row(rows_[s]), d);
      }
    });
  }

  /// Copies of the unit vectors of `rows` into the first rows of `out`, which has room for them and `width` columns.
  void Gather(const Runtime& runtime, std::span<const std::uint32_t> rows, MatrixOf<T>& out) const {
    ParallelFor(runtime, rows.size(), kRowGrain, [&](std::size_t begin, std::size_t end) {
      for (std::size_t r = begin; r < end; ++r) std::copy_n(unit_.row(slot_of_[rows[r]]), width_, out.row(r));
    });
  }

  [[nodiscard]] std::size_t size() const noexcept { return rows_.size(); }
  /// REQUIRES: the row was named.
  [[nodiscard]] std::uint32_t slot(std::uint32_t row) const noexcept { return slot_of_[row]; }
  [[nodiscard]] const MatrixOf<T>& unit() const noexcept { return unit_; }  ///< [R x width], by slot
  [[nodiscard]] MatrixOf<T>& gradient() noexcept { return gradient_; }      ///< of the unit vectors, zero at first

 private:
  static constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max(), kNamed = kNone - 1;
  static constexpr std::size_t kAhead = 8;  ///< rows between the one computed and the one fetched

  /// Fetches the row of `matrix` that slot s + kAhead stands for.
  void FetchRow(const MatrixOf<T>& matrix, std::size_t s) const {
    if (s + kAhead >= rows_.size()) return;
    const T* const row = matrix.row(rows_[s + kAhead]);
    for (std::size_t k = 0; k < matrix.cols(); k += 64 / sizeof(T)) __builtin_prefetch(row + k);
  }

  const MatrixOf<T>* z_ = nullptr;
  std::size_t width_ = 0;
  std::vector<std::uint32_t> slot_of_;  ///< [N]
  std::vector<std::uint32_t> rows_;     ///< [R]
  std::vector<T> inverse_;              ///< [R] 1 / |z|, 0 for a zero row
  MatrixOf<T> unit_, gradient_;         ///< [R x width]
};

}  // namespace kith::gnn
