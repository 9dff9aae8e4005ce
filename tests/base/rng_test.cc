#include "kith/base/rng.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <set>
#include <vector>

namespace kith {
namespace {

using Words = std::array<std::uint32_t, 4>;

// Known answers: kat_vectors of the Random123 distribution, "philox4x32 10".
TEST(Philox, GivesTheKnownAnswersOfRandom123) {
  EXPECT_EQ(Philox4x32({0, 0, 0, 0}, {0, 0}), (Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  constexpr std::uint32_t kOnes = 0xffffffff;
  EXPECT_EQ(Philox4x32({kOnes, kOnes, kOnes, kOnes}, {kOnes, kOnes}),
            (Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(Philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Rng, CounterIsTheDocumentedKey) {
  const std::uint64_t seed = 0x0123456789abcdef, step = 0x00ab'cdef'1234'5678;
  const Rng rng(seed, Purpose::kNegatives, step, 42);
  const Words words = Philox4x32({5, 42, 0x12345678, 0xabcdef00u | 2u}, {0x89abcdef, 0x01234567});
  for (std::uint32_t i = 0; i < 4; ++i) EXPECT_EQ(rng.bits(20 + i), words[i]);
}

TEST(Rng, EveryPartOfTheKeyChangesTheNumbers) {
  const std::set<std::uint32_t> draws = {
      Rng(1, Purpose::kTest, 3, 4).bits(0),
      Rng(2, Purpose::kTest, 3, 4).bits(0),
      Rng(1 + (std::uint64_t{1} << 32), Purpose::kTest, 3, 4).bits(0),
      Rng(1, Purpose::kNeighbors, 3, 4).bits(0),
      Rng(1, Purpose::kTest, 4, 4).bits(0),
      Rng(1, Purpose::kTest, 3 + (std::uint64_t{1} << 32), 4).bits(0),
      Rng(1, Purpose::kTest, 3, 5).bits(0),
      Rng(1, Purpose::kTest, 3, 4).bits(1),
  };
  EXPECT_EQ(draws.size(), 8u);
}

// The same draw number in two kinds of draw must not be the same word in two coats.
TEST(Rng, KindsOfDrawsShareNoWord) {
  const Rng rng(7, Purpose::kTest);
  std::set<std::uint32_t> words;
  for (std::uint32_t i = 0; i < 64; ++i) words.insert(rng.bits(i));
  for (std::uint32_t i = 0; i < 64; ++i) EXPECT_EQ(words.count(rng.bounded(i, 0xffffffff)), 0u);
}

double ChiSquare(const std::vector<std::uint32_t>& counts, double expected) {
  double sum = 0;
  for (const std::uint32_t count : counts) sum += (count - expected) * (count - expected) / expected;
  return sum;
}

// Chi-square of `cells` - 1 degrees of freedom; mean + 5 standard deviations is beyond its 99.99 % quantile, and the
// lower bound sees numbers that are too even to be chance.
void ExpectUniform(const std::vector<std::uint32_t>& counts, double draws) {
  const double freedom = static_cast<double>(counts.size()) - 1;
  const double chi = ChiSquare(counts, draws / static_cast<double>(counts.size()));
  EXPECT_LT(chi, freedom + 5 * std::sqrt(2 * freedom));
  EXPECT_GT(chi, freedom - 5 * std::sqrt(2 * freedom));
}

TEST(Rng, BoundedIsUniformByChiSquare) {
  for (const std::uint32_t n : {2u, 7u, 100u, 1000u}) {
    const std::uint32_t draws = 200 * n;
    std::vector<std::uint32_t> by_draw(n), by_node(n), by_step(n);
    const Rng rng(11, Purpose::kTest);
    for (std::uint32_t i = 0; i < draws; ++i) {
      ++by_draw[rng.bounded(i, n)];
      ++by_node[Rng(11, Purpose::kTest, 0, i).bounded(0, n)];
      ++by_step[Rng(11, Purpose::kTest, i, 0).bounded(0, n)];
    }
    SCOPED_TRACE(n);
    ExpectUniform(by_draw, draws);
    ExpectUniform(by_node, draws);
    ExpectUniform(by_step, draws);
  }
}

TEST(Rng, SuccessivePairsAreIndependentByChiSquare) {
  constexpr std::uint32_t kSide = 16, kDraws = 100'000;
  std::vector<std::uint32_t> counts(kSide * kSide);
  const Rng rng(12, Purpose::kTest);
  for (std::uint32_t i = 0; i < kDraws; ++i)
    ++counts[rng.bounded(2 * i, kSide) * kSide + rng.bounded(2 * i + 1, kSide)];
  ExpectUniform(counts, kDraws);
}

TEST(Rng, BoundedIsTheHighPartOfTheProduct) {
  const Rng rng(13, Purpose::kTest);
  for (std::uint32_t i = 0; i < 1000; ++i) {
    EXPECT_EQ(rng.bounded(i, 1), 0u);
    // A bound of 2^31 keeps the first 31 of the 64 bits, a bound of 2^16 the first 16.
    EXPECT_EQ(rng.bounded(i, 1u << 31) >> 15, rng.bounded(i, 1u << 16));
    EXPECT_LT(rng.bounded(i, 0xffffffff), 0xffffffff);
  }
}

TEST(Rng, UniformLiesInTheHalfOpenIntervalWithMeanAHalf) {
  constexpr std::uint32_t kDraws = 100'000;
  const Rng rng(14, Purpose::kTest);
  double sum = 0;
  for (std::uint32_t i = 0; i < kDraws; ++i) {
    const float value = rng.uniform(i);
    ASSERT_GE(value, 0.0f);
    ASSERT_LT(value, 1.0f);
    sum += value;
  }
  EXPECT_NEAR(sum / kDraws, 0.5, 5 / std::sqrt(12.0 * kDraws));
}

TEST(Rng, NormalHasTheMomentsOfAStandardNormal) {
  constexpr std::uint32_t kDraws = 200'000;
  const Rng rng(15, Purpose::kTest);
  double sum = 0, squares = 0, cubes = 0, neighbours = 0;
  int beyond_two = 0;
  for (std::uint32_t i = 0; i < kDraws; ++i) {
    const double value = rng.normal(i);
    ASSERT_TRUE(std::isfinite(value));
    sum += value;
    squares += value * value;
    cubes += value * value * value;
    neighbours += value * rng.normal(i ^ 1);  // the cosine and the sine of one pair
    beyond_two += std::abs(value) > 2;
  }
  const double deviation = 5 / std::sqrt(kDraws);
  EXPECT_NEAR(sum / kDraws, 0, deviation);
  EXPECT_NEAR(squares / kDraws, 1, deviation * std::sqrt(2.0));
  EXPECT_NEAR(cubes / kDraws, 0, deviation * std::sqrt(15.0));
  EXPECT_NEAR(neighbours / kDraws, 0, deviation * std::sqrt(2.0));
  EXPECT_NEAR(static_cast<double>(beyond_two) / kDraws, std::erfc(std::sqrt(2.0)), deviation);
}

TEST(WordStream, HasTheKnownAnswersOfItsTwoFinalizers) {
  // SplitMix's first output from state 0 is the finalizer of the golden gamma: key 0, node 0.
  const WordStream words(0, 0);
  EXPECT_EQ(std::uint64_t{words.high()} << 32 | words.low(), 0xE220A8397B1DCDAFU);
  for (std::uint32_t i = 0; i < 100; ++i) {
    std::uint32_t x = words.low() + i * 0x9E3779B9U;
    x ^= x >> 16;
    x *= 0x7FEB352DU;
    x ^= words.high();
    x ^= x >> 15;
    x *= 0x846CA68BU;
    x ^= x >> 16;
    EXPECT_EQ(words.word(i), x);
  }
}

TEST(WordStream, IsUniformByDrawNodeAndKeyByChiSquare) {
  for (const std::uint32_t n : {2u, 7u, 100u, 1000u}) {
    const std::uint32_t draws = 200 * n;
    std::vector<std::uint32_t> by_draw(n), by_node(n), by_key(n);
    for (std::uint32_t i = 0; i < draws; ++i) {
      ++by_draw[WordStream(11, 3).bounded(i, n)];
      ++by_node[WordStream(11, i).bounded(0, n)];
      ++by_key[WordStream(i, 3).bounded(0, n)];
    }
    SCOPED_TRACE(n);
    ExpectUniform(by_draw, draws);
    ExpectUniform(by_node, draws);
    ExpectUniform(by_key, draws);
  }
}

TEST(WordStream, FlipsEveryBitHalfTheTimeWhenOneBitOfNodeOrDrawFlips) {
  constexpr int kTrials = 4000;
  for (const bool flip_node : {true, false}) {
    for (int bit = 0; bit < 27; ++bit) {
      std::vector<int> flips(32);
      for (std::uint32_t t = 0; t < kTrials; ++t) {
        const std::uint32_t node = t * 2654435761u, draw = t & 31;
        const std::uint32_t mask = 1u << bit;
        const std::uint32_t changed =
            WordStream(5, node).word(draw) ^
            WordStream(5, flip_node ? node ^ mask : node).word(flip_node ? draw : draw ^ mask);
        for (int b = 0; b < 32; ++b) flips[b] += changed >> b & 1;
      }
      for (int b = 0; b < 32; ++b) {
        EXPECT_NEAR(flips[b], kTrials / 2, 6 * std::sqrt(kTrials * 0.25)) << "in bit " << bit << ", out bit " << b;
      }
    }
  }
}

TEST(WordStream, PairsOfWordsOfOneNodeAndOfNeighbouringNodesAreIndependentByChiSquare) {
  constexpr std::uint32_t kSide = 16, kDraws = 100'000;
  for (const int shift : {0, 28}) {  // the low bits and the high ones
    std::vector<std::uint32_t> within(kSide * kSide), between(kSide * kSide), triples(kSide * kSide);
    for (std::uint32_t i = 0; i < kDraws; ++i) {
      const WordStream words(12, i), next(12, i + 1);
      const auto cell = [&](std::uint32_t word) { return word >> shift & (kSide - 1); };
      ++within[cell(words.word(0)) * kSide + cell(words.word(1))];
      ++between[cell(words.word(0)) * kSide + cell(next.word(0))];
      ++triples[(cell(words.word(0)) ^ cell(words.word(1)) ^ cell(words.word(2))) * kSide + cell(words.word(9))];
    }
    ExpectUniform(within, kDraws);
    ExpectUniform(between, kDraws);
    ExpectUniform(triples, kDraws);
  }
}

// Of 2^32 words 3 * 2^30 numbers get one each, and every third would get a second if its words were not drawn again.
TEST(WordStream, BoundedIsFairWhereTheRangeIsNearlyAllWords) {
  constexpr std::uint32_t n = 0xC0000000u, kDraws = 40'000;
  std::vector<std::uint32_t> residues(3), stretches(8);
  for (std::uint32_t i = 0; i < kDraws; ++i) {
    const std::uint32_t draw = WordStream(13, i).bounded(0, n);
    ASSERT_LT(draw, n);
    ++residues[draw % 3];
    ++stretches[draw / (n / 8)];
  }
  ExpectUniform(residues, kDraws);
  ExpectUniform(stretches, kDraws);
}

}  // namespace
}  // namespace kith
