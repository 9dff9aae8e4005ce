#include "kith/train/trainer.h"

#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>
#include <utility>

#include "baseline_models.h"
#include "bpr_model.h"
#include "checkpoint.h"
#include "fusion.h"
#include "kith/recommend/ranker.h"
#include "kith/train/architectures.h"
#include "kith/train/split.h"
#include "learner.h"
#include "own_weight.h"
#include "plan.h"
#include "run_hooks.h"
#include "sampling_plan.h"
#include "spectral.h"

namespace kith {
namespace {

using nlohmann::json;

/// Users measured an epoch; the gates are fitted on twice as many.
constexpr std::size_t kMeasuredUsers = 3000;
/// Looks at the validation part without a gain after which the search ends.
constexpr std::uint32_t kPatience = 6;
/// A temperature that is this much worse than the best so far is on the way down.
constexpr double kSurelyWorse = 0.99;
/// A later look this close to the best one is chosen over it: looks are noisy, and the end of a schedule is what its
/// decaying rate was planned for.
constexpr double kAsGoodAs = 0.985;
/// Users with held-out items below which a choice would be chance.
constexpr std::size_t kFewestValidationUsers = 20;
/// Shares of a time limit at which each part ends.
constexpr double kTrialShare = 0.15, kSearchShare = 0.47, kGatesShare = 0.56, kRefitShare = 0.92;
/// The same of the search and the gates where no refit comes after them.
constexpr double kLoneSearchShare = 0.72, kLoneGatesShare = 0.92;
/// Share of the planned epochs below which one search twice as long is worth more than a search and a refit.
constexpr double kWorthARefit = 0.6;
/// Seconds of an epoch of the search, with its looks, over those of the trial; and of the refit, which has all edges.
constexpr double kSlowerSearch = 1.2, kSlowerRefit = 1.15;

std::uint64_t PeakMemoryBytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;
}

class Run {
 public:
  Run(std::shared_ptr<const SocialGraph> graph, const TrainOptions& options, const Runtime& runtime,
      const std::function<void(const TrainProgress&)>& progress, const LogSink& log, const RunHooks& hooks)
      : graph_(std::move(graph)), options_(options), runtime_(runtime), progress_(progress), log_(log), hooks_(hooks) {}

  Result<TrainResult> Go();

 private:
  Result<TrainResult> ClosedForm();
  Result<TrainResult> Pairwise();
  /// What a resumed run must have in common with the one before.
  [[nodiscard]] std::string Fingerprint() const;
  void LogPlan() const;
  Status Trial(const Split& split);
  /// Fewer epochs where the limit leaves no time for all: a short schedule that ends is worth more than the beginning
  /// of a long one.
  void FitScheduleToLimit();
  Status AddKernel(const SocialGraph& graph, Model& model);
  Status Search(const Split& split, const std::optional<RunState>& from, const TensorFile& tensors);
  Result<std::shared_ptr<Model>> Refit(const std::optional<RunState>& from, const TensorFile& tensors);
  Status ChooseGates(const Split& split);
  void UseDefaultGates();
  Result<TrainResult> Finish(std::shared_ptr<Model> model);

  [[nodiscard]] double Seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
  }
  [[nodiscard]] bool Cancelled() const { return options_.cancelled != nullptr && options_.cancelled->load(); }
  [[nodiscard]] bool OutOfTime(double share) const {
    return options_.time_limit > 0 && Seconds() > share * options_.time_limit;
  }
  [[nodiscard]] double SearchShare() const { return refits_ ? kSearchShare : kLoneSearchShare; }
  [[nodiscard]] double GatesShare() const { return refits_ ? kGatesShare : kLoneGatesShare; }
  /// Whether most of the refit fits what the limit leaves; otherwise the search's own model is the better answer.
  [[nodiscard]] bool TimeToRefit() const {
    if (options_.time_limit <= 0) return true;
    return refits_ && Seconds() + 0.7 * state_.best_epoch * seconds_per_epoch_ < kRefitShare * options_.time_limit;
  }
  [[nodiscard]] bool Uses(std::string_view ingredient) const {
    const auto& without = options_.without;
    if (ingredient == "popularity" && std::find(without.begin(), without.end(), "popular") != without.end())
      return false;
    return std::find(without.begin(), without.end(), ingredient) == without.end();
  }
  [[nodiscard]] Status Stopped() const {
    const bool kept = !options_.run_directory.empty();
    return kith::Cancelled("interrupted; " + (kept ? "go on with --resume --run " + options_.run_directory
                                                   : std::string("nothing was kept, since no --run folder was named")));
  }
  Status Say(const std::string& phase, std::uint32_t epoch, std::uint32_t epochs, const EpochResult& result,
             const FusionReport& measured);
  /// The checkpoint of a learner after that many epochs of the present phase.
  Status Keep(Learner& learner, std::uint32_t epochs);

