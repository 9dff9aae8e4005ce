#include "bpr.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "testing/random_graph.h"

namespace kith {
namespace {

using Dense = std::vector<std::vector<double>>;

std::shared_ptr<const SocialGraph> Graph(const Runtime& runtime) {
  return testing::RandomGraph(runtime, 30, 20, 160, 5, 3);
}

bool never() { return false; }

std::unique_ptr<BprLearner> Learner(const std::shared_ptr<const SocialGraph>& graph, const BprOptions& options,
                                    const Runtime& runtime) {
  return BprLearner::Make(graph, options, runtime).value();
}

Dense Product(const Dense& a, const Dense& b) {
  Dense c(a.size(), std::vector<double>(b[0].size(), 0.0));
  for (std::size_t r = 0; r < a.size(); ++r) {
    for (std::size_t k = 0; k < b.size(); ++k) {
      for (std::size_t n = 0; n < b[0].size(); ++n) c[r][n] += a[r][k] * b[k][n];
    }
  }
  return c;
}

/// The mean of A^k over k = 0..layers, written out.
Dense MeanOfLayers(const SocialGraph& graph, std::uint32_t layers) {
  const std::size_t nodes = graph.num_nodes();
  Dense adjacency(nodes, std::vector<double>(nodes, 0.0)), power = adjacency, mean = adjacency;
  for (std::uint32_t u = 0; u < graph.num_users(); ++u) {
    for (const std::uint32_t i : graph.items(UserId{u}).targets) {
      const double weight = 1 / std::sqrt(static_cast<double>(graph.degree(Relation::kInteracts, u)) *
                                          graph.degree(Relation::kInteractedBy, i));
      adjacency[u][graph.num_users() + i] = adjacency[graph.num_users() + i][u] = weight;
    }
  }
  for (std::size_t v = 0; v < nodes; ++v) power[v][v] = 1;
  for (std::uint32_t k = 0; k <= layers; ++k) {
    for (std::size_t v = 0; v < nodes; ++v) {
      for (std::size_t u = 0; u < nodes; ++u) mean[v][u] += power[v][u] / (layers + 1);
    }
    power = Product(power, adjacency);
  }
  return mean;
}

/// Users, then items.
Dense Rows(const BprVectors& vectors) {
  Dense rows;
  for (const Matrix* part : {&vectors.users, &vectors.items}) {
    for (std::size_t r = 0; r < part->rows(); ++r) {
      rows.emplace_back(part->row_span(r).begin(), part->row_span(r).end());
    }
  }
  return rows;
}

double Dot(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0;
  for (std::size_t c = 0; c < a.size(); ++c) sum += a[c] * b[c];
  return sum;
}

TEST(Bpr, MeetsEveryInteractionOnceAnEpochBesideAnItemThatTheUserLacks) {
  const Runtime runtime(2);
  const auto graph = Graph(runtime);
  const auto learner = Learner(graph, {.width = 4}, runtime);
  std::set<std::pair<std::uint32_t, std::uint32_t>> met;
  for (const Triple& t : learner->Triples(0)) {
    const auto items = graph->items(UserId{t.user}).targets;
    const std::uint32_t first = graph->num_users();
    EXPECT_TRUE(std::binary_search(items.begin(), items.end(), t.positive - first));
    EXPECT_FALSE(std::binary_search(items.begin(), items.end(), t.negative - first));
    EXPECT_TRUE(met.emplace(t.user, t.positive).second);
  }
  EXPECT_EQ(met.size(), graph->num_interactions());
  const auto first = learner->Triples(0), second = learner->Triples(1);
  EXPECT_NE(std::memcmp(first.data(), second.data(), first.size() * sizeof(Triple)), 0);
}

TEST(Bpr, TakesTheStepOfItsFormulaThroughTheMeanOfItsLayers) {
  const Runtime runtime(2);
  const auto graph = Graph(runtime);
  for (const std::uint32_t layers : {0U, 1U, 3U}) {
    SCOPED_TRACE(layers);
    const BprOptions options{.width = 5, .layers = layers, .batch = 4096, .learning_rate = 0.01, .l2 = 0.3};
    BprOptions still = options;
    still.layers = 0;
    // The same seed, without layers and steps: e itself.
    Dense e = Rows(Learner(graph, still, runtime)->Vectors());
    const Dense mean = MeanOfLayers(*graph, layers);
    const Dense z = Product(mean, e);
    const auto learner = Learner(graph, options, runtime);
    const Dense start = Rows(learner->Vectors());
    const std::vector<Triple> triples = learner->Triples(0);
    const auto share = 1 / static_cast<double>(triples.size());
    double loss = 0;
    Dense dz(z.size(), std::vector<double>(5, 0.0)), decay = dz;
    for (const Triple& t : triples) {
      const double margin = Dot(z[t.user], z[t.positive]) - Dot(z[t.user], z[t.negative]);
      loss += share * std::log1p(std::exp(-margin));
      const double slope = -share / (1 + std::exp(margin));
      for (std::size_t c = 0; c < 5; ++c) {
        dz[t.user][c] += slope * (z[t.positive][c] - z[t.negative][c]);
        dz[t.positive][c] += slope * z[t.user][c];
        dz[t.negative][c] -= slope * z[t.user][c];
        for (const std::uint32_t node : {t.user, t.positive, t.negative})
          decay[node][c] += options.l2 * share * e[node][c];
      }
    }
    const Dense de = Product(mean, dz);  // the mean of layers is its own transpose
    for (std::size_t v = 0; v < e.size(); ++v) {
      for (std::size_t c = 0; c < 5; ++c) {
        const double gradient = de[v][c] + decay[v][c];
        if (gradient != 0) e[v][c] -= options.learning_rate * gradient / std::abs(gradient);  // Adam's first step
      }
    }
    const Dense expected = Product(mean, e);
    EXPECT_NEAR(learner->RunEpoch(0, never).value().loss, loss, 1e-5);
    const Dense found = Rows(learner->Vectors());
    for (std::size_t v = 0; v < z.size(); ++v) {
      for (std::size_t c = 0; c < 5; ++c) {
        EXPECT_NEAR(start[v][c], z[v][c], 1e-6) << v << ", " << c;
        EXPECT_NEAR(found[v][c], expected[v][c], 2e-5) << v << ", " << c;
      }
    }
  }
}

TEST(Bpr, LowersItsLossFromEpochToEpoch) {
  const Runtime runtime(2);
  const auto graph = Graph(runtime);
  for (const std::uint32_t layers : {0U, 2U}) {
    const auto learner =
        Learner(graph, {.width = 8, .layers = layers, .batch = 32, .learning_rate = 0.01, .l2 = 1e-4}, runtime);
    double before = std::log(2.0) + 0.02;
    for (std::uint32_t epoch = 0; epoch < 20; epoch += 4) {
      double loss = 0;
      for (std::uint32_t e = epoch; e < epoch + 4; ++e) loss += learner->RunEpoch(e, never).value().loss / 4;
      EXPECT_LT(loss, before) << layers << " layers, epoch " << epoch;
      before = loss;
    }
  }
}

TEST(Bpr, GivesTheSameBitsForAnyNumberOfThreads) {
  const Runtime one(1), two(2), four(4);
  const auto graph = Graph(one);
  for (const std::uint32_t layers : {0U, 3U}) {
    const auto vectors = [&](const Runtime& runtime) {
      const auto learner = Learner(graph, {.width = 8, .layers = layers, .batch = 50}, runtime);
      for (std::uint32_t epoch = 0; epoch < 3; ++epoch) EXPECT_TRUE(learner->RunEpoch(epoch, never).ok());
      return learner->Vectors();
    };
    const BprVectors alone = vectors(one);
    for (const Runtime* runtime : {&two, &four}) {
      const BprVectors other = vectors(*runtime);
      EXPECT_EQ(std::memcmp(other.users.data(), alone.users.data(), alone.users.size() * sizeof(float)), 0);
      EXPECT_EQ(std::memcmp(other.items.data(), alone.items.data(), alone.items.size() * sizeof(float)), 0);
    }
  }
}

TEST(Bpr, LeavesRowsOfZerosWhereThereIsNoInteractionAndDrawsNothingAgainstWhoHasAll) {
  const Runtime runtime(1);
  const std::vector<Edge> likes = {{0, 0}, {0, 1}, {2, 1}};
  const std::shared_ptr<const SocialGraph> graph = SocialGraph::Build(runtime, 3, 2, likes, {}).value();
  for (const std::uint32_t layers : {0U, 2U}) {
    const auto learner = Learner(graph, {.width = 4, .layers = layers}, runtime);
    ASSERT_EQ(learner->Triples(0).size(), 1U);
    EXPECT_EQ(learner->Triples(0)[0].user, 2U);
    EXPECT_EQ(learner->Triples(0)[0].negative, 3U) << "item 0";
    ASSERT_TRUE(learner->RunEpoch(0, never).ok());
    const BprVectors vectors = learner->Vectors();
    for (const float value : vectors.users.row_span(1)) EXPECT_EQ(value, 0.0F);
    EXPECT_NE(vectors.users(0, 0), 0.0F);
  }
}

TEST(Bpr, StopsBetweenStepsAndReportsTheMeanOfThoseItTook) {
  const Runtime runtime(1);
  const auto graph = Graph(runtime);
  const auto learner = Learner(graph, {.width = 4, .batch = 10}, runtime);
  int asked = 0;
  const EpochResult result = learner->RunEpoch(0, [&] { return ++asked == 2; }).value();
  EXPECT_TRUE(result.stopped);
  EXPECT_EQ(asked, 2);
  EXPECT_NEAR(result.loss, std::log(2.0), 0.05);
}

}  // namespace
}  // namespace kith
