#include "whole_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

namespace kith::tools {
namespace {

constexpr std::size_t kBufferBytes = 1 << 18;

}  // namespace

WholeFile::~WholeFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
  if (!temporary_.empty() && !published_) ::unlink(temporary_.c_str());
}

Status WholeFile::Failure(std::string_view action) const {
  return IoError(std::string(action) + " " + path_ + ": " + std::strerror(errno));
}

Status WholeFile::Open(const std::string& path) {
  path_ = path;
  std::error_code ignored;
  const std::filesystem::file_status status = std::filesystem::status(path, ignored);
  if (std::filesystem::is_directory(status)) {
    return IoError("writing " + path + ": expected a file's path, found a folder");
  }
  // A rename would put a file in the place of the link or device: /dev/stdout is both.
  const bool direct = std::filesystem::is_symlink(std::filesystem::symlink_status(path, ignored)) ||
                      (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status));
  if (!direct) temporary_ = path + ".tmp." + std::to_string(::getpid());
  const std::string& target = direct ? path_ : temporary_;
  descriptor_ = ::open(target.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (descriptor_ < 0) {
    const Status failure = Failure("creating");
    temporary_.clear();
    return failure;
  }
  return OkStatus();
}

Status WholeFile::Flush() {
  std::string_view rest = buffer_;
  while (!rest.empty()) {
    const ssize_t written = ::write(descriptor_, rest.data(), rest.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      return Failure("writing");
    }
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
  buffer_.clear();
  return OkStatus();
}

Status WholeFile::Write(std::string_view bytes) {
  buffer_ += bytes;
  return buffer_.size() < kBufferBytes ? OkStatus() : Flush();
}

Status WholeFile::Close() {
  KITH_RETURN_IF_ERROR(Flush());
  if (!temporary_.empty() && ::fsync(descriptor_) != 0) return Failure("syncing");
  const int descriptor = descriptor_;
  descriptor_ = -1;
  if (::close(descriptor) != 0) return Failure("closing");
  return OkStatus();
}

Status WholeFile::Publish() {
  if (!temporary_.empty() && std::rename(temporary_.c_str(), path_.c_str()) != 0) return Failure("renaming to");
  published_ = true;
  return OkStatus();
}

}  // namespace kith::tools
