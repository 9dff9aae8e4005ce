/// What stands before the arrays of a graph snapshot: who it is, which arrays follow, the checksum of each block.
///
/// Numbers are little-endian, as the arrays are used in memory as they are.  docs/storage_format.md is the grammar.
/// Nothing here touches a file.   Threads: pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "kith/base/status.h"
#include "kith/graph/ids.h"

namespace kith::storage {

inline constexpr std::uint32_t kSnapshotVersion = 1;
/// A checksum stands for so many bytes of an array: what a thread reads at a time, small enough to stay in its cache.
inline constexpr std::size_t kSnapshotBlock = std::size_t{1} << 20;
inline constexpr std::size_t kLongestStoreId = 32;

/// Never renumber: these are on disk.
enum class ArrayKind : std::uint8_t { kOffsets = 0, kTargets = 1, kWeights = 2, kTimes = 3 };
inline constexpr int kNumArrayKinds = 4;
[[nodiscard]] constexpr std::size_t ElementBytes(ArrayKind kind) noexcept { return kind == ArrayKind::kTimes ? 8 : 4; }

struct ArrayEntry {
  Relation relation = Relation::kInteracts;
  ArrayKind kind = ArrayKind::kOffsets;
  std::uint64_t elements = 0;

  [[nodiscard]] std::uint64_t bytes() const noexcept { return elements * ElementBytes(kind); }
  [[nodiscard]] std::size_t blocks() const noexcept { return (bytes() + kSnapshotBlock - 1) / kSnapshotBlock; }
};

struct SnapshotHead {
  std::uint64_t log_sequence = 0, stamp = 0;
  std::uint32_t users = 0, items = 0;
  std::string store_id = {};
  std::vector<ArrayEntry> arrays = {};   ///< in the order of (relation, kind); they lie one behind the other
  std::vector<std::uint32_t> sums = {};  ///< CRC-32C of each block of each array, in order
};

/// Bytes of the head in the file: the arrays begin there.
[[nodiscard]] std::uint64_t HeadBytes(const SnapshotHead& head) noexcept;
/// Bytes of the whole file.
[[nodiscard]] std::uint64_t FileBytes(const SnapshotHead& head) noexcept;

/// One block of one array, and where it stands.
struct SnapshotBlock {
  std::size_t array = 0, sum = 0;  ///< places in `arrays` and `sums`
  std::uint64_t in_array = 0, in_file = 0;
  std::size_t bytes = 0;
};
/// All blocks in the order of their checksums.
[[nodiscard]] std::vector<SnapshotBlock> BlocksOf(const SnapshotHead& head);

[[nodiscard]] std::string EncodeHead(const SnapshotHead& head);
/// `bytes` begin at the start of a file of `file_bytes` and hold its whole head (as ReadableHeadBytes says) or all of
/// it. Checked: magic, version, checksum; which arrays there are, that their sizes fit the counts and each other, and
/// that they fill the file to its last byte.  Fails: kCorruption, kFailedPrecondition (a newer version).
[[nodiscard]] Result<SnapshotHead> DecodeHead(std::string_view bytes, std::uint64_t file_bytes);
/// No head of a file of `file_bytes` is longer.
[[nodiscard]] std::uint64_t LongestHead(std::uint64_t file_bytes) noexcept;

}  // namespace kith::storage
