#include "kith/base/buffer.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <new>
#include <numeric>
#include <vector>

namespace kith {
namespace {

std::uintptr_t Address(const void* data) { return reinterpret_cast<std::uintptr_t>(data); }

TEST(AlignedBuffer, StartsOnACacheLineAtAnySize) {
  for (const std::size_t size : {1, 3, 16, 17, 1000, 100'000}) {
    const AlignedBuffer<float> buffer(size);
    EXPECT_EQ(Address(buffer.data()) % 64, 0u) << size;
  }
}

TEST(AlignedBuffer, StartsOnAHugePageFromTwoMebibytesUp) {
  constexpr std::size_t kHuge = std::size_t{2} << 20;
  for (const std::size_t bytes : {kHuge, kHuge + 1, 5 * kHuge - 3}) {
    const AlignedBuffer<std::uint8_t> buffer(bytes);
    EXPECT_EQ(Address(buffer.data()) % kHuge, 0u) << bytes;
  }
}

TEST(AlignedBuffer, IsZeroWhereItIsNewAlsoAfterShrinking) {
  AlignedBuffer<int> buffer(4);
  EXPECT_EQ(std::accumulate(buffer.begin(), buffer.end(), 0), 0);
  std::iota(buffer.begin(), buffer.end(), 1);
  buffer.resize(2);
  buffer.resize(6);
  EXPECT_EQ(std::vector<int>(buffer.begin(), buffer.end()), (std::vector<int>{1, 2, 0, 0, 0, 0}));
  buffer.clear();
  EXPECT_TRUE(buffer.empty());
  buffer.resize(1);
  EXPECT_EQ(buffer[0], 0);
}

TEST(AlignedBuffer, KeepsItsElementsWhenItGrows) {
  AlignedBuffer<std::uint64_t> buffer(3);
  std::iota(buffer.begin(), buffer.end(), 7u);
  buffer.resize(300'000);  // into huge pages
  EXPECT_EQ(buffer[0], 7u);
  EXPECT_EQ(buffer[2], 9u);
  EXPECT_EQ(buffer[3], 0u);
  EXPECT_EQ(buffer[299'999], 0u);
}

TEST(AlignedBuffer, ForOverwriteHasTheSizeAndAlignmentAndGrowsByZeros) {
  auto buffer = AlignedBuffer<std::uint32_t>::ForOverwrite(std::size_t{1} << 20);
  EXPECT_EQ(buffer.size(), std::size_t{1} << 20);
  EXPECT_EQ(Address(buffer.data()) % (std::size_t{2} << 20), 0u);
  std::iota(buffer.begin(), buffer.end(), 3u);
  buffer.resize(buffer.size() + 2);
  EXPECT_EQ(buffer[5], 8u);
  EXPECT_EQ(buffer[buffer.size() - 3], (1u << 20) + 2);
  EXPECT_EQ(buffer[buffer.size() - 1], 0u);
  EXPECT_EQ(AlignedBuffer<std::uint32_t>::ForOverwrite(0).data(), nullptr);
}

TEST(AlignedBuffer, CopiesDeeplyAndMovesFreely) {
  AlignedBuffer<int> first(3);
  first[1] = 5;
  AlignedBuffer<int> copy = first;
  copy[1] = 6;
  EXPECT_EQ(first[1], 5);

  const int* memory = copy.data();
  AlignedBuffer<int> moved = std::move(copy);
  EXPECT_EQ(moved.data(), memory);
  EXPECT_EQ(moved[1], 6);

  first = first.span().size() == 3 ? first : moved;  // assigning itself is harmless
  EXPECT_EQ(first[1], 5);
  first = std::move(moved);
  EXPECT_EQ(first.data(), memory);
}

TEST(AlignedBuffer, EmptyOwnsNothing) {
  const AlignedBuffer<int> empty;
  const AlignedBuffer<int> copy = empty;
  EXPECT_EQ(copy.data(), nullptr);
  EXPECT_EQ(AlignedBuffer<int>(0).size(), 0u);
}

TEST(AlignedBuffer, RefusesASizeWhoseBytesOverflow) {
  AlignedBuffer<double> buffer(2);
  EXPECT_THROW(buffer.resize(std::numeric_limits<std::size_t>::max() / 4), std::bad_alloc);
  EXPECT_EQ(buffer.size(), 2u);
}

}  // namespace
}  // namespace kith
