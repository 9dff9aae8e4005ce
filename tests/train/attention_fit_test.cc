#include "attention_fit.h"

#include <gtest/gtest.h>

#include <cmath>

#include "kith/base/rng.h"

namespace kith {
namespace {

/// Five own items over a list of twelve; every third entry is missing, two items are held out.
AttentionLesson RandomLesson(std::uint64_t seed) {
  const Rng rng(seed, Purpose::kTest);
  std::uint32_t draw = 0;
  AttentionLesson lesson;
  lesson.at.push_back(0);
  for (int own = 0; own < 5; ++own) {
    lesson.kernel.prior.push_back(0.1 + rng.uniform(draw++));
    KernelAttention keys;
    for (float& key : keys) key = rng.normal(draw++);
    lesson.kernel.keys.push_back(keys);
    for (std::uint32_t place = 0; place < 12; ++place) {
      if (rng.bounded(draw++, 3) == 0) continue;
      lesson.places.push_back(place);
      lesson.values.push_back(2 * rng.uniform(draw++));
    }
    lesson.at.push_back(static_cast<std::uint32_t>(lesson.places.size()));
  }
  for (std::uint32_t place = 0; place < 12; ++place) {
    lesson.rest.push_back(rng.normal(draw++));
    lesson.positive.push_back(place == 3 || place == 8 ? 1 : 0);
  }
  lesson.positives = 2;
  lesson.weight = 2.0 / 3;
  return lesson;
}

TEST(AttentionLoss, GradientAgreesWithDifferences) {
  for (const std::uint64_t seed : {1, 2, 3, 4}) {
    const AttentionLesson lesson = RandomLesson(seed);
    AttentionParameters at;
    for (std::size_t k = 0; k < at.size(); ++k)
      at[k] = 0.3 * Rng(seed, Purpose::kTest, 1).normal(static_cast<std::uint32_t>(k));
    AttentionParameters gradient{}, unused{};
    (void)AttentionLoss(lesson, at, 0.7, gradient);
    for (std::size_t k = 0; k < at.size(); ++k) {
      constexpr double kStep = 1e-5;
      AttentionParameters up = at, down = at;
      up[k] += kStep;
      down[k] -= kStep;
      const double difference =
          (AttentionLoss(lesson, up, 0.7, unused) - AttentionLoss(lesson, down, 0.7, unused)) / (2 * kStep);
      EXPECT_NEAR(gradient[k], difference, 1e-7 * (1 + std::abs(difference))) << "seed " << seed << " parameter " << k;
    }
  }
}

TEST(AttentionLoss, IsTheSoftmaxOfThePlainScoresAtZero) {
  const AttentionLesson lesson = RandomLesson(5);
  AttentionParameters gradient{};
  std::vector<double> score(12, 0.0);
  for (std::size_t own = 0; own < 5; ++own) {
    for (std::uint32_t e = lesson.at[own]; e < lesson.at[own + 1]; ++e) {
      score[lesson.places[e]] += lesson.kernel.prior[own] * lesson.values[e];
    }
  }
  double total = 0;
  for (std::size_t i = 0; i < 12; ++i) {
    score[i] = std::exp(lesson.rest[i] + 0.7 * 2 * (std::sqrt(1 + score[i]) - 1));
    total += score[i];
  }
  const double expected = -2.0 / 3 * 0.5 * (std::log(score[3] / total) + std::log(score[8] / total));
  EXPECT_NEAR(AttentionLoss(lesson, {}, 0.7, gradient), expected, 1e-6);
}

}  // namespace
}  // namespace kith
