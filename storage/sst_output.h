/// SstOutput: sorted records of one column family on their way into files that RocksDB takes over whole.
#pragma once

#include <rocksdb/sst_file_writer.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "database.h"
#include "kith/base/status.h"

namespace kith::storage {

class SstOutput {
 public:
  /// Files go into `folder`, which is there, and are cut at about 256 MiB.
  SstOutput(std::string folder, Family family);

  /// REQUIRES: keys ascend strictly.
  [[nodiscard]] Status Add(std::string_view key, std::string_view value);
  /// Syncs the last file.
  [[nodiscard]] Status Finish();
  /// The files for the atomic take-over; empty where nothing was added.  REQUIRES: Finish() was ok.
  [[nodiscard]] const std::vector<std::string>& files() const noexcept { return files_; }
  [[nodiscard]] Family family() const noexcept { return family_; }

 private:
  std::string folder_;
  Family family_;
  rocksdb::Options options_;
  std::unique_ptr<rocksdb::SstFileWriter> writer_;
  std::uint64_t records_ = 0;  ///< in the file being written
  std::vector<std::string> files_;
};

/// Hands the files of all families to RocksDB in one atomic, synced step.
[[nodiscard]] Status TakeOver(Database& database, const std::vector<SstOutput*>& outputs);

}  // namespace kith::storage
