#include "kith/storage/graph_store.h"

#include <sys/stat.h>

#include <chrono>
#include <filesystem>
#include <system_error>
#include <thread>
#include <utility>

#include "files.h"
#include "graph_store_impl.h"
#include "model_files.h"

namespace kith {

Result<std::unique_ptr<GraphStore>> GraphStore::Open(const std::string& path, const StoreOptions& options) {
  using storage::GraphStoreImpl;
  if (path.empty()) return InvalidArgument("store path: expected the name of a folder, found an empty one");
  std::error_code error;
  std::string full = std::filesystem::weakly_canonical(path, error).string();
  if (error) return storage::ErrnoStatus(error.value(), "opening", path);
  while (full.size() > 1 && full.back() == '/') full.pop_back();

  if (options.access == StoreOptions::Access::kReadOnly) return GraphStoreImpl::OpenForReading(full, path, options);
  if (options.access == StoreOptions::Access::kCreateOrWrite) {
    KITH_ASSIGN_OR_RETURN(const bool free, storage::IsFreeForStore(full));
    if (free) {
      KITH_ASSIGN_OR_RETURN(storage::NewStore made, storage::CreateStore(full));
      return GraphStoreImpl::OpenForWriting(full, path, options, std::move(made));
    }
  }
  return GraphStoreImpl::OpenForWriting(full, path, options, std::nullopt);
}

}  // namespace kith

