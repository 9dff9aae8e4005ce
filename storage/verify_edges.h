/// EdgeVerifier: the log replayed edge by edge, compared with the stored edges in both directions and with the
/// snapshot.
///
/// The log is read in parts at once and dealt into buckets of consecutive users; each bucket is sorted by edge, each
/// edge's winner picked from the whole list of its events and compared with what is stored; the winners, dealt again by
/// their targets, are compared with the reverse edges.
/// Memory: 32 bytes an event, then 40 an edge; never both for one bucket.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "database.h"
#include "findings.h"
#include "kith/base/parallel.h"
#include "kith/graph/social_graph.h"
#include "store_format.h"

namespace kith::storage {

class EdgeVerifier {
 public:
  struct Counts {
    std::uint64_t events = 0, events_with_id = 0;
    std::uint64_t interactions = 0, friendships = 0;  ///< stored and live
  };
  /// `snapshot` may be null; `counters` are the store's own word, which is checked too.
  EdgeVerifier(const Runtime& runtime, const Database& database, const SnapshotHandle& view, const Counters& counters,
               const SocialGraph* snapshot);

  /// Reads the log, then compares.
  [[nodiscard]] Counts Run(Findings& findings);

 private:
  struct LoggedEvent {
    std::uint32_t user = 0, target = 0;
    std::uint64_t sequence = 0;
    std::int64_t time = kNoTime;
    float weight = 1.0F;
    bool removed = false;
  };
  struct ExpectedEdge {
    EdgeKey key;
    EdgeRecord edge;
  };
  /// Events, edges and findings by bucket; buckets of kInteracts first.
  template <class T>
  using Buckets = std::vector<std::vector<T>>;
  struct LogPart {
    std::uint64_t first = 0, end = 0;  ///< sequences; end 0: to the end of the log
    std::uint64_t last_seen = 0;
    Counts counts;
    Buckets<LoggedEvent> buckets;
    Findings findings;
  };
  struct Bucket {
    std::uint64_t live = 0;  ///< stored edges
    std::uint64_t live_in_snapshot = 0;
    Buckets<ExpectedEdge> reversed;  ///< by bucket of the target
    Findings findings;
  };

  [[nodiscard]] std::size_t BucketOf(Relation relation, std::uint32_t source) const noexcept;
  /// The first source of the bucket with this place in its relation.
  [[nodiscard]] std::uint32_t FirstSource(Relation relation, std::size_t place) const noexcept;
  void ReadLog(LogPart& part) const;
  [[nodiscard]] std::string ReadEvent(std::uint64_t sequence, std::string_view value, LogPart& part) const;
  void CheckForward(std::vector<LogPart>& parts, std::size_t bucket, Bucket& out) const;
  [[nodiscard]] ExpectedEdge Replay(const LoggedEvent* begin, const LoggedEvent* end, Relation relation,
                                    Bucket& out) const;
  void CheckInSnapshot(const EdgeKey& key, const LoggedEvent& winner, Bucket& out) const;
  /// Walks the stored edges of a bucket beside the expected ones, which are sorted; returns how many live.
  [[nodiscard]] std::uint64_t Compare(Relation relation, std::size_t place, const std::vector<ExpectedEdge>& expected,
                                      Findings& findings) const;

  const Runtime& runtime_;
  const Database& database_;
  const SnapshotHandle& view_;
  const Counters counters_;
  const SocialGraph* const snapshot_;
  std::size_t per_relation_ = 1;  ///< buckets
};

}  // namespace kith::storage
