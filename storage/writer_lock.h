/// WriterLock: one writer at a time, in any process and any object.  Held until it is destroyed or the process ends.
#pragma once

#include <string>
#include <utility>

#include "files.h"
#include "kith/base/status.h"

namespace kith::storage {

class WriterLock {
 public:
  /// Holds nothing.
  WriterLock() = default;
  /// Locks folder/WRITER, making the file where it is missing.  Fails: kLocked, kIoError, kNotFound (no such folder).
  [[nodiscard]] static Result<WriterLock> Take(const std::string& folder);

 private:
  explicit WriterLock(FileHandle file) noexcept : file_(std::move(file)) {}
  FileHandle file_;
};

}  // namespace kith::storage
