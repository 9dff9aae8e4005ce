#include "snapshot_file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cmath>
#include <utility>
#include <vector>

#include "crc32c.h"
#include "first_failure.h"

namespace kith::storage {
namespace {

constexpr std::size_t kValueGrain = std::size_t{1} << 18;

std::string NameOf(const ArrayEntry& array) {
  constexpr std::array<const char*, kNumArrayKinds> kKinds = {"offsets", "targets", "weights", "times"};
  return std::string(kKinds[static_cast<std::size_t>(array.kind)]) + " of relation " +
         std::to_string(static_cast<int>(array.relation));
}

/// Whether all of `values` are allowed, in parallel.
template <class T, class Allowed>
bool AllOf(const Runtime& runtime, std::span<const T> values, Allowed allowed) {
  std::atomic<bool> all = true;
  ParallelFor(runtime, values.size(), kValueGrain, [&](std::size_t begin, std::size_t end) {
    const auto part = values.subspan(begin, end - begin);
    if (!std::all_of(part.begin(), part.end(), allowed)) all = false;
  });
  return all;
}

Status CheckValues(const Runtime& runtime, const Csr& csr) {
  if (!AllOf(runtime, csr.weights(), [](float weight) { return std::isfinite(weight) && weight > 0.0F; })) {
    return Corruption("graph snapshot: a weight is not a finite number above 0");
  }
  if (!AllOf(runtime, csr.times(), [](std::int64_t time) { return time >= kNoTime; })) {
    return Corruption("graph snapshot: a time is below 0");
  }
  return OkStatus();
}

/// The arrays of a relation on their way into a Csr.
struct Arrays {
  AlignedBuffer<CsrOffset> offsets;
  AlignedBuffer<std::uint32_t> targets;
  AlignedBuffer<float> weights;
  AlignedBuffer<std::int64_t> times;

  char* Make(const ArrayEntry& array) {
    const auto n = static_cast<std::size_t>(array.elements);
    const auto make = [n](auto& buffer) {
      buffer = std::remove_reference_t<decltype(buffer)>::ForOverwrite(n);
      return reinterpret_cast<char*>(buffer.data());
    };
    switch (array.kind) {
      case ArrayKind::kOffsets:
        return make(offsets);
      case ArrayKind::kTargets:
        return make(targets);
      case ArrayKind::kWeights:
        return make(weights);
      case ArrayKind::kTimes:
        return make(times);
    }
    return nullptr;
  }
};

}  // namespace

Result<SnapshotFile> SnapshotFile::Open(const std::string& path) {
  SnapshotFile opened;
  opened.path_ = path;
  opened.file_ = FileHandle(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!opened.file_.valid()) return ErrnoStatus(errno, "opening", path);
  struct stat info = {};
  if (::fstat(opened.file_.get(), &info) != 0) return ErrnoStatus(errno, "reading", path);
  if (!S_ISREG(info.st_mode)) return Corruption("graph snapshot: expected a file, found something else");
  const auto file_bytes = static_cast<std::uint64_t>(info.st_size);
  std::string head(static_cast<std::size_t>(LongestHead(file_bytes)), '\0');
  KITH_RETURN_IF_ERROR(ReadAt(opened.file_, path, 0, head.data(), head.size()));
  KITH_ASSIGN_OR_RETURN(opened.head_, DecodeHead(head, file_bytes));
  return opened;
}

Status SnapshotFile::ReadBlocks(const Runtime& runtime, FunctionRef<char*(std::size_t array)> place) const {
  const std::vector<SnapshotBlock> blocks = BlocksOf(head_);
  return FirstFailure(runtime, blocks.size(), [&](std::size_t i) -> Status {
    const SnapshotBlock& block = blocks[i];
    char* out = place(block.array);
    std::string scratch;
    if (out == nullptr) scratch.resize(block.bytes);
    out = out == nullptr ? scratch.data() : out + block.in_array;
    KITH_RETURN_IF_ERROR(ReadAt(file_, path_, block.in_file, out, block.bytes));
    if (Crc32c({out, block.bytes}) == head_.sums[block.sum]) return OkStatus();
    return Corruption("graph snapshot: the " + NameOf(head_.arrays[block.array]) +
                      " differ from their checksum at byte " + std::to_string(block.in_file) + " and after");
  });
}

Status SnapshotFile::CheckSums(const Runtime& runtime) const {
  return ReadBlocks(runtime, [](std::size_t) -> char* { return nullptr; });
}

Result<std::shared_ptr<const SocialGraph>> SnapshotFile::Read(const Runtime& runtime) const {
  std::array<Arrays, kNumRelations> arrays;
  std::vector<char*> places;
  for (const ArrayEntry& entry : head_.arrays) {
    places.push_back(arrays[static_cast<std::size_t>(entry.relation)].Make(entry));
  }
  KITH_RETURN_IF_ERROR(ReadBlocks(runtime, [&](std::size_t array) { return places[array]; }));

  GraphParts parts{head_.users, head_.items, {}, head_.store_id, head_.log_sequence};
  for (std::size_t r = 0; r < kNumRelations; ++r) {
    const auto reverse = static_cast<std::size_t>(Reverse(static_cast<Relation>(r)));
    if (arrays[r].offsets.empty()) {
      parts.relations[r] = parts.relations[reverse];
      continue;
    }
    const std::uint32_t targets = r == static_cast<std::size_t>(Relation::kInteracts) ? head_.items : head_.users;
    const auto csr = std::make_shared<const Csr>(targets, std::move(arrays[r].offsets), std::move(arrays[r].targets),
                                                 std::move(arrays[r].weights), std::move(arrays[r].times));
    KITH_RETURN_IF_ERROR(csr->Check(runtime));
    KITH_RETURN_IF_ERROR(CheckValues(runtime, *csr));
    parts.relations[r] = csr;
  }
  auto graph = SocialGraph::Assemble(std::move(parts));
  return graph.ok() ? graph : Corruption("graph snapshot: " + std::string(graph.status().message()));
}

}  // namespace kith::storage
