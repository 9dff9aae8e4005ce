#include "fusion.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

#include "kith/base/rng.h"
#include "kith/recommend/ranker.h"

namespace kith {
namespace {

constexpr std::uint32_t kDepth = 20;
constexpr std::size_t kMostColdUsers = 2000;

struct PerUser {
  std::vector<double> recall, ndcg;

  [[nodiscard]] double objective(std::size_t n) const { return recall[n] + ndcg[n]; }
};

PerUser MeasureUsers(const Runtime& runtime, const SocialGraph& graph, const std::shared_ptr<const Model>& model,
                     const HeldOut& held_out) {
  PerUser result;
  const Ranker ranker(model);
  ranker.RankAll(runtime, graph, held_out.users, kDepth, [&](std::size_t n, std::span<const ScoredItem> list) {
    const Metrics m = ScoreList(list, held_out.items[n], 0, kDepth);
    result.recall.push_back(m.recall);
    result.ndcg.push_back(m.ndcg);
  });
  return result;
}

double Mean(const std::vector<double>& values) {
  return values.empty() ? 0.0 : std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

/// Mean of b - a over users and the standard error of that mean.
struct Gain {
  double mean, error;
};
Gain PairedGain(const PerUser& a, const PerUser& b) {
  const auto n = static_cast<double>(a.recall.size());
  double sum = 0, squares = 0;
  for (std::size_t u = 0; u < a.recall.size(); ++u) {
    const double difference = b.objective(u) - a.objective(u);
    sum += difference;
    squares += difference * difference;
  }
  if (n < 2) return {0, 1};
  const double mean = sum / n;
  return {mean, std::sqrt(std::max(0.0, squares / n - mean * mean) / (n - 1))};
}

/// Tries values of one setting; keeps the best that beats the present state by more than a standard error.
class Chooser {
 public:
  Chooser(const Runtime& runtime, const SocialGraph& graph, const HeldOut& held_out, std::shared_ptr<const Model> model,
          const std::function<bool()>& stop)
      : runtime_(runtime), graph_(graph), held_out_(held_out), model_(std::move(model)), stop_(stop), best_(Now()) {}

  /// `set` puts a value into the model; returns whether one of them was kept.
  bool Try(std::span<const float> values, float present, const std::function<void(float)>& set) {
    float kept = present;
    const PerUser before = best_;
    double best_gain = 0;
    for (const float value : values) {
      if (value == present) continue;
      if (stop_ && stop_()) break;
      set(value);
      PerUser now = Now();
      const Gain gain = PairedGain(before, now);
      if (gain.mean > best_gain && gain.mean > gain.error) {
        best_gain = gain.mean;
        best_ = std::move(now);
        kept = value;
      }
    }
    set(kept);
    return kept != present;
  }
  [[nodiscard]] const PerUser& best() const noexcept { return best_; }

 private:
  [[nodiscard]] PerUser Now() const { return MeasureUsers(runtime_, graph_, model_, held_out_); }

  const Runtime& runtime_;
  const SocialGraph& graph_;
  const HeldOut& held_out_;
  std::shared_ptr<const Model> model_;
  const std::function<bool()>& stop_;
  PerUser best_;
};

constexpr float kPopular[] = {0.0F, 0.1F, 0.2F, 0.3F, 0.45F, 0.6F, 0.8F, 1.1F};
constexpr float kKernel[] = {0.0F, 0.1F, 0.2F, 0.3F, 0.5F, 0.8F, 1.2F};
constexpr float kFriends[] = {0.0F, 0.5F, 1.0F, 2.0F, 4.0F, 8.0F, 16.0F};
constexpr float kSharpness[] = {0.0F, 2.5F, 5.0F};
constexpr float kColdPopular[] = {0.02F, 0.05F, 0.1F, 0.2F, 0.4F, 1.0F};

}  // namespace

HeldOut SampleUsers(const HeldOut& held_out, std::size_t most, std::uint64_t seed) {
  if (held_out.users.size() <= most) return held_out;
  std::vector<std::pair<std::uint32_t, std::size_t>> keys;
  for (std::size_t n = 0; n < held_out.users.size(); ++n) {
    keys.emplace_back(Rng(seed, Purpose::kSplit, 1, index(held_out.users[n])).bits(0), n);
  }
  std::nth_element(keys.begin(), keys.begin() + static_cast<std::ptrdiff_t>(most), keys.end());
  keys.resize(most);
  std::sort(keys.begin(), keys.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  HeldOut sample;
  for (const auto& [key, n] : keys) {
    sample.users.push_back(held_out.users[n]);
    sample.items.push_back(held_out.items[n]);
  }
  return sample;
}

FusionReport Measure(const Runtime& runtime, const SocialGraph& graph, std::shared_ptr<const Model> model,
                     const HeldOut& held_out) {
  const PerUser measured = MeasureUsers(runtime, graph, model, held_out);
  return {Mean(measured.recall), Mean(measured.ndcg)};
}

FusionReport FitGates(const Runtime& runtime, const SocialGraph& graph, const HeldOut& held_out,
                      const FusionOptions& options, const std::shared_ptr<Model>& model) {
  Chooser chooser(runtime, graph, held_out, model, options.stop);
  if (options.popular) {
    chooser.Try(kPopular, model->gates.popular, [&](float value) { model->gates.popular = value; });
  }
  if (options.kernel && !model->kernel.empty()) {
    const bool opened = chooser.Try(kKernel, model->gates.kernel, [&](float value) { model->gates.kernel = value; });
    if (opened && options.popular) {
      chooser.Try(kPopular, model->gates.popular, [&](float value) { model->gates.popular = value; });
    }
  }
  if (options.friends && graph.num_friendships() != 0) {
    model->friend_sharpness = options.attention ? kSharpness[2] : 0.0F;
    const bool opened = chooser.Try(kFriends, model->gates.friends, [&](float value) { model->gates.friends = value; });
    if (opened && options.attention) {
      chooser.Try(kSharpness, model->friend_sharpness, [&](float value) { model->friend_sharpness = value; });
    }
    if (opened && options.popular) {
      chooser.Try(kPopular, model->gates.popular, [&](float value) { model->gates.popular = value; });
    }
  }
  return {Mean(chooser.best().recall), Mean(chooser.best().ndcg)};
}

Status FitColdGates(const Runtime& runtime, const SocialGraph& graph, const FusionOptions& options,
                    const std::shared_ptr<Model>& model) {
  model->gates.cold_popular = 1.0F;
  model->gates.cold_friends = 0.0F;
  if (!options.friends || graph.num_friendships() == 0 || (options.stop && options.stop())) return OkStatus();
  HeldOut with_friends;
  for (std::uint32_t u = 0; u < graph.num_users(); ++u) {
    const Neighbors items = graph.items(UserId{u});
    if (items.empty() || graph.friends(UserId{u}).empty()) continue;
    with_friends.users.push_back(UserId{u});
    with_friends.items.emplace_back(items.targets.begin(), items.targets.end());
  }
  const HeldOut stripped =
      SampleUsers(with_friends, std::min(kMostColdUsers, with_friends.users.size() / 10), options.seed);
  if (stripped.users.size() < 10) return OkStatus();

  std::vector<Edge> kept;
  for (const Edge& edge : graph.Edges(Relation::kInteracts)) {
    if (!std::binary_search(stripped.users.begin(), stripped.users.end(), UserId{edge.source})) kept.push_back(edge);
  }
  KITH_ASSIGN_OR_RETURN(const auto without,
                        SocialGraph::Build(runtime, graph.num_users(), graph.num_items(), kept,
                                           graph.Edges(Relation::kTrusts), graph.store_id(), graph.log_sequence()));
  Chooser chooser(runtime, *without, stripped, model, options.stop);
  chooser.Try(kColdPopular, -1.0F, [&](float value) {
    model->gates.cold_friends = value < 0 ? 0.0F : 1.0F;
    model->gates.cold_popular = value < 0 ? 1.0F : value;
  });
  return OkStatus();
}

}  // namespace kith
