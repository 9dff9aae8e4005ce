/// The instruction set that the kernels run on: the best the machine has, or what KITH_ISA names.
#pragma once

#include <string_view>

#include "kith/base/status.h"

namespace kith::kernels {

/// "generic", "avx2" or "avx512"; decided once, at the first call.
[[nodiscard]] std::string_view ActiveIsa() noexcept;
/// Fails (kInvalidArgument) where KITH_ISA names an instruction set that is unknown or that this machine lacks.
/// Kernels called all the same fall back to the best the machine has.
[[nodiscard]] Status CheckIsa();

}  // namespace kith::kernels
