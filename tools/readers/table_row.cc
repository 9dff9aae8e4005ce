#include "readers/table_row.h"

#include <algorithm>

#include "readers/found_text.h"

namespace kith::tools {
namespace {

constexpr std::size_t kMaxQuotedBytes = std::size_t{1} << 20;

}  // namespace

Status TableRow::Read(std::string_view line, LineReader* lines) {
  fields_.clear();
  if (quoted_ && line.find('"') != std::string_view::npos) return SplitQuoted(line, lines);
  SplitPlain(line);
  return OkStatus();
}

void TableRow::SplitPlain(std::string_view line) {
  for (;;) {
    const std::size_t end = separator_.size() == 1 ? line.find(separator_[0]) : line.find(separator_);
    fields_.push_back(line.substr(0, end));
    if (end == std::string_view::npos) return;
    line.remove_prefix(end + separator_.size());
  }
}

Status TableRow::SplitQuoted(std::string_view line, LineReader* lines) {
  const char separator = separator_[0];
  record_ = line;
  unquoted_.clear();
  std::size_t at = 0;
  for (;;) {
    std::string field;
    if (at < record_.size() && record_[at] == '"') {
      ++at;
      for (;;) {
        const std::size_t quote = record_.find('"', at);
        if (quote == std::string::npos) {
          std::string_view next;
          bool more = false;
          if (lines) {
            KITH_ASSIGN_OR_RETURN(more, lines->Next(next));
          }
          if (!more || record_.size() + next.size() > kMaxQuotedBytes) {
            return BadInput("expected a closing quote, found none after " +
                            FoundText(std::string_view(record_).substr(at - 1)));
          }
          record_ += '\n';
          record_ += next;
          continue;
        }
        field.append(record_, at, quote - at);
        at = quote + 1;
        if (at == record_.size() || record_[at] != '"') break;
        field += '"';
        ++at;
      }
      if (at < record_.size() && record_[at] != separator) {
        return BadInput("expected a separator after the closing quote, found " +
                        FoundText(std::string_view(record_).substr(at)));
      }
    } else {
      const std::size_t end = std::min(record_.find(separator, at), record_.size());
      field.assign(record_, at, end - at);
      at = end;
    }
    unquoted_.push_back(std::move(field));
    if (at == record_.size()) break;
    ++at;
  }
  fields_.assign(unquoted_.begin(), unquoted_.end());
  return OkStatus();
}

}  // namespace kith::tools
