/// Reasons of a recommendation, for machines and in words.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "json_writer.h"
#include "kith/recommend/engine.h"

namespace kith::tools {

/// Appends the array of REASON objects (docs/cli.md).
void WriteReasons(std::span<const Reason> reasons, JsonWriter& json);

/// "because you have Blue Harbour (31 %) and your friend mira (22 %)": the two largest of each kind among all
/// contributions of a score; a percentage is the share of everything that speaks for the item.  Empty where nothing
/// does.
[[nodiscard]] std::string ReasonsInWords(std::span<const Reason> contributions);

/// The readable name with the key in brackets, or the key.
[[nodiscard]] std::string Titled(const std::string& name, const std::string& key);

}  // namespace kith::tools
