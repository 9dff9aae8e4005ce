/// LineBatcher: the lines of a stream as they arrive, so that whoever sends a line and waits is answered.
///
/// It never waits while it holds a whole line.  LF and CRLF end a line, a missing last one and a byte order mark are
/// fine.  A line longer than kMaxLineBytes is given as its first kMaxLineBytes + 1 bytes; the rest of it is dropped.
/// Threads: one at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "kith/base/status.h"

namespace kith::tools {

class LineBatcher {
 public:
  static constexpr std::size_t kMaxLineBytes = std::size_t{1} << 20;
  enum class Outcome : std::uint8_t { kLines, kEnd, kStopped };

  /// Borrows both descriptors.  Once `stop_fd` (-1: none) is readable, nothing more is read.
  explicit LineBatcher(int fd, int stop_fd = -1) : fd_(fd), stop_fd_(stop_fd) {}

  /// Waits for a line, then gives all that are there, at most `most`; the views live until the next call.
  /// kStopped comes after every whole line that was read before.  kIoError: the system refused to read.
  [[nodiscard]] Result<Outcome> Next(std::size_t most, std::vector<std::string_view>& lines);
  /// Whether something is there for Next: bytes, the end of the stream, or the wish to stop.
  [[nodiscard]] bool Ready() const noexcept;

 private:
  void TakeLines(std::size_t most, std::vector<std::string_view>& lines);
  Status ReadMore();
  void DropRestOfLongLine(std::size_t arrived_at);

  int fd_, stop_fd_;
  std::vector<char> buffer_;  ///< [begin_, end_) has not been given out
  std::size_t begin_ = 0, end_ = 0;
  std::size_t scanned_ = 0;  ///< up to here there is no line end
  bool first_ = true, at_end_ = false, dropping_ = false;
};

}  // namespace kith::tools
