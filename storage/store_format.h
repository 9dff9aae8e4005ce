/// What the bytes of a store mean: column families, keys, records.  docs/storage_format.md is the same as a grammar.
///
/// Numbers are big-endian, so that byte order is scan order.  Never renumber or reorder; add at the end and raise
/// kFormatVersion.  Nothing here touches a file.   Threads: pure functions.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "kith/graph/event.h"
#include "kith/graph/ids.h"

namespace kith::storage {

inline constexpr std::uint32_t kFormatVersion = 1;

/// The column families, in the order in which they are opened.
enum class Family : std::uint8_t {
  kMeta = 0,       ///< name -> value: "format", "store_id", "counters"
  kEvents = 1,     ///< sequence -> event
  kEdges = 2,      ///< relation source target -> edge
  kUserIds = 3,    ///< key -> id
  kUserKeys = 4,   ///< id -> key
  kItemIds = 5,    ///< key -> id
  kItemKeys = 6,   ///< id -> key
  kItemNames = 7,  ///< item key -> readable name
  kEventIds = 8,   ///< event id -> sequence
  kSettings = 9,   ///< name -> value
};
inline constexpr int kNumFamilies = 10;
/// The name in RocksDB; kMeta is RocksDB's own "default".
[[nodiscard]] std::string_view Name(Family family) noexcept;

inline constexpr std::string_view kMetaFormat = "format";
inline constexpr std::string_view kMetaStoreId = "store_id";
inline constexpr std::string_view kMetaCounters = "counters";

/// The setting that names the one snapshot file that is this log's; SnapshotName as its value.
inline constexpr std::string_view kSnapshotSetting = "graph_snapshot";

using Bytes4 = std::array<char, 4>;
using Bytes8 = std::array<char, 8>;
[[nodiscard]] Bytes4 EncodeU32(std::uint32_t value) noexcept;
[[nodiscard]] Bytes8 EncodeU64(std::uint64_t value) noexcept;
[[nodiscard]] std::optional<std::uint32_t> DecodeU32(std::string_view bytes) noexcept;
[[nodiscard]] std::optional<std::uint64_t> DecodeU64(std::string_view bytes) noexcept;

/// An event in dense ids, as the log holds it.
struct EventRecord {
  Relation relation = Relation::kInteracts;
  Event::Op op = Event::Op::kAdd;
  std::uint32_t user = 0, target = 0;
  float weight = 1.0F;
  std::int64_t time = kNoTime;
  std::string_view id = {};  ///< borrows
};
/// event := flags:u8 user:u32 target:u32 [weight:f32] [time:i64] [id].  Appends nothing; replaces `out`.
void EncodeEvent(const EventRecord& event, std::string& out);
/// Nothing where the bytes are no event in canonical form.  `id` borrows from the bytes.
[[nodiscard]] std::optional<EventRecord> DecodeEvent(std::string_view bytes) noexcept;

struct EdgeKey {
  Relation relation = Relation::kInteracts;
  std::uint32_t source = 0, target = 0;

  [[nodiscard]] EdgeKey Reversed() const noexcept { return {Reverse(relation), target, source}; }
  friend auto operator<=>(const EdgeKey&, const EdgeKey&) = default;
};
using EdgeKeyBytes = std::array<char, 9>;
/// edge_key := relation:u8 source:u32 target:u32.
[[nodiscard]] EdgeKeyBytes EncodeEdgeKey(const EdgeKey& key) noexcept;
[[nodiscard]] std::optional<EdgeKey> DecodeEdgeKey(std::string_view bytes) noexcept;

/// What the events of one edge add up to: the winner, and the order time that the next one is measured against.
struct EdgeRecord {
  bool removed = false;         ///< a tombstone: the winner was a removal
  float weight = 1.0F;          ///< the winner's
  std::int64_t time = kNoTime;  ///< the winner's
  std::int64_t order_time = kNoTime;
  std::uint64_t sequence = 0;  ///< the winner's

  friend bool operator==(const EdgeRecord&, const EdgeRecord&) = default;
};
using EdgeBytes = std::array<char, 29>;
/// edge := flags:u8 weight:f32 time:i64 order_time:i64 sequence:u64.
[[nodiscard]] EdgeBytes EncodeEdge(const EdgeRecord& edge) noexcept;
[[nodiscard]] std::optional<EdgeRecord> DecodeEdge(std::string_view bytes) noexcept;

/// Where the store stands; rewritten by every commit.
struct Counters {
  std::uint64_t commit = 0;  ///< commits so far: batches of events, loads, settings
  std::uint64_t last_sequence = 0;
  std::uint32_t users = 0, items = 0;
  std::uint64_t interactions = 0, friendships = 0;  ///< live edges, counted forward

  friend bool operator==(const Counters&, const Counters&) = default;
};
using CounterBytes = std::array<char, 40>;
[[nodiscard]] CounterBytes EncodeCounters(const Counters& counters) noexcept;
[[nodiscard]] std::optional<Counters> DecodeCounters(std::string_view bytes) noexcept;

/// Which snapshot file is the log's: the sequence it stands at, and a number drawn when it was written.
struct SnapshotName {
  std::uint64_t log_sequence = 0, stamp = 0;

  friend bool operator==(const SnapshotName&, const SnapshotName&) = default;
};
using SnapshotNameBytes = std::array<char, 16>;
/// snapshot_name := sequence:u64 stamp:u64.
[[nodiscard]] SnapshotNameBytes EncodeSnapshotName(const SnapshotName& name) noexcept;
[[nodiscard]] std::optional<SnapshotName> DecodeSnapshotName(std::string_view bytes) noexcept;

template <std::size_t N>
[[nodiscard]] std::string_view View(const std::array<char, N>& bytes) noexcept {
  return {bytes.data(), N};
}

}  // namespace kith::storage
