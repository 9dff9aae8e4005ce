#include "time_codes.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "kith/graph/ids.h"

namespace kith {
namespace {

/// Whether codes order every time against every moment as the times themselves do.
void ExpectTheSameOrder(std::vector<std::int64_t> times, const std::vector<std::int64_t>& moments) {
  const std::vector<std::span<const std::int64_t>> parts = {std::span(times).first(times.size() / 2),
                                                            std::span(times).subspan(times.size() / 2)};
  const TimeCodes codes(parts);
  times.push_back(kNoTime);
  for (const std::int64_t time : times) {
    for (const std::vector<std::int64_t>& befores : {moments, times}) {
      for (const std::int64_t before : befores) {
        EXPECT_EQ(codes.Code(time) < codes.Code(before), time < before) << time << " and " << before;
      }
    }
  }
}

constexpr std::int64_t kFirst = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kLast = std::numeric_limits<std::int64_t>::max();
const std::vector<std::int64_t> kMoments = {
    kFirst,        -2,   -1, 0, 1, 1'700'000'001, 4'294'967'292, 4'294'967'293, 4'294'967'294, 4'294'967'295,
    4'294'967'296, kLast};

TEST(TimeCodes, OrderTimesThatLieNearAsTheTimesDo) {
  ExpectTheSameOrder({}, kMoments);
  ExpectTheSameOrder({5}, kMoments);
  ExpectTheSameOrder({0, 1'700'000'000, 1'700'000'000, 1'700'000'002, 900}, kMoments);
  ExpectTheSameOrder({4'294'967'292, 4'294'967'293, 3}, kMoments);  // as far from "none" as codes go
}

TEST(TimeCodes, OrderTimesThatLieFarApartAsTheTimesDo) {
  ExpectTheSameOrder({4'294'967'294, 4'294'967'293, 3}, kMoments);
  ExpectTheSameOrder({1'700'000'000'000, 1'700'000'000'001, 1'600'000'000'000}, kMoments);
  ExpectTheSameOrder({kFirst, kFirst + 1, kLast - 1, kLast, 7}, kMoments);
}

}  // namespace
}  // namespace kith
