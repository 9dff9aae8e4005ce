#include "acknowledged.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <string_view>

#include "crc32c.h"
#include "store_format.h"

namespace kith::storage {
namespace {

// slot := "KITHMARK" commit:u64 last_sequence:u64 crc32c:u32 of the 24 bytes before; a slot a sector, so none tears
// two.
constexpr std::string_view kMagic = "KITHMARK";
constexpr std::size_t kSlotBytes = 28, kSlotDistance = 4096;

std::string EncodeSlot(const Mark& mark) {
  std::string slot(kMagic);
  slot += View(EncodeU64(mark.commit));
  slot += View(EncodeU64(mark.last_sequence));
  slot += View(EncodeU32(Crc32c(slot)));
  return slot;
}

std::optional<Mark> DecodeSlot(std::string_view slot) {
  if (slot.size() < kSlotBytes || !slot.starts_with(kMagic)) return std::nullopt;
  if (DecodeU32(slot.substr(24, 4)) != Crc32c(slot.substr(0, 24))) return std::nullopt;
  return Mark{*DecodeU64(slot.substr(8, 8)), *DecodeU64(slot.substr(16, 8))};
}

struct Slots {
  Mark newest;
  int newest_slot;
};

Result<Slots> ReadSlots(const std::string& path) {
  KITH_ASSIGN_OR_RETURN(const std::string bytes, ReadFile(path));
  std::optional<Slots> best;
  for (int i = 0; i < 2; ++i) {
    const std::size_t at = static_cast<std::size_t>(i) * kSlotDistance;
    if (bytes.size() < at) continue;
    const std::optional<Mark> mark = DecodeSlot(std::string_view(bytes).substr(at).substr(0, kSlotBytes));
    if (mark && (!best || mark->commit > best->newest.commit)) best = Slots{*mark, i};
  }
  if (!best) return Corruption(path + ": neither slot holds a valid mark; restore the store from a backup");
  return *best;
}

}  // namespace

Result<Mark> ReadMark(const std::string& path) {
  KITH_ASSIGN_OR_RETURN(const Slots slots, ReadSlots(path));
  return slots.newest;
}

Status MarkWriter::Create(const std::string& path, const Mark& mark) {
  std::string bytes = EncodeSlot(mark);
  bytes.resize(2 * kSlotDistance, '\0');
  return WriteFileSynced(path, bytes);
}

Result<MarkWriter> MarkWriter::Open(const std::string& path) {
  KITH_ASSIGN_OR_RETURN(const Slots slots, ReadSlots(path));
  MarkWriter writer;
  writer.path_ = path;
  writer.last_ = slots.newest;
  writer.next_slot_ = 1 - slots.newest_slot;
  writer.file_ = FileHandle(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!writer.file_.valid()) return ErrnoStatus(errno, "opening", path);
  return writer;
}

Status MarkWriter::Write(const Mark& mark) {
  const std::string slot = EncodeSlot(mark);
  const auto at = static_cast<off_t>(static_cast<std::size_t>(next_slot_) * kSlotDistance);
  ssize_t wrote = 0;
  do {
    wrote = ::pwrite(file_.get(), slot.data(), slot.size(), at);
  } while (wrote < 0 && errno == EINTR);
  if (wrote != static_cast<ssize_t>(slot.size())) return ErrnoStatus(wrote < 0 ? errno : EIO, "writing", path_);
  if (::fdatasync(file_.get()) != 0) return ErrnoStatus(errno, "syncing", path_);
  last_ = mark;
  next_slot_ = 1 - next_slot_;
  return OkStatus();
}

}  // namespace kith::storage