namespace kith::storage {
namespace {

/// Every event takes more than this in RocksDB's log: itself and an edge in both directions.
constexpr std::uint64_t kLeastLogBytesPerEvent = 64;

Result<Identity> RecogniseStore(const std::string& path, const std::string& shown) {
  Result<Identity> identity = Recognise(path);
  if (!identity.ok() && identity.status().code() == StatusCode::kNotFound) {
    return NotFound("no store at \"" + shown + "\"; run: kith import --store " + shown + " --interactions FILE");
  }
  return identity;
}

struct LogFiles {
  std::vector<std::string> paths;
  std::uint64_t bytes = 0;
};

Result<LogFiles> FindLogFiles(const std::string& folder) {
  LogFiles found;
  KITH_ASSIGN_OR_RETURN(const auto names, ListFolder(folder));
  for (const std::string& name : names) {
    if (!name.ends_with(".log")) continue;
    std::error_code error;
    const std::string path = folder + "/" + name;
    const std::uintmax_t bytes = std::filesystem::file_size(path, error);
    if (error) continue;  // a writer beside us has just deleted it
    found.paths.push_back(path);
    found.bytes += bytes;
  }
  return found;
}

/// Names and sizes of the database's files, and the mark: a writer's every step changes it.
std::string Fingerprint(const std::string& path) {
  const Result<std::string> mark = ReadFile(MarkPath(path));
  std::string text = mark.ok() ? *mark : "";
  const auto names = ListFolder(DatabasePath(path));
  if (!names.ok()) return text;
  for (const std::string& name : *names) {
    std::error_code error;
    text += name + " " + std::to_string(std::filesystem::file_size(DatabasePath(path) + "/" + name, error)) + "\n";
  }
  return text;
}

}  // namespace

Result<std::unique_ptr<GraphStore>> GraphStoreImpl::OpenForReading(const std::string& path, const std::string& shown,
                                                                   const StoreOptions& options) {
  // A writer beside us may delete files between our look at the manifest and our opening them: where the folder has
  // changed meanwhile, look again; where it has not, the failure is the store's own.
  constexpr int kAttempts = 8;
  for (int attempt = 0;; ++attempt) {
    std::unique_ptr<GraphStoreImpl> store(new GraphStoreImpl(path, shown, options.log));
    KITH_ASSIGN_OR_RETURN(store->identity_, RecogniseStore(path, shown));
    const std::string before = Fingerprint(path);
    const Status opened = store->OpenDatabase(Database::Mode::kRead);
    if (opened.ok()) return std::unique_ptr<GraphStore>(std::move(store));
    if (attempt + 1 == kAttempts || Fingerprint(path) == before) return opened;
    std::this_thread::sleep_for(std::chrono::milliseconds(4 << attempt));
  }
}

Result<std::unique_ptr<GraphStore>> GraphStoreImpl::OpenForWriting(const std::string& path, const std::string& shown,
                                                                   const StoreOptions& options,
                                                                   std::optional<NewStore> made) {
  std::unique_ptr<GraphStoreImpl> store(new GraphStoreImpl(path, shown, options.log));
  if (made) {
    store->lock_ = std::move(made->lock);
    store->creation_ = std::move(made->creation);
  } else {
    // Recognised before the lock is taken, so that a folder that is no store stays untouched.
    KITH_RETURN_IF_ERROR(RecogniseStore(path, shown).status());
    KITH_ASSIGN_OR_RETURN(store->lock_, WriterLock::Take(path));
  }
  KITH_ASSIGN_OR_RETURN(store->identity_, RecogniseStore(path, shown));
  KITH_RETURN_IF_ERROR(RemoveAll(LoadPath(path)));
  KITH_RETURN_IF_ERROR(RemoveAll(SnapshotPath(path) + ".tmp"));
  KITH_RETURN_IF_ERROR(RemoveUnfinishedModels(ModelsPath(path)));
  KITH_RETURN_IF_ERROR(store->OpenDatabase(Database::Mode::kWrite));

  // What a killed writer has written but not synced is in our hands now; it must not vanish after we have shown it.
  KITH_ASSIGN_OR_RETURN(const LogFiles log_files, FindLogFiles(DatabasePath(path)));
  for (const std::string& log_file : log_files.paths) KITH_RETURN_IF_ERROR(SyncFile(log_file));
  KITH_RETURN_IF_ERROR(SyncFolder(DatabasePath(path)));
  KITH_ASSIGN_OR_RETURN(store->mark_, MarkWriter::Open(MarkPath(path)));
  if (store->mark_->last().commit < store->counters_.commit) {
    KITH_RETURN_IF_ERROR(store->mark_->Write({store->counters_.commit, store->counters_.last_sequence}));
  }
  return std::unique_ptr<GraphStore>(std::move(store));
}

Status GraphStoreImpl::OpenDatabase(Database::Mode mode) {
  // The mark first: what is acknowledged while we open may be missing from what we see, what was before may not.
  const Result<Mark> mark = ReadMark(MarkPath(path_));
  if (!mark.ok() && mark.status().code() == StatusCode::kNotFound) {
    return Corruption("opening " + shown_ + ": the file ACKNOWLEDGED is missing; restore the store from a backup");
  }
  if (!mark.ok()) return mark.status();
  KITH_ASSIGN_OR_RETURN(const LogFiles log_files, FindLogFiles(DatabasePath(path_)));
  KITH_ASSIGN_OR_RETURN(database_, Database::Open(DatabasePath(path_), mode, log_));

  KITH_ASSIGN_OR_RETURN(const auto format, database_->Get(Family::kMeta, kMetaFormat));
  KITH_ASSIGN_OR_RETURN(const auto store_id, database_->Get(Family::kMeta, kMetaStoreId));
  if (!format || DecodeU32(*format) != identity_.format || store_id != identity_.store_id) {
    return Corruption("opening " + shown_ + ": the file KITH and the database name different stores (KITH: " +
                      identity_.store_id + "); restore the store from a backup");
  }
  KITH_ASSIGN_OR_RETURN(counters_, ReadCounters(nullptr));
  if (counters_.commit < mark->commit || counters_.last_sequence < mark->last_sequence) {
    return Corruption("opening " + shown_ + ": " + std::to_string(mark->last_sequence) + " events in " +
                      std::to_string(mark->commit) + " commits were acknowledged, the database holds " +
                      std::to_string(counters_.last_sequence) + " in " + std::to_string(counters_.commit) +
                      "; restore the store from a backup");
  }
  last_sequence_ = counters_.last_sequence;
  return CheckNewestEvents(log_files.bytes / kLeastLogBytesPerEvent + 1);
}

Status GraphStoreImpl::CheckNewestEvents(std::uint64_t count) const {
  const auto events = database_->Scan(Family::kEvents);
  events->SeekToLast();
  std::uint64_t expected = counters_.last_sequence;
  for (; count > 0 && expected > 0; --count, --expected, events->Prev()) {
    if (!events->Valid()) break;
    if (DecodeU64(ToView(events->key())) != expected) break;
  }
  KITH_RETURN_IF_ERROR(database_->ScanStatus(*events, Family::kEvents));
  const bool complete = count == 0 || (expected == 0 && !events->Valid());
  if (complete) return OkStatus();
  return Corruption("opening " + shown_ + ": event " + std::to_string(expected) +
                    " is missing from the log; restore the store from a backup");
}

Result<Counters> GraphStoreImpl::ReadCounters(const SnapshotHandle* snapshot) const {
  KITH_ASSIGN_OR_RETURN(const auto bytes, database_->Get(Family::kMeta, kMetaCounters, snapshot));
  const std::optional<Counters> counters = bytes ? DecodeCounters(*bytes) : std::nullopt;
  if (!counters) return Corruption("opening " + shown_ + ": the counters are missing or damaged; restore the store");
  return *counters;
}

GraphStoreImpl::~GraphStoreImpl() {
  if (const Status closed = database_ ? database_->Close() : OkStatus(); !closed.ok()) {
    Log(log_, LogLevel::kWarning, closed.ToString());
  }
  // A store in which nothing was ever stored, made by this object, was made in vain.
  if (creation_ && database_ && counters_.commit == 0 && broken_.ok()) {
    if (const Status undone = UndoCreation(*creation_); !undone.ok()) Log(log_, LogLevel::kWarning, undone.ToString());
  }
}

Status GraphStoreImpl::CheckWritable() const {
  if (!lock_) return FailedPrecondition("store \"" + shown_ + "\" was opened for reading; open it for writing");
  if (!broken_.ok()) return broken_.WithContext("an earlier write has failed, reopen the store");
  return OkStatus();
}

Status GraphStoreImpl::LoadWriterKeys() {
  if (keys_) return OkStatus();
  KITH_ASSIGN_OR_RETURN(keys_, ReadKeys(nullptr, counters_));
  return OkStatus();
}

Status GraphStoreImpl::Commit(Batch& batch, Counters next, Database::Durability durability) {
  next.commit = counters_.commit + 1;
  database_->Put(batch, Family::kMeta, kMetaCounters, View(EncodeCounters(next)));
  if (const Status written = database_->Commit(batch, durability); !written.ok()) return broken_ = written;
  if (durability == Database::Durability::kSynced) {
    if (const Status marked = Acknowledge(next); !marked.ok()) return broken_ = marked;
  }
  counters_ = next;
  return OkStatus();
}

Status GraphStoreImpl::Acknowledge(const Counters& synced) {
  const std::scoped_lock lock(mark_mutex_);
  if (synced.commit <= mark_->last().commit) return OkStatus();
  KITH_RETURN_IF_ERROR(mark_->Write({synced.commit, synced.last_sequence}));
  last_sequence_ = synced.last_sequence;
  return OkStatus();
}

Status GraphStoreImpl::Sync(std::uint64_t sequence) {
  const std::scoped_lock one(sync_mutex_);
  if (last_sequence_ >= sequence) return OkStatus();
  Counters written;
  {
    const std::scoped_lock lock(mutex_);
    KITH_RETURN_IF_ERROR(CheckWritable());
    written = counters_;
  }
  // Batches that come meanwhile wait for nothing; the next sync is theirs.
  Status synced = database_->SyncLog();
  if (synced.ok()) synced = Acknowledge(written);
  if (synced.ok()) return synced;
  const std::scoped_lock lock(mutex_);
  return broken_ = synced;
}

Status GraphStoreImpl::PutSetting(std::string_view name, std::string_view value) {
  const std::scoped_lock lock(mutex_);
  KITH_RETURN_IF_ERROR(CheckWritable());
  KITH_RETURN_IF_ERROR(ValidateKey(name, "setting name"));
  Batch batch;
  database_->Put(batch, Family::kSettings, name, value);
  return Commit(batch, counters_, Database::Durability::kSynced);
}

Result<std::optional<std::string>> GraphStoreImpl::GetSetting(std::string_view name) const {
  return database_->Get(Family::kSettings, name);
}

}  // namespace kith::storage
