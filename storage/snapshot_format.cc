#include "snapshot_format.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <limits>
#include <optional>

#include "crc32c.h"

namespace kith::storage {
namespace {

static_assert(std::endian::native == std::endian::little, "arrays are used as they lie in the file");

constexpr std::string_view kMagic = "KITHGRPH";
constexpr std::size_t kFixedBytes = 80, kEntryBytes = 16, kSumBytes = 4;
constexpr std::size_t kMostArrays = static_cast<std::size_t>(kNumRelations) * kNumArrayKinds;

class Writer {
 public:
  template <class T>
  void Put(T value) {
    char bytes[sizeof(T)];
    std::memcpy(bytes, &value, sizeof(T));
    text_.append(bytes, sizeof(T));
  }
  void Append(std::string_view bytes, std::size_t width) {
    text_ += bytes;
    text_.append(width - bytes.size(), '\0');
  }
  [[nodiscard]] std::string Take() { return std::move(text_); }
  [[nodiscard]] const std::string& text() const noexcept { return text_; }

 private:
  std::string text_;
};

class Reader {
 public:
  explicit Reader(std::string_view bytes) noexcept : bytes_(bytes) {}
  /// REQUIRES: as many bytes are left.
  template <class T>
  [[nodiscard]] T Take() noexcept {
    T value;
    std::memcpy(&value, bytes_.data(), sizeof(T));
    bytes_.remove_prefix(sizeof(T));
    return value;
  }
  [[nodiscard]] std::string_view Take(std::size_t width) noexcept {
    const std::string_view taken = bytes_.substr(0, width);
    bytes_.remove_prefix(width);
    return taken;
  }

 private:
  std::string_view bytes_;
};

Status Damaged(const std::string& what) { return Corruption("graph snapshot: " + what); }

Status CutShort(std::uint64_t file_bytes) {
  return Damaged("a file of " + std::to_string(file_bytes) + " bytes is cut short");
}

/// The elements of (relation, kind), or nothing where it has no such array.
std::optional<std::uint64_t> Elements(const SnapshotHead& head, Relation relation, ArrayKind kind) {
  for (const ArrayEntry& array : head.arrays) {
    if (array.relation == relation && array.kind == kind) return array.elements;
  }
  return std::nullopt;
}

Status CheckRelation(const SnapshotHead& head, Relation relation) {
  const auto offsets = Elements(head, relation, ArrayKind::kOffsets);
  const auto targets = Elements(head, relation, ArrayKind::kTargets);
  const std::string name = "relation " + std::to_string(static_cast<int>(relation));
  if (!offsets && !targets && Reverse(relation) < relation) return OkStatus();  // its own reverse
  if (!offsets || !targets) return Damaged(name + " has no offsets or no targets");
  const std::uint64_t rows = relation == Relation::kInteractedBy ? head.items : head.users;
  if (*offsets != rows + 1) {
    return Damaged(name + ": expected " + std::to_string(rows + 1) + " offsets, found " + std::to_string(*offsets));
  }
  for (const ArrayKind kind : {ArrayKind::kWeights, ArrayKind::kTimes}) {
    if (Elements(head, relation, kind).value_or(*targets) != *targets) {
      return Damaged(name + ": weights or times are not as many as the targets");
    }
  }
  return OkStatus();
}

}  // namespace

std::uint64_t HeadBytes(const SnapshotHead& head) noexcept {
  std::uint64_t bytes = kFixedBytes + kEntryBytes * head.arrays.size() + kSumBytes;
  for (const ArrayEntry& array : head.arrays) bytes += kSumBytes * array.blocks();
  return bytes;
}

std::uint64_t FileBytes(const SnapshotHead& head) noexcept {
  std::uint64_t bytes = HeadBytes(head);
  for (const ArrayEntry& array : head.arrays) bytes += array.bytes();
  return bytes;
}

std::uint64_t LongestHead(std::uint64_t file_bytes) noexcept {
  const std::uint64_t blocks = file_bytes / kSnapshotBlock + kMostArrays;
  return std::min(file_bytes, kFixedBytes + kEntryBytes * kMostArrays + kSumBytes * (blocks + 1));
}

std::vector<SnapshotBlock> BlocksOf(const SnapshotHead& head) {
  std::vector<SnapshotBlock> blocks;
  std::uint64_t in_file = HeadBytes(head);
  for (std::size_t a = 0; a < head.arrays.size(); ++a) {
    const std::uint64_t bytes = head.arrays[a].bytes();
    for (std::uint64_t at = 0; at < bytes; at += kSnapshotBlock) {
      const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(kSnapshotBlock, bytes - at));
      blocks.push_back({a, blocks.size(), at, in_file + at, size});
    }
    in_file += bytes;
  }
  return blocks;
}

