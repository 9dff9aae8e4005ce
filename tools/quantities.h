/// Amounts as people write them on a command line: 60s, 2m, 4GiB.
#pragma once

#include <cstdint>
#include <string_view>

#include "kith/base/status.h"

namespace kith::tools {

/// Seconds: a positive number with ms, s, m or h; without a unit, seconds.  kInvalidArgument otherwise.
[[nodiscard]] Result<double> ParseDuration(std::string_view text);
/// Bytes: a positive number with B, KiB, MiB, GiB, TiB (powers of 1024), KB, MB, GB, TB (powers of 1000); without a
/// unit, bytes.  kInvalidArgument otherwise.
[[nodiscard]] Result<std::uint64_t> ParseBytes(std::string_view text);

}  // namespace kith::tools
