#include "database.h"

#include <rocksdb/cache.h>
#include <rocksdb/convenience.h>
#include <rocksdb/env.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>

#include <algorithm>
#include <cstdio>
#include <utility>
#include <vector>

namespace kith::storage {
namespace {

/// RocksDB's own words go to the caller's sink, errors alone; none goes into a file.
class SinkLogger final : public rocksdb::Logger {
 public:
  explicit SinkLogger(LogSink sink) : rocksdb::Logger(rocksdb::InfoLogLevel::ERROR_LEVEL), sink_(std::move(sink)) {}
  using rocksdb::Logger::Logv;
  void Logv(const char* format, va_list arguments) override {
    char text[1024];
    std::vsnprintf(text, sizeof text, format, arguments);
    Log(sink_, LogLevel::kWarning, text);
  }

 private:
  LogSink sink_;
};

bool Supports(rocksdb::CompressionType type) {
  const auto supported = rocksdb::GetSupportedCompressions();
  return std::find(supported.begin(), supported.end(), type) != supported.end();
}

bool IsReadByPoint(Family family) {
  return family == Family::kUserIds || family == Family::kItemIds || family == Family::kEventIds;
}

rocksdb::ColumnFamilyOptions FamilyOptions(Family family, const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::ColumnFamilyOptions options;
  rocksdb::BlockBasedTableOptions table;
  table.format_version = 5;
  table.block_size = 16 << 10;
  table.block_cache = cache;
  if (IsReadByPoint(family)) table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  options.compression = Supports(rocksdb::kLZ4Compression) ? rocksdb::kLZ4Compression : rocksdb::kNoCompression;
  options.paranoid_file_checks = true;
  options.write_buffer_size = 32 << 20;
  return options;
}

rocksdb::DBOptions DatabaseOptions(Database::Mode mode, const LogSink& log) {
  rocksdb::DBOptions options;
  options.create_if_missing = mode == Database::Mode::kCreate;
  options.error_if_exists = mode == Database::Mode::kCreate;
  options.paranoid_checks = true;
  options.track_and_verify_wals_in_manifest = true;
  options.verify_sst_unique_id_in_manifest = true;
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  options.atomic_flush = true;
  // A log of this size is replayed in a tenth of a second or two, which every reader does when it opens.
  options.max_total_wal_size = 16 << 20;
  options.avoid_flush_during_recovery = true;
  options.max_open_files = -1;  // a reader keeps its files open, so that a writer that deletes them does no harm
  options.max_file_opening_threads = 1;
  options.max_background_jobs = 2;
  options.info_log = std::make_shared<SinkLogger>(log);
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
  return options;
}

}  // namespace

Status FromRocks(const rocksdb::Status& status, std::string_view action, const std::string& path) {
  if (status.ok()) return OkStatus();
  const std::string text = std::string(action) + " " + path + ": ";
  const std::string detail = status.ToString();
  if (status.IsNoSpace()) return IoError(text + "disk full; free some space and try again");
  if (status.IsCorruption() || status.IsPathNotFound()) {
    return Corruption(text + detail + "; restore the store from a backup");
  }
  if (status.IsIOError()) {
    if (detail.find("lock") != std::string::npos) {
      return Locked(text + "it is being written to by somebody else; wait until that ends, or stop it");
    }
    if (detail.find("Permission denied") != std::string::npos) {
      return IoError(text + "permission denied; ask for access or choose another path");
    }
    return IoError(text + detail);
  }
  if (status.IsInvalidArgument()) return Corruption(text + detail + "; restore the store from a backup");
  if (status.IsMemoryLimit()) return OutOfMemory(text + detail);
  return IoError(text + detail);
}

Result<std::unique_ptr<Database>> Database::Open(const std::string& path, Mode mode, const LogSink& log) {
  const std::shared_ptr<rocksdb::Cache> cache = rocksdb::NewLRUCache(64 << 20);
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  for (int i = 0; i < kNumFamilies; ++i) {
    const auto family = static_cast<Family>(i);
    families.emplace_back(std::string(Name(family)), FamilyOptions(family, cache));
  }
  // A new database begins with its default family; the others are added in one go, which costs far fewer syncs.
  std::vector<rocksdb::ColumnFamilyDescriptor> missing;
  if (mode == Mode::kCreate) {
    missing.assign(families.begin() + 1, families.end());
    families.resize(1);
  }
  const rocksdb::DBOptions options = DatabaseOptions(mode, log);
  std::unique_ptr<Database> database(new Database(path));
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* db = nullptr;
  const rocksdb::Status opened = mode == Mode::kRead
                                     ? rocksdb::DB::OpenForReadOnly(options, path, families, &handles, &db)
                                     : rocksdb::DB::Open(options, path, families, &handles, &db);
  if (!opened.ok()) return FromRocks(opened, "opening", path);
  database->db_.reset(db);
  std::copy(handles.begin(), handles.end(), database->handles_.begin());
  if (!missing.empty()) {
    handles.clear();
    const rocksdb::Status created = db->CreateColumnFamilies(missing, &handles);
    std::copy(handles.begin(), handles.end(), database->handles_.begin() + 1);
    if (!created.ok()) return FromRocks(created, "creating", path);
  }
  return database;
}

Database::~Database() { (void)Close(); }

Status Database::Close() {
  if (!db_) return OkStatus();
  for (rocksdb::ColumnFamilyHandle*& handle : handles_) {
    if (handle != nullptr) (void)db_->DestroyColumnFamilyHandle(std::exchange(handle, nullptr));
  }
  const rocksdb::Status closed = db_->Close();
  db_.reset();
  return FromRocks(closed, "closing", path_);
}

std::unique_ptr<SnapshotHandle> Database::Snapshot() const { return std::make_unique<SnapshotHandle>(db_.get()); }

Result<std::optional<std::string>> Database::Get(Family family_id, std::string_view key,
                                                 const SnapshotHandle* snapshot) const {
  rocksdb::ReadOptions options;
  if (snapshot != nullptr) options.snapshot = snapshot->get();
  std::string value;
  const rocksdb::Status got = db_->Get(options, family(family_id), ToSlice(key), &value);
  if (got.IsNotFound()) return std::optional<std::string>();
  if (!got.ok()) return FromRocks(got, "reading " + std::string(Name(family_id)) + " in", path_);
  return std::optional<std::string>(std::move(value));
}

std::unique_ptr<rocksdb::Iterator> Database::Scan(Family family_id, const SnapshotHandle* snapshot) const {
  rocksdb::ReadOptions options;
  options.readahead_size = 2 << 20;
  options.fill_cache = false;
  if (snapshot != nullptr) options.snapshot = snapshot->get();
  return std::unique_ptr<rocksdb::Iterator>(db_->NewIterator(options, family(family_id)));
}

Status Database::ScanStatus(const rocksdb::Iterator& iterator, Family family_id) const {
  return FromRocks(iterator.status(), "reading " + std::string(Name(family_id)) + " in", path_);
}

void Database::Put(Batch& batch, Family family_id, std::string_view key, std::string_view value) const {
  (void)batch.Put(family(family_id), ToSlice(key), ToSlice(value));
}

Status Database::SyncLog() { return FromRocks(db_->SyncWAL(), "writing to", path_); }

Status Database::Commit(Batch& batch, Durability durability) {
  rocksdb::WriteOptions options;
  options.sync = durability == Durability::kSynced;
  options.protection_bytes_per_key = 8;
  return FromRocks(db_->Write(options, &batch), "writing to", path_);
}

rocksdb::Options Database::FileOptions(Family family) { return {rocksdb::DBOptions(), FamilyOptions(family, nullptr)}; }

}  // namespace kith::storage
