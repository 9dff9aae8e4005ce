/// The high-water mark: what the store has acknowledged, kept outside RocksDB in a file of its own.
///
/// RocksDB cannot tell a write-ahead log that lost acknowledged records at its end from one that never had them; the
/// mark can.  It is written and synced after the log and before the caller hears "stored", so it never runs ahead of
/// what was synced, and a store that opens with less than the mark has lost something.
/// Two slots are written in turn, so that a torn write leaves the one before.
/// Threads: one writer object (callers serialise); any number of readers of the file.   Cost: one fdatasync.
#pragma once

#include <cstdint>
#include <string>

#include "files.h"
#include "kith/base/status.h"

namespace kith::storage {

struct Mark {
  std::uint64_t commit = 0;
  std::uint64_t last_sequence = 0;
};

/// The newest valid slot.  Fails: kNotFound (no file), kCorruption (no valid slot), kIoError.
[[nodiscard]] Result<Mark> ReadMark(const std::string& path);

class MarkWriter {
 public:
  /// A new file with both slots, the second empty.
  [[nodiscard]] static Status Create(const std::string& path, const Mark& mark);
  [[nodiscard]] static Result<MarkWriter> Open(const std::string& path);

  /// Durable when it returns.
  [[nodiscard]] Status Write(const Mark& mark);
  [[nodiscard]] const Mark& last() const noexcept { return last_; }

 private:
  std::string path_;
  FileHandle file_;
  Mark last_ = {};
  int next_slot_ = 0;
};

}  // namespace kith::storage
