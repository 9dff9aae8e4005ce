/// SnapshotFile: a graph snapshot opened for reading, its head known and checked, its arrays still on disk.
///
/// Threads: any number of calls at once.   Cost: opening reads the head alone, about 4 bytes a MiB.
#pragma once

#include <memory>
#include <string>

#include "files.h"
#include "kith/base/parallel.h"
#include "kith/base/status.h"
#include "kith/graph/social_graph.h"
#include "snapshot_format.h"

namespace kith::storage {

class SnapshotFile {
 public:
  /// Fails as ReadGraphSnapshot does.
  [[nodiscard]] static Result<SnapshotFile> Open(const std::string& path);

  [[nodiscard]] const SnapshotHead& head() const noexcept { return head_; }
  /// Ok where every block agrees with its checksum; keeps nothing of them.
  [[nodiscard]] Status CheckSums(const Runtime& runtime) const;
  /// The graph, all of it checked.
  [[nodiscard]] Result<std::shared_ptr<const SocialGraph>> Read(const Runtime& runtime) const;

 private:
  /// Reads every block, in parallel, to where `place(array)` says (nullptr: nowhere) and checks it.
  [[nodiscard]] Status ReadBlocks(const Runtime& runtime, FunctionRef<char*(std::size_t array)> place) const;

  std::string path_;
  FileHandle file_;
  SnapshotHead head_;
};

}  // namespace kith::storage
