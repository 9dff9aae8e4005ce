#include "gate_lists.h"

#include <algorithm>
#include <cmath>
#include <memory>

#include "kith/kernels/kernels.h"
#include "kith/recommend/evidence.h"

namespace kith {
namespace {

constexpr std::uint32_t kDepth = 20;
constexpr std::size_t kUserGrain = 8;
constexpr std::size_t kBestOfEach = 60, kBestOfMixtures = 100;

/// The mixtures whose best items every list holds: weights of learned, kernel, neighbours, popular, friends,
/// friends of friends.
constexpr float kMixtures[][6] = {{1.0F, 0.0F, 0.0F, 0.3F, 0.0F, 0.0F}, {1.0F, 0.0F, 0.0F, 0.8F, 0.0F, 0.0F},
                                  {1.0F, 0.3F, 0.0F, 0.3F, 0.0F, 0.0F}, {0.5F, 0.5F, 0.5F, 0.3F, 4.0F, 2.0F},
                                  {0.0F, 1.0F, 1.0F, 0.3F, 0.0F, 0.0F}, {1.0F, 0.2F, 0.2F, 0.5F, 8.0F, 0.0F}};
constexpr EvidenceKind kMixed[6] = {EvidenceKind::kLearned, EvidenceKind::kKernel,  EvidenceKind::kNeighbours,
                                    EvidenceKind::kPopular, EvidenceKind::kFriends, EvidenceKind::kFriendsOfFriends};
constexpr std::size_t kMixedColumn[6] = {kLearnedColumn, kKernelColumn,   kNeighboursColumn,
                                         kPopularColumn, kFriendsColumns, kSecondColumn};

struct Evidences {
  std::array<std::unique_ptr<const Evidence>, 6> of;  ///< in the order of kMixed; null where not asked

  Evidences(const GateColumns& columns, const Model& model) {
    const bool asked[6] = {columns.learned, columns.kernel,  columns.neighbours,
                           columns.popular, columns.friends, columns.friends};
    for (std::size_t e = 0; e < of.size(); ++e) {
      if (asked[e]) of[e] = MakeEvidence(kMixed[e], model);
    }
  }
};

/// One user's scores over all items, and the items of the list.
class Gatherer {
 public:
  Gatherer(const SocialGraph& graph, const Model& model, const Evidences& evidences, bool attention)
      : graph_(graph), model_(model), evidences_(evidences), attention_(attention) {}

  GateList Gather(UserId user, std::span<const std::uint32_t> held_out, std::size_t unknown) {
    FillUserView(graph_, model_, user, view_);
    if (attention_) WeighFriends(kSharpness[2], view_);
    const std::size_t items = view_.num_items();
    GateList list;
    list.own = view_.items.size();
    list.friends_with_items = view_.friends_with_items;
    listed_.assign(items, false);
    for (const std::uint32_t item : held_out) Add(item, list);
    list.held_out = list.items;
    list.unknown = unknown + held_out.size() - list.held_out.size();
    for (std::size_t e = 0; e < scores_.size(); ++e) {
      scores_[e].assign(evidences_.of[e] == nullptr ? 0 : items, 0.0F);
      if (scores_[e].empty()) continue;
      evidences_.of[e]->Score(view_, 1.0F, scores_[e]);
      AddBest(scores_[e], kBestOfEach, list);
    }
    for (const auto& mixture : kMixtures) {
      sum_.assign(items, 0.0F);
      bool whole = true;  // a mixture of evidences that are not there is another mixture
      for (std::size_t e = 0; e < scores_.size(); ++e) {
        if (mixture[e] == 0) continue;
        whole &=
            !scores_[e].empty() || kMixed[e] == EvidenceKind::kFriends || kMixed[e] == EvidenceKind::kFriendsOfFriends;
        if (!scores_[e].empty()) kernels::Axpy(mixture[e], scores_[e].data(), sum_.data(), items);
      }
      if (whole) AddBest(sum_, kBestOfMixtures, list);
    }
    std::sort(list.items.begin(), list.items.end());
    for (std::size_t e = 0; e < scores_.size(); ++e) {
      if (!scores_[e].empty() && kMixed[e] != EvidenceKind::kFriends) Take(scores_[e], list, kMixedColumn[e]);
    }
    if (evidences_.of[4] != nullptr) {
      for (std::size_t s = 0; s < (attention_ ? kSharpness.size() : 1); ++s) {
        WeighFriends(kSharpness[s], view_);
        sum_.assign(items, 0.0F);
        evidences_.of[4]->Score(view_, 1.0F, sum_);
        Take(sum_, list, kFriendsColumns + s);
      }
    }
    return list;
  }

  void RefreshKernel(UserId user, GateList& list) {
    FillUserView(graph_, model_, user, view_);
    sum_.assign(view_.num_items(), 0.0F);
    evidences_.of[1]->Score(view_, 1.0F, sum_);
    Take(sum_, list, kKernelColumn);
  }

