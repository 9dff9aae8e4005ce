#include "kith/base/buffer.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>
#include <new>

namespace kith {
namespace {

constexpr std::size_t kLine = 64;
constexpr std::size_t kHugePage = std::size_t{2} << 20;
constexpr std::size_t kLeastTail = kHugePage / 4;

}  // namespace

void* AllocateAligned(std::size_t bytes) {
  if (bytes == 0) return nullptr;
  void* memory = nullptr;
  if (bytes < kHugePage) {
    if (posix_memalign(&memory, kLine, bytes) != 0) throw std::bad_alloc();
    return memory;
  }
  // The tail becomes a huge page too where it fills a quarter of one; a shorter one costs what it uses.
  const std::size_t huge = (bytes + kHugePage - kLeastTail) / kHugePage * kHugePage;
  if (posix_memalign(&memory, kHugePage, std::max(bytes, huge)) != 0) throw std::bad_alloc();
  (void)madvise(memory, huge, MADV_HUGEPAGE);  // a refusal leaves small pages, which are correct too
  return memory;
}

void FreeAligned(void* memory) noexcept { std::free(memory); }

}  // namespace kith
