#include "fusion.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

#include "attention_fit.h"
#include "gate_lists.h"
#include "kith/base/rng.h"
#include "kith/recommend/ranker.h"

namespace kith {
namespace {

constexpr std::uint32_t kDepth = 20;
/// Of users with items and friends: how many are stripped of their items for the cold gates, a share at a time so that
/// the friends of most of them keep theirs.
constexpr std::size_t kMostColdUsers = 3000, kColdFolds = 5, kColdShare = 10, kFewestColdUsers = 10;

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

/// Values that each gate is tried at.  Popularity and the kernel start where they pay on every set we know.
constexpr float kPopular[] = {0.0F, 0.1F, 0.2F, 0.3F, 0.4F, 0.5F, 0.6F, 0.8F, 1.1F, 1.5F};
constexpr float kRoots[] = {0.0F, 0.05F, 0.1F, 0.15F, 0.2F, 0.25F, 0.3F, 0.4F, 0.5F, 0.7F, 1.0F, 1.5F, 2.5F};
constexpr float kFriends[] = {0.0F, 0.5F, 1.0F, 2.0F, 4.0F, 6.0F, 8.0F, 12.0F, 16.0F, 24.0F};
constexpr float kFriendsSlopes[] = {-0.9F, -0.6F, -0.3F, 0.0F, 0.3F};
constexpr float kPopularSlopes[] = {-0.45F, -0.3F, -0.15F, 0.0F, 0.15F};
constexpr float kLearned[] = {0.0F, 0.5F, 1.0F};
constexpr float kSecond[] = {0.0F, 0.5F, 1.0F, 2.0F, 4.0F, 8.0F};
constexpr float kColdLearned[] = {0.0F, 0.03F, 0.1F, 0.2F, 0.4F, 1.0F};
constexpr float kColdPopular[] = {0.01F, 0.02F, 0.05F, 0.1F, 0.2F, 0.5F, 1.0F};
constexpr std::size_t kFirstSharpness = 2;
constexpr int kMostRounds = 4;
/// Standard errors of its gain above which a gate opens (or stays open), and an open one moves.  Popularity and the
/// kernel leave their defaults only where that pays clearly: a random hold-out asks for less of both than later events
/// do, since what is held out at random is as old as what is learned from.
constexpr double kToOpen = 2.0, kToMove = 0.7, kToLeaveDefault = 2.0;
/// Beside learned vectors popularity goes below where it is only for this much, unless the hold-out is later than what
/// is learned from.
constexpr double kToLowerPopular = 4.0;

/// Coordinate ascent over the gates on lists of held-out users.
class GateSearch {
 public:
  GateSearch(const Runtime& runtime, std::span<const GateList> lists, const FusionOptions& options, GateSetting start)
      : runtime_(runtime), lists_(lists), options_(options), setting_(std::move(start)), now_(Measured(setting_)) {}

  void Run() {
    Climb();
    // The others were set beside an open gate: once it is closed they move again, and it stays closed.
    for (float Gates::*gate : {&Gates::neighbours, &Gates::kernel, &Gates::friends_of_friends, &Gates::friends}) {
      if (CloseUnlessItPays(gate)) Climb();
    }
  }
  [[nodiscard]] const GateSetting& setting() const noexcept { return setting_; }
  [[nodiscard]] const PerUser& measured() const noexcept { return now_; }

