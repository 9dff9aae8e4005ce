/// CRC-32C (Castagnoli polynomial 0x1EDC6F41, reflected), as in iSCSI, RFC 3720 appendix B.4.
#pragma once

#include <cstdint>
#include <string_view>

namespace kith::storage {

/// Crc32c("123456789") == 0xE3069283.   Cost: 8 bytes in 3 cycles where the processor knows the polynomial.
[[nodiscard]] std::uint32_t Crc32c(std::string_view bytes) noexcept;
/// The same by tables, on any processor: about 1 ns a byte.
[[nodiscard]] std::uint32_t Crc32cByTables(std::string_view bytes) noexcept;

}  // namespace kith::storage
