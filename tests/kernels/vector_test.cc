#include <cmath>
#include <limits>

#include "kernels/support.h"
#include "kith/kernels/reference.h"

namespace kith::kernels {
namespace {

using Vector = EveryIsa;
INSTANTIATE_TEST_SUITE_P(Kernels, Vector, AllIsas(), IsaName);

TEST_P(Vector, DotAgreesWithThePlainLoopInDouble) {
  for (std::size_t d = 0; d <= 210; ++d) {
    // One float off, so that nothing is aligned.
    const auto a = Normals(d + 1, 1), b = Normals(d + 1, 2);
    const auto da = Doubles(a), db = Doubles(b);
    EXPECT_NEAR(isa().dot(a.data() + 1, b.data() + 1, d), reference::Dot(da.data() + 1, db.data() + 1, d), 2e-5)
        << "d = " << d;
  }
}

TEST_P(Vector, AxpyAddsAMultipleAndTouchesNothingBeyond) {
  for (std::size_t d = 0; d <= 140; ++d) {
    const auto x = Normals(d + 1, 1);
    auto y = Normals(d + 2, 2);
    auto expected = Doubles(y);
    const auto dx = Doubles(x);
    reference::Axpy(-0.75, dx.data() + 1, expected.data() + 1, d);
    isa().axpy(-0.75F, x.data() + 1, y.data() + 1, d);
    ExpectNear(y, expected, 1e-6, "d = " + std::to_string(d));
    EXPECT_EQ(static_cast<double>(y.back()), expected.back());
  }
}

TEST_P(Vector, ExpIsRightToAMillionthFromTheSmallestNormalToTheLargestFloat) {
  std::vector<float> arguments;
  for (double y = -100; y <= 90; y += 1.0 / 512) arguments.push_back(static_cast<float>(y + 1e-4));
  auto results = arguments;
  (void)isa().exp_in_place(results.data(), results.size(), 1.0F, 0.0F);
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const double exact = std::exp(static_cast<double>(arguments[i]));
    if (exact > static_cast<double>(std::numeric_limits<float>::max())) {
      ASSERT_EQ(results[i], std::numeric_limits<float>::infinity()) << arguments[i];
    } else if (exact > 1.000001 * static_cast<double>(std::numeric_limits<float>::min())) {
      ASSERT_NEAR(results[i] / exact, 1.0, 1e-6) << arguments[i];
    } else if (exact < 0.999999 * static_cast<double>(std::numeric_limits<float>::min())) {
      ASSERT_EQ(results[i], 0.0F) << arguments[i];
    }
  }
}

TEST_P(Vector, ExpOfZeroIsOneAndTheEndsOfTheRangeAreKept) {
  const float inf = std::numeric_limits<float>::infinity(), nan = std::numeric_limits<float>::quiet_NaN();
  const std::vector<float> special = {0.0F, -0.0F, inf, -inf, nan, -nan, 1e30F, -1e30F};
  for (std::size_t at = 0; at < 40; ++at)
    for (const float value : special) {
      std::vector<float> x(41, 0.5F);
      x[at] = value;
      (void)isa().exp_in_place(x.data(), x.size(), 1.0F, 0.0F);
      if (std::isnan(value)) {
        EXPECT_TRUE(std::isnan(x[at])) << at;
      } else {
        EXPECT_EQ(x[at], value == 0.0F ? 1.0F : value > 0 ? inf : 0.0F) << value << " at " << at;
      }
      EXPECT_NEAR(x[40], std::exp(0.5), 1e-6);
    }
}

TEST_P(Vector, ExpScalesShiftsAndReturnsTheSumOfItsResults) {
  for (std::size_t n = 0; n <= 140; ++n) {
    auto x = Normals(n + 1, 3);
    const float beyond = x[n];
    auto expected = Doubles(x);
    expected.pop_back();
    // Powers of two: the argument is rounded the same with and without fused multiply-add.
    const double sum = reference::ExpInPlace(expected.data(), n, 0.5, 0.0);
    EXPECT_NEAR(isa().exp_in_place(x.data(), n, 0.5F, 0.0F), sum, 1e-6 * (1 + sum)) << n;
    EXPECT_EQ(x[n], beyond);
    x.pop_back();
    ExpectNear(x, expected, 1e-6, "n = " + std::to_string(n));

    auto shifted = Normals(n, 3);
    auto shifted_expected = Doubles(shifted);
    (void)reference::ExpInPlace(shifted_expected.data(), n, -1.7, -2.25);
    (void)isa().exp_in_place(shifted.data(), n, -1.7F, -2.25F);
    ExpectNear(shifted, shifted_expected, 2e-6, "shifted, n = " + std::to_string(n));
  }
}

}  // namespace
}  // namespace kith::kernels
