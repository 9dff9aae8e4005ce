#include "kith/storage/graph_snapshot.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <span>
#include <string_view>
#include <vector>

#include "crc32c.h"
#include "files.h"
#include "first_failure.h"
#include "snapshot_file.h"
#include "snapshot_format.h"

namespace kith::storage {
namespace {

constexpr CsrOffset kNoRows[] = {0};

template <class T>
std::string_view BytesOf(std::span<const T> values) {
  return {reinterpret_cast<const char*>(values.data()), values.size_bytes()};
}

/// The arrays of `graph` as the file holds them, beside their entries in the head.
struct Content {
  SnapshotHead head;
  std::vector<std::string_view> bytes;

  template <class T>
  void Add(Relation relation, ArrayKind kind, std::span<const T> values) {
    head.arrays.push_back({relation, kind, values.size()});
    bytes.push_back(BytesOf(values));
  }
};

Content ContentOf(const SocialGraph& graph, std::uint64_t stamp) {
  Content content;
  content.head = {graph.log_sequence(), stamp, graph.num_users(), graph.num_items(), graph.store_id(), {}, {}};
  for (int r = 0; r < kNumRelations; ++r) {
    const auto relation = static_cast<Relation>(r);
    const Csr& csr = graph.frozen(relation);
    if (Reverse(relation) < relation && &csr == &graph.frozen(Reverse(relation))) continue;
    // A relation that was never given rows has one offset in the file, as any other has one more than rows.
    content.Add(relation, ArrayKind::kOffsets, csr.offsets().empty() ? std::span(kNoRows) : csr.offsets());
    content.Add(relation, ArrayKind::kTargets, csr.targets());
    if (csr.weighted()) content.Add(relation, ArrayKind::kWeights, csr.weights());
    if (csr.timed()) content.Add(relation, ArrayKind::kTimes, csr.times());
  }
  return content;
}

Status WriteSynced(const Runtime& runtime, Content& content, const std::string& path) {
  const FileHandle file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (!file.valid()) return ErrnoStatus(errno, "creating", path);
  const std::vector<SnapshotBlock> blocks = BlocksOf(content.head);
  content.head.sums.resize(blocks.size());
  KITH_RETURN_IF_ERROR(FirstFailure(runtime, blocks.size(), [&](std::size_t i) {
    const SnapshotBlock& block = blocks[i];
    const std::string_view bytes = content.bytes[block.array].substr(block.in_array, block.bytes);
    content.head.sums[block.sum] = Crc32c(bytes);
    return WriteAt(file, path, block.in_file, bytes);
  }));
  KITH_RETURN_IF_ERROR(WriteAt(file, path, 0, EncodeHead(content.head)));
  if (::fsync(file.get()) != 0) return ErrnoStatus(errno, "syncing", path);
  return OkStatus();
}

}  // namespace
}  // namespace kith::storage

namespace kith {

Status WriteGraphSnapshot(const Runtime& runtime, const SocialGraph& graph, const std::string& path,
                          std::uint64_t stamp) {
  if (graph.store_id().size() > storage::kLongestStoreId) {
    return InvalidArgument("graph snapshot: expected a store id of up to " + std::to_string(storage::kLongestStoreId) +
                           " bytes, found " + std::to_string(graph.store_id().size()));
  }
  if (graph.overlay_rows() != 0) {
    KITH_ASSIGN_OR_RETURN(const auto compact, graph.Compact(runtime));
    return WriteGraphSnapshot(runtime, *compact, path, stamp);
  }
  storage::Content content = storage::ContentOf(graph, stamp);
  const std::string temporary = path + ".tmp";
  if (const Status written = storage::WriteSynced(runtime, content, temporary); !written.ok()) {
    (void)storage::RemoveAll(temporary);
    return written;
  }
  KITH_RETURN_IF_ERROR(storage::Rename(temporary, path));
  return storage::SyncFolder(storage::ParentFolder(path));
}

Result<std::shared_ptr<const SocialGraph>> ReadGraphSnapshot(const Runtime& runtime, const std::string& path) {
  Result<storage::SnapshotFile> file = storage::SnapshotFile::Open(path);
  if (!file.ok())
    return file.status().code() == StatusCode::kNotFound ? file.status() : file.status().WithContext(path);
  auto graph = file->Read(runtime);
  return graph.ok() ? graph : graph.status().WithContext(path);
}

}  // namespace kith
