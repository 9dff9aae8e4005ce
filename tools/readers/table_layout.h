/// TableLayout: which format a file has and which column plays which role, decided from its first line.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kith/base/status.h"
#include "readers/edge_file.h"

namespace kith::tools {

struct TableLayout {
  bool adjacency = false;            ///< lightgcn: `user item item ...`; the fields below mean nothing then
  std::string separator = "\t";      ///< "\t", ",", " " or "::"
  bool quoted = false;               ///< csv: fields as in RFC 4180
  bool header = false;               ///< the first line names columns
  std::size_t header_fields = 0;     ///< how many
  std::size_t user = 0, target = 0;  ///< positions from 0
  std::optional<std::size_t> weight, time;
  std::string expected;  ///< "user,item,rating,time", for messages
};

/// `first_line` is the file's first line that is not blank.
/// kBadInput: the format cannot be told, or a column is missing; says how to name it.  The place is the caller's.
[[nodiscard]] Result<TableLayout> DetectLayout(std::string_view first_line, const EdgeFileOptions& options);

/// A header's names as they are compared: `:token` and the like cut off, lower case, without spaces, `_` and `-`.
[[nodiscard]] std::string ColumnName(std::string_view field);

/// Position of the first column that has one of `names` (earlier names first), if any.
[[nodiscard]] std::optional<std::size_t> FindColumn(const std::vector<std::string>& columns,
                                                    std::span<const std::string_view> names);

/// Names under which files call an item.
[[nodiscard]] std::span<const std::string_view> ItemColumnNames() noexcept;

/// Tab where the line has one, else "::", else comma, else space.
[[nodiscard]] std::string SeparatorOf(std::string_view line);

}  // namespace kith::tools
