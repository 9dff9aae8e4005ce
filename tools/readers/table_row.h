/// Splitting a line into fields.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kith/base/status.h"
#include "readers/line_reader.h"

namespace kith::tools {

/// One row of a table, field by field.  The views live until the next Read.
class TableRow {
 public:
  /// `separator`: "\t", ",", " " or "::".  With `quoted`, fields follow RFC 4180: "a ""b"", c" is one field and may
  /// hold line ends.  A quote inside an unquoted field stands for itself.
  TableRow(std::string separator, bool quoted) : separator_(std::move(separator)), quoted_(quoted) {}

  /// Splits `line`; the further lines of a quoted field are taken from `lines`, if any.  kBadInput (without the place):
  /// text after a closing quote, or a quote that nothing closes within a megabyte.
  [[nodiscard]] Status Read(std::string_view line, LineReader* lines);

  [[nodiscard]] const std::vector<std::string_view>& fields() const noexcept { return fields_; }

 private:
  void SplitPlain(std::string_view line);
  Status SplitQuoted(std::string_view line, LineReader* lines);

  std::string separator_;
  bool quoted_;
  std::vector<std::string_view> fields_;
  std::string record_;  ///< the lines of a record with quotes
  std::vector<std::string> unquoted_;
};

}  // namespace kith::tools
