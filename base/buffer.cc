#include "kith/base/buffer.h"

#include <sys/mman.h>

#include <cstdlib>
#include <new>

namespace kith {
namespace {

constexpr std::size_t kLine = 64;
constexpr std::size_t kHugePage = std::size_t{2} << 20;

}  // namespace

void* AllocateAligned(std::size_t bytes) {
  if (bytes == 0) return nullptr;
  void* memory = nullptr;
  if (posix_memalign(&memory, bytes >= kHugePage ? kHugePage : kLine, bytes) != 0) throw std::bad_alloc();
  // Whole huge pages only, so that the tail costs what it uses. A refusal leaves small pages, which are correct too.
  if (bytes >= kHugePage) (void)madvise(memory, bytes / kHugePage * kHugePage, MADV_HUGEPAGE);
  return memory;
}

void FreeAligned(void* memory) noexcept { std::free(memory); }

}  // namespace kith
