#include "readers/table_layout.h"

#include <algorithm>
#include <charconv>

#include "readers/found_text.h"
#include "readers/table_row.h"

namespace kith::tools {
namespace {

using Names = std::span<const std::string_view>;

constexpr std::string_view kUserNames[] = {"user",   "userid",   "uid",     "userkey", "username",
                                           "source", "sourceid", "truster", "trustor"};
constexpr std::string_view kItemNames[] = {
    "item",      "itemid",   "iid",        "itemkey",  "movie",      "movieid", "artist", "artistid", "product",
    "productid", "business", "businessid", "book",     "bookid",     "song",    "songid", "track",    "trackid",
    "asin",      "venue",    "venueid",    "location", "locationid", "poi",     "poiid",  "game",     "gameid"};
constexpr std::string_view kFriendNames[] = {"friend",    "friendid", "friendkey", "trustee",
                                             "trusteeid", "target",   "targetid",  "followee"};
constexpr std::string_view kWeightNames[] = {"weight", "rating", "value", "stars", "count", "plays", "playcount"};
constexpr std::string_view kTimeNames[] = {"time", "timestamp", "unixtime"};

/// Fields of a first line, unquoted where the separator is a comma.
std::vector<std::string> Fields(std::string_view line, const std::string& separator) {
  TableRow row(separator, separator == ",");
  // A line that cannot be split names no column, which is then said.
  if (!row.Read(line, nullptr).ok()) return {std::string(line)};
  return {row.fields().begin(), row.fields().end()};
}

std::vector<std::string> ColumnNames(const std::vector<std::string>& fields) {
  std::vector<std::string> names;
  for (const std::string& field : fields) names.push_back(ColumnName(field));
  return names;
}

bool IsNumber(std::string_view text) noexcept {
  double value = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && rest == text.data() + text.size();
}

/// A position from 1, or nothing where the text is a name.
std::optional<std::size_t> Position(std::string_view text) noexcept {
  std::size_t value = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || rest != text.data() + text.size() || value == 0) return std::nullopt;
  return value - 1;
}

/// Finds the roles' columns: as --columns says, else by the names that files use.
class Columns {
 public:
  Columns(const EdgeFileOptions& options, std::vector<std::string> fields, bool header)
      : options_(options), fields_(std::move(fields)), header_(header) {
    if (header_) names_ = ColumnNames(fields_);
  }

  Result<std::optional<std::size_t>> Find(std::string_view role, Names names) const {
    const auto chosen = options_.columns.find(role);
    if (chosen == options_.columns.end()) {
      return header_ ? FindColumn(names_, names) : std::optional<std::size_t>();
    }
    if (const auto position = Position(chosen->second)) {
      if (header_ && *position >= fields_.size()) {
        return BadInput("expected a column " + chosen->second + " for " + std::string(role) + ", found " +
                        std::to_string(fields_.size()) + " columns");
      }
      return position;
    }
    const auto exact = std::find(fields_.begin(), fields_.end(), chosen->second);
    if (exact != fields_.end()) return std::optional<std::size_t>(exact - fields_.begin());
    const std::string name = ColumnName(chosen->second);
    const auto close = std::find(names_.begin(), names_.end(), name);
    if (close != names_.end()) return std::optional<std::size_t>(close - names_.begin());
    return BadInput("expected a column named \"" + chosen->second + "\" for " + std::string(role) +
                    ", found the header " + Header());
  }

  Result<std::size_t> Require(std::string_view role, Names names) const {
    KITH_ASSIGN_OR_RETURN(const std::optional<std::size_t> column, Find(role, names));
    if (column) return *column;
    const std::string assignment = std::string(role) + "=COL";
    if (header_) {
      return BadInput("expected a column for " + std::string(role) + " (such as \"" + std::string(names.front()) +
                      "\"), found the header " + Header() + "; name it with --columns " + assignment);
    }
    return BadInput("expected a header that names the columns, found " + Header() +
                    "; add one, or give positions: --columns user=1," +
                    std::string(options_.kind == EdgeKind::kInteractions ? "item" : "friend") + "=2");
  }

  std::string Label(std::size_t column, std::string_view role) const {
    return header_ && column < fields_.size() ? fields_[column] : std::string(role);
  }

 private:
  std::string Header() const {
    std::string line;
    for (const std::string& field : fields_) line += (line.empty() ? "" : ",") + field;
    return FoundText(line);
  }

