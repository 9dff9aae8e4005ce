#include "learner.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <string>

#include "export_model.h"
#include "own_weight.h"
#include "sampling_plan.h"

namespace kith {
namespace {

Status NotFinite(const char* what, std::uint32_t epoch) {
  return FailedPrecondition("training stopped in epoch " + std::to_string(epoch) + ": " + what +
                            " is not a finite number; nothing of this epoch is kept, the last good checkpoint and the "
                            "models published before stay as they are; --resume tries the epoch again, and if it ends "
                            "here again, train with another --seed or a smaller --width");
}

}  // namespace

Learner::Learner(std::shared_ptr<const SocialGraph> graph, const LearnPlan& plan, const Runtime& runtime)
    : graph_(std::move(graph)),
      plan_(plan),
      runtime_(runtime),
      loss_(runtime),
      candidates_(graph_, {.seed = plan.seed}) {}

Result<std::unique_ptr<Learner>> Learner::Make(std::shared_ptr<const SocialGraph> graph, const LearnPlan& plan,
                                               const Runtime& runtime) {
  std::unique_ptr<Learner> learner(new Learner(std::move(graph), plan, runtime));
  const SocialGraph& g = *learner->graph_;
  const std::uint64_t active = g.users_with_items();
  learner->steps_per_epoch_ = (active + plan.users_per_batch - 1) / plan.users_per_batch;

  learner->item_weights_.resize(g.num_items());
  double sum = 0;
  for (std::uint32_t i = 0; i < g.num_items(); ++i) {
    learner->item_weights_[i] = static_cast<float>(std::pow(g.users(ItemId{i}).size(), plan.popularity_power));
    sum += learner->item_weights_[i];
  }
  if (sum > 0) {
    for (float& weight : learner->item_weights_) weight *= static_cast<float>(g.num_items() / sum);
  }
  KITH_ASSIGN_OR_RETURN(learner->encoder_, Encoder::Make({.kind = plan.kind,
                                                          .num_nodes = g.num_nodes(),
                                                          .width = plan.width,
                                                          .layers = plan.layers,
                                                          .heads = plan.width % 4 == 0 ? 4U : 1U,
                                                          .seed = plan.seed},
                                                         runtime));
  learner->encoder_->StoreMessages(MessageStorage::kBfloat16);
  return learner;
}

double Learner::LearningRate(std::uint64_t step) const {
  const double total = static_cast<double>(steps_per_epoch_) * plan_.epochs;
  const double warm = std::min(1.0, (static_cast<double>(step) + 1) / plan_.warmup_steps);
  const double progress = std::min(1.0, static_cast<double>(step) / std::max(1.0, total));
  return plan_.learning_rate * warm * (1.0 - (1.0 - plan_.last_rate) * progress);
}

const Block& Learner::WholeGraph() {
  if (!whole_graph_) whole_graph_ = std::make_unique<Block>(FullGraphBlock(runtime_, *graph_));
  return *whole_graph_;
}

double Learner::FullStep(std::span<const UserId> users, std::uint64_t step) {
  const std::uint32_t first_item = graph_->num_users();
  std::vector<std::uint32_t> rows, positives, candidates;
  std::vector<EdgeOffset> offsets = {0};
  std::vector<float> weights;
  for (const UserId user : users) {
    rows.push_back(index(user));
    for (const std::uint32_t item : graph_->items(user).targets) positives.push_back(first_item + item);
    offsets.push_back(positives.size());
  }
  for (const ItemId item : candidates_.Candidates(step, plan_.candidates)) {
    candidates.push_back(first_item + index(item));
    weights.push_back(item_weights_[index(item)]);
  }
  if (!needed_) needed_ = std::make_unique<NeededHops>(runtime_, WholeGraph(), plan_.layers);
  const std::span<const Block> hops = needed_->For({rows, positives, candidates});
  encoder_->ForwardFull(hops);
  dz_.resize(graph_->num_nodes(), plan_.width);
  dz_.fill(0.0F);
  const double loss =
      loss_({.users = rows,
             .positive_offsets = offsets,
             .positives = positives,
             .candidates = candidates,
             .candidate_weights = weights,
             .candidate_scale = static_cast<double>(graph_->num_items()) / static_cast<double>(candidates.size()),
             .tau = plan_.tau},
            encoder_->output(), dz_);
  encoder_->BackwardFull(hops, dz_);
  encoder_->Step(LearningRate(step), step + 1);
  return loss;
}

double Learner::SampledStep(const TrainingBatch& batch) {
  const std::uint32_t first_item = graph_->num_users();
  std::vector<float> weights;
  weights.reserve(batch.candidates.size());
  for (const std::uint32_t local : batch.candidates) {
    weights.push_back(item_weights_[index(batch.mini_batch.seeds[local]) - first_item]);
  }
  encoder_->ForwardSampled(batch.mini_batch.blocks);
  dz_.resize(batch.mini_batch.seeds.size(), plan_.width);
  dz_.fill(0.0F);
  const double loss =
      loss_({.users = batch.users,
             .positive_offsets = batch.positive_offsets,
             .positives = batch.positives,
             .candidates = batch.candidates,
             .candidate_weights = weights,
             .candidate_scale = static_cast<double>(graph_->num_items()) / static_cast<double>(batch.candidates.size()),
             .tau = plan_.tau},
            encoder_->output(), dz_);
  encoder_->BackwardSampled(batch.mini_batch.blocks, dz_);
  std::vector<std::uint32_t> touched;
  touched.reserve(batch.mini_batch.input_nodes().size());
  for (const NodeId node : batch.mini_batch.input_nodes()) touched.push_back(index(node));
  encoder_->StepRows(LearningRate(batch.step), batch.step + 1, touched);
  return loss;
}

Result<EpochResult> Learner::RunEpoch(std::uint32_t epoch, FunctionRef<bool()> stop) {
  const auto began = std::chrono::steady_clock::now();
  EpochResult result;
  double sum = 0;
  std::uint64_t steps = 0;
  if (plan_.sampled) {
    const Batcher batcher(graph_, {.fanouts = HopFanouts(plan_.first_fanout, plan_.layers), .seed = plan_.seed},
                          SampledBatches(plan_));
    result.wait_share = batcher.RunEpoch(runtime_, epoch, [&](const TrainingBatch& batch) {
      sum += SampledStep(batch);
      ++steps;
      for (const Block& block : batch.mini_batch.blocks) result.edges += block.num_edges();
      result.stopped = stop();
      return !result.stopped && std::isfinite(sum);
    });
  } else {
    const std::vector<UserId> order = ShuffledUsers(*graph_, plan_.seed, epoch);
    for (std::size_t begin = 0; begin < order.size() && !result.stopped && std::isfinite(sum);
         begin += plan_.users_per_batch) {
      const std::size_t n = std::min<std::size_t>(plan_.users_per_batch, order.size() - begin);
      sum += FullStep(std::span(order).subspan(begin, n), epoch * steps_per_epoch_ + steps);
      ++steps;
      result.edges += needed_->num_edges();
      result.stopped = stop();
    }
  }
  if (!std::isfinite(sum)) return NotFinite("the loss", epoch + 1);
  // A sampled epoch may leave out the node whose weight is spoilt; a checkpoint of it would keep the damage.
  if (!encoder_->Finite()) return NotFinite("a weight", epoch + 1);
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  result.loss = steps == 0 ? 0.0 : sum / static_cast<double>(steps);
  return result;
}

Result<std::shared_ptr<Model>> Learner::Export(float user_own_weight) {
  // What is learned in half precision is served from whole numbers.
  encoder_->StoreMessages(MessageStorage::kFloat32);
  encoder_->ForwardFull(WholeGraph());
  encoder_->StoreMessages(MessageStorage::kBfloat16);
  KITH_ASSIGN_OR_RETURN(std::shared_ptr<Model> model, ExportModel(runtime_, *graph_, *encoder_, kItemOwnWeight));
  WeighOwnRows(runtime_, *graph_, user_own_weight, *model);
  return model;
}

}  // namespace kith
