/// Files and folders of a store, made durable: what a function here has written survives a power cut once it returns.
///
/// Failures are kIoError ("disk full", "permission denied", ...) naming the action and the path; a file that is not
/// there is kNotFound.   Threads: no state.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "kith/base/status.h"

namespace kith::storage {

/// The failure that `errno` stands for: "writing x/y: disk full; free some space and try again".
[[nodiscard]] Status ErrnoStatus(int error, std::string_view action, const std::string& path);

/// A file descriptor that closes itself.
class FileHandle {
 public:
  FileHandle() = default;
  explicit FileHandle(int fd) noexcept : fd_(fd) {}
  FileHandle(FileHandle&& other) noexcept;
  FileHandle& operator=(FileHandle&& other) noexcept;
  ~FileHandle();

  [[nodiscard]] int get() const noexcept { return fd_; }
  [[nodiscard]] bool valid() const noexcept { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

[[nodiscard]] Result<std::string> ReadFile(const std::string& path);
/// Creates or replaces a file and syncs it; its name is durable after SyncFolder.
[[nodiscard]] Status WriteFileSynced(const std::string& path, std::string_view bytes);
/// Exactly `bytes` from `offset` on; kCorruption where the file ends before.  Threads: any number on one file.
[[nodiscard]] Status ReadAt(const FileHandle& file, const std::string& path, std::uint64_t offset, char* out,
                            std::size_t bytes);
[[nodiscard]] Status WriteAt(const FileHandle& file, const std::string& path, std::uint64_t offset,
                             std::string_view bytes);
[[nodiscard]] Status SyncFile(const std::string& path);
[[nodiscard]] Status SyncFolder(const std::string& path);
[[nodiscard]] Status Rename(const std::string& from, const std::string& to);
/// Whole trees too; a path that is not there is no error.
[[nodiscard]] Status RemoveAll(const std::string& path);
/// One folder; one that is there already is no error.
[[nodiscard]] Status MakeFolder(const std::string& path);
/// Names in a folder, sorted, without "." and "..".
[[nodiscard]] Result<std::vector<std::string>> ListFolder(const std::string& path);
/// "" for a path without a slash becomes ".".
[[nodiscard]] std::string ParentFolder(const std::string& path);

}  // namespace kith::storage
