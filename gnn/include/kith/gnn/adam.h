/// Adam, Kingma and Ba 2015, algorithm 1, dense or over the rows that a step touched.
///
/// Sparse rows: an untouched row keeps its moments; its bias correction uses the global step (as torch.SparseAdam).
/// Threads: one Step at a time; rows are split over the Runtime, same bits for any number of threads.
#pragma once

#include <cstdint>
#include <span>

#include "kith/base/parallel.h"
#include "kith/gnn/layer.h"

namespace kith {

struct AdamOptions {
  double beta1 = 0.9;
  double beta2 = 0.99;
  double epsilon = 1e-8;
  double weight_decay = 0.0;  ///< L2, added to the gradient
};

class Adam {
 public:
  explicit Adam(AdamOptions options = {}) : options_(options) {}

  /// value -= lr * m^ / (sqrt(v^) + eps) for all rows, or for `rows` (distinct); clears the gradient of what it
  /// stepped. `step` counts from 1.
  void Step(const Runtime& runtime, double learning_rate, std::uint64_t step, Parameter& parameter,
            std::span<const std::uint32_t> rows = {}, bool all_rows = true);

  /// The moments, for a checkpoint: [rows x cols] each, empty before the first step.
  [[nodiscard]] Matrix& first_moment() noexcept { return first_; }
  [[nodiscard]] Matrix& second_moment() noexcept { return second_; }

 private:
  AdamOptions options_;
  Matrix first_, second_;  ///< one Adam a parameter
};

}  // namespace kith
