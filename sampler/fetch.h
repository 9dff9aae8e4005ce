/// FetchLine: a software prefetch that the compiler keeps.
#pragma once

namespace kith {

/// Asks for the cache line at `place`, to be read soon.  A function that does nothing but prefetch has no effect that
/// g++ knows of, and calls of it vanish; the empty statement is an effect.
inline void FetchLine(const void* place) noexcept {
  __builtin_prefetch(place);
  asm volatile("");
}

}  // namespace kith
