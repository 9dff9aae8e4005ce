/// Immutable adjacency of one relation in compressed sparse row form.
///
/// Invariants: offsets has num_rows()+1 entries, starts at 0, never decreases, ends at num_edges();
///             targets are < num_targets(), sorted and unique within a row;
///             weights and times are empty or in the order of the targets.
/// Threads: immutable, read from anywhere.   Cost: 4 bytes a row + 4 an edge (+ 4 if weighted, + 8 if timed).
/// Offsets have 32 bits, so that a cache line holds those of 16 rows: a relation has up to 2^32 - 1 edges.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "kith/base/buffer.h"
#include "kith/base/parallel.h"
#include "kith/base/status.h"

namespace kith {

/// A place in the edges of a Csr.
using CsrOffset = std::uint32_t;
/// A place in the edges of a Block or of a batch, which kernels read.
using EdgeOffset = std::uint64_t;

class Csr {
 public:
  Csr() = default;
  /// REQUIRES: the invariants above (CsrBuilder gives them; `Check` tests them).
  Csr(std::uint32_t num_targets, AlignedBuffer<CsrOffset> offsets, AlignedBuffer<std::uint32_t> targets,
      AlignedBuffer<float> weights = {}, AlignedBuffer<std::int64_t> times = {});

  [[nodiscard]] std::uint32_t num_rows() const noexcept {
    return offsets_.empty() ? 0 : static_cast<std::uint32_t>(offsets_.size() - 1);
  }
  [[nodiscard]] std::uint32_t num_targets() const noexcept { return num_targets_; }
  [[nodiscard]] std::size_t num_edges() const noexcept { return targets_.size(); }
  [[nodiscard]] bool weighted() const noexcept { return !weights_.empty(); }
  [[nodiscard]] bool timed() const noexcept { return !times_.empty(); }

  [[nodiscard]] std::uint32_t degree(std::uint32_t row) const noexcept {
    return static_cast<std::uint32_t>(offsets_[row + 1] - offsets_[row]);
  }
  /// Targets of a row; REQUIRES: row < num_rows().
  [[nodiscard]] std::span<const std::uint32_t> neighbors(std::uint32_t row) const& noexcept {
    return targets_.span().subspan(offsets_[row], degree(row));
  }
  std::span<const std::uint32_t> neighbors(std::uint32_t row) && = delete;  // the graph would die before the span
  /// In the order of neighbors(row); empty where the relation carries none.
  [[nodiscard]] std::span<const float> weights(std::uint32_t row) const& noexcept {
    return weighted() ? weights_.span().subspan(offsets_[row], degree(row)) : std::span<const float>{};
  }
  [[nodiscard]] std::span<const std::int64_t> times(std::uint32_t row) const& noexcept {
    return timed() ? times_.span().subspan(offsets_[row], degree(row)) : std::span<const std::int64_t>{};
  }
  std::span<const float> weights(std::uint32_t row) && = delete;
  std::span<const std::int64_t> times(std::uint32_t row) && = delete;
  /// Whether the row holds the target, by binary search.
  [[nodiscard]] bool contains(std::uint32_t row, std::uint32_t target) const noexcept;

  [[nodiscard]] std::span<const CsrOffset> offsets() const& noexcept { return offsets_.span(); }
  [[nodiscard]] std::span<const std::uint32_t> targets() const& noexcept { return targets_.span(); }
  [[nodiscard]] std::span<const float> weights() const& noexcept { return weights_.span(); }
  [[nodiscard]] std::span<const std::int64_t> times() const& noexcept { return times_.span(); }
  std::span<const CsrOffset> offsets() && = delete;
  std::span<const std::uint32_t> targets() && = delete;
  std::span<const float> weights() && = delete;
  std::span<const std::int64_t> times() && = delete;

  /// Ok, or which invariant is broken and where.
  [[nodiscard]] Status Check() const;
  [[nodiscard]] Status Check(const Runtime& runtime) const;

 private:
  [[nodiscard]] Status BrokenRow(std::uint32_t row) const;

  std::uint32_t num_targets_ = 0;
  AlignedBuffer<CsrOffset> offsets_;
  AlignedBuffer<std::uint32_t> targets_;
  AlignedBuffer<float> weights_;
  AlignedBuffer<std::int64_t> times_;
};

}  // namespace kith
