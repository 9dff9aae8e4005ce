#include "readers/line_batcher.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>

namespace kith::tools {
namespace {

constexpr std::size_t kReadBytes = std::size_t{256} << 10;
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

}  // namespace

Result<LineBatcher::Outcome> LineBatcher::Next(std::size_t most, std::vector<std::string_view>& lines) {
  lines.clear();
  for (;;) {
    TakeLines(most, lines);
    if (!lines.empty()) return Outcome::kLines;
    if (at_end_) return Outcome::kEnd;
    pollfd waiting[2] = {{.fd = fd_, .events = POLLIN, .revents = 0}, {.fd = stop_fd_, .events = POLLIN, .revents = 0}};
    if (::poll(waiting, 2, -1) < 0) {
      if (errno == EINTR) continue;
      return IoError(std::string("waiting for input: ") + std::strerror(errno));
    }
    if (waiting[1].revents != 0) return Outcome::kStopped;
    KITH_RETURN_IF_ERROR(ReadMore());
  }
}

bool LineBatcher::Ready() const noexcept {
  // What has been scanned in vain is the beginning of a line; more of it comes through the descriptor.
  if (at_end_ || scanned_ < end_) return true;
  pollfd waiting[2] = {{.fd = fd_, .events = POLLIN, .revents = 0}, {.fd = stop_fd_, .events = POLLIN, .revents = 0}};
  return ::poll(waiting, 2, 0) > 0;
}

void LineBatcher::TakeLines(std::size_t most, std::vector<std::string_view>& lines) {
  while (lines.size() < most && begin_ < end_) {
    const char* const from = buffer_.data() + scanned_;
    const void* const found = std::memchr(from, '\n', end_ - scanned_);
    scanned_ = found ? static_cast<std::size_t>(static_cast<const char*>(found) - buffer_.data()) : end_;
    if (!found && !at_end_) return;
    std::string_view line(buffer_.data() + begin_, scanned_ - begin_);
    begin_ = scanned_ = std::min(scanned_ + 1, end_);
    if (first_ && line.starts_with(kByteOrderMark)) line.remove_prefix(kByteOrderMark.size());
    first_ = false;
    if (line.ends_with('\r')) line.remove_suffix(1);
    lines.push_back(line.substr(0, kMaxLineBytes + 1));
  }
}

Status LineBatcher::ReadMore() {
  // No line that was given out is alive here: what is left may move to the front.
  std::copy(buffer_.begin() + static_cast<std::ptrdiff_t>(begin_), buffer_.begin() + static_cast<std::ptrdiff_t>(end_),
            buffer_.begin());
  scanned_ -= begin_;
  end_ -= begin_;
  begin_ = 0;
  if (buffer_.size() < end_ + kReadBytes) buffer_.resize(end_ + kReadBytes);
  const ssize_t count = ::read(fd_, buffer_.data() + end_, kReadBytes);
  if (count < 0) {
    if (errno == EINTR || errno == EAGAIN) return OkStatus();
    return IoError(std::string("reading input: ") + std::strerror(errno));
  }
  at_end_ = count == 0;
  const std::size_t arrived_at = end_;
  end_ += static_cast<std::size_t>(count);
  DropRestOfLongLine(arrived_at);
  return OkStatus();
}

void LineBatcher::DropRestOfLongLine(std::size_t arrived_at) {
  const char* const arrived = buffer_.data() + arrived_at;
  const void* const line_end = std::memchr(arrived, '\n', end_ - arrived_at);
  if (dropping_) {
    const std::size_t dropped =
        line_end ? static_cast<std::size_t>(static_cast<const char*>(line_end) - arrived) : end_ - arrived_at;
    std::copy(arrived + dropped, static_cast<const char*>(buffer_.data()) + end_, buffer_.data() + arrived_at);
    end_ -= dropped;
  }
  dropping_ = !line_end && end_ > kMaxLineBytes;
  if (dropping_) end_ = scanned_ = kMaxLineBytes + 1;
}

}  // namespace kith::tools
