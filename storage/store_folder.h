/// The folder of a store: what stands where, how it is recognised, made and taken away again.
///
///   KITH           three lines of text: "kith store", "format 1", "id <16 hex digits>"
///   ACKNOWLEDGED   the high-water mark (acknowledged.h)
///   WRITER         the writer's lock, empty
///   db/            RocksDB
///   models/        published models (model_files.h)
///   graph.snapshot the graph at some point of the log (snapshot_file.h), if there is one
///   load.tmp/      a bulk load on its way; a leftover is deleted by the next writer
///
/// A new store is built in the sibling folder PATH.creating and renamed: there is no half-made store to be found.
/// Threads: no state.
#pragma once

#include <cstdint>
#include <string>

#include "kith/base/status.h"
#include "writer_lock.h"

namespace kith::storage {

struct Identity {
  std::uint32_t format = 0;
  std::string store_id = {};
};

[[nodiscard]] inline std::string IdentityPath(const std::string& store) { return store + "/KITH"; }
[[nodiscard]] inline std::string MarkPath(const std::string& store) { return store + "/ACKNOWLEDGED"; }
[[nodiscard]] inline std::string DatabasePath(const std::string& store) { return store + "/db"; }
[[nodiscard]] inline std::string ModelsPath(const std::string& store) { return store + "/models"; }
[[nodiscard]] inline std::string SnapshotPath(const std::string& store) { return store + "/graph.snapshot"; }
[[nodiscard]] inline std::string LoadPath(const std::string& store) { return store + "/load.tmp"; }

/// What stands at `path`: a store of a format this build reads.
/// Fails: kNotFound (nothing there), kFailedPrecondition (something else, or a newer format), kIoError.
[[nodiscard]] Result<Identity> Recognise(const std::string& path);

/// Whether a store may be made at `path`: nothing there, or an empty folder.
[[nodiscard]] Result<bool> IsFreeForStore(const std::string& path);

/// What making a store changed, so that it can be undone.
struct Creation {
  std::string path;
  std::string topmost_made = {};        ///< the highest folder that was not there before; empty: all were
  std::uint32_t empty_folder_mode = 0;  ///< permission bits of the empty folder that was there; 0: none was
};

/// Makes an empty store at `path`; the lock is held already when its name appears.
/// Fails: kLocked (another process is making it), kIoError, kFailedPrecondition.
struct NewStore {
  Creation creation;
  WriterLock lock;
};
[[nodiscard]] Result<NewStore> CreateStore(const std::string& path);
/// Takes an unused store away and leaves what was there before.  REQUIRES: its database is closed.
[[nodiscard]] Status UndoCreation(const Creation& creation);

}  // namespace kith::storage