 private:
  void Climb() {
    for (int round = 0; round < kMostRounds && !Stopped(); ++round) {
      if (!Round()) break;
    }
  }
  bool Round() {
    bool moved = false;
    if (options_.popular) moved |= Try(&Gates::popular, kPopular);
    if (Has(kKernelColumn)) moved |= Try(&Gates::kernel, kRoots);
    if (Has(kNeighboursColumn)) moved |= Try(&Gates::neighbours, kRoots);
    if (Has(kFriendsColumns)) {
      moved |= Try(&Gates::friends, kFriends);
      if (setting_.gates.friends != 0) {
        moved |= Try(&Gates::friends_slope, kFriendsSlopes);
        if (options_.attention) moved |= TrySharpness();
      }
    }
    if (Has(kSecondColumn)) moved |= Try(&Gates::friends_of_friends, kSecond);
    if (options_.popular && setting_.gates.popular != 0) moved |= Try(&Gates::popular_slope, kPopularSlopes);
    if (options_.learned && (setting_.gates.kernel != 0 || setting_.gates.neighbours != 0)) {
      moved |= Try(&Gates::learned, kLearned);
    }
    return moved;
  }

  bool Try(float Gates::*gate, std::span<const float> values) {
    if (std::find(closed_.begin(), closed_.end(), gate) != closed_.end()) return false;
    const float present = setting_.gates.*gate;
    const bool has_default = gate == &Gates::popular || gate == &Gates::kernel;
    const bool slope = gate == &Gates::friends_slope || gate == &Gates::popular_slope;  // at 0 it is not closed
    std::vector<GateSetting> others;
    std::vector<double> errors;
    for (const float value : values) {
      if (value == present) continue;
      others.push_back(setting_);
      others.back().gates.*gate = value;
      const bool lowers =
          gate == &Gates::popular && value < present && setting_.gates.learned != 0 && !options_.held_out_latest;
      errors.push_back(lowers                   ? kToLowerPopular
                       : has_default            ? kToLeaveDefault
                       : present == 0 && !slope ? kToOpen
                                                : kToMove);
    }
    return Move(others, errors);
  }
  bool TrySharpness() {
    std::vector<GateSetting> others;
    for (std::size_t s = 0; s < kSharpness.size(); ++s) {
      if (s == setting_.sharpness) continue;
      others.push_back(setting_);
      others.back().sharpness = s;
    }
    return Move(others, std::vector<double>(others.size(), kToMove));
  }
  /// To the best of the others that gain more than so many standard errors each.
  bool Move(std::span<const GateSetting> others, std::span<const double> errors) {
    double best_gain = 0;
    std::size_t best = others.size();
    PerUser best_measured;
    for (std::size_t n = 0; n < others.size() && !Stopped(); ++n) {
      PerUser measured = Measured(others[n]);
      const Gain gain = PairedGain(now_, measured);
      if (gain.mean > best_gain && gain.mean > errors[n] * gain.error) {
        best_gain = gain.mean;
        best = n;
        best_measured = std::move(measured);
      }
    }
    if (best == others.size()) return false;
    setting_ = others[best];
    now_ = std::move(best_measured);
    return true;
  }
  bool CloseUnlessItPays(float Gates::*gate) {
    if (setting_.gates.*gate == 0 || Stopped()) return false;
    GateSetting closed = setting_;
    closed.gates.*gate = 0;
    PerUser measured = Measured(closed);
    const Gain gain = PairedGain(measured, now_);
    if (gain.mean > kToOpen * gain.error) return false;
    setting_ = closed;
    now_ = std::move(measured);
    closed_.push_back(gate);
    return true;
  }

  [[nodiscard]] PerUser Measured(const GateSetting& setting) const {
    return MeasureGateLists(runtime_, lists_, setting);
  }
  [[nodiscard]] bool Stopped() const { return options_.stop && options_.stop(); }
  [[nodiscard]] bool Has(std::size_t column) const { return !lists_.empty() && !lists_[0].columns[column].empty(); }

