/// What Finish and the codec share.
#pragma once

#include <string_view>

namespace kith {

/// Whether the text is one JSON object.
[[nodiscard]] bool IsJsonObject(std::string_view text);

}  // namespace kith
