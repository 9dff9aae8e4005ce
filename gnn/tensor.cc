#include <bit>
#include <cstring>
#include <string>
#include <utility>

#include "kith/gnn/safetensors.h"
#include "tensor_format.h"

namespace kith {

static_assert(std::endian::native == std::endian::little, "tensors are stored as the machine holds them");

namespace {

template <class T>
Tensor Make(DType dtype, std::vector<std::size_t> shape, std::span<const T> values) {
  Tensor tensor{.dtype = dtype, .shape = std::move(shape), .bytes = {}};
  const auto bytes = std::as_bytes(values);
  tensor.bytes.assign(bytes.begin(), bytes.end());
  return tensor;
}

Status CheckAs(const Tensor& tensor, DType dtype, std::size_t rank) {
  if (tensor.dtype != dtype || tensor.shape.size() != rank) {
    return Corruption("tensor: expected " + std::string(gnn::Name(dtype)) + " of rank " + std::to_string(rank) +
                      ", found " + std::string(gnn::Name(tensor.dtype)) + " of rank " +
                      std::to_string(tensor.shape.size()));
  }
  const auto bytes = gnn::ByteSize(dtype, tensor.shape);
  if (!bytes || *bytes != tensor.bytes.size()) {
    return Corruption("tensor: its shape does not fit its " + std::to_string(tensor.bytes.size()) + " bytes");
  }
  return OkStatus();
}

template <class T>
Result<std::vector<T>> Values(const Tensor& tensor, DType dtype) {
  KITH_RETURN_IF_ERROR(CheckAs(tensor, dtype, 1));
  std::vector<T> values(tensor.bytes.size() / sizeof(T));
  if (!values.empty()) std::memcpy(values.data(), tensor.bytes.data(), tensor.bytes.size());
  return values;
}

}  // namespace

Tensor Tensor::Of(const Matrix& matrix) { return Make(DType::kF32, {matrix.rows(), matrix.cols()}, matrix.span()); }
Tensor Tensor::Of(std::span<const float> values) { return Make(DType::kF32, {values.size()}, values); }
Tensor Tensor::Of(std::span<const double> values) { return Make(DType::kF64, {values.size()}, values); }
Tensor Tensor::Of(std::span<const std::uint32_t> values) { return Make(DType::kU32, {values.size()}, values); }
Tensor Tensor::Of(std::span<const std::uint64_t> values) { return Make(DType::kI64, {values.size()}, values); }

Result<Matrix> Tensor::AsMatrix() const {
  KITH_RETURN_IF_ERROR(CheckAs(*this, DType::kF32, 2));
  Matrix matrix(shape[0], shape[1]);
  if (!bytes.empty()) std::memcpy(matrix.data(), bytes.data(), bytes.size());
  return matrix;
}

Result<std::vector<float>> Tensor::AsFloats() const { return Values<float>(*this, DType::kF32); }
Result<std::vector<double>> Tensor::AsDoubles() const { return Values<double>(*this, DType::kF64); }
Result<std::vector<std::uint32_t>> Tensor::AsU32() const { return Values<std::uint32_t>(*this, DType::kU32); }

Result<std::vector<std::uint64_t>> Tensor::AsU64() const {
  KITH_ASSIGN_OR_RETURN(std::vector<std::uint64_t> values, Values<std::uint64_t>(*this, DType::kI64));
  for (const std::uint64_t value : values) {
    if (value >> 63 != 0) return Corruption("tensor: expected counts, found a negative number");
  }
  return values;
}

Result<const Tensor*> TensorFile::Find(std::string_view name) const {
  const auto found = tensors.find(name);
  if (found == tensors.end()) return Corruption("model lacks tensor \"" + std::string(name) + "\"; train again");
  return &found->second;
}

}  // namespace kith
