/// Work in parallel that may fail: the failure that a plain loop would have met first is the one that is returned.
#pragma once

#include <atomic>
#include <cstddef>
#include <mutex>

#include "kith/base/parallel.h"
#include "kith/base/status.h"

namespace kith::storage {

/// Runs work(i) for i < n in parallel until one fails; returns the failure of the smallest i that has one.
template <class Work>
[[nodiscard]] Status FirstFailure(const Runtime& runtime, std::size_t n, Work work) {
  std::atomic<std::size_t> first = n;
  std::mutex mutex;
  Status failure;
  ParallelFor(runtime, n, /*grain=*/1, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end && i < first.load(); ++i) {
      const Status done = work(i);
      if (done.ok()) continue;
      const std::scoped_lock lock(mutex);
      if (i < first.load()) {
        first = i;
        failure = done;
      }
    }
  });
  return failure;
}

}  // namespace kith::storage
