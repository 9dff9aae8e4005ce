/// The header of NumPy's .npy files, version 1.0 (numpy.lib.format): the numbers follow as they lie in memory.
#pragma once

#include <cstddef>
#include <string>

namespace kith::tools {

/// Header of a row-major little-endian float32 array [rows x columns]; its size is a multiple of 64.
[[nodiscard]] std::string NpyHeader(std::size_t rows, std::size_t columns);

}  // namespace kith::tools
