#include "kith/base/parallel.h"

#include <sched.h>
#include <tbb/blocked_range.h>
#include <tbb/global_control.h>
#include <tbb/parallel_for.h>
#include <tbb/parallel_pipeline.h>
#include <tbb/task_arena.h>
#include <tbb/task_group.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <optional>
#include <thread>
#include <vector>

#include "kith/base/tbb_runtime.h"
#include "tsan.h"

namespace kith {

struct Runtime::Impl {
  /// The library starts no more workers than the machine has cores; a caller that asks for more gets them.
  std::optional<tbb::global_control> more_workers;
  std::optional<tbb::task_arena> own;
  tbb::task_arena* arena = nullptr;
  int threads = 1;
};

namespace {

int UsableCores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) == 0) return std::max(1, CPU_COUNT(&set));
  // More cores than a cpu_set_t counts.
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

std::unique_ptr<Runtime::Impl> OwnArena(int threads) {
  auto impl = std::make_unique<Runtime::Impl>();
  impl->threads = threads > 0 ? threads : UsableCores();
  if (impl->threads > UsableCores()) {
    impl->more_workers.emplace(tbb::global_control::max_allowed_parallelism, static_cast<std::size_t>(impl->threads));
  }
  impl->own.emplace(impl->threads);  // lazy: no thread starts before the first loop
  impl->arena = &*impl->own;
  return impl;
}

/// Runs `work` in the runtime's arena.  Isolated: while a thread waits for its own loop it takes no task of another
/// one, so a body that holds a lock around an inner loop cannot meet that lock again on the same stack.
template <class Work>
void RunIsolated(const Runtime& runtime, SyncPoint& fork, SyncPoint& join, const Work& work) {
  fork.Release();
  struct JoinAtEnd {
    SyncPoint& join;
    ~JoinAtEnd() { join.Acquire(); }
  } const at_end{join};
  runtime.impl().arena->execute([&] { tbb::this_task_arena::isolate([&] { work(); }); });
}

}  // namespace

Runtime::Runtime(int threads) : impl_(OwnArena(threads)) {}
Runtime::Runtime(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}
Runtime::~Runtime() = default;
int Runtime::threads() const noexcept { return impl_->threads; }

std::unique_ptr<Runtime> RuntimeFromArena(tbb::task_arena& arena) {
  auto impl = std::make_unique<Runtime::Impl>();
  impl->arena = &arena;
  impl->threads = arena.max_concurrency();
  return std::make_unique<Runtime>(std::move(impl));
}

void ParallelFor(const Runtime& runtime, std::size_t n, std::size_t grain,
                 FunctionRef<void(std::size_t begin, std::size_t end)> body) {
  grain = std::max<std::size_t>(grain, 1);
  const std::size_t ranges = n / grain + (n % grain != 0 ? 1 : 0);
  const auto run = [&](std::size_t range) {
    const std::size_t begin = range * grain;
    body(begin, begin + std::min(grain, n - begin));
  };
  if (runtime.threads() == 1 || ranges <= 1) {
    for (std::size_t range = 0; range < ranges; ++range) run(range);
    return;
  }
  SyncPoint fork, join;
  RunIsolated(runtime, fork, join, [&] {
    tbb::parallel_for(tbb::blocked_range<std::size_t>(0, ranges), [&](const tbb::blocked_range<std::size_t>& some) {
      const SyncScope scope(fork, join);
      for (std::size_t range = some.begin(); range != some.end(); ++range) run(range);
    });
  });
}

double ParallelSum(const Runtime& runtime, std::size_t n, std::size_t grain,
                   FunctionRef<double(std::size_t begin, std::size_t end)> body) {
  grain = std::max<std::size_t>(grain, 1);
  std::vector<double> partial(n / grain + (n % grain != 0 ? 1 : 0));
  ParallelFor(runtime, n, grain,
              [&](std::size_t begin, std::size_t end) { partial[begin / grain] = body(begin, end); });
  double sum = 0.0;
  for (const double value : partial) sum += value;
  return sum;
}

