#include "draw.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <vector>

#include "alias_rows.h"
#include "chi_square.h"
#include "draw_avx512.h"

namespace kith {
namespace {

using testing::ChiSquareDeviations;

std::vector<std::uint32_t> Draw(const DrawRows rows, const RowDraws& row) {
  std::vector<std::uint32_t> positions(DrawStride(row.keep));
  StampedSet taken;
  rows({&row, 1}, positions.size(), positions.data(), taken);
  positions.resize(row.keep);
  return positions;
}

/// Degrees of hubs at which peers have gone wrong: just below and above 16 bits, and far above.
constexpr std::uint32_t kHubs[] = {3, 40'000, 65'535, 65'536, 1'000'000};

class Draws : public ::testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
#if defined(__x86_64__)
    if (GetParam()) {
      if (!Avx512DrawsRun()) GTEST_SKIP() << "this machine has no AVX-512 with conflict detection";
      table_ = kAvx512Draws;
    }
#endif
  }
  DrawTable table_ = kPlainDraws;
};
INSTANTIATE_TEST_SUITE_P(Tables, Draws, ::testing::Bool(),
                         [](const auto& tested) { return tested.param ? "Avx512" : "Plain"; });

TEST_P(Draws, GiveTheBitsOfThePlainLoopForEveryFanoutAndAnyDegree) {
  std::uint32_t compared = 0;
  for (std::uint32_t keep = 1; keep <= 48; ++keep) {
    for (const std::uint32_t above : {0U, 1U, 2U, 5U, 17U, 64U, 1000U, 65536U, 3'000'000'000U, 4'294'967'200U}) {
      const std::uint32_t degree = keep + above;
      for (std::uint32_t node = 0; node < 40; ++node) {
        const RowDraws row{WordStream(above, node), degree, keep};
        const auto distinct = Draw(table_.distinct, row);
        ASSERT_EQ(distinct, Draw(kPlainDraws.distinct, row)) << keep << " of " << degree << ", node " << node;
        ASSERT_EQ(Draw(table_.independent, row), Draw(kPlainDraws.independent, row)) << keep << " of " << degree;
        const std::set<std::uint32_t> set(distinct.begin(), distinct.end());
        ASSERT_EQ(set.size(), keep) << keep << " of " << degree;
        ASSERT_LT(*set.rbegin(), degree);
        ++compared;
      }
    }
  }
  EXPECT_EQ(compared, 48U * 10 * 40);
}

TEST_P(Draws, FindTheEndOfEarlierTimesAmongAFew) {
  for (std::uint32_t size = 0; size <= kFewTimes; ++size) {
    std::vector<std::uint32_t> times = {1, 1, 1};  // earlier than the range, found already
    for (std::uint32_t i = 0; i < size; ++i) times.push_back((i / 2 + 1) * 500'000'000);  // over half of all codes
    for (std::uint32_t before = 100'000'000; before <= 4'200'000'000; before += 100'000'000) {
      EndSearch search{times.data(), before, 3, size};
      table_.ends({&search, 1});
      ASSERT_EQ(times.begin() + search.first, std::lower_bound(times.begin() + 3, times.end(), before))
          << size << " times, before " << before;
    }
  }
}

TEST_P(Draws, ByWeightAreTheFirstDifferentCandidates) {
  AliasBuilder builder;
  for (std::uint32_t keep = 1; keep <= 40; ++keep) {
    for (const std::uint32_t above : {1U, 3U, 10U, 100U, 2000U}) {
      const std::uint32_t degree = keep + above;
      std::vector<float> weights;
      for (std::uint32_t i = 0; i < degree; ++i) weights.push_back(i % 5 == 0 ? 10.0F : 1.0F);
      std::vector<AliasColumn> columns(degree);
      builder.Build(weights, columns.data());
      for (std::uint32_t node = 0; node < 20; ++node) {
        const WeightedDraws row{WordStream(9, node), degree, keep, node % 4 == 0 ? nullptr : columns.data()};
        std::vector<std::uint32_t> expected;
        for (std::uint32_t i = 0; i < row.tries() && expected.size() < keep; ++i) {
          const std::uint32_t edge = row.candidate(i);
          if (std::find(expected.begin(), expected.end(), edge) == expected.end()) expected.push_back(edge);
        }
        std::vector<std::uint32_t> positions(DrawStride(keep));
        std::uint32_t kept = 0;
        StampedSet taken;
        table_.weighted({&row, 1}, positions.size(), positions.data(), &kept, taken);
        ASSERT_EQ(kept, expected.size()) << keep << " of " << degree;
        positions.resize(kept);
        ASSERT_EQ(positions, expected) << keep << " of " << degree;
      }
    }
  }
}

/// A second way to Floyd's method: each draw looks for its pick in a set of all before.
TEST_P(Draws, AreThoseOfFloydsMethod) {
  for (std::uint32_t node = 0; node < 3000; ++node) {
    const std::uint32_t keep = 2 + node % 31, degree = keep + node % 7;
    const WordStream words(5, node);
    std::set<std::uint32_t> taken;
    std::vector<std::uint32_t> expected;
    for (std::uint32_t last = degree - keep; last < degree; ++last) {
      const std::uint32_t pick = words.bounded(last - (degree - keep), last + 1);
      expected.push_back(taken.contains(pick) ? last : pick);
      taken.insert(expected.back());
    }
    ASSERT_EQ(Draw(table_.distinct, {words, degree, keep}), expected) << keep << " of " << degree;
  }
}

TEST_P(Draws, TakeEveryPlaceOfAHubEquallyOften) {
  for (const std::uint32_t degree : kHubs) {
    for (const bool distinct : {true, false}) {
      // Sixteen stretches, of unlike sizes where 16 does not divide the degree.
      const std::uint32_t cells = std::min(degree, 16U);
      std::vector<double> counts(cells), shares(cells);
      const auto cell_of = [&](std::uint32_t place) { return std::uint64_t{place} * cells / degree; };
      for (std::uint32_t c = 0; c < cells; ++c) {
        const std::uint64_t begin = (std::uint64_t{c} * degree + cells - 1) / cells;
        const std::uint64_t end = (std::uint64_t{c + 1} * degree + cells - 1) / cells;
        shares[c] = static_cast<double>(end - begin) / degree;
      }
      std::vector<char> met(degree);
      const std::uint32_t keep = distinct ? std::min(degree - 1, 10U) : 10;
      for (std::uint32_t node = 0; node < 40'000; ++node) {
        const RowDraws row{WordStream(distinct ? 1 : 2, node), degree, keep};
        for (const std::uint32_t place : Draw(distinct ? table_.distinct : table_.independent, row)) {
          counts[cell_of(place)] += 1;
          met[place] = 1;
        }
      }
      // Places met by throws into `degree` boxes: mean and deviation of the occupancy problem.
      const double load = 40'000.0 * keep / degree, missed = std::exp(-load), expected = degree * (1 - missed);
      const double deviation = std::sqrt(degree * missed * (1 - (1 + load) * missed));
      EXPECT_NEAR(static_cast<double>(std::count(met.begin(), met.end(), 1)), expected, 5 * deviation + 1) << degree;
      EXPECT_LT(ChiSquareDeviations(counts, shares), 5.0) << "degree " << degree << (distinct ? " distinct" : "");
    }
  }
}

/// The places of a hub at full resolution, where folding 16 bits onto 40 000 places shows.
TEST_P(Draws, FavourNoResidueOfAHub) {
  for (const std::uint32_t degree : {40'000U, 65'535U, 65'536U}) {
    std::vector<double> counts(degree);
    for (std::uint32_t node = 0; node < 60'000; ++node) {
      for (const std::uint32_t place : Draw(table_.independent, {WordStream(3, node), degree, 16})) counts[place] += 1;
    }
    EXPECT_LT(ChiSquareDeviations(counts), 5.0) << degree;
    EXPECT_GT(ChiSquareDeviations(counts), -5.0) << degree << ": too even for chance";
  }
}

TEST_P(Draws, MakeEverySubsetOfASmallRowEquallyLikely) {
  for (const auto& [keep, degree] : std::vector<std::pair<std::uint32_t, std::uint32_t>>{
           {1, 2}, {2, 4}, {3, 6}, {5, 6}, {2, 9}, {16, 17}, {17, 18}, {31, 32}, {33, 34}}) {
    std::map<std::vector<std::uint32_t>, double> subsets;
    const double possible = std::tgamma(degree + 1.0) / std::tgamma(keep + 1.0) / std::tgamma(degree - keep + 1.0);
    for (std::uint32_t node = 0; node < 400 * static_cast<std::uint32_t>(std::lround(possible)); ++node) {
      auto positions = Draw(table_.distinct, {WordStream(4, node), degree, keep});
      std::sort(positions.begin(), positions.end());
      subsets[positions] += 1;
    }
    ASSERT_EQ(subsets.size(), std::lround(possible)) << keep << " of " << degree;
    std::vector<double> counts;
    for (const auto& [subset, count] : subsets) counts.push_back(count);
    EXPECT_LT(ChiSquareDeviations(counts), 5.0) << keep << " of " << degree;
  }
}

TEST_P(Draws, OfDifferentNodesAndKeysAreIndependent) {
  constexpr std::uint32_t kSide = 12;
  std::vector<double> nodes(kSide * kSide), keys(kSide * kSide), within(kSide * kSide);
  for (std::uint32_t node = 0; node < 60'000; ++node) {
    const auto mine = Draw(table_.independent, {WordStream(7, node), kSide, 2});
    nodes[mine[0] * kSide + Draw(table_.independent, {WordStream(7, node + 1), kSide, 1})[0]] += 1;
    keys[mine[0] * kSide + Draw(table_.independent, {WordStream(8, node), kSide, 1})[0]] += 1;
    within[mine[0] * kSide + mine[1]] += 1;
  }
  EXPECT_LT(ChiSquareDeviations(nodes), 5.0);
  EXPECT_LT(ChiSquareDeviations(keys), 5.0);
  EXPECT_LT(ChiSquareDeviations(within), 5.0);
}

}  // namespace
}  // namespace kith
