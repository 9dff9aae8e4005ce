#include "bpr_model.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <span>

#include "bpr.h"
#include "kith/recommend/baselines.h"
#include "kith/train/split.h"

namespace kith {
namespace {

/// Users measured a look.
constexpr std::size_t kMeasuredUsers = 3000;
constexpr std::size_t kFewestValidationUsers = 20;
/// Looks at the validation part without a gain after which a search ends.
constexpr std::uint32_t kPatience = 8;
/// Steps between two looks at least; later ones are a tenth of the epochs so far apart.
constexpr std::uint64_t kStepsBetweenLooks = 200;
constexpr std::uint32_t kMostEpochs = 400, kUnmeasuredEpochs = 30;
constexpr std::uint64_t kSmallestBatch = 32;
/// Shares of a time limit at which the search and the refit end.
constexpr double kSearchShare = 0.47, kRefitShare = 0.92;
/// L2 of bpr-mf, upwards until one is worse.  lightgcn-bpr has the paper's.
constexpr double kFactorL2[] = {0.01, 0.03, 0.1};
constexpr double kPropagatedL2[] = {1e-4};

struct Choice {
  double l2 = 0;
  std::uint32_t epochs = 0;
  FusionReport measured = {};
  [[nodiscard]] double sum() const { return measured.recall + measured.ndcg; }
};

class BprSearch {
 public:
  BprSearch(const Runtime& runtime, const SocialGraph& graph, const BprModelOptions& options)
      : runtime_(runtime), options_(options) {
    settings_ = {.width = options.width, .layers = options.layers, .seed = options.seed};
    const auto batch = [&](std::uint64_t steps_per_epoch, std::uint64_t most) {
      return static_cast<std::uint32_t>(std::clamp(graph.num_interactions() / steps_per_epoch, kSmallestBatch, most));
    };
    if (options.layers == 0) {
      settings_.batch = batch(64, 1024);
    } else {  // a step costs the propagation of the whole graph, whatever its batch
      settings_.batch = batch(24, 32768);
      settings_.learning_rate = 0.01;
    }
  }

  Result<BprModelResult> Run(const std::shared_ptr<const SocialGraph>& graph);

 private:
  /// The best look of one L2.
  Result<Choice> Best(const Split& split, const HeldOut& users, double l2);
  Result<Choice> Choose(const SocialGraph& graph);
  Result<std::shared_ptr<const Model>> ModelOf(const SocialGraph& graph, BprLearner& learner) {
    const BprVectors vectors = learner.Vectors();
    return FactorModel(graph, options_.name, vectors.users, vectors.items);
  }
  [[nodiscard]] bool Cancelled() const { return options_.cancelled && options_.cancelled(); }
  [[nodiscard]] bool Ends(double share) const {
    return Cancelled() || (options_.out_of_time && options_.out_of_time(share));
  }
  Status Say(const char* phase, std::uint32_t epoch, std::uint32_t epochs, const EpochResult& result,
             const FusionReport& measured) const {
    return options_.progress ? options_.progress(phase, epoch, epochs, result, measured) : OkStatus();
  }

