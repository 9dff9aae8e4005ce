#include "kith/gnn/adam.h"

#include <cmath>
#include <stdexcept>
#include <string>

namespace kith {
namespace {

constexpr std::size_t kRowsPerTask = 512;

/// What one step multiplies with, the same for every element.
struct Coefficients {
  float beta1, beta2, weight_decay, epsilon;
  float rate;          ///< learning rate / (1 - beta1^t)
  float second_scale;  ///< 1 / sqrt(1 - beta2^t)
};

/// value, gradient, first, second [n]: one row, or several that follow each other.
void StepSpan(const Coefficients& c, std::size_t n, float* __restrict value, float* __restrict gradient,
              float* __restrict first, float* __restrict second) {
  for (std::size_t i = 0; i < n; ++i) {
    const float g = gradient[i] + c.weight_decay * value[i];
    first[i] = c.beta1 * first[i] + (1.0F - c.beta1) * g;
    second[i] = c.beta2 * second[i] + (1.0F - c.beta2) * g * g;
    value[i] -= c.rate * first[i] / (std::sqrt(second[i]) * c.second_scale + c.epsilon);
    gradient[i] = 0.0F;
  }
}

void FitMoments(const Matrix& value, Matrix& moment) {
  if (moment.rows() == value.rows() && moment.cols() == value.cols()) return;
  moment.resize(value.rows(), value.cols());
  moment.fill(0.0F);
}

}  // namespace

void Adam::Step(const Runtime& runtime, double learning_rate, std::uint64_t step, Parameter& parameter,
                std::span<const std::uint32_t> rows, bool all_rows) {
  Matrix& value = parameter.value;
  Matrix& gradient = parameter.gradient;
  if (gradient.rows() != value.rows() || gradient.cols() != value.cols() || step == 0) {
    throw std::invalid_argument("Adam: parameter \"" + parameter.name + "\" needs a gradient of the value's shape [" +
                                std::to_string(value.rows()) + " x " + std::to_string(value.cols()) +
                                "] and a step from 1, found [" + std::to_string(gradient.rows()) + " x " +
                                std::to_string(gradient.cols()) + "] and step " + std::to_string(step));
  }
  FitMoments(value, first_);
  FitMoments(value, second_);
  const double t = static_cast<double>(step);
  const Coefficients c = {.beta1 = static_cast<float>(options_.beta1),
                          .beta2 = static_cast<float>(options_.beta2),
                          .weight_decay = static_cast<float>(options_.weight_decay),
                          .epsilon = static_cast<float>(options_.epsilon),
                          .rate = static_cast<float>(learning_rate / (1.0 - std::pow(options_.beta1, t))),
                          .second_scale = static_cast<float>(1.0 / std::sqrt(1.0 - std::pow(options_.beta2, t)))};
  const std::size_t cols = value.cols();
  if (all_rows) {
    ParallelFor(runtime, value.rows(), kRowsPerTask, [&](std::size_t begin, std::size_t end) {
      StepSpan(c, (end - begin) * cols, value.row(begin), gradient.row(begin), first_.row(begin), second_.row(begin));
    });
    return;
  }
  ParallelFor(runtime, rows.size(), kRowsPerTask, [&](std::size_t begin, std::size_t end) {
    for (const std::uint32_t r : rows.subspan(begin, end - begin)) {
      StepSpan(c, cols, value.row(r), gradient.row(r), first_.row(r), second_.row(r));
    }
  });
}

}  // namespace kith
