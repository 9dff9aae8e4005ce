/// GraphStoreImpl: one open store. Opening and closing stand in graph_store.cc; appending, scanning, loading graphs,
/// bulk loading and verifying each in a file of their own.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "acknowledged.h"
#include "database.h"
#include "kith/storage/graph_store.h"
#include "snapshot_file.h"
#include "store_folder.h"
#include "store_format.h"
#include "writer_lock.h"

namespace kith::storage {

class GraphStoreImpl final : public GraphStore {
 public:
  /// `path` is absolute and without a slash at its end; `shown` is what the caller calls it.
  [[nodiscard]] static Result<std::unique_ptr<GraphStore>> OpenForReading(const std::string& path,
                                                                          const std::string& shown,
                                                                          const StoreOptions& options);
  /// Takes the lock unless `made` brings it.
  [[nodiscard]] static Result<std::unique_ptr<GraphStore>> OpenForWriting(const std::string& path,
                                                                          const std::string& shown,
                                                                          const StoreOptions& options,
                                                                          std::optional<NewStore> made);
  ~GraphStoreImpl() override;

  [[nodiscard]] const std::string& path() const noexcept override { return shown_; }
  [[nodiscard]] const std::string& store_id() const noexcept override { return identity_.store_id; }
  [[nodiscard]] std::uint64_t last_sequence() const noexcept override { return last_sequence_; }

  [[nodiscard]] Result<AppendResult> Append(std::span<const Event> events) override;
  [[nodiscard]] Result<AppendResult> AppendUnsynced(std::span<const Event> events) override;
  [[nodiscard]] Status Sync(std::uint64_t sequence) override;
  [[nodiscard]] Result<std::unique_ptr<BulkLoader>> NewBulkLoader() override;
  [[nodiscard]] Status ScanEvents(FunctionRef<Status(const StoredEvent&)> visit) const override;
  [[nodiscard]] Result<std::shared_ptr<const SocialGraph>> LoadGraph(const Runtime& runtime) const override;
  [[nodiscard]] Status RefreshSnapshot(const Runtime& runtime) override;
  [[nodiscard]] Result<KeyTable> LoadKeys() const override;
  [[nodiscard]] Result<VerifyReport> Verify(const Runtime& runtime) const override;
  [[nodiscard]] Status PutSetting(std::string_view name, std::string_view value) override;
  [[nodiscard]] Result<std::optional<std::string>> GetSetting(std::string_view name) const override;

 private:
  friend class BulkLoaderImpl;

  GraphStoreImpl(std::string path, std::string shown, LogSink log)
      : path_(std::move(path)), shown_(std::move(shown)), log_(std::move(log)) {}

  /// Opens the database and checks it against KITH and the mark.
  [[nodiscard]] Status OpenDatabase(Database::Mode mode);
  /// That recovery has left no hole among the newest `count` events.
  [[nodiscard]] Status CheckNewestEvents(std::uint64_t count) const;
  [[nodiscard]] Result<Counters> ReadCounters(const SnapshotHandle* snapshot) const;
  /// Ok where this object may write: opened for it, and no write has failed so far.
  [[nodiscard]] Status CheckWritable() const;
  /// Reads the key table at the first write.  REQUIRES: mutex_.
  [[nodiscard]] Status LoadWriterKeys();
  [[nodiscard]] Result<AppendResult> Append(std::span<const Event> events, Database::Durability durability);
  /// Writes the batch with `next` as the new counters, and, where it is durable, the mark.  REQUIRES: mutex_.
  [[nodiscard]] Status Commit(Batch& batch, Counters next, Database::Durability durability);
  /// The counters are in the database and synced: moves the mark there, unless it is further.
  [[nodiscard]] Status Acknowledge(const Counters& synced);
  /// The snapshot file, where it is this log's; null where there is none or it is another's.  Fails: kCorruption, ...
  [[nodiscard]] Result<std::unique_ptr<SnapshotFile>> OpenSnapshot(const Counters& counters,
                                                                   const SnapshotHandle* view) const;
  /// The graph of the snapshot file with the events after it; null where there is no file to use.
  [[nodiscard]] Result<std::shared_ptr<const SocialGraph>> GraphFromSnapshot(const Runtime& runtime,
                                                                             const Counters& counters,
                                                                             const SnapshotHandle* view) const;
  [[nodiscard]] Result<std::shared_ptr<const SocialGraph>> GraphFromEdges(const Runtime& runtime,
                                                                          const Counters& counters,
                                                                          const SnapshotHandle* view) const;
  [[nodiscard]] Result<KeyTable> ReadKeys(const SnapshotHandle* snapshot, const Counters& counters) const;

  const std::string path_, shown_;
  const LogSink log_;
  Identity identity_;
  std::optional<Creation> creation_;  ///< of the store, where this object made it
  std::optional<WriterLock> lock_;
  std::unique_ptr<Database> database_;
  std::mutex sync_mutex_;           ///< one sync of the log at a time; taken before mutex_
  std::mutex mark_mutex_;           ///< guards the mark; taken after mutex_
  std::optional<MarkWriter> mark_;  ///< what is acknowledged
  std::atomic<std::uint64_t> last_sequence_ = 0;

  std::mutex refresh_mutex_;  ///< one refresh at a time; taken before mutex_
  std::mutex mutex_;          ///< guards what follows
  Counters counters_;         ///< of what is written, acknowledged or not yet
  std::optional<KeyTable> keys_;
  Status broken_;  ///< the first failed write: what is on disk is known again only after reopening
};

}  // namespace kith::storage
