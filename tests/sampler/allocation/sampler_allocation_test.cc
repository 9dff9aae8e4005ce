// A program of its own, because it replaces operator new: batches after the first ones allocate nothing.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>
#include <vector>

#include "kith/sampler/neighbor_sampler.h"
#include "kith/sampler/walk_sampler.h"
#include "sampler/weighted_graph.h"

namespace {
std::atomic<std::size_t> allocations = 0;
}  // namespace

void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc();
}
void* operator new[](std::size_t size) { return operator new(size); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }

namespace kith {
namespace {

constexpr std::uint32_t kUsers = 3000, kItems = 2000, kSeeds = 64;
constexpr std::uint64_t kWarm = 40, kCounted = 60;

/// Allocations of `kCounted` batches after `kWarm` ones; sample(step, seeds).
template <class Sample>
std::size_t AllocationsOf(Sample sample) {
  std::vector<NodeId> seeds(kSeeds);
  for (std::uint64_t step = 0; step < kWarm + kCounted; ++step) {
    if (step == kWarm) allocations = 0;
    for (std::uint32_t s = 0; s < kSeeds; ++s) {
      seeds[s] = NodeId{static_cast<std::uint32_t>((step * kSeeds + s * 37) % (kUsers + kItems))};
    }
    sample(step, seeds);
  }
  return allocations;
}

std::shared_ptr<const SocialGraph> Graph() {
  static const auto graph = testing::RandomWeightedGraph(kUsers, kItems, 60'000, 20'000, 5);
  return graph;
}

TEST(SamplerAllocation, IsCountedByThisProgram) {
  const std::size_t before = allocations;
  const std::vector<int> some(10);
  EXPECT_EQ(allocations - before, 1U);
}

TEST(SamplerAllocation, IsNoneForABatchAfterTheFirstOnesOfEveryChoice) {
  for (const NeighborChoice choice :
       {NeighborChoice::kUniform, NeighborChoice::kWeighted, NeighborChoice::kBefore, NeighborChoice::kMostRecent}) {
    for (const std::uint32_t dense_limit : {1U << 20, 0U}) {
      const NeighborSampler sampler(
          Graph(), {.fanouts = {{10, 8, 3}, {40, 40, 2}}, .choice = choice, .dense_table_limit = dense_limit});
      const auto scratch = sampler.NewScratch();
      MiniBatch batch;
      const bool timed = choice == NeighborChoice::kBefore || choice == NeighborChoice::kMostRecent;
      std::vector<std::int64_t> times(kSeeds);
      EXPECT_EQ(AllocationsOf([&](std::uint64_t step, const std::vector<NodeId>& seeds) {
                  if (!timed) return sampler.Sample(seeds, step, /*transpose=*/true, *scratch, batch);
                  for (std::uint32_t s = 0; s < kSeeds; ++s) times[s] = static_cast<std::int64_t>(500 + s % 7);
                  sampler.SampleBefore(seeds, times, step, /*transpose=*/true, *scratch, batch);
                }),
                0U)
          << "choice " << static_cast<int>(choice) << ", dense up to " << dense_limit;
    }
  }
}

TEST(SamplerAllocation, IsNoneForWalksAfterTheFirstOnes) {
  const WalkSampler sampler(Graph(), {});
  const auto scratch = sampler.NewScratch();
  WalkBatch batch;
  EXPECT_EQ(AllocationsOf([&](std::uint64_t step, const std::vector<NodeId>& seeds) {
              sampler.Sample(seeds, step, /*transpose=*/true, *scratch, batch);
            }),
            0U);
}

}  // namespace
}  // namespace kith
