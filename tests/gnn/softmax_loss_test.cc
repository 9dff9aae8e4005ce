#include <gtest/gtest.h>

#include <cmath>
#include <stdexcept>
#include <vector>

#include "gnn/random_block.h"
#include "kith/gnn/loss.h"

namespace kith {
namespace {

using testing::Convert;
using testing::Inner;
using testing::Moved;
using testing::RandomMatrix;
using testing::SameBits;
using DoubleMatrix = MatrixOf<double>;

/// A batch that owns its arrays.
struct OwnedBatch {
  std::vector<std::uint32_t> users, positives, candidates;
  std::vector<EdgeOffset> offsets = {0};
  std::vector<float> candidate_weights, user_weights;
  double scale = 1.0, tau = 0.1;

  [[nodiscard]] SoftmaxBatch View() const {
    return {.users = users,
            .positive_offsets = offsets,
            .positives = positives,
            .candidates = candidates,
            .candidate_weights = candidate_weights,
            .user_weights = user_weights,
            .candidate_scale = scale,
            .tau = tau};
  }
};

/// Users are rows [0, num_users), items the rows after them; users have 0 to 6 positives, some of them twice, some
/// candidates are positives and some stand twice.
OwnedBatch RandomBatch(std::uint32_t num_users, std::uint32_t num_items, std::uint32_t num_candidates,
                       std::uint64_t seed) {
  OwnedBatch batch;
  const Rng rng(seed, Purpose::kTest, 3);
  std::uint32_t draw = 0;
  for (std::uint32_t u = 0; u < num_users; ++u) {
    batch.users.push_back((u * 7) % num_users);
    for (std::uint32_t p = rng.bounded(draw++, 7); p > 0; --p) {
      batch.positives.push_back(num_users + rng.bounded(draw++, num_items));
    }
    batch.offsets.push_back(batch.positives.size());
    batch.user_weights.push_back(0.5F + rng.uniform(draw++));
  }
  for (std::uint32_t c = 0; c < num_candidates; ++c) {
    batch.candidates.push_back(num_users + rng.bounded(draw++, num_items));
    batch.candidate_weights.push_back(0.1F + 2.0F * rng.uniform(draw++));
  }
  batch.scale = 3.5;
  batch.tau = 0.2;
  return batch;
}

double Cosine(const DoubleMatrix& z, std::uint32_t a, std::uint32_t b) {
  double dot = 0, aa = 0, bb = 0;
  for (std::size_t k = 0; k < z.cols(); ++k) dot += z(a, k) * z(b, k), aa += z(a, k) * z(a, k), bb += z(b, k) * z(b, k);
  return aa == 0 || bb == 0 ? 0 : dot / std::sqrt(aa * bb);
}

/// The header's formula, pair by pair.
double PlainLoss(const OwnedBatch& batch, const DoubleMatrix& z) {
  double loss = 0;
  for (std::size_t u = 0; u < batch.users.size(); ++u) {
    double denominator = 0;
    for (std::size_t c = 0; c < batch.candidates.size(); ++c) {
      const double weight = batch.candidate_weights.empty() ? 1.0 : batch.candidate_weights[c];
      denominator += weight * std::exp((Cosine(z, batch.users[u], batch.candidates[c]) - 1) / batch.tau);
    }
    denominator *= batch.scale;
    const double user_weight = batch.user_weights.empty() ? 1.0 : batch.user_weights[u];
    for (EdgeOffset p = batch.offsets[u]; p < batch.offsets[u + 1]; ++p) {
      const double logit = (Cosine(z, batch.users[u], batch.positives[p]) - 1) / batch.tau;
      loss -= user_weight * (logit - std::log(denominator + std::exp(logit)));
    }
  }
  return loss / static_cast<double>(batch.positives.size());
}

double Loss(const Runtime& runtime, const OwnedBatch& batch, const DoubleMatrix& z, DoubleMatrix& dz) {
  return MultiPositiveSoftmaxLoss<double>(runtime, batch.View(), z, dz);
}

TEST(MultiPositiveSoftmaxLoss, IsTheFormulaPairByPair) {
  const Runtime runtime(2);
  OwnedBatch batch = RandomBatch(20, 30, 40, 1);
  const auto z = RandomMatrix<double>(50, 6, 2);
  DoubleMatrix dz(50, 6);
  EXPECT_NEAR(Loss(runtime, batch, z, dz), PlainLoss(batch, z), 1e-11);
  batch.candidate_weights.clear();
  EXPECT_NEAR(Loss(runtime, batch, z, dz), PlainLoss(batch, z), 1e-11);
  batch.user_weights.clear();
  EXPECT_NEAR(Loss(runtime, batch, z, dz), PlainLoss(batch, z), 1e-11);
}

TEST(MultiPositiveSoftmaxLoss, GradientAgreesWithFiniteDifferences) {
  const Runtime runtime(2);
  OwnedBatch batch = RandomBatch(20, 30, 40, 3);
  const auto z = RandomMatrix<double>(50, 6, 4);
  for (const bool weighted : {true, false}) {
    if (!weighted) batch.candidate_weights.clear(), batch.user_weights.clear();
    DoubleMatrix dz(50, 6);
    (void)Loss(runtime, batch, z, dz);
    for (std::uint64_t seed = 10; seed < 16; ++seed) {
      const auto direction = RandomMatrix<double>(50, 6, seed);
      const double step = 1e-6;
      const double numeric =
          (PlainLoss(batch, Moved(z, step, direction)) - PlainLoss(batch, Moved(z, -step, direction))) / (2 * step);
      EXPECT_NEAR(Inner(dz, direction), numeric, 1e-7 * (1 + std::abs(numeric)));
    }
  }
}

TEST(MultiPositiveSoftmaxLoss, AddsToTheGradientThatIsThere) {
  const Runtime runtime(1);
  const OwnedBatch batch = RandomBatch(10, 12, 9, 5);
  const auto z = RandomMatrix<double>(22, 4, 6);
  DoubleMatrix fresh(22, 4), added(22, 4);
  added.fill(2.0);
  (void)Loss(runtime, batch, z, fresh);
  (void)Loss(runtime, batch, z, added);
  for (std::size_t i = 0; i < fresh.size(); ++i) EXPECT_NEAR(added.data()[i] - 2.0, fresh.data()[i], 1e-12);
}

TEST(MultiPositiveSoftmaxLoss, FloatAgreesWithDoubleOverSeveralBlocks) {
  const Runtime runtime(2);
  const OwnedBatch batch = RandomBatch(300, 900, 1300, 7);
  const auto z = RandomMatrix<float>(1200, 17, 8);
  Matrix dz(1200, 17);
  DoubleMatrix exact(1200, 17);
  const double loss = MultiPositiveSoftmaxLoss<float>(runtime, batch.View(), z, dz);
  EXPECT_NEAR(loss, Loss(runtime, batch, Convert<double>(z), exact), 1e-5);
  double largest = 0;
  for (const double g : exact.span()) largest = std::max(largest, std::abs(g));
  for (std::size_t i = 0; i < dz.size(); ++i) ASSERT_NEAR(dz.data()[i], exact.data()[i], 2e-5 * largest);
}

TEST(MultiPositiveSoftmaxLoss, ChunksOfUsersChangeNothing) {
  // 70 000 candidates let 192 users' exponentials fit the memory kept in float, 96 in double: both cut into chunks.
  const Runtime runtime(2);
  const OwnedBatch batch = RandomBatch(300, 500, 70000, 9);
  const auto z = RandomMatrix<float>(800, 5, 10);
  Matrix dz(800, 5);
  DoubleMatrix exact(800, 5);
  const double loss = MultiPositiveSoftmaxLoss<float>(runtime, batch.View(), z, dz);
  EXPECT_NEAR(loss, PlainLoss(batch, Convert<double>(z)), 1e-4);
  EXPECT_NEAR(Loss(runtime, batch, Convert<double>(z), exact), PlainLoss(batch, Convert<double>(z)), 1e-9);
  double largest = 0;
  for (const double g : exact.span()) largest = std::max(largest, std::abs(g));
  for (std::size_t i = 0; i < dz.size(); ++i) ASSERT_NEAR(dz.data()[i], exact.data()[i], 5e-5 * largest);
  const auto direction = RandomMatrix<double>(800, 5, 11);
  const auto start = Convert<double>(z);
  const double numeric =
      (PlainLoss(batch, Moved(start, 1e-5, direction)) - PlainLoss(batch, Moved(start, -1e-5, direction))) / 2e-5;
  EXPECT_NEAR(Inner(exact, direction), numeric, 1e-6 * (1 + std::abs(numeric)));
}

TEST(MultiPositiveSoftmaxLoss, GivesTheSameBitsOnOneTwoAndEightThreads) {
  const OwnedBatch batch = RandomBatch(700, 900, 2100, 12);
  const auto z = RandomMatrix<float>(1600, 16, 13);
  const Runtime one(1);
  Matrix expected(1600, 16);
  const double loss = MultiPositiveSoftmaxLoss<float>(one, batch.View(), z, expected);
  for (const int threads : {2, 8}) {
    const Runtime runtime(threads);
    Matrix dz(1600, 16);
    EXPECT_EQ(MultiPositiveSoftmaxLoss<float>(runtime, batch.View(), z, dz), loss);
    EXPECT_TRUE(SameBits(dz, expected));
  }
}

TEST(MultiPositiveSoftmaxLoss, TreatsAZeroRowAsCosineZeroWithoutGradient) {
  const Runtime runtime(1);
  const OwnedBatch batch = RandomBatch(8, 6, 20, 14);  // every row is named many times
  auto z = RandomMatrix<double>(14, 3, 15);
  for (const std::size_t row : {3, 9}) {
    for (std::size_t k = 0; k < 3; ++k) z(row, k) = 0.0;
  }
  DoubleMatrix dz(14, 3);
  EXPECT_NEAR(Loss(runtime, batch, z, dz), PlainLoss(batch, z), 1e-12);
  for (const std::size_t row : {3, 9}) {
    for (std::size_t k = 0; k < 3; ++k) EXPECT_EQ(dz(row, k), 0.0);
  }
}

TEST(MultiPositiveSoftmaxLoss, GradientIsAcrossTheRowAndLengthDoesNotMatter) {
  const Runtime runtime(1);
  const OwnedBatch batch = RandomBatch(8, 6, 20, 16);
  const auto z = RandomMatrix<double>(14, 3, 17);
  DoubleMatrix dz(14, 3), dtwice(14, 3);
  const double loss = Loss(runtime, batch, z, dz);
  EXPECT_NEAR(Loss(runtime, batch, Moved(z, 1.0, z), dtwice), loss, 1e-12);
  for (std::size_t r = 0; r < 14; ++r) {
    double along = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      along += z(r, k) * dz(r, k);
      EXPECT_NEAR(dtwice(r, k), dz(r, k) / 2, 1e-12);
    }
    EXPECT_NEAR(along, 0.0, 1e-12);
  }
}

TEST(MultiPositiveSoftmaxLoss, IsZeroWithoutPositivesAndWithoutCandidates) {
  const Runtime runtime(1);
  const auto z = RandomMatrix<float>(14, 3, 18);
  Matrix dz(14, 3);
  OwnedBatch batch = RandomBatch(8, 6, 20, 19);
  OwnedBatch empty = batch;
  empty.positives.clear();
  empty.offsets.assign(9, 0);
  EXPECT_EQ(MultiPositiveSoftmaxLoss<float>(runtime, empty.View(), z, dz), 0.0);
  batch.candidates.clear();
  batch.candidate_weights.clear();
  EXPECT_NEAR(MultiPositiveSoftmaxLoss<float>(runtime, batch.View(), z, dz), 0.0, 1e-12);
  for (const float g : dz.span()) EXPECT_EQ(g, 0.0F);
}

TEST(MultiPositiveSoftmaxLoss, RefusesABatchThatDoesNotFitTogether) {
  const Runtime runtime(1);
  const auto z = RandomMatrix<float>(14, 3, 20);
  Matrix dz(14, 3), narrow(14, 2);
  const OwnedBatch good = RandomBatch(8, 6, 20, 21);
  const auto run = [&](const OwnedBatch& batch, Matrix& gradient) {
    (void)MultiPositiveSoftmaxLoss<float>(runtime, batch.View(), z, gradient);
  };
  OwnedBatch bad = good;
  bad.candidates[0] = 14;
  EXPECT_THROW(run(bad, dz), std::invalid_argument);
  bad = good;
  bad.offsets.pop_back();
  EXPECT_THROW(run(bad, dz), std::invalid_argument);
  bad = good;
  bad.candidate_weights.pop_back();
  EXPECT_THROW(run(bad, dz), std::invalid_argument);
  bad = good;
  bad.tau = 0;
  EXPECT_THROW(run(bad, dz), std::invalid_argument);
  EXPECT_THROW(run(good, narrow), std::invalid_argument);
}

}  // namespace
}  // namespace kith
