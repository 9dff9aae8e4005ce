/// GraphStore: the durable side of Kith. A log of every acknowledged event, the graph they add up to, the keys.
///
/// RocksDB with column families (docs/storage_format.md is the grammar).  Invariants, checked by Verify:
///   every event has one sequence number, 1, 2, 3, ... without holes up to last_sequence();
///   every edge stands under its source and, reversed, under its target, and is what replaying the log gives:
///   the last event by (time, sequence) wins, where an event without a time counts as not older than the edge it meets;
///   keys and dense ids map one to one; an event id is stored once.
/// Durability: Append, Sync and BulkLoad return after the data is synced; what they return is never lost or half there.
/// Threads: a writer is one process and one object (a lock file keeps others out; Append calls are serialised inside);
///          any number of read-only objects beside it, in any process, see what was acknowledged when they opened.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kith/base/log.h"
#include "kith/base/parallel.h"
#include "kith/base/status.h"
#include "kith/graph/event.h"
#include "kith/graph/social_graph.h"

namespace kith {

struct StoreOptions {
  enum class Access : std::uint8_t { kReadOnly, kWrite, kCreateOrWrite };
  Access access = Access::kReadOnly;
  LogSink log = {};
};

/// An event as the log holds it.
struct StoredEvent {
  std::uint64_t sequence = 0;
  Event event = {};  ///< views borrow from the scan; they die with the callback
};

/// Both directions of the id maps in memory, for serving and for reports.
class KeyTable {
 public:
  [[nodiscard]] std::optional<UserId> FindUser(std::string_view key) const;
  [[nodiscard]] std::optional<ItemId> FindItem(std::string_view key) const;
  /// REQUIRES: the id is known.  The views live as long as this table (keys never move).
  [[nodiscard]] std::string_view user_key(UserId user) const noexcept;
  [[nodiscard]] std::string_view item_key(ItemId item) const noexcept;
  /// The readable name given by `--items`, or empty.
  [[nodiscard]] std::string_view item_name(ItemId item) const noexcept;
  [[nodiscard]] std::uint32_t num_users() const noexcept;
  [[nodiscard]] std::uint32_t num_items() const noexcept;

  KeyTable();
  ~KeyTable();
  KeyTable(KeyTable&&) noexcept;
  KeyTable& operator=(KeyTable&&) noexcept;
  /// The store and the engine's ingest add keys in id order.
  void AddUser(std::string_view key);
  void AddItem(std::string_view key);
  /// Also for a key that is no item yet: it has the name from its first event on.
  void SetItemName(std::string_view item_key, std::string_view name);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// What one Append did, so that a live graph can follow without reading back.
struct AppendResult {
  std::uint64_t last_sequence = 0;          ///< of the log after this batch
  std::uint64_t stored = 0;                 ///< events given a sequence number
  std::uint64_t known_ids = 0;              ///< events left out because their id is stored already
  std::vector<EdgeChange> changes = {};     ///< changes of the graph, in order, in dense ids
  std::vector<std::string> new_users = {};  ///< keys that got the next user ids, in order
  std::vector<std::string> new_items = {};
};

/// What one bulk load did.
struct LoadReport {
  std::uint64_t rows = 0;     ///< rows handed over
  std::uint64_t stored = 0;   ///< events given a sequence number
  std::uint64_t repeats = 0;  ///< left out: repeat an earlier row of this load or equal the stored edge
  std::uint64_t new_users = 0, new_items = 0;
};

struct VerifyReport {
  std::uint64_t events = 0, edges = 0, users = 0, items = 0, models = 0;
  std::vector<std::string> violations = {};  ///< a sentence each, at most 100; empty means sound
};

/// Bulk load: hand over rows, then Finish; nothing of it is in the store before Finish returns ok, and all of it after.
/// Rows are buffered compactly (about 24 bytes an edge), sorted, written as SST files and ingested in one atomic step.
class BulkLoader {
 public:
  virtual ~BulkLoader() = default;
  /// Fails (kBadInput) on an event that ValidateEvent refuses and on a removal; the loader stays usable.  An event with
  /// an id is known by its id alone; one without is left out where it repeats an earlier row or equals the edge it
  /// meets.
  [[nodiscard]] virtual Status Add(const Event& event) = 0;
  /// Makes the user known without an edge.
  [[nodiscard]] virtual Status AddUser(std::string_view key) = 0;
  /// Gives the item a readable name. A key that no event has mentioned is not an item yet and not counted; it has the
  /// name from its first event on.
  [[nodiscard]] virtual Status NameItem(std::string_view key, std::string_view name) = 0;
  [[nodiscard]] virtual Result<LoadReport> Finish() = 0;
};

class GraphStore {
 public:
  /// Fails: kNotFound (no store there and access does not create), kFailedPrecondition (not a store; newer format),
  /// kLocked (another writer), kIoError (permission, disk full), kCorruption.
  /// A store that this object made and in which nothing was ever stored is taken away when the object dies.
  [[nodiscard]] static Result<std::unique_ptr<GraphStore>> Open(const std::string& path, const StoreOptions& options);
  virtual ~GraphStore() = default;

