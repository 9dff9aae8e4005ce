#include "readers/item_file.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "kith/graph/event.h"
#include "readers/found_text.h"
#include "readers/line_reader.h"
#include "readers/row_faults.h"
#include "readers/table_layout.h"
#include "readers/table_row.h"

namespace kith::tools {
namespace {

constexpr std::string_view kIdNames[] = {"id"};
constexpr std::string_view kNameNames[] = {"name", "title", "itemname", "movietitle", "artistname", "itemtitle"};

struct ItemColumns {
  std::size_t item = 0, name = 0;
};

Result<ItemColumns> FindColumns(std::string_view header, const std::vector<std::string_view>& fields) {
  std::vector<std::string> names;
  for (const std::string_view field : fields) names.push_back(ColumnName(field));
  std::optional<std::size_t> item = FindColumn(names, ItemColumnNames());
  if (!item) item = FindColumn(names, kIdNames);
  const auto name = FindColumn(names, kNameNames);
  if (!item || !name || *item == *name) {
    return BadInput("expected a header with the columns item and name, found " + FoundText(header));
  }
  return ItemColumns{*item, *name};
}

}  // namespace

Status ReadItemFile(const std::string& path, OnError on_error,
                    FunctionRef<Status(std::string_view item, std::string_view name)> visit, DroppedRows& dropped) {
  KITH_ASSIGN_OR_RETURN(LineReader lines, LineReader::Open(path));
  const Status no_rows = BadInput(path + ": expected rows, found none: the file has no rows");
  RowFaults faults(on_error, dropped);
  std::string_view line;
  KITH_ASSIGN_OR_RETURN(bool more, lines.NextNotBlank(line));
  if (!more) return no_rows;
  const std::string separator = SeparatorOf(line);
  TableRow row(separator, separator == ",");
  if (const Status header = row.Read(line, nullptr); !header.ok()) return header.WithContext(lines.Where());
  const Result<ItemColumns> columns = FindColumns(line, row.fields());
  if (!columns.ok()) return columns.status().WithContext(lines.Where());
  const std::size_t width = row.fields().size();

  KITH_ASSIGN_OR_RETURN(more, lines.NextNotBlank(line));
  if (!more) return no_rows;
  while (more) {
    const std::string where = lines.Where();
    const auto read_row = [&]() -> Status {
      if (const Status split = row.Read(line, &lines); !split.ok()) return faults.Refuse("bad quoting", split, where);
      const std::vector<std::string_view>& fields = row.fields();
      if (fields.size() <= std::max(columns->item, columns->name) || fields.size() > width) {
        return faults.Refuse(fields.size() > width ? "long row" : "short row",
                             BadInput("expected the " + std::to_string(width) + " fields of the header, found " +
                                      std::to_string(fields.size())),
                             where);
      }
      const std::string_view item = fields[columns->item], name = fields[columns->name];
      if (const Status key = ValidateKey(item, "item key"); !key.ok()) return faults.Refuse("bad key", key, where);
      if (!name.empty()) {
        if (const Status text = ValidateKey(name, "item name"); !text.ok())
          return faults.Refuse("bad name", text, where);
      }
      const Status done = visit(item, name);
      return done.ok() ? done : faults.Refuse("refused", done, where);
    };
    KITH_RETURN_IF_ERROR(read_row());
    KITH_ASSIGN_OR_RETURN(more, lines.NextNotBlank(line));
  }
  return OkStatus();
}

}  // namespace kith::tools