  std::shared_ptr<const SocialGraph> graph_;
  const TrainOptions& options_;
  const Runtime& runtime_;
  const std::function<void(const TrainProgress&)>& progress_;
  const LogSink& log_;
  const RunHooks& hooks_;
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();

  LearnPlan plan_;
  RunFolder folder_;
  RunState state_;
  std::shared_ptr<Model> best_;  ///< of the search
  TrainReport report_;
  double waited_ = 0;
  std::uint32_t waits_ = 0;
  bool refits_ = true;            ///< a time limit may leave time for one good search alone
  double seconds_per_epoch_ = 0;  ///< of the trial, then of the search, for a run with a time limit
};

Status Run::Say(const std::string& phase, std::uint32_t epoch, std::uint32_t epochs, const EpochResult& result,
                const FusionReport& measured) {
  const double edges_per_second = result.seconds > 0 ? static_cast<double>(result.edges) / result.seconds : 0;
  if (progress_) {
    progress_({.phase = phase,
               .epoch = epoch,
               .epochs = epochs,
               .loss = result.loss,
               .recall = measured.recall,
               .ndcg = measured.ndcg,
               .seconds = Seconds(),
               .epoch_seconds = result.seconds,
               .edges_per_second = edges_per_second,
               .memory_bytes = PeakMemoryBytes()});
  }
  json line = {{"phase", phase},
               {"epoch", epoch},
               {"loss", result.loss},
               {"seconds", Seconds()},
               {"edges_per_second", edges_per_second},
               {"peak_memory_bytes", PeakMemoryBytes()}};
  if (measured.recall >= 0) {
    line["recall@20"] = measured.recall;
    line["ndcg@20"] = measured.ndcg;
  }
  return folder_.AppendMetrics(line.dump());
}

Status Run::Keep(Learner& learner, std::uint32_t epochs) {
  state_.next_epoch = epochs;
  if (options_.run_directory.empty()) return OkStatus();
  TensorFile file;
  learner.Save(file);
  return folder_.Save(state_, std::move(file));
}

Status Run::Trial(const Split& split) {
  const HeldOut measured_users = SampleUsers(split.held_out, kMeasuredUsers, options_.seed);
  double best = -1;
  for (const double tau : kTemperatures) {
    LearnPlan plan = plan_;
    plan.tau = tau;
    plan.epochs = plan_.trial_epochs;
    KITH_ASSIGN_OR_RETURN(auto learner, Learner::Make(split.graph, plan, runtime_));
    EpochResult result;
    for (std::uint32_t epoch = 0; epoch < plan.epochs; ++epoch) {
      KITH_ASSIGN_OR_RETURN(result, learner->RunEpoch(epoch, [&] { return Cancelled() || OutOfTime(kTrialShare); }));
      if (Cancelled()) return Stopped();
      if (result.stopped) break;
      seconds_per_epoch_ = result.seconds;
    }
    KITH_ASSIGN_OR_RETURN(const std::shared_ptr<Model> model, learner->Export(kUserOwnWeight));
    KITH_RETURN_IF_ERROR(model->Finish());
    const FusionReport measured = MeasureLearned(runtime_, *split.graph, *model, measured_users, Uses("popularity"));
    std::array<char, 32> phase;
    std::snprintf(phase.data(), phase.size(), "try tau %.2f", tau);
    KITH_RETURN_IF_ERROR(Say(phase.data(), plan.epochs, plan.epochs, result, measured));
    const double present = measured.recall + measured.ndcg;
    if (present < kSurelyWorse * best) break;  // quality has one summit: the next would be worse still
    if (present <= best) continue;
    best = measured.recall + measured.ndcg;
    state_.tau = tau;
    if (OutOfTime(kTrialShare)) break;
  }
  return OkStatus();
}

