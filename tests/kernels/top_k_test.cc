#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/support.h"
#include "kith/kernels/reference.h"

namespace kith::kernels {
namespace {

using TopK = EveryIsa;
INSTANTIATE_TEST_SUITE_P(Kernels, TopK, AllIsas(), IsaName);

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

/// The list by sorting everything.
std::vector<Scored> BySorting(const std::vector<float>& scores, std::uint32_t first_id,
                              const std::vector<std::uint32_t>& skip, std::size_t k) {
  std::vector<Scored> all;
  for (std::uint32_t i = 0; i < scores.size(); ++i)
    if (!std::isnan(scores[i]) && !std::count(skip.begin(), skip.end(), first_id + i))
      all.push_back({scores[i], first_id + i});
  std::stable_sort(all.begin(), all.end(), [](const Scored& a, const Scored& b) { return a.score > b.score; });
  all.resize(std::min(k, all.size()));
  return all;
}

/// The list by offering `piece` scores at a time, from the front or from the back.
std::vector<Scored> ByOffering(const Table& isa, const std::vector<float>& scores, std::uint32_t first_id,
                               const std::vector<std::uint32_t>& skip, std::size_t k, std::size_t piece,
                               bool backward) {
  std::vector<Scored> heap(k + 1, Scored{1e9F, 77});
  std::size_t size = 0;
  const std::size_t pieces = (scores.size() + piece - 1) / piece;
  for (std::size_t i = 0; i < pieces; ++i) {
    const std::size_t begin = (backward ? pieces - 1 - i : i) * piece;
    size =
        isa.offer_top_k(scores.data() + begin, std::min(piece, scores.size() - begin),
                        first_id + static_cast<std::uint32_t>(begin), skip.data(), skip.size(), heap.data(), size, k);
  }
  EXPECT_EQ(heap[k], (Scored{1e9F, 77})) << "wrote beyond the heap";
  SortTopK(heap.data(), size);
  heap.resize(size);
  return heap;
}

TEST_P(TopK, IsTheHeadOfTheSortedListWithTiesSkipsAndNans) {
  const Rng rng(/*seed=*/3, Purpose::kTest);
  std::uint32_t draw = 0;
  for (std::size_t round = 0; round < 300; ++round) {
    const std::size_t n = rng.bounded(draw++, 200);
    const std::size_t k = rng.bounded(draw++, 30);
    const std::uint32_t first_id = rng.bounded(draw++, 50);
    const std::uint32_t levels = 1 + rng.bounded(draw++, 40);  // few levels, many ties
    std::vector<float> scores(n);
    std::vector<std::uint32_t> skip;
    for (float& score : scores) {
      score = static_cast<float>(rng.bounded(draw++, levels)) - 5.0F;
      if (rng.bounded(draw++, 12) == 0) score = kNan;
    }
    for (std::uint32_t id = 0; id < first_id + n + 5; ++id)
      if (rng.bounded(draw++, 6) == 0) skip.push_back(id);
    const auto expected = BySorting(scores, first_id, skip, k);
    for (const std::size_t piece : {1, 7, 16, 64, 1000})
      for (const bool backward : {false, true})
        ASSERT_EQ(ByOffering(isa(), scores, first_id, skip, k, piece, backward), expected)
            << "n = " << n << ", k = " << k << ", pieces of " << piece << (backward ? ", backward" : "");
  }
}

TEST_P(TopK, FindsALateWinnerAfterLongStretchesOfLosers) {
  for (std::size_t at = 100; at < 420; ++at) {
    std::vector<float> scores(500, 0.25F);
    scores[at] = 0.5F;
    const std::vector<Scored> expected = {{0.5F, static_cast<std::uint32_t>(at)}, {0.25F, 0}, {0.25F, 1}};
    ASSERT_EQ(ByOffering(isa(), scores, 0, {}, 3, 500, false), expected) << at;
  }
}

TEST_P(TopK, KeepsInfinitiesInOrderAndGivesAllWhereKIsLarger) {
  const float inf = std::numeric_limits<float>::infinity();
  const std::vector<float> scores = {-inf, 1.0F, kNan, inf, -inf, -1.0F};
  const std::vector<Scored> expected = {{inf, 3}, {1.0F, 1}, {-1.0F, 5}, {-inf, 0}, {-inf, 4}};
  EXPECT_EQ(ByOffering(isa(), scores, 0, {}, 50, 6, false), expected);
  EXPECT_EQ(ByOffering(isa(), scores, 0, {}, 4, 2, true), std::vector<Scored>(expected.begin(), expected.begin() + 4));
}

TEST_P(TopK, ThePlainLoopGivesTheSameList) {
  const auto scores = Normals(300, 4);
  const std::vector<std::uint32_t> skip = {0, 5, 17, 299};
  std::vector<Scored> heap(10);
  const auto size = reference::OfferTopK(scores.data(), scores.size(), 0, skip, heap.data(), 0, heap.size());
  reference::SortTopK(heap.data(), size);
  EXPECT_EQ(ByOffering(isa(), scores, 0, skip, 10, 300, false), heap);
}

TEST_P(TopK, ScoresAreDotProductsWhateverRowsStandAround) {
  for (const std::size_t d : kWidths)
    for (std::size_t n = 0; n <= 70; n += d == 64 ? 1 : 23) {
      const auto query = Normals(d, 1), items = Normals(n * d, 2);
      std::vector<float> scores(n + 1, 9.5F);
      std::vector<double> expected(n);
      reference::Scores(Doubles(query).data(), Doubles(items).data(), n, d, expected.data());
      isa().scores(query.data(), items.data(), n, d, scores.data());
      EXPECT_EQ(scores.back(), 9.5F);
      scores.pop_back();
      ExpectNear(scores, expected, 3e-5, "n = " + std::to_string(n) + ", d = " + std::to_string(d));
      for (std::size_t i = 0; i < n; ++i) {
        float alone = 0;
        isa().scores(query.data(), items.data() + i * d, 1, d, &alone);
        ASSERT_EQ(alone, scores[i]) << "row " << i << " alone, d = " << d;
      }
    }
}

}  // namespace
}  // namespace kith::kernels