  [[nodiscard]] virtual const std::string& path() const noexcept = 0;
  /// 16 random hex digits given at creation.
  [[nodiscard]] virtual const std::string& store_id() const noexcept = 0;
  /// The last acknowledged event.
  [[nodiscard]] virtual std::uint64_t last_sequence() const noexcept = 0;

  /// One atomic, durable batch; all events are validated (kBadInput) before the first is stored.  An event whose id is
  /// known is acknowledged and not stored again.  After a failed write (kIoError) this object writes no more: reopen.
  [[nodiscard]] virtual Result<AppendResult> Append(std::span<const Event> events) = 0;
  /// As Append, but what it stored is acknowledged by the next Sync that covers it, and may be lost before: batches
  /// that arrive while the disk is busy then share one sync.  A later call on this object sees what was appended.
  [[nodiscard]] virtual Result<AppendResult> AppendUnsynced(std::span<const Event> events) = 0;
  /// Returns once everything up to the event `sequence` is durable and acknowledged, at once where it is already.  May
  /// be called beside AppendUnsynced.  Fails as Append does.
  [[nodiscard]] virtual Status Sync(std::uint64_t sequence) = 0;
  [[nodiscard]] virtual Result<std::unique_ptr<BulkLoader>> NewBulkLoader() = 0;

  /// Calls `visit` for every event in sequence order; a failure of `visit` ends the scan and is returned.
  [[nodiscard]] virtual Status ScanEvents(FunctionRef<Status(const StoredEvent&)> visit) const = 0;
  /// The graph at last_sequence(), without removed edges: from the snapshot file and the events after it, or, where
  /// that is missing, damaged (which is logged) or far behind, from the edges of the database.  Rows that the events
  /// after the file changed may stand in the overlay.
  [[nodiscard]] virtual Result<std::shared_ptr<const SocialGraph>> LoadGraph(const Runtime& runtime) const = 0;
  /// Writes the snapshot file anew where it is missing, damaged or so far behind that loading pays for it; otherwise
  /// checks that its bytes are whole and leaves it.  A writer's, worth calling after many events have come.  Nothing
  /// but speed depends on it: after a failure (kIoError: disk full) the store is as good as before.
  [[nodiscard]] virtual Status RefreshSnapshot(const Runtime& runtime) = 0;
  [[nodiscard]] virtual Result<KeyTable> LoadKeys() const = 0;
  [[nodiscard]] virtual Result<VerifyReport> Verify(const Runtime& runtime) const = 0;

  /// Small named values beside the graph ("current model", ...), durable when Put returns.
  [[nodiscard]] virtual Status PutSetting(std::string_view name, std::string_view value) = 0;
  [[nodiscard]] virtual Result<std::optional<std::string>> GetSetting(std::string_view name) const = 0;
};

}  // namespace kith
