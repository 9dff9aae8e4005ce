#include "bench/query_bench.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "kith/base/rng.h"
#include "kith/recommend/ranker.h"

namespace kith::tools {
namespace {

double Seconds() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

/// Rows of random numbers, scaled to length 1.
Matrix UnitRows(const QueryBenchOptions& options, std::uint64_t table, std::size_t rows) {
  Matrix matrix(rows, options.width);
  for (std::size_t r = 0; r < rows; ++r) {
    const Rng rng(options.seed, Purpose::kBench, table, static_cast<std::uint32_t>(r));
    double squared = 0;
    for (std::uint32_t c = 0; c < options.width; ++c) {
      matrix(r, c) = rng.normal(c);
      squared += static_cast<double>(matrix(r, c)) * matrix(r, c);
    }
    const auto scale = static_cast<float>(1 / std::sqrt(squared));
    for (std::uint32_t c = 0; c < options.width; ++c) matrix(r, c) *= scale;
  }
  return matrix;
}

Result<std::shared_ptr<const Model>> RandomModel(const SocialGraph& graph, const QueryBenchOptions& options) {
  auto model = std::make_shared<Model>();
  model->info.num_users = graph.num_users();
  model->info.num_items = graph.num_items();
  model->gates.friends = 0.5F;
  model->gates.popular = 0.3F;
  model->friend_sharpness = 1.0F;
  model->user_base = UnitRows(options, 1, graph.num_users());
  model->item_messages = UnitRows(options, 2, graph.num_items());
  model->items = UnitRows(options, 3, graph.num_items());
  model->users = UnitRows(options, 4, graph.num_users());
  for (std::uint32_t item = 0; item < graph.num_items(); ++item) {
    model->item_degrees.push_back(graph.degree(Relation::kInteractedBy, item));
  }
  KITH_RETURN_IF_ERROR(model->Finish());
  return std::shared_ptr<const Model>(std::move(model));
}

/// The list by sorting every unseen item: the second way of Rank.
std::vector<ScoredItem> FullSort(const Ranker& ranker, const UserView& view, std::size_t k) {
  std::vector<float> scores(view.num_items());
  ranker.ScoreAll(view, scores);
  std::vector<ScoredItem> list;
  for (std::uint32_t item = 0; item < scores.size(); ++item) {
    if (!std::binary_search(view.seen.begin(), view.seen.end(), item)) list.push_back({scores[item], item});
  }
  std::stable_sort(list.begin(), list.end(), [](const auto& a, const auto& b) { return a.score > b.score; });
  list.resize(std::min(list.size(), k));
  return list;
}

QueryBenchRow ToRow(std::string name, std::string unit, std::vector<double> values, double low, double high,
                    std::uint32_t threads, bool verified) {
  std::sort(values.begin(), values.end());
  const auto at = [&](double share) {
    return values[static_cast<std::size_t>(std::lround(share * static_cast<double>(values.size() - 1)))];
  };
  QueryBenchRow row;
  row.name = std::move(name);
  row.unit = std::move(unit);
  row.value = at(0.5);
  row.low = at(low);
  row.high = at(high);
  row.samples = static_cast<std::uint32_t>(values.size());
  row.threads = threads;
  row.verified = verified;
  return row;
}

/// Single answers and their explanations, one after the other.
void TimeSingle(const SocialGraph& graph, const Ranker& ranker, const QueryBenchOptions& options,
                std::vector<QueryBenchRow>& rows) {
  const Rng rng(options.seed, Purpose::kBench);
  std::vector<double> answers, explanations;
  bool lists_agree = true, terms_agree = true;
  for (std::uint32_t query = 0; query < options.queries; ++query) {
    const UserId user{rng.bounded(query, graph.num_users())};
    const double begin = Seconds();
    const UserView view = MakeUserView(graph, ranker.model(), user);
    const std::vector<ScoredItem> list = ranker.Rank(view, options.k);
    const double ranked = Seconds();
    answers.push_back(1e6 * (ranked - begin));
    if (!list.empty()) {
      const std::vector<Contribution> terms = ranker.Explain(view, list.front().id);
      explanations.push_back(1e6 * (Seconds() - ranked));
      double sum = 0;
      for (const Contribution& term : terms) sum += term.contribution;
      terms_agree =
          terms_agree && std::abs(sum - list.front().score) <= 1e-4 * std::max(1.0F, std::abs(list.front().score));
    }
    // A full sort costs many answers: every tenth list is compared.
    if (query % 10 == 0) lists_agree = lists_agree && list == FullSort(ranker, view, options.k);
  }
  rows.push_back(ToRow("query/one", "us", std::move(answers), 0.1, 0.9, 1, lists_agree));
  if (!explanations.empty()) {
    rows.push_back(ToRow("query/explain", "us", std::move(explanations), 0.1, 0.9, 1, terms_agree));
  }
}

void TimeBulk(const Runtime& runtime, const SocialGraph& graph, const Ranker& ranker, const QueryBenchOptions& options,
              std::vector<QueryBenchRow>& rows) {
  std::vector<UserId> users;
  for (std::uint32_t user = 0; user < graph.num_users(); ++user) users.push_back(UserId{user});
  const std::size_t stride = std::max<std::size_t>(1, users.size() / 100);
  std::vector<double> rates;
  bool agree = true;
  for (std::uint32_t repeat = 0; repeat < options.repeats; ++repeat) {
    std::vector<std::pair<UserId, std::vector<ScoredItem>>> sample;
    const double begin = Seconds();
    ranker.RankAll(runtime, graph, users, options.k, [&](std::size_t position, std::span<const ScoredItem> list) {
      if (position % stride == 0)
        sample.emplace_back(users[position], std::vector<ScoredItem>(list.begin(), list.end()));
    });
    rates.push_back(static_cast<double>(users.size()) / (Seconds() - begin));
    for (const auto& [user, list] : sample) {
      agree = agree && list == ranker.Rank(MakeUserView(graph, ranker.model(), user), options.k);
    }
  }
  rows.push_back(
      ToRow("query/all", "users/s", std::move(rates), 0, 1, static_cast<std::uint32_t>(runtime.threads()), agree));
}

}  // namespace

Status QueryBenchOptions::Validate() const {
  if (width == 0 || k == 0 || queries == 0 || repeats == 0) {
    return InvalidArgument("bench query: width, k, queries and repeats must be at least 1");
  }
  return OkStatus();
}

Result<std::shared_ptr<const SocialGraph>> SyntheticQueryGraph(const Runtime& runtime, std::uint64_t seed) {
  constexpr std::uint32_t kUsers = 30000, kItems = 41000, kInteractions = 1000000, kFriendships = 120000;
  const Rng rng(seed, Purpose::kBench, 5);
  // The cube of a uniform number: few ids are drawn often, most rarely.
  const auto draw = [&](std::uint32_t i, std::uint32_t n) {
    const double uniform = rng.uniform(i);
    return std::min(n - 1, static_cast<std::uint32_t>(uniform * uniform * uniform * n));
  };
  std::vector<Edge> interactions(kInteractions), friendships;
  for (std::uint32_t e = 0; e < kInteractions; ++e) {
    interactions[e] = {rng.bounded(4 * e, kUsers), draw(4 * e + 1, kItems)};
  }
  for (std::uint32_t e = 0; e < kFriendships; ++e) {
    const Edge edge{rng.bounded(4 * e + 2, kUsers), draw(4 * e + 3, kUsers)};
    if (edge.source != edge.target) friendships.push_back(edge);
  }
  return SocialGraph::Build(runtime, kUsers, kItems, interactions, friendships);
}

Result<std::vector<QueryBenchRow>> RunQueryBench(const Runtime& runtime, const QueryBenchOptions& options,
                                                 const SocialGraph* graph) {
  KITH_RETURN_IF_ERROR(options.Validate());
  std::shared_ptr<const SocialGraph> synthetic;
  if (graph == nullptr) {
    KITH_ASSIGN_OR_RETURN(synthetic, SyntheticQueryGraph(runtime, options.seed));
    graph = synthetic.get();
  }
  if (graph->num_users() == 0 || graph->num_items() == 0) {
    return InvalidArgument("bench query: expected a graph with users and items, found " +
                           std::to_string(graph->num_users()) + " users and " + std::to_string(graph->num_items()) +
                           " items; name another with --data");
  }
  KITH_ASSIGN_OR_RETURN(std::shared_ptr<const Model> model, RandomModel(*graph, options));
  const Ranker ranker(std::move(model));
  std::vector<QueryBenchRow> rows;
  TimeSingle(*graph, ranker, options, rows);
  TimeBulk(runtime, *graph, ranker, options, rows);
  return rows;
}

}  // namespace kith::tools
