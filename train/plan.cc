#include "plan.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>

#include "sampling_plan.h"
#include "spectral.h"

namespace kith {
namespace {

/// Steps after which the loss of every set we know has flattened; small sets pass over their users more often for them.
constexpr double kPlannedSteps = 360;
/// Steps after which temperatures compare as they will in the end; after half as many chance still chose.
constexpr double kTrialSteps = 110;
/// Users times candidates of a step: small sets afford the softmax over all items, large ones a sample of 4096.
constexpr std::uint32_t kPairsPerStep = 1U << 22;
constexpr std::uint32_t kFewestEpochs = 10, kMostEpochs = 60;
/// Items whose pairs are looked at one by one for the spectral kernel, and the most users that an item needs for it.
constexpr std::uint64_t kKernelItems = 100'000;
constexpr std::uint32_t kMostLeastDegree = 5;
/// Multiply-adds of the kernel's build, items^2 x rank, and the ranks between which that chooses.
constexpr double kKernelWork = 1.3e12;
constexpr std::uint32_t kLeastRank = 128, kMostRank = 512;
/// Above this many edges a step over the whole graph costs more than the samples it replaces.
constexpr std::size_t kFullGraphEdges = 40'000'000;
/// Width of vectors in sampled mode where the default does not fit the memory.
constexpr std::uint32_t kNarrowedWidth = 64;
/// Positives a user brings into a sampled step: few enough that a hub does not fill the batch.
constexpr std::uint32_t kMostPositives = 64;

std::string Mebibytes(std::uint64_t bytes) { return std::to_string((bytes + (1U << 20) - 1) >> 20) + " MiB"; }

}  // namespace

std::uint32_t KernelLeastDegree(const SocialGraph& graph, std::uint64_t memory_limit) {
  std::array<std::uint64_t, kMostLeastDegree + 1> items{};  // [d] items with exactly d users; the last: with more
  for (std::uint32_t i = 0; i < graph.num_items(); ++i) {
    ++items[std::min(graph.degree(Relation::kInteractedBy, i), kMostLeastDegree)];
  }
  std::uint64_t left = graph.num_items() - items[0];
  for (std::uint32_t least = 1; least <= kMostLeastDegree; ++least) {
    if (left <= kKernelItems && (memory_limit == 0 || left * 8192 < memory_limit / 4)) return least;
    left -= items[least];
  }
  return 0;
}

std::uint32_t KernelRank(const SocialGraph& graph) {
  const double items = std::max(1U, graph.num_items());
  const auto rank = static_cast<std::uint32_t>(std::min<double>(kMostRank, kKernelWork / (items * items)));
  return std::clamp(rank / 64 * 64, kLeastRank, kMostRank);
}

std::uint64_t EstimateMemory(const SocialGraph& graph, const LearnPlan& plan) {
  const std::uint64_t nodes = graph.num_nodes(), edges = 2 * graph.num_interactions();
  const std::uint64_t table = nodes * plan.width * sizeof(float);
  // Two graphs (all, and without the held-out part) of 4 bytes an edge, one Block with its transpose and, in full mode,
  // at most as much for each hop of a step.
  const std::uint64_t blocks = plan.sampled ? 1 : plan.layers + 1;
  const std::uint64_t graphs = 2 * (edges * 4 + nodes * 16) + blocks * (edges * 8 + nodes * 32);
  // Value, gradient, two moments; the model being measured and the best so far: of every user the base and the vector,
  // of every item the message and the vector, of both a query or key under GATv2.
  const std::uint64_t model = (plan.kind == LayerKind::kGatv2 ? 3 : 2) * table;
  std::uint64_t tables = 4 * table + 2 * model;
  // Propagation of the whole graph: states, the house layer's own copy of them, messages in half precision, z's
  // gradient and two buffers; also needed to publish.
  const std::uint64_t states = (plan.kind == LayerKind::kHouse ? 2 : 1) * plan.layers;
  tables += (states + (plan.sampled ? 1 : 3)) * table + plan.layers * table / 2;
  // A checkpoint as tensors and as bytes: value and two moments, while one of the models is not there.
  if (plan.keeps_checkpoints) tables += 2 * 3 * table - model;
  // The kernel's subspace, after the search and after the refit: the learner's tables are gone, a model's are there.
  if (KernelLeastDegree(graph, 0) != 0) {
    const SpectralOptions spectral{.rank = KernelRank(graph)};
    const std::uint64_t columns =
        std::min<std::uint64_t>({spectral.rank + spectral.oversample, graph.num_users(), graph.num_items()});
    const std::uint64_t rows = graph.num_users() + std::uint64_t{3} * graph.num_items();
    tables = std::max(tables, 3 * table + rows * columns * sizeof(float));
  }
  // What every evidence says of the listed items of held-out users while gates are chosen (gate_lists.h).
  const std::uint64_t lists = std::min<std::uint64_t>(6000, graph.users_with_items()) * 800 * 40;
  const std::uint64_t loss = 2 * std::uint64_t{64} * 1024 * 1024;
  const std::uint64_t in_flight = plan.sampled ? std::uint64_t{4} * plan.users_per_batch * 2000 * 40 : 0;
  const std::uint64_t kernel = KernelLeastDegree(graph, 0) != 0 ? graph.num_items() * std::uint64_t{3 * 2048} : 0;
  return graphs + tables + kernel + lists + loss + in_flight + (std::uint64_t{64} << 20);
}

BatcherOptions SampledBatches(const LearnPlan& plan) {
  return {.users_per_batch = plan.users_per_batch,
          .positives_per_user = kMostPositives,
          .candidates = plan.candidates,
          .seed = plan.seed};
}

Result<LearnPlan> MakePlan(const std::shared_ptr<const SocialGraph>& shared, const TrainOptions& options) {
  const SocialGraph& graph = *shared;
  LearnPlan plan;
  KITH_ASSIGN_OR_RETURN(plan.kind, ParseLayerKind(options.architecture));
  plan.width = options.ChosenWidth();
  plan.layers = options.ChosenLayers();
  plan.seed = options.seed;
  const bool attention_out =
      std::find(options.without.begin(), options.without.end(), "attention") != options.without.end();
  if (attention_out && plan.kind == LayerKind::kHouse) plan.kind = LayerKind::kLightGcn;

  const std::uint32_t active = graph.users_with_items();
  // A table wider than the graph's rank has directions that nothing can tell apart; four heads divide the width.
  const std::uint32_t rank = (std::min(active, graph.num_items()) + 3) / 4 * 4;
  plan.width = std::min(plan.width, std::max<std::uint32_t>(rank, 4));
  plan.users_per_batch = std::clamp<std::uint32_t>(active / 16, 64, 1024);
  plan.candidates = std::min(graph.num_items(), kPairsPerStep / plan.users_per_batch);
  const double steps_per_epoch = std::max(1.0, std::ceil(active / static_cast<double>(plan.users_per_batch)));
  plan.epochs = options.epochs != 0 ? options.epochs
                                    : std::clamp(static_cast<std::uint32_t>(kPlannedSteps / steps_per_epoch),
                                                 kFewestEpochs, kMostEpochs);
  plan.evaluate_every = 2;
  plan.keeps_checkpoints = !options.run_directory.empty();
  const auto trial = static_cast<std::uint32_t>(std::ceil(kTrialSteps / steps_per_epoch));
  plan.trial_epochs = options.epochs != 0 ? 0 : std::clamp<std::uint32_t>(trial, 3, plan.epochs);

  plan.sampled = options.mode == TrainMode::kSampled;
  const std::uint64_t limit = options.memory_limit;
  if (options.mode == TrainMode::kAuto) {
    plan.sampled =
        2 * graph.num_interactions() > kFullGraphEdges || (limit != 0 && EstimateMemory(graph, plan) > limit);
  }
  // Vectors of half the width make a weaker model; a limit that is not met makes none.  A width that was asked for
  // stays.
  const bool may_narrow = plan.sampled && options.width == 0 && plan.width > kNarrowedWidth;
  if (may_narrow && limit != 0 && EstimateMemory(graph, plan) > limit) plan.width = kNarrowedWidth;
  if (limit != 0 && EstimateMemory(graph, plan) > limit) {
    return OutOfMemory("training needs about " + Mebibytes(EstimateMemory(graph, plan)) + " in " +
                       (plan.sampled ? "sampled" : "full") + " mode, --memory allows " + Mebibytes(limit) +
                       "; allow more" + (plan.sampled ? "" : " or choose --mode sampled"));
  }
  if (plan.sampled) {
    const FanoutChoice choice = ChooseFanouts(shared, plan.layers, SampledBatches(plan), kSampledWork);
    plan.first_fanout = choice.first;
    plan.sampled_work = choice.work;
  }
  return plan;
}

}  // namespace kith
