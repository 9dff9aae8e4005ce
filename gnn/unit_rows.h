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

/// Slots number the named rows in the order they are first named.  A row whose squared length is below the smallest
/// normal number counts as zero: its unit vector is zero and it gets no gradient.
template <class T>
class UnitRows {
 public:
  explicit UnitRows(const MatrixOf<T>& z) : z_(z), slot_of_(z.rows(), kNone) {}

  /// Gives each row a slot; throws std::invalid_argument where z has no such row.
  void Name(std::span<const std::uint32_t> rows, const char* what) {
    for (const std::uint32_t row : rows) {
      if (row >= slot_of_.size()) {
        throw std::invalid_argument(std::string("softmax loss: ") + what + " names row " + std::to_string(row) +
                                    ", z has " + std::to_string(slot_of_.size()));
      }
      if (slot_of_[row] != kNone) continue;
      slot_of_[row] = static_cast<std::uint32_t>(rows_.size());
      rows_.push_back(row);
    }
  }

  /// Computes the unit vectors, once all rows are named.
  void Normalize(const Runtime& runtime) {
    const std::size_t d = z_.cols();
    unit_.resize(rows_.size(), d);
    gradient_.resize(rows_.size(), d);
    inverse_.resize(rows_.size());
    ParallelFor(runtime, rows_.size(), kRowGrain, [&](std::size_t begin, std::size_t end) {
      for (std::size_t s = begin; s < end; ++s) {
        const T* z = z_.row(rows_[s]);
        const T squared = Dot(z, z, d);
        inverse_[s] = squared < std::numeric_limits<T>::min() ? T{0} : T{1} / std::sqrt(squared);
        for (std::size_t k = 0; k < d; ++k) unit_(s, k) = inverse_[s] * z[k];
      }
    });
  }

  /// dz[row] += (g - unit <unit, g>) / |z| with g the gradient of the unit vector: back through the normalisation.
  void AddGradient(const Runtime& runtime, MatrixOf<T>& dz) const {
    const std::size_t d = z_.cols();
    ParallelFor(runtime, rows_.size(), kRowGrain, [&](std::size_t begin, std::size_t end) {
      for (std::size_t s = begin; s < end; ++s) {
        const T along = Dot(unit_.row(s), gradient_.row(s), d);
        Axpy(inverse_[s], gradient_.row(s), dz.row(rows_[s]), d);
        Axpy(-inverse_[s] * along, unit_.row(s), dz.row(rows_[s]), d);
      }
    });
  }

  /// Copies of the unit vectors of `rows`, in that order, for matrix products.   [rows x d]
  [[nodiscard]] MatrixOf<T> Gather(const Runtime& runtime, std::span<const std::uint32_t> rows) const {
    MatrixOf<T> out(rows.size(), z_.cols());
    ParallelFor(runtime, rows.size(), kRowGrain, [&](std::size_t begin, std::size_t end) {
      for (std::size_t r = begin; r < end; ++r) {
        std::copy_n(unit_.row(slot_of_[rows[r]]), z_.cols(), out.row(r));
      }
    });
    return out;
  }

  [[nodiscard]] std::size_t size() const noexcept { return rows_.size(); }
  /// REQUIRES: the row was named.
  [[nodiscard]] std::uint32_t slot(std::uint32_t row) const noexcept { return slot_of_[row]; }
  [[nodiscard]] const T* unit(std::uint32_t slot) const noexcept { return unit_.row(slot); }
  [[nodiscard]] T* gradient(std::uint32_t slot) noexcept { return gradient_.row(slot); }

 private:
  static constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();

  const MatrixOf<T>& z_;
  std::vector<std::uint32_t> slot_of_;  ///< [N]
  std::vector<std::uint32_t> rows_;     ///< [R]
  std::vector<T> inverse_;              ///< [R] 1 / |z|, 0 for a zero row
  MatrixOf<T> unit_, gradient_;         ///< [R x d]
};

}  // namespace kith::gnn
