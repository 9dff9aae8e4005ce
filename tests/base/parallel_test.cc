#include "kith/base/parallel.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <tbb/global_control.h>
#include <tbb/task_arena.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cmath>
#include <mutex>
#include <new>
#include <numeric>
#include <set>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include "kith/base/tbb_runtime.h"

namespace kith {
namespace {

using Ranges = std::vector<std::pair<std::size_t, std::size_t>>;

/// Tests run on as many threads as they ask for, also on a machine of fewer cores.
class Parallel : public testing::TestWithParam<int> {
 protected:
  tbb::global_control eight_{tbb::global_control::max_allowed_parallelism, 8};
  Runtime runtime_{GetParam()};
};
INSTANTIATE_TEST_SUITE_P(Threads, Parallel, testing::Values(1, 2, 8), testing::PrintToStringParamName());

Ranges RangesOf(const Runtime& runtime, std::size_t n, std::size_t grain) {
  std::mutex mutex;
  Ranges ranges;
  ParallelFor(runtime, n, grain, [&](std::size_t begin, std::size_t end) {
    const std::lock_guard lock(mutex);
    ranges.emplace_back(begin, end);
  });
  std::sort(ranges.begin(), ranges.end());
  return ranges;
}

TEST_P(Parallel, LoopCutsAtMultiplesOfTheGrainWhateverTheThreads) {
  EXPECT_EQ(RangesOf(runtime_, 10, 4), (Ranges{{0, 4}, {4, 8}, {8, 10}}));
  EXPECT_EQ(RangesOf(runtime_, 8, 4), (Ranges{{0, 4}, {4, 8}}));
  EXPECT_EQ(RangesOf(runtime_, 3, 100), (Ranges{{0, 3}}));
  EXPECT_EQ(RangesOf(runtime_, 2, 0), (Ranges{{0, 1}, {1, 2}}));  // no grain is the finest grain
  EXPECT_TRUE(RangesOf(runtime_, 0, 4).empty());
}

TEST_P(Parallel, LoopTouchesEveryElementOnce) {
  std::vector<int> touched(100'003);
  ParallelFor(runtime_, touched.size(), 37, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) ++touched[i];
  });
  EXPECT_TRUE(std::all_of(touched.begin(), touched.end(), [](int count) { return count == 1; }));
}

// A body may hold a lock around an inner loop: were its thread, while it waits for the inner loop, to take another
// range of the outer one, it would meet its own lock.  Sleeping lets other threads steal, so that there is waiting.
TEST_P(Parallel, LoopInsideALoopTakesNoRangeOfTheOuterWhileItWaits) {
  static thread_local int depth = 0;
  std::atomic<int> deepest{0};
  std::atomic<std::size_t> total{0};
  ParallelFor(runtime_, 24, 1, [&](std::size_t, std::size_t) {
    ++depth;
    if (depth > deepest) deepest = depth;
    ParallelFor(runtime_, 6, 1, [&](std::size_t begin, std::size_t end) {
      std::this_thread::sleep_for(std::chrono::microseconds(100 + 100 * (begin % 3)));
      total += end - begin;
    });
    --depth;
  });
  EXPECT_EQ(total, 24u * 6u);
  EXPECT_EQ(deepest, 1);
}

TEST_P(Parallel, LoopHandsAnExceptionToItsCaller) {
  EXPECT_THROW(ParallelFor(runtime_, 100, 1,
                           [](std::size_t begin, std::size_t) {
                             if (begin == 57) throw std::bad_alloc();
                           }),
               std::bad_alloc);
  EXPECT_EQ(RangesOf(runtime_, 2, 1).size(), 2u);  // and the runtime lives on
}

TEST_P(Parallel, RuntimeServesSeveralThreadsAtOnce) {
  std::vector<double> sums(6);
  std::vector<std::thread> callers;
  for (std::size_t caller = 0; caller < sums.size(); ++caller) {
    callers.emplace_back([&, caller] {
      for (int repeat = 0; repeat < 20; ++repeat) {
        sums[caller] = ParallelSum(runtime_, 1000, 10, [&](std::size_t begin, std::size_t end) {
          return static_cast<double>((end - begin) * (caller + 1));
        });
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(sums, (std::vector<double>{1000, 2000, 3000, 4000, 5000, 6000}));
}

/// 1/1 + 1/2 + ... in ranges of 64: rounding makes it depend on the order of addition.
double Harmonic(std::size_t begin, std::size_t end) {
  double sum = 0;
  for (std::size_t i = begin; i < end; ++i) sum += 1.0 / static_cast<double>(i + 1);
  return sum;
}

TEST_P(Parallel, SumHasTheBitsOfAddingTheRangesInOrder) {
  constexpr std::size_t kTerms = 100'000, kGrain = 64;
  double in_order = 0, reversed = 0;
  for (std::size_t begin = 0; begin < kTerms; begin += kGrain)
    in_order += Harmonic(begin, std::min(kTerms, begin + kGrain));
  for (std::size_t begin = kTerms / kGrain * kGrain + kGrain; begin != 0; begin -= kGrain)
    reversed += Harmonic(begin - kGrain, std::min(kTerms, begin));
  ASSERT_NE(in_order, reversed);
  for (int repeat = 0; repeat < 20; ++repeat) ASSERT_EQ(ParallelSum(runtime_, kTerms, kGrain, Harmonic), in_order);
}

TEST_P(Parallel, SumOfNothingIsZero) {
  EXPECT_EQ(ParallelSum(runtime_, 0, 8, [](std::size_t, std::size_t) { return 1.0; }), 0.0);
}

TEST_P(Parallel, PipelineKeepsOrderAtBothEndsAndBoundsWhatIsInFlight) {
  constexpr std::size_t kItems = 500, kSlots = 3;
  std::vector<std::size_t> produced, consumed, slots(kSlots, ~std::size_t{0});
  std::atomic<std::size_t> in_flight{0}, most{0};
  ParallelPipeline(
      runtime_, kSlots,
      [&](std::size_t i, std::size_t slot) {
        if (i == kItems) return false;
        produced.push_back(i);
        const std::size_t now = ++in_flight;
        if (now > most) most = now;
        slots[slot] = i;
        return true;
      },
      [&](std::size_t i, std::size_t slot) {
        EXPECT_EQ(slots[slot], i);  // nobody else is in this slot
        slots[slot] = i * i;
      },
      [&](std::size_t i, std::size_t slot) {
        EXPECT_EQ(slots[slot], i * i);
        consumed.push_back(i);
        --in_flight;
      });
  std::vector<std::size_t> all(kItems);
  for (std::size_t i = 0; i < kItems; ++i) all[i] = i;
  EXPECT_EQ(produced, all);
  EXPECT_EQ(consumed, all);
  EXPECT_LE(most, kSlots);
}

TEST_P(Parallel, PipelineOfNoItemsDoesNothing) {
  int calls = 0;
  const auto count = [&](std::size_t, std::size_t) { ++calls; };
  ParallelPipeline(
      runtime_, 4, [](std::size_t, std::size_t) { return false; }, count, count);
  EXPECT_EQ(calls, 0);
}

TEST_P(Parallel, PipelineHandsAnExceptionToItsCaller) {
  const auto produce = [](std::size_t i, std::size_t) { return i < 100; };
  const auto transform = [](std::size_t i, std::size_t) {
    if (i == 20) throw std::bad_alloc();
  };
  std::vector<std::size_t> consumed;
  const auto consume = [&](std::size_t i, std::size_t) { consumed.push_back(i); };
  EXPECT_THROW(ParallelPipeline(runtime_, 4, produce, transform, consume), std::bad_alloc);
  EXPECT_TRUE(std::all_of(consumed.begin(), consumed.end(), [](std::size_t i) { return i < 20; }));
}

TEST_P(Parallel, PrefetchUsesInOrderWhatItsSlotHolds) {
  constexpr std::size_t kItems = 200, kSlots = 3;
  std::array<std::size_t, kSlots> slots = {};
  std::vector<std::atomic<int>> prepared(kItems);
  std::atomic<std::size_t> in_flight = 0, most = 0;
  std::vector<std::size_t> used;
  ParallelPrefetch(
      runtime_, kItems, kSlots,
      [&](std::size_t i, std::size_t slot) {
        ++prepared[i];
        const std::size_t now = ++in_flight;
        for (std::size_t seen = most; now > seen && !most.compare_exchange_weak(seen, now);) {
        }
        std::this_thread::sleep_for(std::chrono::microseconds(50));  // who does not wait comes too early
        slots[slot] = i * i;
      },
      [&](std::size_t i, std::size_t slot) {
        EXPECT_EQ(slots[slot], i * i);
        std::atomic<std::size_t> sum = 0;
        ParallelFor(runtime_, 64, 1, [&](std::size_t begin, std::size_t end) { sum += end - begin; });
        EXPECT_EQ(sum, 64U);
        used.push_back(i);
        --in_flight;
        return true;
      });
  std::vector<std::size_t> expected(kItems);
  std::iota(expected.begin(), expected.end(), std::size_t{0});
  EXPECT_EQ(used, expected);
  EXPECT_LE(most, kSlots);
  for (const std::atomic<int>& times : prepared) EXPECT_EQ(times, 1);
}

TEST_P(Parallel, PrefetchStopsWhereUseSaysSo) {
  std::atomic<std::size_t> prepared = 0;
  std::size_t used = 0;
  ParallelPrefetch(
      runtime_, 1000, 4, [&](std::size_t, std::size_t) { ++prepared; },
      [&](std::size_t i, std::size_t) {
        ++used;
        return i < 9;
      });
  EXPECT_EQ(used, 10U);
  EXPECT_GE(prepared, 10U);
  EXPECT_LE(prepared, 14U);
  ParallelPrefetch(
      runtime_, 0, 4, [&](std::size_t, std::size_t) { ADD_FAILURE(); },
      [&](std::size_t, std::size_t) { return ADD_FAILURE(), true; });
}

TEST_P(Parallel, PrefetchHandsAnExceptionToItsCaller) {
  std::vector<std::size_t> used;
  const auto run = [&](std::size_t bad_prepare, std::size_t bad_use) {
    used.clear();
    ParallelPrefetch(
        runtime_, 50, 4,
        [&](std::size_t i, std::size_t) {
          if (i == bad_prepare) throw std::runtime_error("prepare");
        },
        [&](std::size_t i, std::size_t) {
          if (i == bad_use) throw std::runtime_error("use");
          used.push_back(i);
          return true;
        });
  };
  EXPECT_THROW(run(7, 99), std::runtime_error);
  EXPECT_EQ(used.size(), 7U) << "what stands before it was used";
  EXPECT_THROW(run(99, 5), std::runtime_error);
  EXPECT_EQ(used.size(), 5U);
}

/// Preparation goes on while an item is in use: the use of the first waits for the last that fits.
TEST(ParallelPrefetch, PreparesAheadWhileAnItemIsInUse) {
  const Runtime runtime(2);
  std::atomic<std::size_t> prepared = 0;
  ParallelPrefetch(
      runtime, 4, 4, [&](std::size_t, std::size_t) { ++prepared; },
      [&](std::size_t, std::size_t) {
        while (prepared < 4) std::this_thread::yield();
        return true;
      });
  EXPECT_EQ(prepared, 4U);
}

TEST(Runtime, CountsTheCoresThisProcessMayUse) {
  cpu_set_t all, one;
  ASSERT_EQ(sched_getaffinity(0, sizeof all, &all), 0);
  EXPECT_EQ(Runtime().threads(), CPU_COUNT(&all));

  CPU_ZERO(&one);
  CPU_SET(sched_getcpu(), &one);
  ASSERT_EQ(sched_setaffinity(0, sizeof one, &one), 0);
  EXPECT_EQ(Runtime().threads(), 1);
  ASSERT_EQ(sched_setaffinity(0, sizeof all, &all), 0);
  EXPECT_EQ(Runtime(3).threads(), 3);
}

TEST(Runtime, OnOneThreadRunsInTheCallersOwn) {
  const Runtime runtime(1);
  std::set<std::thread::id> ids;
  ParallelFor(runtime, 100, 1, [&](std::size_t, std::size_t) { ids.insert(std::this_thread::get_id()); });
  EXPECT_EQ(ids, std::set<std::thread::id>{std::this_thread::get_id()});
}

TEST(RuntimeFromArena, RunsInsideTheHostsArena) {
  const tbb::global_control four(tbb::global_control::max_allowed_parallelism, 4);
  tbb::task_arena arena(3);
  const auto runtime = RuntimeFromArena(arena);
  EXPECT_EQ(runtime->threads(), 3);
  std::atomic<int> outside{0};
  std::atomic<unsigned> indices{0};
  ParallelFor(*runtime, 1000, 1, [&](std::size_t, std::size_t) {
    // Any other arena would show the concurrency of the machine or of the process.
    if (tbb::this_task_arena::max_concurrency() != 3) ++outside;
    indices |= 1u << tbb::this_task_arena::current_thread_index();
  });
  EXPECT_EQ(outside, 0);
  EXPECT_LT(indices, 1u << 3);
}

}  // namespace
}  // namespace kith