std::string EncodeHead(const SnapshotHead& head) {
  Writer out;
  out.Append(kMagic, kMagic.size());
  out.Put(kSnapshotVersion);
  out.Put(static_cast<std::uint32_t>(head.arrays.size()));
  out.Put(FileBytes(head));
  out.Put(head.log_sequence);
  out.Put(head.stamp);
  out.Put(head.users);
  out.Put(head.items);
  out.Append(head.store_id, kLongestStoreId);
  for (const ArrayEntry& array : head.arrays) {
    out.Put(static_cast<std::uint32_t>(array.relation));
    out.Put(static_cast<std::uint32_t>(array.kind));
    out.Put(array.elements);
  }
  for (const std::uint32_t sum : head.sums) out.Put(sum);
  out.Put(Crc32c(out.text()));
  return out.Take();
}

Result<SnapshotHead> DecodeHead(std::string_view bytes, std::uint64_t file_bytes) {
  if (!bytes.starts_with(kMagic)) return Damaged("it does not begin as one");
  if (bytes.size() < kFixedBytes) return CutShort(file_bytes);
  Reader in(bytes.substr(kMagic.size()));
  if (const auto version = in.Take<std::uint32_t>(); version != kSnapshotVersion) {
    return FailedPrecondition("graph snapshot: format version " + std::to_string(version) + ", this build reads " +
                              std::to_string(kSnapshotVersion));
  }
  SnapshotHead head;
  const auto arrays = in.Take<std::uint32_t>();
  if (arrays > kMostArrays) return Damaged("more arrays than there can be");
  head.arrays.resize(arrays);
  const auto said_bytes = in.Take<std::uint64_t>();
  if (said_bytes != file_bytes) {
    return Damaged("expected a file of " + std::to_string(said_bytes) + " bytes, found " + std::to_string(file_bytes));
  }
  head.log_sequence = in.Take<std::uint64_t>();
  head.stamp = in.Take<std::uint64_t>();
  head.users = in.Take<std::uint32_t>();
  head.items = in.Take<std::uint32_t>();
  const std::string_view id = in.Take(kLongestStoreId);
  head.store_id = id.substr(0, std::min(id.find('\0'), id.size()));

  if (bytes.size() < kFixedBytes + kEntryBytes * head.arrays.size()) return CutShort(file_bytes);
  std::uint32_t before = 0;
  for (ArrayEntry& array : head.arrays) {
    const auto relation = in.Take<std::uint32_t>(), kind = in.Take<std::uint32_t>();
    array.elements = in.Take<std::uint64_t>();
    const std::uint32_t place = relation * kNumArrayKinds + kind + 1;
    if (relation >= kNumRelations || kind >= kNumArrayKinds || place <= before) {
      return Damaged("arrays of no known kind or out of order");
    }
    before = place;
    array.relation = static_cast<Relation>(relation);
    array.kind = static_cast<ArrayKind>(kind);
    if (array.elements > file_bytes / ElementBytes(array.kind)) return Damaged("an array longer than the file");
  }
  // Sizes are bounded by the file from here on, and sixteen of them cannot overflow.
  if (FileBytes(head) != file_bytes) return Damaged("the arrays do not fill the file");
  const std::uint64_t head_bytes = HeadBytes(head);
  if (bytes.size() < head_bytes) return CutShort(file_bytes);
  Reader check(bytes.substr(head_bytes - kSumBytes));
  if (check.Take<std::uint32_t>() != Crc32c(bytes.substr(0, head_bytes - kSumBytes))) {
    return Damaged("its head differs from its checksum");
  }
  head.sums.resize((head_bytes - kFixedBytes - kEntryBytes * head.arrays.size()) / kSumBytes - 1);
  for (std::uint32_t& sum : head.sums) sum = in.Take<std::uint32_t>();
  for (int r = 0; r < kNumRelations; ++r) KITH_RETURN_IF_ERROR(CheckRelation(head, static_cast<Relation>(r)));
  return head;
}

}  // namespace kith::storage
