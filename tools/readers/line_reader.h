/// LineReader: a text file line by line, with line numbers for messages.
///
/// LF and CRLF end a line, a missing last one is fine, a UTF-8 byte order mark is dropped.  A line may hold any byte
/// and have any length up to 256 MiB.  Lines inside a chunk are views of it; only those that cross chunks are copied.
/// Threads: one at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "kith/base/status.h"
#include "readers/text_source.h"

namespace kith::tools {

class LineReader {
 public:
  /// Fails as TextSource::Open.
  [[nodiscard]] static Result<LineReader> Open(const std::string& path);
  /// `name` stands for the file in messages.
  LineReader(std::string name, std::unique_ptr<TextSource> source);

  /// False at the end; else `line` is the next line, valid until the next call.
  [[nodiscard]] Result<bool> Next(std::string_view& line);
  /// As Next, and leaves out lines that hold spaces and tabs alone.
  [[nodiscard]] Result<bool> NextNotBlank(std::string_view& line);

  /// Number of the line that Next gave last, from 1.
  [[nodiscard]] std::uint64_t number() const noexcept { return number_; }
  /// "path:12"
  [[nodiscard]] std::string Where(std::uint64_t line) const { return name_ + ":" + std::to_string(line); }
  [[nodiscard]] std::string Where() const { return Where(number_); }
  [[nodiscard]] const std::string& name() const noexcept { return name_; }

 private:
  std::string name_;
  std::unique_ptr<TextSource> source_;
  std::string_view chunk_;  ///< what is left of the chunk
  std::string carried_;     ///< the beginning of a line whose end is in a later chunk
  std::uint64_t number_ = 0;
};

/// Whether the line holds nothing but spaces and tabs.
[[nodiscard]] bool IsBlank(std::string_view line) noexcept;

}  // namespace kith::tools