  const EdgeFileOptions& options_;
  std::vector<std::string> fields_, names_;
  bool header_;
};

/// The four columns of MovieLens files, in the order in which they all have them.
TableLayout MovieLens(std::string separator) {
  TableLayout layout;
  layout.expected = "user" + separator + "item" + separator + "rating" + separator + "time";
  if (separator == "\t") layout.expected = "user, item, rating, time between tabs";
  layout.separator = std::move(separator);
  layout.target = 1;
  layout.weight = 2;
  layout.time = 3;
  return layout;
}

bool NamesUser(std::string_view line, const std::string& separator) {
  return FindColumn(ColumnNames(Fields(line, separator)), kUserNames).has_value();
}

/// Whether --columns says by a name that there is a header.
bool ColumnsByName(const EdgeFileOptions& options) {
  return std::any_of(options.columns.begin(), options.columns.end(),
                     [](const auto& column) { return !Position(column.second); });
}

Result<TableLayout> Table(std::string_view first_line, const EdgeFileOptions& options, std::string separator) {
  TableLayout layout;
  layout.quoted = separator == ",";
  layout.header = options.format == EdgeFormat::kRecBole || ColumnsByName(options) || NamesUser(first_line, separator);
  const std::vector<std::string> fields = Fields(first_line, separator);
  if (layout.header) layout.header_fields = fields.size();
  const Columns columns(options, fields, layout.header);
  const bool items = options.kind == EdgeKind::kInteractions;
  KITH_ASSIGN_OR_RETURN(layout.user, columns.Require("user", kUserNames));
  KITH_ASSIGN_OR_RETURN(layout.target,
                        items ? columns.Require("item", kItemNames) : columns.Require("friend", kFriendNames));
  if (layout.user == layout.target) {
    return BadInput("expected different columns for user and " + std::string(items ? "item" : "friend") +
                    ", found column " + std::to_string(layout.user + 1) + " for both");
  }
  KITH_ASSIGN_OR_RETURN(layout.weight, columns.Find("weight", kWeightNames));
  KITH_ASSIGN_OR_RETURN(layout.time, columns.Find("time", kTimeNames));
  const std::string between = separator == "\t" ? ", " : separator;
  layout.expected =
      columns.Label(layout.user, "user") + between + columns.Label(layout.target, items ? "item" : "friend");
  if (layout.weight) layout.expected += between + columns.Label(*layout.weight, "weight");
  if (layout.time) layout.expected += between + columns.Label(*layout.time, "time");
  layout.separator = std::move(separator);
  return layout;
}

}  // namespace

std::string ColumnName(std::string_view field) {
  field = field.substr(0, field.find(':'));
  std::string name;
  for (const char c : field) {
    if (c == ' ' || c == '_' || c == '-') continue;
    name += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return name;
}

std::optional<std::size_t> FindColumn(const std::vector<std::string>& columns,
                                      std::span<const std::string_view> names) {
  for (const std::string_view name : names) {
    const auto found = std::find(columns.begin(), columns.end(), name);
    if (found != columns.end()) return static_cast<std::size_t>(found - columns.begin());
  }
  return std::nullopt;
}

std::span<const std::string_view> ItemColumnNames() noexcept { return kItemNames; }

std::string SeparatorOf(std::string_view line) {
  if (line.find('\t') != std::string_view::npos) return "\t";
  if (line.find("::") != std::string_view::npos) return "::";
  return line.find(',') != std::string_view::npos ? "," : " ";
}

Result<TableLayout> DetectLayout(std::string_view first_line, const EdgeFileOptions& options) {
  TableLayout adjacency;
  adjacency.adjacency = true;
  const bool items = options.kind == EdgeKind::kInteractions;
  EdgeFormat format = options.format;
  // MovieLens has no friendships: beside such a file of interactions, the friendships' own format is looked for.
  if (format == EdgeFormat::kMovieLens && !items) format = EdgeFormat::kAuto;
  const bool colons = first_line.find("::") != std::string_view::npos;
  const std::string separator = SeparatorOf(first_line);
  switch (format) {
    case EdgeFormat::kLightGcn:
      return adjacency;
    case EdgeFormat::kCsv:
      return Table(first_line, options, ",");
    case EdgeFormat::kTsv:
    case EdgeFormat::kRecBole:
      return Table(first_line, options, "\t");
    case EdgeFormat::kMovieLens:
      if (colons) return MovieLens("::");
      if (NamesUser(first_line, separator)) return Table(first_line, options, separator);
      return MovieLens(separator);
    case EdgeFormat::kAuto:
      break;
  }
  if (!options.columns.empty() || NamesUser(first_line, separator)) return Table(first_line, options, separator);
  if (items && colons) return MovieLens("::");
  if (separator == " ") return adjacency;
  const std::vector<std::string> fields = Fields(first_line, separator);
  if (items && separator == "\t" && fields.size() == 4 && std::all_of(fields.begin(), fields.end(), IsNumber)) {
    return MovieLens("\t");
  }
  return BadInput("expected a header that names the columns (user, " + std::string(items ? "item" : "friend") +
                  "), found " + FoundText(first_line) + "; add one, give positions (--columns user=1," +
                  (items ? "item" : "friend") + "=2), or name the format (--format)");
}

}  // namespace kith::tools
