/// Tensors by name in the safetensors format (huggingface/safetensors, format 0.x): u64le header size, JSON header,
/// data.  Written little-endian, names sorted, offsets without holes; other tools read it.
/// Reading checks before it allocates: header size against the file, no holes or overlaps, dtype and shape against the
/// byte range, duplicate names, known dtypes.  Damage is kCorruption and names the tensor.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kith/base/status.h"
#include "kith/gnn/matrix.h"

namespace kith {

enum class DType : std::uint8_t { kF32, kF64, kI64, kU32, kU8 };

struct Tensor {
  DType dtype = DType::kF32;
  std::vector<std::size_t> shape;
  std::vector<std::byte> bytes;  ///< row-major, little-endian

  [[nodiscard]] static Tensor Of(const Matrix& matrix);
  [[nodiscard]] static Tensor Of(std::span<const float> values);
  [[nodiscard]] static Tensor Of(std::span<const double> values);
  [[nodiscard]] static Tensor Of(std::span<const std::uint32_t> values);
  [[nodiscard]] static Tensor Of(std::span<const std::uint64_t> values);  ///< as I64; REQUIRES: below 2^63
  /// Fail (kCorruption) where dtype or rank differs.
  [[nodiscard]] Result<Matrix> AsMatrix() const;
  [[nodiscard]] Result<std::vector<float>> AsFloats() const;
  [[nodiscard]] Result<std::vector<double>> AsDoubles() const;
  [[nodiscard]] Result<std::vector<std::uint32_t>> AsU32() const;
  [[nodiscard]] Result<std::vector<std::uint64_t>> AsU64() const;
};

struct TensorFile {
  std::map<std::string, Tensor, std::less<>> tensors;
  std::map<std::string, std::string, std::less<>> metadata;

  /// The named tensor, or kCorruption "model lacks tensor ...".
  [[nodiscard]] Result<const Tensor*> Find(std::string_view name) const;
};

[[nodiscard]] std::string EncodeSafetensors(const TensorFile& file);
[[nodiscard]] Result<TensorFile> DecodeSafetensors(std::string_view bytes);

}  // namespace kith
