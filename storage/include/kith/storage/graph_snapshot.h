/// A graph in a file: the arrays of its relations as they lie in memory, each block of them with a checksum.
///
/// A store keeps one beside its log (GraphStore::RefreshSnapshot), a benchmark keeps its generated graphs; the format
/// is a grammar in docs/storage_format.md.  Reading builds nothing: the arrays are read in parallel into memory of
/// their own.  Mapping the file is no faster once every byte is checked, has 4 KiB pages in place of 2 MiB ones, and
/// would let a file that is cut short under a reader kill it.
/// Threads: pure functions.
/// Cost: 4 bytes a row + 4 an edge in each direction (+ 4 if weighted, + 8 if timed), a relation that is its own
/// reverse once; 932 MB (109 M edges both ways) are read from a warm page cache and checked in 0.35 core-seconds.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "kith/base/parallel.h"
#include "kith/base/status.h"
#include "kith/graph/social_graph.h"

namespace kith {

/// Writes `graph` (its overlay folded in) to path + ".tmp", syncs, and renames: at `path` stands the old file or the
/// new one, whole.  `stamp` is kept with it, for who wants to know this very file again.
/// Fails: kIoError (disk full, permission), kInvalidArgument (a store id of more than 32 bytes).
[[nodiscard]] Status WriteGraphSnapshot(const Runtime& runtime, const SocialGraph& graph, const std::string& path,
                                        std::uint64_t stamp = 0);

/// The graph in the file, every byte checked against its checksum and every relation against the invariants of Csr.
/// Fails: kNotFound, kIoError, kFailedPrecondition (a newer format), kCorruption (cut short, damaged, no such file).
[[nodiscard]] Result<std::shared_ptr<const SocialGraph>> ReadGraphSnapshot(const Runtime& runtime,
                                                                           const std::string& path);

}  // namespace kith
