#include "writer_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>

namespace kith::storage {

Result<WriterLock> WriterLock::Take(const std::string& folder) {
  const std::string path = folder + "/WRITER";
  while (true) {
    FileHandle file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
    if (!file.valid()) return ErrnoStatus(errno, "opening", path);
    if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
      if (errno == EINTR) continue;
      if (errno != EWOULDBLOCK) return ErrnoStatus(errno, "locking", path);
      return Locked("store \"" + folder + "\" is being written to by somebody else; wait until that ends, or stop it");
    }
    // The holder before us may have removed or moved the folder between our open and our lock.
    struct stat ours = {}, named = {};
    if (::fstat(file.get(), &ours) == 0 && ::stat(path.c_str(), &named) == 0 && ours.st_ino == named.st_ino &&
        ours.st_dev == named.st_dev) {
      return WriterLock(std::move(file));
    }
  }
}

}  // namespace kith::storage