 private:
  void Add(std::uint32_t item, GateList& list) {
    if (item >= listed_.size() || listed_[item]) return;
    listed_[item] = true;
    list.items.push_back(item);
  }
  void AddBest(std::span<const float> scores, std::size_t k, GateList& list) {
    best_.resize(std::min(k, scores.size()));
    const std::size_t n =
        kernels::OfferTopK(scores.data(), scores.size(), 0, view_.seen, best_.data(), 0, best_.size());
    for (std::size_t b = 0; b < n; ++b) Add(best_[b].id, list);
  }
  static void Take(std::span<const float> scores, GateList& list, std::size_t column) {
    std::vector<float>& values = list.columns[column];
    values.resize(list.items.size());
    std::transform(list.items.begin(), list.items.end(), values.begin(),
                   [&](std::uint32_t item) { return scores[item]; });
  }

  const SocialGraph& graph_;
  const Model& model_;
  const Evidences& evidences_;
  bool attention_;
  UserView view_;
  std::array<std::vector<float>, 6> scores_;
  std::vector<float> sum_;
  std::vector<bool> listed_;
  std::vector<kernels::Scored> best_;
};

}  // namespace

std::vector<GateList> MakeGateLists(const Runtime& runtime, const SocialGraph& graph, const HeldOut& held_out,
                                    const GateColumns& columns, const Model& model) {
  const Evidences evidences(columns, model);
  std::vector<GateList> lists(held_out.users.size());
  ParallelFor(runtime, lists.size(), kUserGrain, [&](std::size_t begin, std::size_t end) {
    Gatherer gatherer(graph, model, evidences, columns.attention);
    for (std::size_t n = begin; n < end; ++n) {
      const std::size_t unknown = held_out.unknown.empty() ? 0 : held_out.unknown[n];
      lists[n] = gatherer.Gather(held_out.users[n], held_out.items[n], unknown);
    }
  });
  return lists;
}

void RefreshKernelColumn(const Runtime& runtime, const SocialGraph& graph, const HeldOut& held_out, const Model& model,
                         std::vector<GateList>& lists) {
  const Evidences evidences({.learned = false, .kernel = true, .neighbours = false, .friends = false, .popular = false},
                            model);
  ParallelFor(runtime, lists.size(), kUserGrain, [&](std::size_t begin, std::size_t end) {
    Gatherer gatherer(graph, model, evidences, false);
    for (std::size_t n = begin; n < end; ++n) gatherer.RefreshKernel(held_out.users[n], lists[n]);
  });
}

void ScoreGateList(const GateList& list, const GateSetting& setting, std::span<float> scores) {
  const Gates& gates = setting.gates;
  const bool cold = list.own == 0;
  const std::pair<std::size_t, float> terms[] = {
      {kLearnedColumn, cold ? gates.cold_learned : gates.learned},
      {kKernelColumn, cold ? 0.0F : gates.kernel},
      {kNeighboursColumn, cold ? 0.0F : gates.neighbours},
      {kFriendsColumns + setting.sharpness, cold ? gates.cold_friends : gates.FriendsOf(list.friends_with_items)},
      {kSecondColumn, cold ? gates.cold_friends_of_friends : gates.friends_of_friends},
      {kPopularColumn, cold ? gates.cold_popular : gates.PopularOf(list.own)}};
  std::fill(scores.begin(), scores.end(), 0.0F);
  for (const auto& [column, gate] : terms) {
    const std::vector<float>& values = list.columns[column];
    if (gate != 0 && !values.empty()) kernels::Axpy(gate, values.data(), scores.data(), values.size());
  }
}

Gain PairedGain(const PerUser& a, const PerUser& b) {
  const auto n = static_cast<double>(a.recall.size());
  double sum = 0, squares = 0;
  for (std::size_t u = 0; u < a.recall.size(); ++u) {
    const double difference = b.objective(u) - a.objective(u);
    sum += difference;
    squares += difference * difference;
  }
  if (n < 2) return {};
  const double mean = sum / n;
  return {mean, std::sqrt(std::max(0.0, squares / n - mean * mean) / (n - 1))};
}

PerUser MeasureGateLists(const Runtime& runtime, std::span<const GateList> lists, const GateSetting& setting) {
  PerUser measured{std::vector<double>(lists.size()), std::vector<double>(lists.size())};
  ParallelFor(runtime, lists.size(), 64, [&](std::size_t begin, std::size_t end) {
    std::vector<float> scores;
    std::vector<ScoredItem> best(kDepth);
    for (std::size_t n = begin; n < end; ++n) {
      const GateList& list = lists[n];
      scores.resize(list.items.size());
      ScoreGateList(list, setting, scores);
      // Places stand for items: they are in the same order, so that ties fall alike.
      const std::size_t size = kernels::OfferTopK(scores.data(), scores.size(), 0, {}, best.data(), 0, kDepth);
      kernels::SortTopK(best.data(), size);
      for (std::size_t b = 0; b < size; ++b) best[b].id = list.items[best[b].id];
      const Metrics metrics = ScoreList(std::span(best).first(size), list.held_out, list.unknown, kDepth);
      measured.recall[n] = metrics.recall;
      measured.ndcg[n] = metrics.ndcg;
    }
  });
  return measured;
}

}  // namespace kith
