/// Names and sizes of the element types, as the safetensors header spells them.
#pragma once

#include <array>
#include <cstddef>
#include <limits>
#include <optional>
#include <span>
#include <string_view>

#include "kith/gnn/safetensors.h"

namespace kith::gnn {

struct DTypeInfo {
  DType dtype;
  std::string_view name;
  std::size_t size;  ///< bytes of an element
};
inline constexpr std::array<DTypeInfo, 5> kDTypes = {{{DType::kF32, "F32", 4},
                                                      {DType::kF64, "F64", 8},
                                                      {DType::kI64, "I64", 8},
                                                      {DType::kU32, "U32", 4},
                                                      {DType::kU8, "U8", 1}}};

[[nodiscard]] constexpr std::string_view Name(DType dtype) noexcept {
  return kDTypes[static_cast<std::size_t>(dtype)].name;
}

/// Bytes of a tensor, or nothing where the product overflows.
[[nodiscard]] inline std::optional<std::size_t> ByteSize(DType dtype, std::span<const std::size_t> shape) noexcept {
  std::size_t bytes = kDTypes[static_cast<std::size_t>(dtype)].size;
  bool empty = false;
  for (const std::size_t n : shape) {
    if (n == 0) {
      empty = true;
    } else if (bytes > std::numeric_limits<std::size_t>::max() / n) {
      return std::nullopt;
    } else {
      bytes *= n;
    }
  }
  return empty ? 0 : bytes;
}

}  // namespace kith::gnn