void Run::FitScheduleToLimit() {
  if (options_.time_limit <= 0 || options_.epochs != 0 || seconds_per_epoch_ <= 0) return;
  const auto searched = [&] {
    return (SearchShare() * options_.time_limit - Seconds()) / (kSlowerSearch * seconds_per_epoch_);
  };
  const auto planned = [&](double epochs) { return std::clamp<double>(std::floor(epochs), 1, plan_.epochs); };
  const double refit = (kRefitShare - kGatesShare) * options_.time_limit / (kSlowerRefit * seconds_per_epoch_);
  double epochs = planned(std::min(searched(), refit));
  if (epochs < kWorthARefit * plan_.epochs) {
    refits_ = false;
    epochs = planned(searched());
  }
  if (epochs < plan_.epochs) report_.stopped = "time-limit";
  plan_.epochs = static_cast<std::uint32_t>(epochs);
}

Status Run::AddKernel(const SocialGraph& graph, Model& model) {
  // Of the whole graph, not the part at hand: search and refit speak of the same items.
  const std::uint32_t least_degree = KernelLeastDegree(*graph_, options_.memory_limit);
  if (!Uses("spectral") || least_degree == 0) return OkStatus();
  if (progress_) progress_({.phase = "item kernel", .seconds = Seconds()});
  KITH_ASSIGN_OR_RETURN(const SpectralBasis basis,
                        ComputeSpectralBasis(runtime_, graph, {.rank = KernelRank(*graph_), .seed = options_.seed}));
  SpectralKernelOptions kernel{.least_degree = least_degree};
  kernel.stop = [this] { return Cancelled() || OutOfTime(1.0); };
  ItemKernel built = BuildSpectralKernel(runtime_, graph, basis, kernel);
  if (Cancelled()) return Stopped();
  if (OutOfTime(1.0)) return OkStatus();
  model.kernel = std::move(built);
  model.kernel_degree_exponent = kernel.degree_exponent;
  return OkStatus();
}

Status Run::Search(const Split& split, const std::optional<RunState>& from, const TensorFile& tensors) {
  KITH_ASSIGN_OR_RETURN(auto learner, Learner::Make(split.graph, plan_, runtime_));
  if (from) {
    KITH_RETURN_IF_ERROR(learner->Load(tensors));
    if (state_.best_epoch != 0) {
      KITH_ASSIGN_OR_RETURN(best_, folder_.LoadBest());
    }
  }
  if (!Uses("learned")) {
    KITH_ASSIGN_OR_RETURN(best_, learner->Export(kUserOwnWeight));
    return OkStatus();
  }
  const HeldOut measured_users = SampleUsers(split.held_out, kMeasuredUsers, options_.seed);
  // Looked at before an epoch, so that a resumed run stops where the uninterrupted one did.
  const auto gave_up = [&](std::uint32_t epoch) {
    return options_.epochs == 0 && state_.best_epoch != 0 &&
           epoch >= state_.best_epoch + kPatience * plan_.evaluate_every;
  };
  const double began = Seconds();
  std::uint32_t ran = 0;
  for (std::uint32_t epoch = state_.next_epoch; epoch < plan_.epochs && !gave_up(epoch); ++epoch) {
    if (hooks_.before_epoch) hooks_.before_epoch(epoch, *learner);
    KITH_ASSIGN_OR_RETURN(const EpochResult result,
                          learner->RunEpoch(epoch, [&] { return Cancelled() || OutOfTime(SearchShare()); }));
    if (Cancelled()) return Stopped();
    seconds_per_epoch_ = (Seconds() - began) / ++ran;
    waited_ += result.wait_share;
    ++waits_;
    FusionReport measured;
    const bool last = epoch + 1 == plan_.epochs || result.stopped;
    if ((epoch + 1) % plan_.evaluate_every == 0 || last) {
      KITH_ASSIGN_OR_RETURN(std::shared_ptr<Model> model, learner->Export(kUserOwnWeight));
      KITH_RETURN_IF_ERROR(model->Finish());
      measured = MeasureLearned(runtime_, *split.graph, *model, measured_users, Uses("popularity"));
      const double present = measured.recall + measured.ndcg, best = state_.best_recall + state_.best_ndcg;
      if (present > best) {
        state_.best_recall = measured.recall;
        state_.best_ndcg = measured.ndcg;
      }
      if (present >= kAsGoodAs * best || state_.best_epoch == 0) {
        state_.best_epoch = epoch + 1;
        best_ = std::move(model);
        KITH_RETURN_IF_ERROR(folder_.SaveBest(*best_));
      }
    }
    KITH_RETURN_IF_ERROR(Say("search", epoch + 1, plan_.epochs, result, measured));
    if (result.stopped) {
      report_.stopped = "time-limit";
      break;
    }
    KITH_RETURN_IF_ERROR(Keep(*learner, epoch + 1));
  }
  if (options_.epochs != 0 && report_.stopped.empty()) state_.best_epoch = options_.epochs;
  return OkStatus();
}

