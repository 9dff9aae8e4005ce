/// TextSource: the bytes of a file, chunk by chunk, read through gzip and zstd.
///
/// Compression is told by the first bytes of the file; a name that ends in .gz or .zst must keep its word.  A plain
/// file is read, not mapped: both run at the speed of memory, and a mapped file that someone truncates meanwhile would
/// end the process; pipes work as well. Threads: one at a time.   Cost: a megabyte of buffers.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "kith/base/status.h"

namespace kith::tools {

class TextSource {
 public:
  /// kBadInput: missing, a directory, unreadable, not compressed as its name says; the message begins with `path: `.
  [[nodiscard]] static Result<std::unique_ptr<TextSource>> Open(const std::string& path);
  virtual ~TextSource() = default;

  /// The next bytes, valid until the next call; empty at the end.
  /// kBadInput: a compressed stream that ends early or is damaged (the caller says where); kCancelled: Interrupted().
  [[nodiscard]] virtual Result<std::string_view> Next() = 0;
};

}  // namespace kith::tools
