/// Database: RocksDB as the store uses it. Options, column families, the one mapping of its failures.
///
/// Safety: a damaged byte in the write-ahead log is an error and not an end of the log; checksums everywhere; the log
/// files are tracked in the manifest; all families are flushed together, so that the files stand at one commit.
/// A reader writes nothing into the folder, not even a log file.
/// Threads: as RocksDB, safe for any use but Close.
#pragma once

#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "kith/base/log.h"
#include "kith/base/status.h"
#include "store_format.h"

namespace kith::storage {

/// The failure that `status` stands for, with the action and the path in front; the only place that decides.
[[nodiscard]] Status FromRocks(const rocksdb::Status& status, std::string_view action, const std::string& path);

/// A write batch with protection bytes for every key.
class Batch : public rocksdb::WriteBatch {
 public:
  Batch() : rocksdb::WriteBatch(0, 0, /*protection_bytes_per_key=*/8, 0) {}
};

[[nodiscard]] inline rocksdb::Slice ToSlice(std::string_view bytes) noexcept { return {bytes.data(), bytes.size()}; }
[[nodiscard]] inline std::string_view ToView(const rocksdb::Slice& slice) noexcept {
  return {slice.data(), slice.size()};
}

/// A view of the database that stands still; null in a reader's, which stands still anyway.
class SnapshotHandle {
 public:
  SnapshotHandle() = default;
  explicit SnapshotHandle(rocksdb::DB* db) : db_(db), snapshot_(db->GetSnapshot()) {}
  SnapshotHandle(const SnapshotHandle&) = delete;
  SnapshotHandle& operator=(const SnapshotHandle&) = delete;
  ~SnapshotHandle() {
    if (db_ != nullptr) db_->ReleaseSnapshot(snapshot_);
  }
  [[nodiscard]] const rocksdb::Snapshot* get() const noexcept { return snapshot_; }

 private:
  rocksdb::DB* db_ = nullptr;
  const rocksdb::Snapshot* snapshot_ = nullptr;
};

class Database {
 public:
  enum class Mode : std::uint8_t { kRead, kWrite, kCreate };
  [[nodiscard]] static Result<std::unique_ptr<Database>> Open(const std::string& path, Mode mode, const LogSink& log);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  [[nodiscard]] rocksdb::DB& rocks() const noexcept { return *db_; }
  [[nodiscard]] rocksdb::ColumnFamilyHandle* family(Family family) const noexcept {
    return handles_[static_cast<std::size_t>(family)];
  }
  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  [[nodiscard]] std::unique_ptr<SnapshotHandle> Snapshot() const;

  [[nodiscard]] Result<std::optional<std::string>> Get(Family family, std::string_view key,
                                                       const SnapshotHandle* snapshot = nullptr) const;
  /// For long scans: reads ahead and leaves the cache alone.  The snapshot must outlive the iterator.
  [[nodiscard]] std::unique_ptr<rocksdb::Iterator> Scan(Family family, const SnapshotHandle* snapshot = nullptr) const;
  /// Ok unless the iterator stopped at a failure.
  [[nodiscard]] Status ScanStatus(const rocksdb::Iterator& iterator, Family family) const;

  void Put(Batch& batch, Family family, std::string_view key, std::string_view value) const;
  /// Atomic and synced.
  /// kLogged: in the log, which the system writes to the disk in its own time or at the next SyncLog or kSynced commit.
  enum class Durability : std::uint8_t { kLogged, kSynced };
  [[nodiscard]] Status Commit(Batch& batch, Durability durability = Durability::kSynced);
  /// Everything committed before is durable when this returns.  May run beside commits.
  [[nodiscard]] Status SyncLog();
  [[nodiscard]] Status Close();

  /// The options that a family's files are written with, for a bulk load.
  [[nodiscard]] static rocksdb::Options FileOptions(Family family);

 private:
  explicit Database(std::string path) : path_(std::move(path)) {}
  std::string path_;
  std::unique_ptr<rocksdb::DB> db_;
  std::array<rocksdb::ColumnFamilyHandle*, kNumFamilies> handles_ = {};
};

}  // namespace kith::storage