Status Run::ChooseGates(const Split& split) {
  const auto stop = [this] { return Cancelled() || OutOfTime(GatesShare()); };
  if (Uses("learned")) {
    state_.user_own_weight =
        ChooseOwnWeight(runtime_, *split.graph, SampleUsers(split.held_out, kMeasuredUsers, options_.seed),
                        Uses("popularity"), stop, *best_);
    if (state_.user_own_weight != kUserOwnWeight) {
      Log(log_, LogLevel::kInfo,
          "users' own rows count " + std::to_string(static_cast<int>(state_.user_own_weight)) +
              " times: that gained more than two standard errors on the validation part");
    }
  }
  if (!OutOfTime(SearchShare())) KITH_RETURN_IF_ERROR(AddKernel(*split.graph, *best_));
  KITH_RETURN_IF_ERROR(best_->Finish());
  const FusionOptions fusion{.learned = Uses("learned"),
                             .kernel = Uses("spectral"),
                             .neighbours = Uses("neighbours"),
                             .friends = Uses("friends"),
                             .popular = Uses("popularity"),
                             .attention = Uses("attention"),
                             .held_out_latest = split.latest,
                             .seed = options_.seed,
                             .stop = stop};
  const FusionReport chosen =
      FitGates(runtime_, *split.graph, SampleUsers(split.held_out, 2 * kMeasuredUsers, options_.seed), fusion, best_);
  KITH_RETURN_IF_ERROR(FitColdGates(runtime_, *split.graph, fusion, best_));
  state_.gates = best_->gates;
  state_.kernel_attention = best_->kernel_attention;
  state_.friend_sharpness = best_->friend_sharpness;
  state_.best_recall = chosen.recall;
  state_.best_ndcg = chosen.ndcg;
  return OkStatus();
}

void Run::UseDefaultGates() {
  Log(log_, LogLevel::kInfo, "too few interactions for a validation part: the defaults are used");
  state_.gates = {.learned = Uses("learned") ? 1.0F : 0.0F, .popular = Uses("popularity") ? kDefaultPopular : 0.0F};
  if (Uses("friends") && graph_->num_friendships() != 0) state_.gates.friends = 1.0F;
  if (!Uses("friends")) {  // popular items answer users without items
    state_.gates.cold_friends = 0.0F;
    state_.gates.cold_popular = 1.0F;
  }
  state_.best_epoch = plan_.epochs;
}

Result<std::shared_ptr<Model>> Run::Refit(const std::optional<RunState>& from, const TensorFile& tensors) {
  KITH_ASSIGN_OR_RETURN(auto learner, Learner::Make(graph_, plan_, runtime_));
  if (from && from->phase == TrainPhase::kRefit) KITH_RETURN_IF_ERROR(learner->Load(tensors));
  const std::uint32_t epochs = Uses("learned") ? state_.best_epoch : 0;
  for (std::uint32_t epoch = state_.next_epoch; epoch < epochs; ++epoch) {
    if (hooks_.before_epoch) hooks_.before_epoch(epoch, *learner);
    KITH_ASSIGN_OR_RETURN(const EpochResult result,
                          learner->RunEpoch(epoch, [&] { return Cancelled() || OutOfTime(kRefitShare); }));
    if (Cancelled()) return Stopped();
    waited_ += result.wait_share;
    ++waits_;
    report_.epochs = epoch + 1;
    KITH_RETURN_IF_ERROR(Say("refit", epoch + 1, epochs, result, {}));
    if (result.stopped) {
      report_.stopped = "time-limit";
      break;
    }
    KITH_RETURN_IF_ERROR(Keep(*learner, epoch + 1));
  }
  report_.epochs = std::max(report_.epochs, state_.next_epoch);
  return learner->Export(state_.user_own_weight);
}