void ParallelPipeline(const Runtime& runtime, std::size_t slots,
                      FunctionRef<bool(std::size_t i, std::size_t slot)> produce,
                      FunctionRef<void(std::size_t i, std::size_t slot)> transform,
                      FunctionRef<void(std::size_t i, std::size_t slot)> consume) {
  slots = std::max<std::size_t>(slots, 1);
  if (runtime.threads() == 1) {
    for (std::size_t i = 0; produce(i, i % slots); ++i) {
      transform(i, i % slots);
      consume(i, i % slots);
    }
    return;
  }
  // Item i leaves before item i + slots enters, because items leave in order and `slots` bounds those inside:
  // i % slots is a free slot.
  SyncPoint fork, join, produced, consumed;
  std::vector<SyncPoint> slot_sync(slots);
  std::size_t next = 0;
  RunIsolated(runtime, fork, join, [&] {
    const auto source = tbb::make_filter<void, std::size_t>(
        tbb::filter_mode::serial_in_order, [&](tbb::flow_control& control) -> std::size_t {
          const SyncScope scope(fork, join);
          const SyncScope in_order(produced, produced);
          const std::size_t i = next++;
          const SyncScope slot(slot_sync[i % slots], slot_sync[i % slots]);
          if (!produce(i, i % slots)) control.stop();
          return i;
        });
    const auto middle =
        tbb::make_filter<std::size_t, std::size_t>(tbb::filter_mode::parallel, [&](std::size_t i) -> std::size_t {
          const SyncScope scope(fork, join);
          const SyncScope slot(slot_sync[i % slots], slot_sync[i % slots]);
          transform(i, i % slots);
          return i;
        });
    const auto sink = tbb::make_filter<std::size_t, void>(tbb::filter_mode::serial_in_order, [&](std::size_t i) {
      const SyncScope scope(fork, join);
      const SyncScope in_order(consumed, consumed);
      const SyncScope slot(slot_sync[i % slots], slot_sync[i % slots]);
      consume(i, i % slots);
    });
    tbb::parallel_pipeline(slots, source & middle & sink);
  });
}

namespace {

/// One place of ParallelPrefetch.  The state names the item with the phase, so that a task that comes late finds that
/// its item is gone.
struct PrefetchSlot {
  enum Phase : std::uint64_t { kWaiting, kTaken, kReady, kPhases };
  static std::uint64_t State(std::size_t i, Phase phase) noexcept { return i * kPhases + phase; }

  std::atomic<std::uint64_t> state = 0;
  std::exception_ptr failure = {};
  SyncPoint sync = {};
};

}  // namespace

void ParallelPrefetch(const Runtime& runtime, std::size_t n, std::size_t slots,
                      FunctionRef<void(std::size_t i, std::size_t slot)> prepare,
                      FunctionRef<bool(std::size_t i, std::size_t slot)> use) {
  slots = std::max<std::size_t>(slots, 1);
  if (runtime.threads() == 1) {
    for (std::size_t i = 0; i < n; ++i) {
      prepare(i, i % slots);
      if (!use(i, i % slots)) return;
    }
    return;
  }
  using Slot = PrefetchSlot;
  const auto places = std::make_unique<Slot[]>(slots);
  SyncPoint fork, join;
  std::atomic<bool> stopped = false;
  // Whether item i was still to be had; prepared then, or the failure kept for its turn.
  const auto take = [&](std::size_t i) {
    Slot& slot = places[i % slots];
    std::uint64_t waiting = Slot::State(i, Slot::kWaiting);
    if (!slot.state.compare_exchange_strong(waiting, Slot::State(i, Slot::kTaken))) return false;
    try {
      const SyncScope scope(slot.sync, slot.sync);
      prepare(i, i % slots);
    } catch (...) {
      slot.failure = std::current_exception();
    }
    slot.state = Slot::State(i, Slot::kReady);
    slot.state.notify_one();
    return true;
  };
  RunIsolated(runtime, fork, join, [&] {
    tbb::task_group group;
    const auto offer = [&](std::size_t i) {
      places[i % slots].state = Slot::State(i, Slot::kWaiting);
      group.run([&, i] {
        if (stopped) return;
        const SyncScope scope(fork, join);
        take(i);
      });
    };
    struct WaitAtEnd {
      std::atomic<bool>& stopped;
      tbb::task_group& group;
      ~WaitAtEnd() {
        stopped = true;
        group.wait();  // no task lets an exception out
      }
    } const wait_at_end{stopped, group};

    for (std::size_t i = 0; i < std::min(n, slots); ++i) offer(i);
    for (std::size_t i = 0; i < n; ++i) {
      Slot& slot = places[i % slots];
      if (!take(i)) {
        for (std::uint64_t now = slot.state; now != Slot::State(i, Slot::kReady); now = slot.state) {
          slot.state.wait(now);
        }
      }
      if (slot.failure) std::rethrow_exception(slot.failure);
      const SyncScope scope(slot.sync, slot.sync);
      if (!use(i, i % slots)) return;
      if (i + slots < n) offer(i + slots);
    }
  });
}

}  // namespace kith
