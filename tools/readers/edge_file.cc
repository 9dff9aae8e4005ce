#include "readers/edge_file.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "readers/line_reader.h"
#include "readers/numbers.h"
#include "readers/row_faults.h"
#include "readers/table_layout.h"
#include "readers/table_row.h"

namespace kith::tools {
namespace {

class EdgeFileReader {
 public:
  EdgeFileReader(LineReader lines, const EdgeFileOptions& options, const EdgeVisitor& visitor, DroppedRows& dropped)
      : lines_(std::move(lines)),
        visitor_(visitor),
        faults_(options.on_error, dropped),
        relation_(options.kind == EdgeKind::kInteractions ? Relation::kInteracts : Relation::kTrusts) {}

  Status Read(const EdgeFileOptions& options) {
    std::string_view line;
    KITH_ASSIGN_OR_RETURN(bool more, lines_.NextNotBlank(line));
    if (!more) return NoRows();
    Result<TableLayout> layout = DetectLayout(line, options);
    if (!layout.ok()) return layout.status().WithContext(lines_.Where());
    if (layout->header) {
      KITH_ASSIGN_OR_RETURN(more, lines_.NextNotBlank(line));
      if (!more) return NoRows();
    }
    TableRow row(layout->separator, layout->quoted);
    while (more) {
      const std::uint64_t number = lines_.number();
      KITH_RETURN_IF_ERROR(layout->adjacency ? ReadAdjacency(line) : ReadTableRow(line, number, *layout, row));
      KITH_ASSIGN_OR_RETURN(more, lines_.NextNotBlank(line));
    }
    return OkStatus();
  }

 private:
  Status NoRows() const { return BadInput(lines_.name() + ": expected rows, found none: the file has no rows"); }

  Status Refuse(std::string_view reason, const Status& fault, std::uint64_t number) {
    return faults_.Refuse(reason, fault, lines_.Where(number));
  }

  /// Checks what a reader can check, then hands the edge over.
  Status Visit(const Event& event, std::uint64_t number) {
    const bool friendship = event.relation == Relation::kTrusts;
    if (const Status key = ValidateKey(event.user, "user key"); !key.ok()) return Refuse("bad key", key, number);
    if (const Status key = ValidateKey(event.target, friendship ? "friend key" : "item key"); !key.ok()) {
      return Refuse("bad key", key, number);
    }
    if (friendship && event.user == event.target) return Refuse("self-friendship", ValidateEvent(event), number);
    const Status done = visitor_.edge(event);
    return done.ok() ? done : Refuse("refused", done, number);
  }

  Status ReadTableRow(std::string_view line, std::uint64_t number, const TableLayout& layout, TableRow& row) {
    if (const Status split = row.Read(line, &lines_); !split.ok()) return Refuse("bad quoting", split, number);
    const std::vector<std::string_view>& fields = row.fields();
    const std::size_t last = std::max({layout.user, layout.target, layout.weight.value_or(0), layout.time.value_or(0)});
    const auto found = [&] {
      return "found " + std::to_string(fields.size()) + (fields.size() == 1 ? " field" : " fields");
    };
    if (fields.size() <= last) {
      return Refuse("short row", BadInput("expected \"" + layout.expected + "\", " + found()), number);
    }
    // More fields than the header names: an unquoted separator has shifted the columns.  Empty ones at the end are not.
    const auto named = fields.begin() + static_cast<std::ptrdiff_t>(std::min(layout.header_fields, fields.size()));
    if (layout.header && std::any_of(named, fields.end(), [](std::string_view field) { return !field.empty(); })) {
      return Refuse(
          "long row",
          BadInput("expected the " + std::to_string(layout.header_fields) + " fields of the header, " + found()),
          number);
    }
    Event event = {.user = fields[layout.user], .target = fields[layout.target], .relation = relation_};
    if (layout.weight) {
      const Status weight = ParseWeight(fields[*layout.weight], event.weight);
      if (!weight.ok()) return Refuse("bad weight", weight, number);
    }
    if (layout.time && !fields[*layout.time].empty()) {
      const Status time = ParseTime(fields[*layout.time], event.time);
      if (!time.ok()) return Refuse("bad time", time, number);
    }
    return Visit(event, number);
  }

  /// `user item item ...` between spaces or tabs; a lone user is made known.
  Status ReadAdjacency(std::string_view line) {
    const auto next = [&line] {
      line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
      const std::string_view word = line.substr(0, line.find_first_of(" \t"));
      line.remove_prefix(word.size());
      return word;
    };
    const std::string_view user = next();
    std::string_view target = next();
    if (target.empty()) {
      Status known = ValidateKey(user, "user key");
      if (known.ok()) known = visitor_.lone_user(user);
      return known.ok() ? known : Refuse("bad key", known, lines_.number());
    }
    for (; !target.empty(); target = next()) {
      KITH_RETURN_IF_ERROR(Visit({.user = user, .target = target, .relation = relation_}, lines_.number()));
    }
    return OkStatus();
  }

  LineReader lines_;
  const EdgeVisitor& visitor_;
  RowFaults faults_;
  Relation relation_;
};

}  // namespace

Status ReadEdgeFile(const std::string& path, const EdgeFileOptions& options, const EdgeVisitor& visitor,
                    DroppedRows& dropped) {
  KITH_ASSIGN_OR_RETURN(LineReader lines, LineReader::Open(path));
  return EdgeFileReader(std::move(lines), options, visitor, dropped).Read(options);
}

}  // namespace kith::tools
