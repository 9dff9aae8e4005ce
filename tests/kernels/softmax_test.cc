#include "kith/kernels/softmax.h"

#include "kernels/support.h"
#include "kith/kernels/reference_softmax.h"

namespace kith::kernels {
namespace {

using Softmax = EveryIsa;
INSTANTIATE_TEST_SUITE_P(Kernels, Softmax, AllIsas(), IsaName);

/// `rows` rows of d numbers, filled up to `width` by zeros; rows from `used` on are zero.
std::vector<float> PaddedRows(std::size_t rows, std::size_t used, std::size_t d, std::size_t width,
                              std::uint32_t stream) {
  const auto numbers = Normals(used * d, stream);
  std::vector<float> padded(rows * width);
  for (std::size_t r = 0; r < used; ++r) std::copy_n(numbers.data() + r * d, d, padded.data() + r * width);
  return padded;
}

std::vector<double> WithoutPadding(const std::vector<float>& padded, std::size_t d, std::size_t width) {
  std::vector<double> rows;
  for (std::size_t i = 0; i < padded.size(); ++i)
    if (i % width < d) rows.push_back(padded[i]);
  return rows;
}

/// Everything for one block of users and some candidates.
struct Inputs {
  std::size_t count, d, width, panels;
  std::vector<float> users, candidates, weights, packed, exps, sums, dusers;

  Inputs(const Table& isa, std::size_t users_in, std::size_t candidates_in, std::size_t d_in)
      : count(users_in),
        d(d_in),
        width(isa.softmax_width(d_in)),
        panels((candidates_in + kSoftmaxPanel - 1) / kSoftmaxPanel),
        users(PaddedRows(count, count, d, width, 1)),
        candidates(PaddedRows(panels * kSoftmaxPanel, candidates_in, d, width, 2)),
        weights(panels * kSoftmaxPanel),
        packed(panels * kSoftmaxPanel * d),
        exps(panels * count * kSoftmaxPanel, 9.0F),
        sums(count, 9.0F),
        dusers(count * width, 9.0F) {
    for (std::size_t c = 0; c < candidates_in; ++c) weights[c] = 0.25F * static_cast<float>(1 + c % 7);
    for (std::size_t p = 0; p < panels; ++p)
      isa.pack_softmax_panel(candidates.data() + p * kSoftmaxPanel * width, d, packed.data() + p * kSoftmaxPanel * d);
  }
  void Run(const Table& isa) {
    isa.softmax_forward({users.data(), count, d, packed.data(), candidates.data(), weights.data(), panels, 0.3F, -0.7F,
                         exps.data(), count * kSoftmaxPanel, sums.data(), dusers.data()});
  }
};

TEST_P(Softmax, ForwardAgreesWithThePlainLoops) {
  for (const std::size_t d : {1, 5, 16, 33, 64, 100})
    for (const std::size_t count : {1, 2, 3, 7, 12, 13, 25, 48})
      for (const std::size_t candidates : {0, 1, 95, 96, 200}) {
        Inputs in(isa(), count, candidates, d);
        in.Run(isa());
        const auto users = WithoutPadding(in.users, d, in.width), rows = WithoutPadding(in.candidates, d, in.width),
                   weights = Doubles(in.weights);
        std::vector<double> exps(in.exps.size()), sums(count), dusers(count * d);
        reference::SoftmaxForward<double>({users.data(), count, d, nullptr, rows.data(), weights.data(), in.panels, 0.3,
                                           -0.7, exps.data(), count * kSoftmaxPanel, sums.data(), dusers.data()});
        const std::string what =
            std::to_string(count) + " users, " + std::to_string(candidates) + " candidates, d = " + std::to_string(d);
        // exp makes the rounding of a score relative to e: a wide row's scores reach 10.
        ExpectNear(in.exps, exps, 3e-5, what);
        ExpectNear(in.sums, sums, 3e-5, what);
        std::vector<float> found;
        for (std::size_t i = 0; i < in.dusers.size(); ++i) {
          if (i % in.width < d) found.push_back(in.dusers[i]);
          if (i % in.width >= d) {
            ASSERT_EQ(in.dusers[i], 0.0F) << what;
          }
        }
        double largest = 1;
        for (const double value : dusers) largest = std::fmax(largest, std::fabs(value));
        ASSERT_EQ(found.size(), dusers.size());
        for (std::size_t i = 0; i < found.size(); ++i) ASSERT_NEAR(found[i], dusers[i], 5e-5 * largest) << what;
      }
}

TEST_P(Softmax, BackwardIsTheTransposedProductWrittenOrAdded) {
  for (const std::size_t d : {1, 16, 33, 64})
    for (const std::size_t count : {0, 1, 17, 130})
      for (const bool add : {false, true}) {
        const std::size_t width = isa().softmax_width(d);
        const auto exps = Normals(count * kSoftmaxPanel, 1);
        const auto users = PaddedRows(count, count, d, width, 2);
        auto found = PaddedRows(kSoftmaxPanel, kSoftmaxPanel, d, width, 3);
        auto expected = WithoutPadding(found, d, width);
        isa().softmax_backward(exps.data(), users.data(), count, d, found.data(), add);
        reference::SoftmaxBackward<double>(Doubles(exps).data(), WithoutPadding(users, d, width).data(), count, d,
                                           expected.data(), add);
        const auto rows = WithoutPadding(found, d, width);
        for (std::size_t i = 0; i < rows.size(); ++i) ASSERT_NEAR(rows[i], expected[i], 1e-4) << count << ", " << d;
      }
}

TEST_P(Softmax, GivesAUserTheSameBitsInEveryBlock) {
  Inputs together(isa(), 29, 150, 40);
  together.Run(isa());
  for (std::size_t u = 0; u < together.count; ++u) {
    Inputs alone(isa(), 1, 150, 40);
    std::copy_n(together.users.data() + u * together.width, together.width, alone.users.data());
    alone.Run(isa());
    ASSERT_EQ(alone.sums[0], together.sums[u]);
    for (std::size_t k = 0; k < alone.width; ++k)
      ASSERT_EQ(alone.dusers[k], together.dusers[u * together.width + k]) << "user " << u << ", column " << k;
  }
}

TEST_P(Softmax, TakesWhatUnderflowsForNothing) {
  Inputs in(isa(), 2, 96, 8);
  for (float& value : in.users) value = 0.0F;
  isa().softmax_forward({in.users.data(), 2, 8, in.packed.data(), in.candidates.data(), in.weights.data(), 1, 1.0F,
                         -200.0F, in.exps.data(), 2 * kSoftmaxPanel, in.sums.data(), in.dusers.data()});
  for (const float e : in.exps) ASSERT_EQ(e, 0.0F);
  for (const float sum : in.sums) ASSERT_EQ(sum, 0.0F);
}

}  // namespace
}  // namespace kith::kernels
