/// A race on purpose: every range of a loop adds to one plain counter.  Built under ThreadSanitizer only, where its
/// report shows that the annotations of base/tsan.h hide no race.
#include <cstddef>
#include <cstdio>

#include "kith/base/parallel.h"

int main() {
  const kith::Runtime runtime(2);
  long counter = 0;
  kith::ParallelFor(runtime, 200'000, 1, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) ++counter;
  });
  std::printf("%ld\n", counter);
  return 0;
}