Result<TrainResult> Run::Finish(std::shared_ptr<Model> model) {
  report_.seconds = Seconds();
  report_.peak_memory_bytes = PeakMemoryBytes();
  report_.sampler_wait_share = waits_ == 0 ? 0.0 : waited_ / waits_;
  model->info.epochs = report_.epochs;
  model->info.seed = options_.seed;
  json report = {{"mode", report_.mode},
                 {"epochs", report_.epochs},
                 {"architecture", options_.architecture},
                 {"width", model->width()},
                 {"layers", options_.ChosenLayers()}};
  if (report_.validation_recall >= 0) {
    report["validation"] = {{"recall@20", report_.validation_recall}, {"ndcg@20", report_.validation_ndcg}};
  }
  model->info.report_json = report.dump();
  KITH_RETURN_IF_ERROR(model->Finish());
  return TrainResult{std::move(model), report_};
}

Result<TrainResult> Run::ClosedForm() {
  report_.mode = "closed-form";
  const BaselineOptions options{.width = options_.ChosenWidth(),
                                .seed = options_.seed,
                                .memory_limit = options_.memory_limit,
                                .stop = [this] { return Cancelled(); },
                                .spectral = [this](Model& holder) { return AddKernel(*graph_, holder); },
                                .log = log_};
  KITH_ASSIGN_OR_RETURN(const std::shared_ptr<const Model> made,
                        MakeBaseline(runtime_, *graph_, options_.architecture, options));
  return Finish(std::make_shared<Model>(*made));
}

Result<TrainResult> Run::Pairwise() {
  report_.mode = "pairwise";
  // Metrics alone: a run short enough to begin again keeps no checkpoint.
  KITH_ASSIGN_OR_RETURN(folder_, RunFolder::Open(options_.run_directory, Fingerprint(), /*resume=*/false));
  const BprModelOptions options{
      .name = options_.architecture,
      .width = options_.ChosenWidth(),
      .layers = FindArchitecture(options_.architecture)->layers == 0 ? 0 : options_.ChosenLayers(),
      .epochs = options_.epochs,
      .seed = options_.seed,
      .memory_limit = options_.memory_limit,
      .out_of_time = [this](double share) { return OutOfTime(share); },
      .cancelled = [this] { return Cancelled(); },
      .progress = [this](const auto&... line) { return Say(line...); },
      .log = log_};
  KITH_ASSIGN_OR_RETURN(const BprModelResult made, MakeBprModel(runtime_, graph_, options));
  report_.epochs = made.epochs;
  report_.validation_recall = made.validation.recall;
  report_.validation_ndcg = made.validation.ndcg;
  if (made.out_of_time) report_.stopped = "time-limit";
  return Finish(std::make_shared<Model>(*made.model));
}

std::string Run::Fingerprint() const {
  return json{{"architecture", options_.architecture},
              {"mode", report_.mode},
              {"epochs", options_.epochs},
              {"width", options_.ChosenWidth()},
              {"layers", options_.ChosenLayers()},
              {"seed", options_.seed},
              {"without", options_.without},
              {"kernel", KernelLeastDegree(*graph_, options_.memory_limit)},
              {"store", graph_->store_id()},
              {"log_sequence", graph_->log_sequence()}}
      .dump();
}

