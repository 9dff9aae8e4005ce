#include "baseline_models.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <span>
#include <utility>
#include <vector>

#include "ease.h"
#include "fusion.h"
#include "ials.h"
#include "kith/recommend/baselines.h"
#include "kith/train/split.h"

namespace kith {
namespace {

/// Users whose interactions settings are chosen on; all of them in smaller graphs.
constexpr std::size_t kChoosingUsers = 4096;
constexpr std::size_t kFewestChoosingUsers = 20;
/// Without a --memory EASE inverts up to this much: 16,384 rows.
constexpr std::uint64_t kMostEaseBytes = std::uint64_t{1} << 30;
constexpr double kLambdas[] = {30, 100, 300, 1000, 3000};
constexpr double kAlphas[] = {0.03, 0.1, 0.3, 1.0};
constexpr double kRidges[] = {0.001, 0.003, 0.01, 0.03};
constexpr std::uint32_t kChoosingWidth = 64, kChoosingSweeps = 6;

/// The interactions of some users, a part of them held out.
struct Trial {
  Split split;
  double share = 1;  ///< of the users with items
};

Result<Trial> MakeTrial(const Runtime& runtime, const SocialGraph& graph, std::uint64_t seed) {
  HeldOut active;
  for (std::uint32_t u = 0; u < graph.num_users(); ++u) {
    if (graph.items(UserId{u}).empty()) continue;
    active.users.push_back(UserId{u});
    active.items.emplace_back();
  }
  const HeldOut chosen = SampleUsers(active, kChoosingUsers, seed);
  std::vector<Edge> kept;
  for (const UserId user : chosen.users) {
    const Neighbors row = graph.items(user);
    for (std::size_t n = 0; n < row.size(); ++n) kept.push_back({index(user), row.targets[n], 1.0F, row.time(n)});
  }
  KITH_ASSIGN_OR_RETURN(const auto part,
                        SocialGraph::Build(runtime, graph.num_users(), graph.num_items(), kept, {}, graph.store_id()));
  Trial trial;
  trial.share =
      static_cast<double>(chosen.users.size()) / std::max<double>(1, static_cast<double>(active.users.size()));
  KITH_ASSIGN_OR_RETURN(trial.split, HoldOut(runtime, *part, {.seed = seed}));
  return trial;
}

/// The value whose model measures best; the first where nothing can be measured.
template <class Make>
Result<double> Choose(const Runtime& runtime, const Split& split, std::span<const double> values, const char* name,
                      const BaselineOptions& options, const Make& make) {
  double chosen = values.front(), best = -1;
  for (const double value : values) {
    KITH_ASSIGN_OR_RETURN(const std::shared_ptr<const Model> model, make(value));
    const FusionReport measured = Measure(runtime, *split.graph, model, split.held_out);
    std::array<char, 96> line;
    std::snprintf(line.data(), line.size(), "%s %g: recall@20 %.4f, ndcg@20 %.4f on the validation part", name, value,
                  measured.recall, measured.ndcg);
    Log(options.log, LogLevel::kInfo, line.data());
    if (measured.recall + measured.ndcg <= best) continue;
    best = measured.recall + measured.ndcg;
    chosen = value;
  }
  return chosen;
}

Result<std::shared_ptr<const Model>> Ease(const Runtime& runtime, const SocialGraph& graph,
                                          const BaselineOptions& options) {
  const std::uint64_t most = options.memory_limit == 0 ? kMostEaseBytes : options.memory_limit / 2;
  const auto mebibytes = [](std::uint64_t bytes) { return std::to_string(bytes >> 20) + " MiB"; };
  if (EaseBytes(graph) > most) {
    const std::string needs = "ease inverts a matrix of " +
                              std::to_string(std::min(graph.num_users(), graph.num_items())) + "^2 floats, " +
                              mebibytes(EaseBytes(graph)) + ", and may use " + mebibytes(most);
    if (options.memory_limit != 0)
      return OutOfMemory(needs + "; raise --memory to twice that, or choose --model spectral");
    return FailedPrecondition(needs + " by default; allow it with --memory, or choose --model spectral");
  }
  KITH_ASSIGN_OR_RETURN(const Trial trial, MakeTrial(runtime, graph, options.seed));
  const auto build = [&](const SocialGraph& from, double lambda) -> Result<std::shared_ptr<const Model>> {
    KITH_ASSIGN_OR_RETURN(ItemKernel kernel, BuildEaseKernel(runtime, from, {.lambda = lambda, .stop = options.stop}));
    return KernelModel(from, "ease", std::move(kernel), 0.0F);
  };
  double lambda = kLambdas[1];
  if (trial.split.held_out.users.size() >= kFewestChoosingUsers) {
    // The Gram matrix of a share of the users is about that share of the whole one, and so is the lambda that suits it.
    KITH_ASSIGN_OR_RETURN(lambda, Choose(runtime, trial.split, kLambdas, "lambda", options,
                                         [&](double value) { return build(*trial.split.graph, value * trial.share); }));
  }
  return build(graph, lambda);
}

Result<std::shared_ptr<const Model>> Ials(const Runtime& runtime, const SocialGraph& graph,
                                          const BaselineOptions& options) {
  KITH_ASSIGN_OR_RETURN(const Trial trial, MakeTrial(runtime, graph, options.seed));
  const auto build = [&](const SocialGraph& from, const IalsOptions& settings) -> Result<std::shared_ptr<const Model>> {
    KITH_ASSIGN_OR_RETURN(const IalsFactors factors, FactoriseIals(runtime, from, settings));
    if (options.stop && options.stop()) return Cancelled("interrupted");
    return FactorModel(from, "ials", factors.users, factors.items);
  };
  IalsOptions settings{.width = options.width, .seed = options.seed, .stop = options.stop};
  if (trial.split.held_out.users.size() >= kFewestChoosingUsers) {
    IalsOptions tried = settings;
    tried.width = std::min(settings.width, kChoosingWidth);
    tried.sweeps = kChoosingSweeps;
    KITH_ASSIGN_OR_RETURN(tried.alpha, Choose(runtime, trial.split, kAlphas, "alpha", options, [&](double value) {
                            IalsOptions with = tried;
                            with.alpha = value;
                            return build(*trial.split.graph, with);
                          }));
    KITH_ASSIGN_OR_RETURN(tried.lambda, Choose(runtime, trial.split, kRidges, "lambda", options, [&](double value) {
                            IalsOptions with = tried;
                            with.lambda = value;
                            return build(*trial.split.graph, with);
                          }));
    settings.alpha = tried.alpha;
    settings.lambda = tried.lambda;
  }
  return build(graph, settings);
}

}  // namespace

Result<std::shared_ptr<const Model>> MakeBaseline(const Runtime& runtime, const SocialGraph& graph,
                                                  const std::string& architecture, const BaselineOptions& options) {
  if (architecture == "popularity") return PopularityModel(graph);
  if (architecture == "item-knn") return ItemKnnModel(runtime, graph);
  if (architecture == "user-knn") return UserKnnModel(graph);
  if (architecture == "ease") return Ease(runtime, graph, options);
  if (architecture == "ials") return Ials(runtime, graph, options);
  Model holder;
  KITH_RETURN_IF_ERROR(options.spectral(holder));
  if (holder.kernel.empty()) {
    return FailedPrecondition("the spectral kernel of " + std::to_string(graph.num_items()) +
                              " items is more work or memory than is allowed; choose --model item-knn or user-knn");
  }
  return KernelModel(graph, "spectral", std::move(holder.kernel), holder.kernel_degree_exponent);
}

}  // namespace kith
