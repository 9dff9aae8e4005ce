/// The draws with 64-byte vectors, for machines that have them.
#pragma once

#include "draw.h"

namespace kith {

#if defined(__x86_64__)
extern const DrawTable kAvx512Draws;
/// Whether this machine has what they need (conflict detection besides what the kernels ask for).
[[nodiscard]] bool Avx512DrawsRun() noexcept;
#endif

}  // namespace kith
