#include "store_folder.h"

#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <system_error>

#include "acknowledged.h"
#include "database.h"
#include "files.h"
#include "store_format.h"

namespace kith::storage {
namespace {

constexpr std::string_view kFirstLine = "kith store\nformat ";

Status NotAStore(const std::string& path, std::string_view found) {
  return FailedPrecondition("\"" + path + "\" is not a Kith store: " + std::string(found) +
                            "; name the folder of a store, or one that does not exist yet");
}

std::string EncodeIdentity(const Identity& identity) {
  return std::string(kFirstLine) + std::to_string(identity.format) + "\nid " + identity.store_id + "\n";
}

bool IsStoreId(std::string_view id) {
  return id.size() == 16 && id.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

/// The format alone is read from a newer store; what follows it may have changed.
std::optional<Identity> DecodeIdentity(std::string_view text) {
  if (!text.starts_with(kFirstLine)) return std::nullopt;
  text.remove_prefix(kFirstLine.size());
  Identity identity;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), identity.format);
  if (error != std::errc() || identity.format == 0) return std::nullopt;
  if (identity.format > kFormatVersion) return identity;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  if (!text.starts_with("\nid ") || !text.ends_with("\n")) return std::nullopt;
  identity.store_id = text.substr(4, text.size() - 5);
  if (!IsStoreId(identity.store_id)) return std::nullopt;
  return identity;
}

Result<std::string> RandomStoreId() {
  std::array<unsigned char, 8> bytes = {};
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    return ErrnoStatus(errno, "drawing", "a store id");
  }
  std::string id;
  for (const unsigned char byte : bytes) {
    id += "0123456789abcdef"[byte >> 4];
    id += "0123456789abcdef"[byte & 15U];
  }
  return id;
}

/// mkdir -p, syncing each folder's parent; returns the topmost folder made, or "".
Result<std::string> MakeFolders(const std::string& path) {
  std::string topmost;
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) return topmost;
  const std::string parent = ParentFolder(path);
  KITH_ASSIGN_OR_RETURN(topmost, MakeFolders(parent));
  KITH_RETURN_IF_ERROR(MakeFolder(path));
  KITH_RETURN_IF_ERROR(SyncFolder(parent));
  return topmost.empty() ? path : topmost;
}

/// Folders made above the store, while they are empty.
void RemoveFoldersAbove(const Creation& creation) {
  std::string above = creation.path;
  while (!creation.topmost_made.empty() && above.size() > creation.topmost_made.size()) {
    above = ParentFolder(above);
    if (::rmdir(above.c_str()) != 0) break;
  }
}

/// Fills `folder` with an empty store; KITH comes last.
Status BuildStore(const std::string& folder) {
  Identity identity{.format = kFormatVersion};
  KITH_ASSIGN_OR_RETURN(identity.store_id, RandomStoreId());
  {
    KITH_ASSIGN_OR_RETURN(const auto database, Database::Open(DatabasePath(folder), Database::Mode::kCreate, {}));
    Batch batch;
    database->Put(batch, Family::kMeta, kMetaFormat, View(EncodeU32(identity.format)));
    database->Put(batch, Family::kMeta, kMetaStoreId, identity.store_id);
    database->Put(batch, Family::kMeta, kMetaCounters, View(EncodeCounters({})));
    KITH_RETURN_IF_ERROR(database->Commit(batch));
    KITH_RETURN_IF_ERROR(database->Close());
  }
  KITH_RETURN_IF_ERROR(SyncFolder(DatabasePath(folder)));
  KITH_RETURN_IF_ERROR(MarkWriter::Create(MarkPath(folder), {}));
  KITH_RETURN_IF_ERROR(WriteFileSynced(IdentityPath(folder), EncodeIdentity(identity)));
  return SyncFolder(folder);
}

}  // namespace

Result<Identity> Recognise(const std::string& path) {
  struct stat info = {};
  if (::stat(path.c_str(), &info) != 0) return ErrnoStatus(errno, "opening", path);
  if (!S_ISDIR(info.st_mode)) return NotAStore(path, "it is a file");
  const Result<std::string> text = ReadFile(IdentityPath(path));
  if (!text.ok() && text.status().code() != StatusCode::kNotFound) return text.status();
  if (!text.ok()) return NotAStore(path, "the folder has no file KITH");
  const std::optional<Identity> identity = DecodeIdentity(*text);
  if (!identity) return NotAStore(path, "its file KITH reads otherwise than expected");
  if (identity->format > kFormatVersion) {
    return FailedPrecondition("opening " + path + ": format version " + std::to_string(identity->format) +
                              ", this build reads 1.." + std::to_string(kFormatVersion) +
                              "; upgrade kith or restore a backup");
  }
  return *identity;
}

Result<bool> IsFreeForStore(const std::string& path) {
  struct stat info = {};
  if (::stat(path.c_str(), &info) != 0) {
    if (errno == ENOENT) return true;
    return ErrnoStatus(errno, "opening", path);
  }
  if (!S_ISDIR(info.st_mode)) return false;
  KITH_ASSIGN_OR_RETURN(const auto names, ListFolder(path));
  return names.empty();
}

Result<NewStore> CreateStore(const std::string& path) {
  NewStore made{.creation = {.path = path}, .lock = WriterLock()};
  Creation& creation = made.creation;
  const std::string parent = ParentFolder(path), building = path + ".creating";
  KITH_ASSIGN_OR_RETURN(creation.topmost_made, MakeFolders(parent));
  struct stat info = {};
  const bool was_there = ::stat(path.c_str(), &info) == 0;
  if (was_there) creation.empty_folder_mode = info.st_mode & 07777U;
  if (!was_there && creation.topmost_made.empty()) creation.topmost_made = path;

  KITH_RETURN_IF_ERROR(MakeFolder(building));
  KITH_ASSIGN_OR_RETURN(made.lock, WriterLock::Take(building));
  const auto undo = [&](const Status& failure) {
    (void)RemoveAll(building);
    RemoveFoldersAbove(creation);
    return failure;
  };
  KITH_ASSIGN_OR_RETURN(const bool still_free, IsFreeForStore(path));
  if (!still_free) return undo(Locked("store \"" + path + "\" was just made by somebody else; try again"));
  KITH_ASSIGN_OR_RETURN(const auto leftovers, ListFolder(building));
  for (const std::string& name : leftovers) {
    if (name != "WRITER") KITH_RETURN_IF_ERROR(RemoveAll(building + "/" + name));
  }
  if (const Status built = BuildStore(building); !built.ok()) return undo(built);
  if (was_there) ::chmod(building.c_str(), creation.empty_folder_mode);
  if (std::rename(building.c_str(), path.c_str()) != 0) {
    return undo(ErrnoStatus(errno, "putting the new store in place at", path));
  }
  KITH_RETURN_IF_ERROR(SyncFolder(parent));
  return made;
}

Status UndoCreation(const Creation& creation) {
  const std::string building = creation.path + ".creating";
  KITH_RETURN_IF_ERROR(Rename(creation.path, building));
  KITH_RETURN_IF_ERROR(RemoveAll(building));
  if (creation.empty_folder_mode != 0) {
    KITH_RETURN_IF_ERROR(MakeFolder(creation.path));
    ::chmod(creation.path.c_str(), creation.empty_folder_mode);
  }
  RemoveFoldersAbove(creation);
  return SyncFolder(ParentFolder(creation.topmost_made.empty() ? creation.path : creation.topmost_made));
}

}  // namespace kith::storage
