/// Verifier: every invariant of a store, checked from the log alone and not by the code that wrote it.
///
/// The log is read once and sorted by edge; each edge's winner is picked from the whole list of its events and compared
/// with both stored directions.   Cost: 40 bytes of memory an event, one scan of every column family.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "database.h"
#include "key_index.h"
#include "kith/base/parallel.h"
#include "kith/storage/graph_store.h"
#include "store_format.h"

namespace kith::storage {

class Verifier {
 public:
  /// All scans see `snapshot`; `store` is the store's folder.
  Verifier(const Database& database, const SnapshotHandle& snapshot, std::string store)
      : database_(database), snapshot_(snapshot), store_(std::move(store)) {}

  [[nodiscard]] VerifyReport Run();

 private:
  /// An event without its id, in the order of edges, then of the log.
  struct LoggedEvent {
    EdgeKey key;
    std::uint64_t sequence = 0;
    std::int64_t time = kNoTime;
    float weight = 1.0F;
    bool removed = false;
  };
  struct ExpectedEdge {
    EdgeKey key;
    EdgeRecord edge;
  };

  void Violation(std::string sentence);
  /// Scans a family; visit(key, value) returns what is wrong with the record, or "".
  template <class Visit>
  void Scan(Family family, Visit visit);
  [[nodiscard]] static std::vector<ExpectedEdge> Replay(std::vector<LoggedEvent> events);

  void CheckMeta();
  void CheckKeys(Family ids_of_keys, Family keys_of_ids, std::uint32_t count);
  void CheckNames();
  void CheckEvents();
  void CheckEventIds();
  void CheckEdges();
  void CheckModels();
  void CheckFiles();

  const Database& database_;
  const SnapshotHandle& snapshot_;
  const std::string store_;
  Counters counters_;
  VerifyReport report_;
  std::uint64_t events_with_id_ = 0;
  std::vector<LoggedEvent> events_;
};

}  // namespace kith::storage
