/// What ThreadSanitizer is told about fork and join.
///
/// Debian's oneTBB is built without instrumentation, so the sanitizer cannot see that the threads of a loop wait for
/// each other.  A SyncPoint stands for that edge: what happened before Release() happened before a later Acquire().
/// oneTBB's templates share state by that same unseen synchronisation: parallel.cc, the one file that instantiates them,
/// is compiled without instrumentation and with KITH_ANNOTATE_TSAN; the bodies of loops live elsewhere and are watched.
/// Without the sanitizer all of it is empty.
#pragma once

#include <cstdint>

#ifdef KITH_ANNOTATE_TSAN
extern "C" {
void __tsan_acquire(void* address);
void __tsan_release(void* address);
}
#endif

namespace kith {

class SyncPoint {
 public:
#ifdef KITH_ANNOTATE_TSAN
  void Acquire() noexcept { __tsan_acquire(&address_); }
  void Release() noexcept { __tsan_release(&address_); }

 private:
  std::uint64_t address_ = 0;
#else
  void Acquire() noexcept {}
  void Release() noexcept {}
#endif
};

/// Acquires on entry to a scope, releases on leaving it, also by an exception.
class SyncScope {
 public:
  SyncScope(SyncPoint& acquired, SyncPoint& released) noexcept : released_(released) { acquired.Acquire(); }
  ~SyncScope() { released_.Release(); }
  SyncScope(const SyncScope&) = delete;
  SyncScope& operator=(const SyncScope&) = delete;

 private:
  SyncPoint& released_;
};

}  // namespace kith
