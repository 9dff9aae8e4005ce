/// Option values that `import`, `ingest` and `evaluate` read alike.
#pragma once

#include <string>
#include <string_view>

#include "kith/base/status.h"
#include "readers/edge_file.h"

namespace kith::tools {

/// auto, lightgcn, csv, tsv, recbole, movielens; kInvalidArgument with a suggestion otherwise.
[[nodiscard]] Result<EdgeFormat> ParseEdgeFormat(std::string_view text);
/// fail or skip.
[[nodiscard]] Result<OnError> ParseOnError(std::string_view text);
/// "user=uid,item=3": roles to header names or positions from 1.
[[nodiscard]] Result<std::map<std::string, std::string, std::less<>>> ParseColumns(std::string_view text);

/// "3 dropped (2 bad weight, 1 short row)", or "none dropped".
[[nodiscard]] std::string DroppedText(const DroppedRows& dropped);

}  // namespace kith::tools
