/// How an error message shows a piece of input: quoted, printable, and short however long the input is.
#pragma once

#include <string>
#include <string_view>

namespace kith::tools {

/// `"4,5x"`, `"\x00\x01..." (10240 bytes)`: bytes outside printable ASCII as \xNN unless they are part of UTF-8 text,
/// at most the first 40 bytes; `nothing` for empty text.
[[nodiscard]] std::string FoundText(std::string_view text);

}  // namespace kith::tools