/// What was planned, and why.
void Run::LogPlan() const {
  Log(log_, LogLevel::kInfo,
      report_.mode + " mode, " + std::to_string(plan_.epochs) + " epochs at most, about " +
          std::to_string(EstimateMemory(*graph_, plan_) >> 20) + " MiB of memory");
  if (plan_.width < options_.ChosenWidth() && options_.memory_limit != 0) {
    Log(log_, LogLevel::kInfo,
        "vectors of " + std::to_string(plan_.width) +
            " numbers: wider ones do not fit the memory, or the graph has no more directions");
  }
  if (plan_.sampled) {
    std::string drawn;
    for (const Fanout& fanout : HopFanouts(plan_.first_fanout, plan_.layers)) {
      drawn += (drawn.empty() ? "" : ",") + std::to_string(fanout.users_per_item);
    }
    Log(log_, LogLevel::kInfo,
        "fan-outs " + drawn + ": an interaction costs the work of " +
            std::to_string(static_cast<int>(plan_.sampled_work)) +
            " edges, counted on one batch; the widest that the budget of " +
            std::to_string(static_cast<int>(kSampledWork)) + " allows");
  }
}

Result<TrainResult> Run::Go() {
  if (graph_->num_interactions() == 0) {
    return FailedPrecondition(
        "the store has no interaction to learn from; run: kith import --store S --interactions FILE");
  }
  const ArchitectureKind kind = FindArchitecture(options_.architecture)->kind;
  if (kind == ArchitectureKind::kClosedForm) return ClosedForm();
  if (kind == ArchitectureKind::kPairwise) return Pairwise();
  KITH_ASSIGN_OR_RETURN(plan_, MakePlan(graph_, options_));
  report_.mode = plan_.sampled ? "sampled" : "full";
  LogPlan();
  KITH_ASSIGN_OR_RETURN(folder_, RunFolder::Open(options_.run_directory, Fingerprint(), options_.resume));
  TensorFile tensors;
  KITH_ASSIGN_OR_RETURN(const std::optional<RunState> from, folder_.Load(tensors));
  if (from) state_ = *from;

  if (state_.phase == TrainPhase::kSearch) {
    KITH_ASSIGN_OR_RETURN(const Split split, HoldOut(runtime_, *graph_, {.seed = options_.seed}));
    if (split.latest) {
      Log(log_, LogLevel::kInfo, "interactions have times: what is chosen is chosen on each user's latest items");
    }
    if (split.held_out.users.size() < kFewestValidationUsers) {
      UseDefaultGates();
    } else {
      if (state_.tau == 0 && plan_.trial_epochs != 0 && Uses("learned")) KITH_RETURN_IF_ERROR(Trial(split));
      if (state_.tau != 0) plan_.tau = state_.tau;
      FitScheduleToLimit();
      KITH_RETURN_IF_ERROR(Search(split, from, tensors));
      KITH_RETURN_IF_ERROR(ChooseGates(split));
      if (Cancelled()) return Stopped();
      if (!TimeToRefit()) {
        report_.stopped = "time-limit";
        report_.epochs = state_.best_epoch;
        report_.validation_recall = state_.best_recall;
        report_.validation_ndcg = state_.best_ndcg;
        return Finish(std::move(best_));
      }
    }
    best_.reset();
    state_.phase = TrainPhase::kRefit;
    state_.next_epoch = 0;
  }
  report_.validation_recall = state_.best_recall;
  report_.validation_ndcg = state_.best_ndcg;
  if (state_.tau != 0) plan_.tau = state_.tau;
  KITH_ASSIGN_OR_RETURN(std::shared_ptr<Model> model, Refit(from, tensors));
  if (state_.gates.kernel != 0) KITH_RETURN_IF_ERROR(AddKernel(*graph_, *model));
  model->gates = state_.gates;
  model->kernel_attention = state_.kernel_attention;
  model->friend_sharpness = state_.friend_sharpness;
  return Finish(std::move(model));
}

}  // namespace

Result<TrainResult> Train(std::shared_ptr<const SocialGraph> graph, const TrainOptions& options, const Runtime& runtime,
                          const std::function<void(const TrainProgress&)>& progress, const LogSink& log) {
  return TrainWithHooks(std::move(graph), options, runtime, progress, log, {});
}

Result<TrainResult> TrainWithHooks(std::shared_ptr<const SocialGraph> graph, const TrainOptions& options,
                                   const Runtime& runtime, const std::function<void(const TrainProgress&)>& progress,
                                   const LogSink& log, const RunHooks& hooks) {
  KITH_RETURN_IF_ERROR(options.Validate());
  return Run(std::move(graph), options, runtime, progress, log, hooks).Go();
}

void ForgetCheckpoint(const std::string& run_directory) { RunFolder::Forget(run_directory); }

}  // namespace kith