  const Runtime& runtime_;
  std::span<const GateList> lists_;
  const FusionOptions& options_;
  GateSetting setting_;
  PerUser now_;
  std::vector<float Gates::*> closed_;  ///< for good
};

/// The better end of two climbs, closed kernels first: from the learned vectors alone, and from beside an open kernel.
/// One gate at a time does not find the way from the one to the other where both pay about as much.
GateSetting SearchGates(const Runtime& runtime, std::span<const GateList> lists, const FusionOptions& options,
                        const GateSetting& start) {
  GateSearch from(runtime, lists, options, start);
  from.Run();
  GateSetting other_start = start;
  other_start.gates.kernel = start.gates.kernel == 0 ? kDefaultKernel : 0.0F;
  const bool kernel = !lists.empty() && !lists[0].columns[kKernelColumn].empty();
  if (!kernel || start.gates.learned == 0 || (options.stop && options.stop())) return from.setting();
  GateSearch other(runtime, lists, options, other_start);
  other.Run();
  const bool from_open = from.setting().gates.kernel != 0, other_open = other.setting().gates.kernel != 0;
  const Gain gain = PairedGain(from.measured(), other.measured());
  if (from_open == other_open) return gain.mean > 0 ? other.setting() : from.setting();
  // The kernel opens, as every gate, only where it pays: here beside the best that can be done without it.
  const bool pays = (from_open ? -gain.mean : gain.mean) > kToOpen * gain.error;
  return from_open == pays ? from.setting() : other.setting();
}

/// The mixtures that users without items are tried with.  Popularity is in all of them, even where it is left out of
/// the warm gates: somebody has to break the friends' ties.
std::vector<Gates> ColdGates(Gates gates, bool has_vectors) {
  std::vector<Gates> all;
  for (const float learned : kColdLearned) {
    if (learned != 0 && !has_vectors) break;
    for (const float friends : {0.0F, 1.0F}) {
      if (learned + friends == 0) continue;
      for (const float second : kSecond) {
        for (const float popular : kColdPopular) {
          gates.cold_learned = learned;
          gates.cold_friends = friends;
          gates.cold_friends_of_friends = second;
          gates.cold_popular = popular;
          all.push_back(gates);
        }
      }
    }
  }
  return all;
}

/// The graph in which these users, ascending, have friends and no items.
Result<std::shared_ptr<const SocialGraph>> WithoutItemsOf(const Runtime& runtime, const SocialGraph& graph,
                                                          std::span<const UserId> users) {
  std::vector<Edge> kept;
  for (const Edge& edge : graph.Edges(Relation::kInteracts)) {
    if (!std::binary_search(users.begin(), users.end(), UserId{edge.source})) kept.push_back(edge);
  }
  return SocialGraph::Build(runtime, graph.num_users(), graph.num_items(), kept, graph.Edges(Relation::kTrusts),
                            graph.store_id(), graph.log_sequence());
}

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

PerUser MeasureVectors(const Runtime& runtime, const SocialGraph& graph, const Model& model, const HeldOut& held_out,
                       bool popular) {
  const std::vector<GateList> lists = MakeGateLists(
      runtime, graph, held_out, {.kernel = false, .neighbours = false, .friends = false, .popular = popular}, model);
  PerUser best;
  double most = -1;
  for (const float gate : kPopular) {
    if (gate != 0 && !popular) break;
    PerUser measured = MeasureGateLists(runtime, lists, {.gates = {.learned = 1.0F, .popular = gate}});
    const double mean = Mean(measured.recall) + Mean(measured.ndcg);
    if (mean <= most) continue;
    most = mean;
    best = std::move(measured);
  }
  return best;
}

FusionReport MeasureLearned(const Runtime& runtime, const SocialGraph& graph, const Model& model,
                            const HeldOut& held_out, bool popular) {
  const PerUser measured = MeasureVectors(runtime, graph, model, held_out, popular);
  return {Mean(measured.recall), Mean(measured.ndcg)};
}

FusionReport FitGates(const Runtime& runtime, const SocialGraph& graph, const HeldOut& held_out,
                      const FusionOptions& options, const std::shared_ptr<Model>& model) {
  const GateColumns columns{.learned = options.learned && model->width() != 0,
                            .kernel = options.kernel && !model->kernel.empty(),
                            .neighbours = options.neighbours,
                            .friends = options.friends && graph.num_friendships() != 0,
                            .popular = options.popular,
                            .attention = options.attention};
  std::vector<GateList> lists = MakeGateLists(runtime, graph, held_out, columns, *model);
  GateSetting start{.gates = model->gates, .sharpness = columns.attention ? kFirstSharpness : 0};
  start.gates.learned = columns.learned ? 1.0F : 0.0F;
  start.gates.kernel = columns.kernel ? kDefaultKernel : 0.0F;
  start.gates.neighbours = !columns.learned && !columns.kernel && columns.neighbours ? 1.0F : 0.0F;
  start.gates.friends = 0.0F;
  start.gates.friends_slope = 0.0F;
  start.gates.friends_of_friends = 0.0F;
  start.gates.popular = columns.popular ? kDefaultPopular : 0.0F;
  start.gates.popular_slope = 0.0F;
  GateSetting chosen = SearchGates(runtime, lists, options, start);
  if (columns.kernel && columns.attention && chosen.gates.kernel != 0 && !(options.stop && options.stop())) {
    if (FitKernelAttention(runtime, graph, held_out, chosen, lists, *model)) {
      chosen = SearchGates(runtime, lists, options, chosen);
      if (chosen.gates.kernel == 0) model->kernel_attention = {};
    }
  }
  model->gates = chosen.gates;
  model->friend_sharpness = columns.friends ? kSharpness[chosen.sharpness] : 0.0F;
  return Measure(runtime, graph, model, held_out);
}

Status FitColdGates(const Runtime& runtime, const SocialGraph& graph, const FusionOptions& options,
                    const std::shared_ptr<Model>& model) {
  Gates& gates = model->gates;
  gates.cold_popular = 1.0F;
  gates.cold_learned = gates.cold_friends = gates.cold_friends_of_friends = 0.0F;
  if (!options.friends || graph.num_friendships() == 0 || (options.stop && options.stop())) return OkStatus();
  HeldOut with_friends;
  for (std::uint32_t u = 0; u < graph.num_users(); ++u) {
    const Neighbors items = graph.items(UserId{u});
    if (items.empty() || graph.friends(UserId{u}).empty()) continue;
    with_friends.users.push_back(UserId{u});
    with_friends.items.emplace_back(items.targets.begin(), items.targets.end());
  }
  const std::size_t share = with_friends.users.size() / kColdShare;
  if (share < kFewestColdUsers) return OkStatus();
  const HeldOut chosen = SampleUsers(with_friends, std::min(kMostColdUsers, kColdFolds * share), options.seed);
  const bool has_vectors = options.learned && model->width() != 0;
  std::vector<GateList> lists;
  for (std::size_t fold = 0; fold < kColdFolds; ++fold) {
    if (options.stop && options.stop()) return OkStatus();
    HeldOut stripped;
    for (std::size_t n = fold; n < chosen.users.size(); n += kColdFolds) {
      stripped.users.push_back(chosen.users[n]);
      stripped.items.push_back(chosen.items[n]);
    }
    KITH_ASSIGN_OR_RETURN(const auto without, WithoutItemsOf(runtime, graph, stripped.users));
    const GateColumns columns{.learned = has_vectors, .kernel = false, .neighbours = false, .attention = false};
    for (GateList& list : MakeGateLists(runtime, *without, stripped, columns, *model)) {
      lists.push_back(std::move(list));
    }
  }
  const PerUser alone = MeasureGateLists(runtime, lists, {.gates = gates});
  PerUser measured = alone;
  for (const Gates& tried : ColdGates(gates, has_vectors)) {
    if (options.stop && options.stop()) break;
    PerUser now = MeasureGateLists(runtime, lists, {.gates = tried});
    const Gain over_popular = PairedGain(alone, now);
    if (PairedGain(measured, now).mean <= 0 || over_popular.mean <= over_popular.error) continue;
    measured = std::move(now);
    gates = tried;
  }
  return OkStatus();
}

}  // namespace kith
