#include "relabel.h"

#include <gtest/gtest.h>

#include <limits>
#include <unordered_map>
#include <vector>

#include "kith/base/rng.h"
#include "relabel_by_time.h"

namespace kith {
namespace {

/// Batches of random keys through a table and through a map that is made anew for each.
template <class Table>
void ExpectNumbersInOrderOfFirstSight(Table& table, std::uint64_t keys, int batches) {
  std::uint32_t met = 0;
  for (int b = 0; b < batches; ++b) {
    table.Begin(met);
    std::unordered_map<std::uint64_t, std::uint32_t> numbers;
    std::uint32_t next = 0;
    const WordStream words(9, static_cast<std::uint32_t>(b));
    for (std::uint32_t i = 0; i < 500 * (1 + static_cast<std::uint32_t>(b) % 3); ++i) {
      if (i % 100 == 0) table.Reserve(100);
      const std::uint64_t key = words.bounded(i, static_cast<std::uint32_t>(keys));
      const std::uint32_t expected = numbers.try_emplace(key, static_cast<std::uint32_t>(numbers.size())).first->second;
      ASSERT_EQ(table.cursor().Local(key, next), expected) << "batch " << b << ", key " << key;
      ASSERT_EQ(next, numbers.size());
    }
    met = next;
  }
}

TEST(Relabel, NumbersKeysInOrderOfFirstSightBatchAfterBatch) {
  DenseRelabel dense(700);
  ExpectNumbersInOrderOfFirstSight(dense, 700, 30);
  HashedRelabel hashed(700);
  ExpectNumbersInOrderOfFirstSight(hashed, 700, 30);
}

TEST(Relabel, ForgetsEverythingOnceItsNumbersAreUsedUp) {
  DenseRelabel dense(700);
  HashedRelabel hashed(700);
  for (int i = 0; i < 3; ++i) {  // each Begin claims that the last batch met a third of all numbers
    dense.Begin(std::numeric_limits<std::uint32_t>::max() / 3);
    hashed.Begin(std::numeric_limits<std::uint32_t>::max() / 3);
    ExpectNumbersInOrderOfFirstSight(dense, 700, 3);
    ExpectNumbersInOrderOfFirstSight(hashed, 700, 3);
  }
}

TEST(Relabel, TellsKeysApartWhoseMixAgreesInAllThatASlotHolds) {
  constexpr std::uint64_t kMix = 0x9E3779B97F4A7C15;
  std::uint64_t inverse = kMix;  // of an odd number modulo 2^64: each step doubles the bits that are right
  for (int i = 0; i < 5; ++i) inverse *= 2 - kMix * inverse;
  ASSERT_EQ(kMix * inverse, 1U);
  HashedRelabel hashed(0);
  hashed.Begin(0);
  hashed.Reserve(100);
  std::uint32_t next = 0;
  for (std::uint32_t turn = 0; turn < 2; ++turn) {
    for (std::uint32_t i = 0; i < 100; ++i) {
      ASSERT_EQ(hashed.cursor().Local(((std::uint64_t{77} << 50) + i) * inverse, next), i);
    }
  }
  EXPECT_EQ(next, 100U);
}

TEST(Relabel, TellsLongKeysApart) {
  HashedRelabel hashed(0);
  hashed.Begin(0);
  hashed.Reserve(1000);
  std::uint32_t next = 0;
  for (std::uint32_t i = 0; i < 1000; ++i) {
    ASSERT_EQ(hashed.cursor().Local(std::uint64_t{i} << 32 | 5, next), i);
  }
  ASSERT_EQ(hashed.cursor().Local(std::uint64_t{17} << 32 | 5, next), 17U);
}

/// Batches of unlike sizes and numbers of times; every third meets nearly all of its nodes at one time.
void ExpectNumbersInOrderOfFirstSight(RelabelByTime& table, std::uint32_t nodes, int batches) {
  std::uint32_t met = 0;
  for (int b = 0; b < batches; ++b) {
    const std::uint32_t num_times = 1 + 7 * (static_cast<std::uint32_t>(b) % 5);
    table.Begin(met, num_times);
    std::unordered_map<std::uint64_t, std::uint32_t> numbers;
    std::vector<std::uint32_t> times;
    std::uint32_t next = 0;
    const WordStream words(9, static_cast<std::uint32_t>(b));
    for (std::uint32_t i = 0; i < 900 * (1 + static_cast<std::uint32_t>(b) % 4); ++i) {
      if (i % 100 == 0) table.Count(times);
      const std::uint32_t time = b % 3 == 0 && i % 16 != 0 ? 0 : words.bounded(2 * i, num_times);
      const std::uint64_t key = std::uint64_t{time} << 32 | words.bounded(2 * i + 1, nodes);
      const auto [found, is_new] = numbers.try_emplace(key, static_cast<std::uint32_t>(numbers.size()));
      if (is_new) times.push_back(time);
      table.Reserve(time, 1);
      table.FetcherOf(time).Prefetch(key);
      ASSERT_EQ(table.cursor().Local(key, next), found->second) << "batch " << b << ", key " << key;
      ASSERT_EQ(next, numbers.size());
    }
    met = next;
  }
}

TEST(RelabelByTime, NumbersKeysInOrderOfFirstSightBatchAfterBatch) {
  RelabelByTime table(0);
  ExpectNumbersInOrderOfFirstSight(table, 700, 60);
  ExpectNumbersInOrderOfFirstSight(table, 1'000'000'000, 60);
}

TEST(RelabelByTime, ForgetsEverythingOnceItsNumbersAreUsedUp) {
  RelabelByTime table(0);
  for (int i = 0; i < 3; ++i) {  // each Begin claims that the last batch met a third of all numbers
    table.Begin(std::numeric_limits<std::uint32_t>::max() / 3, /*num_times=*/0);
    ExpectNumbersInOrderOfFirstSight(table, 700, 3);
  }
}

}  // namespace
}  // namespace kith
