#include "npy.h"

#include <bit>

namespace kith::tools {

static_assert(std::endian::native == std::endian::little, "rows are written as they lie in memory");

std::string NpyHeader(std::size_t rows, std::size_t columns) {
  std::string dictionary = "{'descr': '<f4', 'fortran_order': False, 'shape': (" + std::to_string(rows) + ", " +
                           std::to_string(columns) + "), }";
  constexpr std::size_t kBefore = 10;  // magic, version, length
  dictionary.append(63 - (kBefore + dictionary.size()) % 64, ' ');
  dictionary += '\n';
  std::string header("\x93NUMPY\x01\x00", 8);
  header += static_cast<char>(dictionary.size() & 0xFF);
  header += static_cast<char>(dictionary.size() >> 8);
  return header + dictionary;
}

}  // namespace kith::tools