  const Runtime& runtime_;
  const BprModelOptions& options_;
  BprOptions settings_;
  bool out_of_time_ = false;
};

Result<Choice> BprSearch::Best(const Split& split, const HeldOut& users, double l2) {
  BprOptions settings = settings_;
  settings.l2 = l2;
  KITH_ASSIGN_OR_RETURN(const auto learner, BprLearner::Make(split.graph, settings, runtime_));
  std::array<char, 32> phase;
  std::snprintf(phase.data(), phase.size(), "try l2 %g", l2);
  Choice best{.l2 = l2};
  const std::uint64_t steps = split.graph->num_interactions() / settings.batch + 1;
  const auto between = static_cast<std::uint32_t>((kStepsBetweenLooks + steps - 1) / steps);
  std::uint32_t next_look = between, looks_since = 0;
  for (std::uint32_t epoch = 1; epoch <= kMostEpochs && looks_since < kPatience; ++epoch) {
    KITH_ASSIGN_OR_RETURN(const EpochResult result, learner->RunEpoch(epoch - 1, [&] { return Ends(kSearchShare); }));
    if (Cancelled()) return kith::Cancelled("interrupted");
    FusionReport measured;
    if (epoch == next_look || epoch == kMostEpochs || result.stopped) {
      next_look = epoch + std::max(between, epoch / 10);
      KITH_ASSIGN_OR_RETURN(const auto model, ModelOf(*split.graph, *learner));
      measured = Measure(runtime_, *split.graph, model, users);
      ++looks_since;
      if (measured.recall + measured.ndcg > best.sum()) {
        best.measured = measured;
        best.epochs = epoch;
        looks_since = 0;
      }
    }
    KITH_RETURN_IF_ERROR(Say(phase.data(), epoch, kMostEpochs, result, measured));
    if (result.stopped) {
      out_of_time_ = true;
      break;
    }
  }
  return best;
}

Result<Choice> BprSearch::Choose(const SocialGraph& graph) {
  const std::span<const double> tried = settings_.layers == 0 ? std::span<const double>(kFactorL2) : kPropagatedL2;
  Choice chosen{.l2 = tried.front(), .epochs = options_.epochs == 0 ? kUnmeasuredEpochs : options_.epochs};
  if (options_.epochs != 0) return chosen;
  KITH_ASSIGN_OR_RETURN(const Split split, HoldOut(runtime_, graph, {.seed = options_.seed}));
  if (split.held_out.users.size() < kFewestValidationUsers) {
    Log(options_.log, LogLevel::kInfo, "too few interactions for a validation part: the defaults are used");
    return chosen;
  }
  const HeldOut users = SampleUsers(split.held_out, kMeasuredUsers, options_.seed);
  for (const double l2 : tried) {
    KITH_ASSIGN_OR_RETURN(const Choice best, Best(split, users, l2));
    const bool better = best.sum() > chosen.sum();
    if (better) chosen = best;
    if (!better || out_of_time_) break;
  }
  return chosen;
}

Result<BprModelResult> BprSearch::Run(const std::shared_ptr<const SocialGraph>& graph) {
  const std::uint64_t bytes = BprBytes(*graph, settings_);
  if (options_.memory_limit != 0 && bytes > options_.memory_limit) {
    return OutOfMemory("training needs about " + std::to_string((bytes >> 20) + 1) + " MiB, --memory allows " +
                       std::to_string(options_.memory_limit >> 20) + " MiB; allow more or choose a smaller --width");
  }
  KITH_ASSIGN_OR_RETURN(const Choice chosen, Choose(*graph));
  settings_.l2 = chosen.l2;
  BprModelResult made;
  made.validation = chosen.measured;
  KITH_ASSIGN_OR_RETURN(const auto learner, BprLearner::Make(graph, settings_, runtime_));
  bool cut = false;
  while (made.epochs < chosen.epochs && !cut) {
    KITH_ASSIGN_OR_RETURN(const EpochResult result, learner->RunEpoch(made.epochs, [&] { return Ends(kRefitShare); }));
    if (Cancelled()) return kith::Cancelled("interrupted");
    cut = result.stopped && (made.epochs + 1 < chosen.epochs);
    KITH_RETURN_IF_ERROR(Say("refit", ++made.epochs, chosen.epochs, result, {}));
  }
  made.out_of_time = out_of_time_ || cut;
  KITH_ASSIGN_OR_RETURN(made.model, ModelOf(*graph, *learner));
  return made;
}

}  // namespace

Result<BprModelResult> MakeBprModel(const Runtime& runtime, const std::shared_ptr<const SocialGraph>& graph,
                                    const BprModelOptions& options) {
  return BprSearch(runtime, *graph, options).Run(graph);
}

}  // namespace kith
