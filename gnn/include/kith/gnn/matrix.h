/// Dense row-major matrix [rows x cols] in aligned memory; float for work, double for gradient checks.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "kith/base/buffer.h"

namespace kith {

template <class T>
class MatrixOf {
 public:
  MatrixOf() = default;
  MatrixOf(std::size_t rows, std::size_t cols) : rows_(rows), cols_(cols), data_(rows * cols) {}

  [[nodiscard]] std::size_t rows() const noexcept { return rows_; }
  [[nodiscard]] std::size_t cols() const noexcept { return cols_; }
  [[nodiscard]] std::size_t size() const noexcept { return data_.size(); }
  [[nodiscard]] T* data() noexcept { return data_.data(); }
  [[nodiscard]] const T* data() const noexcept { return data_.data(); }
  [[nodiscard]] T* row(std::size_t r) noexcept { return data_.data() + r * cols_; }
  [[nodiscard]] const T* row(std::size_t r) const noexcept { return data_.data() + r * cols_; }
  [[nodiscard]] std::span<const T> row_span(std::size_t r) const noexcept { return {row(r), cols_}; }
  [[nodiscard]] T& operator()(std::size_t r, std::size_t c) noexcept { return data_[r * cols_ + c]; }
  [[nodiscard]] const T& operator()(std::size_t r, std::size_t c) const noexcept { return data_[r * cols_ + c]; }
  [[nodiscard]] std::span<T> span() noexcept { return data_.span(); }
  [[nodiscard]] std::span<const T> span() const noexcept { return data_.span(); }

  /// New shape; the values are unspecified afterwards unless the shape stays.
  void resize(std::size_t rows, std::size_t cols) {
    rows_ = rows;
    cols_ = cols;
    data_.resize(rows * cols);
  }
  void fill(T value) { std::fill(data_.begin(), data_.end(), value); }

 private:
  std::size_t rows_ = 0, cols_ = 0;
  AlignedBuffer<T> data_;
};

using Matrix = MatrixOf<float>;

}  // namespace kith
