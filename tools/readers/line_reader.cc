#include "readers/line_reader.h"

#include <cstring>

namespace kith::tools {
namespace {

constexpr std::size_t kMaxLineBytes = std::size_t{256} << 20;
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

}  // namespace

bool IsBlank(std::string_view line) noexcept { return line.find_first_not_of(" \t") == std::string_view::npos; }

Result<LineReader> LineReader::Open(const std::string& path) {
  KITH_ASSIGN_OR_RETURN(auto source, TextSource::Open(path));
  return LineReader(path, std::move(source));
}

LineReader::LineReader(std::string name, std::unique_ptr<TextSource> source)
    : name_(std::move(name)), source_(std::move(source)) {}

Result<bool> LineReader::Next(std::string_view& line) {
  carried_.clear();
  bool carrying = false;
  for (;;) {
    if (chunk_.empty()) {
      Result<std::string_view> chunk = source_->Next();
      if (!chunk.ok()) return chunk.status().WithContext(Where(number_ + 1));
      chunk_ = *chunk;
      if (chunk_.empty()) {
        if (!carrying) return false;
        line = carried_;
        break;
      }
    }
    const void* const end = std::memchr(chunk_.data(), '\n', chunk_.size());
    const std::size_t length =
        end ? static_cast<std::size_t>(static_cast<const char*>(end) - chunk_.data()) : chunk_.size();
    if (carried_.size() + length > kMaxLineBytes) {
      return BadInput(Where(number_ + 1) +
                      ": expected lines of at most 256 MiB, found a longer one; is this a text file?");
    }
    if (end && !carrying) {
      line = chunk_.substr(0, length);
      chunk_.remove_prefix(length + 1);
      break;
    }
    carried_.append(chunk_.substr(0, length));
    carrying = true;
    chunk_.remove_prefix(end ? length + 1 : length);
    if (end) {
      line = carried_;
      break;
    }
  }
  ++number_;
  if (number_ == 1 && line.starts_with(kByteOrderMark)) line.remove_prefix(kByteOrderMark.size());
  if (line.ends_with('\r')) line.remove_suffix(1);
  return true;
}

Result<bool> LineReader::NextNotBlank(std::string_view& line) {
  for (;;) {
    KITH_ASSIGN_OR_RETURN(const bool more, Next(line));
    if (!more || !IsBlank(line)) return more;
  }
}

}  // namespace kith::tools
