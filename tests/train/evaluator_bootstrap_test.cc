#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "kith/base/rng.h"
#include "kith/recommend/baselines.h"
#include "kith/train/evaluator.h"
#include "kith/train/metrics_bootstrap.h"
#include "testing/real_data.h"

namespace kith {
namespace {

/// Skewed like a recall: mostly 0, some large.
std::vector<double> SkewedValues(std::size_t n, std::uint64_t seed) {
  std::vector<double> values;
  const Rng rng(seed, Purpose::kTest);
  for (std::uint32_t i = 0; i < n; ++i) values.push_back(std::max(0.0, std::pow(rng.uniform(i), 4.0) - 0.2));
  return values;
}

TEST(BootstrapMeans, HasTheWidthThatTheCentralLimitTheoremForetells) {
  const Runtime runtime(2);
  const std::vector<double> values = SkewedValues(2000, 1);
  const Estimate found = BootstrapMeans(runtime, values, 1, {.resamples = 4000}).front();
  double sum = 0, squares = 0;
  for (const double value : values) sum += value;
  const double mean = sum / 2000;
  for (const double value : values) squares += (value - mean) * (value - mean);
  const double error = std::sqrt(squares / 1999 / 2000);
  EXPECT_NEAR(found.mean, mean, 1e-12);
  EXPECT_NEAR(found.error, error, 1e-12);
  EXPECT_NEAR((found.high - found.low) / (2 * 1.96 * error), 1, 0.05);
  EXPECT_NEAR((found.high + found.low) / 2, mean, 0.2 * error);
}

TEST(BootstrapMeans, OfTwoColumnsIsThatOfEachAlone) {
  const Runtime runtime(2);
  const std::vector<double> a = SkewedValues(300, 1), b = SkewedValues(300, 2);
  std::vector<double> both;
  for (std::size_t i = 0; i < a.size(); ++i) both.insert(both.end(), {a[i], b[i]});
  const auto together = BootstrapMeans(runtime, both, 2);
  for (const auto& [column, alone] :
       {std::pair(0, BootstrapMeans(runtime, a, 1)), std::pair(1, BootstrapMeans(runtime, b, 1))}) {
    EXPECT_EQ(together[static_cast<std::size_t>(column)].low, alone[0].low);
    EXPECT_EQ(together[static_cast<std::size_t>(column)].high, alone[0].high);
    EXPECT_EQ(together[static_cast<std::size_t>(column)].error, alone[0].error);
  }
}

TEST(BootstrapMeans, GivesTheSameBitsOnAnyNumberOfThreadsAndOthersForAnotherSeed) {
  const std::vector<double> values = SkewedValues(500, 3);
  const Runtime one(1), four(4);
  const Estimate alone = BootstrapMeans(one, values, 1).front(), shared = BootstrapMeans(four, values, 1).front();
  EXPECT_EQ(alone.low, shared.low);
  EXPECT_EQ(alone.high, shared.high);
  EXPECT_NE(BootstrapMeans(one, values, 1, {.seed = 2}).front().low, alone.low);
}

TEST(BootstrapMeans, OfManyUsersDrawsGroupsOfThemAndIsAsWide) {
  const Runtime runtime(2);
  const std::vector<double> values = SkewedValues(200'000, 5);
  const Estimate found = BootstrapMeans(runtime, values, 1, {.resamples = 400}).front();
  EXPECT_NEAR((found.high - found.low) / (2 * 1.96 * found.error), 1, 0.12);
}

TEST(BootstrapMeans, OfNobodyAndOfOneIsAPoint) {
  const Runtime runtime(1);
  EXPECT_EQ(BootstrapMeans(runtime, {}, 2).size(), 2U);
  const std::vector<double> one = {0.25};
  const Estimate found = BootstrapMeans(runtime, one, 1).front();
  EXPECT_EQ(found.mean, 0.25);
  EXPECT_EQ(found.low, 0.25);
  EXPECT_EQ(found.high, 0.25);
  EXPECT_EQ(found.error, 0);
}

/// In how many of `samples` samples of n values, drawn with replacement, the interval holds the mean of all values.
double Coverage(const Runtime& runtime, const std::vector<double>& population, std::uint32_t samples,
                std::uint32_t resamples) {
  double truth = 0;
  for (const double value : population) truth += value / static_cast<double>(population.size());
  const auto n = static_cast<std::uint32_t>(population.size());
  int held = 0;
  for (std::uint32_t s = 0; s < samples; ++s) {
    const Rng rng(77, Purpose::kTest, s);
    std::vector<double> sample(n);
    for (std::uint32_t i = 0; i < n; ++i) sample[i] = population[rng.bounded(i, n)];
    const Estimate found = BootstrapMeans(runtime, sample, 1, {.resamples = resamples, .seed = s}).front();
    held += found.low <= truth && truth <= found.high ? 1 : 0;
  }
  return held / static_cast<double>(samples);
}

TEST(BootstrapMeans, HoldsTheTruthAsOftenAsItSays) {
  const Runtime runtime;
  const double coverage = Coverage(runtime, SkewedValues(160, 9), 1000, 400);
  EXPECT_GE(coverage, 0.93);
  EXPECT_LE(coverage, 0.97);
}

/// A table of user and item under a header, keys numbered in order of sight.
std::vector<Edge> ReadTable(const std::string& path, std::map<std::string, std::uint32_t>& users,
                            std::map<std::string, std::uint32_t>& items) {
  std::ifstream file(path);
  EXPECT_TRUE(file) << "cannot read " << path;
  std::vector<Edge> edges;
  std::string user, item, rest;
  std::getline(file, rest);
  while (file >> user >> item && std::getline(file, rest)) {
    const auto u = users.emplace(user, static_cast<std::uint32_t>(users.size())).first->second;
    edges.push_back({u, items.emplace(item, static_cast<std::uint32_t>(items.size())).first->second});
  }
  return edges;
}

TEST(BootstrapMeans, HoldsTheTruthAsOftenAsItSaysOnTheUsersOfLastFm) {
  const std::string data = kith::testing::RealData();
  if (data.empty()) GTEST_SKIP() << kith::testing::kNoRealData;
  std::map<std::string, std::uint32_t> users, items;
  const std::vector<Edge> train = ReadTable(std::string(data) + "/lastfm/train.tsv", users, items);
  const std::vector<Edge> test = ReadTable(std::string(data) + "/lastfm/test.tsv", users, items);
  const Runtime runtime;
  const auto graph = SocialGraph::Build(runtime, static_cast<std::uint32_t>(users.size()),
                                        static_cast<std::uint32_t>(items.size()), train, {})
                         .value();
  std::map<std::uint32_t, std::set<std::uint32_t>> wanted;
  for (const Edge& edge : test) wanted[edge.source].insert(edge.target);
  HeldOut held_out;
  for (const auto& [user, set] : wanted) {
    held_out.users.push_back(UserId{user});
    held_out.items.emplace_back(set.begin(), set.end());
  }
  ASSERT_EQ(held_out.users.size(), 1881U);
  const std::vector<std::uint32_t> ks = {20};
  const Ranker ranker(ItemKnnModel(runtime, *graph).value());
  const Evaluation evaluation = Evaluate(runtime, *graph, ranker, held_out, ks);
  for (const MetricName& metric : {kMetrics[0], kMetrics[1]}) {
    std::vector<double> values;
    for (std::size_t n = 0; n < held_out.users.size(); ++n) {
      values.push_back(evaluation.Of(held_out, n, 20).*metric.value);
    }
    const double coverage = Coverage(runtime, values, 1000, 400);
    RecordProperty(metric.name, std::to_string(coverage));
    EXPECT_GE(coverage, 0.93);
    EXPECT_LE(coverage, 0.97);
  }
}

}  // namespace
}  // namespace kith
