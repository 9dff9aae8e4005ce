#include "bpr.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>
#include <string>
#include <utility>

#include "kith/base/rng.h"

namespace kith {
namespace {

constexpr std::size_t kUserGrain = 64;
constexpr double kDeviation = 0.1;  ///< of the vectors' start; He et al. 2020

}  // namespace

BprLearner::BprLearner(std::shared_ptr<const SocialGraph> graph, const BprOptions& options, const Runtime& runtime)
    : graph_(std::move(graph)), options_(options), runtime_(runtime), negatives_(graph_, {.seed = options.seed}) {}

Result<std::unique_ptr<BprLearner>> BprLearner::Make(std::shared_ptr<const SocialGraph> graph,
                                                     const BprOptions& options, const Runtime& runtime) {
  std::unique_ptr<BprLearner> learner(new BprLearner(std::move(graph), options, runtime));
  const SocialGraph& g = *learner->graph_;
  learner->first_triple_.push_back(0);
  for (std::uint32_t u = 0; u < g.num_users(); ++u) {
    const std::size_t degree = g.items(UserId{u}).size();
    learner->first_triple_.push_back(learner->first_triple_.back() + (degree < g.num_items() ? degree : 0));
  }
  KITH_ASSIGN_OR_RETURN(learner->encoder_, Encoder::Make({.kind = LayerKind::kLightGcn,
                                                          .num_nodes = g.num_nodes(),
                                                          .width = options.width,
                                                          .layers = options.layers,
                                                          .seed = options.seed,
                                                          .deviation = kDeviation / (options.layers + 1)},
                                                         runtime));
  if (options.layers != 0) {
    learner->whole_graph_ = FullGraphBlock(runtime, g);
    learner->needed_ = std::make_unique<NeededHops>(runtime, learner->whole_graph_, options.layers);
  }
  learner->met_.assign(g.num_nodes(), 0);
  return learner;
}

std::vector<Triple> BprLearner::Triples(std::uint32_t epoch) const {
  const std::uint32_t first_item = graph_->num_users();
  std::vector<Triple> triples(first_triple_.back());
  ParallelFor(runtime_, graph_->num_users(), kUserGrain, [&](std::size_t begin, std::size_t end) {
    std::vector<ItemId> drawn;
    for (std::size_t u = begin; u < end; ++u) {
      drawn.resize(first_triple_[u + 1] - first_triple_[u]);
      if (drawn.empty()) continue;
      const UserId user{static_cast<std::uint32_t>(u)};
      const std::size_t given = negatives_.Sample(user, epoch, drawn);
      const auto positives = graph_->items(user).targets;
      for (std::size_t n = 0; n < given; ++n) {
        triples[first_triple_[u] + n] = {index(user), first_item + positives[n], first_item + index(drawn[n])};
      }
    }
  });
  const Rng rng(options_.seed, Purpose::kShuffle, epoch);
  for (std::size_t i = triples.size(); i > 1; --i) {  // Fisher-Yates from the end
    std::swap(triples[i - 1], triples[rng.bounded(static_cast<std::uint32_t>(i), static_cast<std::uint32_t>(i))]);
  }
  return triples;
}

double BprLearner::Step(std::span<const Triple> triples, std::uint64_t step) {
  const double sum_over_mean = options_.layers + 1;
  Matrix& table = encoder_->mutable_table();
  Matrix& gradient = encoder_->table_gradient();
  touched_.clear();
  for (const Triple& t : triples) {
    for (const std::uint32_t node : {t.user, t.positive, t.negative}) {
      if (std::exchange(met_[node], step + 1) != step + 1) touched_.push_back(node);
    }
  }
  double loss = 0;
  if (options_.layers == 0) {
    loss = BprLoss<float>(triples, table, gradient);
  } else {
    const std::span<const Block> hops = needed_->For({touched_});
    encoder_->ForwardFull(hops);
    dz_.resize(table.rows(), table.cols());
    dz_.fill(0.0F);
    loss = BprLoss<float>(triples, encoder_->output(), dz_);
    encoder_->BackwardFull(hops, dz_);
  }
  const auto decay =
      static_cast<float>(options_.l2 * sum_over_mean * sum_over_mean / static_cast<double>(triples.size()));
  for (const Triple& t : triples) {
    for (const std::uint32_t node : {t.user, t.positive, t.negative}) {
      const float* from = table.row(node);
      float* to = gradient.row(node);
      for (std::size_t c = 0; c < table.cols(); ++c) to[c] += decay * from[c];
    }
  }
  const double rate = options_.learning_rate / sum_over_mean;
  if (options_.layers == 0) {
    encoder_->StepRows(rate, step + 1, touched_);
  } else {
    encoder_->Step(rate, step + 1);
  }
  return loss;
}

Result<EpochResult> BprLearner::RunEpoch(std::uint32_t epoch, FunctionRef<bool()> stop) {
  const auto began = std::chrono::steady_clock::now();
  const std::vector<Triple> triples = Triples(epoch);
  const std::size_t steps = (triples.size() + options_.batch - 1) / options_.batch;
  EpochResult result;
  double sum = 0;
  std::size_t met = 0;
  for (std::size_t s = 0; s < steps && !result.stopped; ++s) {
    const std::size_t begin = s * options_.batch, n = std::min<std::size_t>(options_.batch, triples.size() - begin);
    sum += Step(std::span(triples).subspan(begin, n), epoch * steps + s) * static_cast<double>(n);
    met += n;
    if (needed_) result.edges += needed_->num_edges();
    result.stopped = stop();
  }
  if (!std::isfinite(sum) || !encoder_->Finite()) {
    return FailedPrecondition("BPR: the loss or a weight of epoch " + std::to_string(epoch + 1) +
                              " is not a finite number; train with another --seed or a smaller --width");
  }
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  result.loss = met == 0 ? 0.0 : sum / static_cast<double>(met);
  return result;
}

BprVectors BprLearner::Vectors() {
  if (options_.layers != 0) encoder_->ForwardFull(whole_graph_);
  const Matrix& z = encoder_->output();
  const auto part = [&](std::uint32_t first, std::uint32_t rows, Relation relation) {
    Matrix vectors(rows, z.cols());
    vectors.fill(0.0F);
    for (std::uint32_t r = 0; r < rows; ++r) {
      if (graph_->degree(relation, r) == 0) continue;
      std::memcpy(vectors.row(r), z.row(first + r), z.cols() * sizeof(float));
    }
    return vectors;
  };
  return {part(0, graph_->num_users(), Relation::kInteracts),
          part(graph_->num_users(), graph_->num_items(), Relation::kInteractedBy)};
}

std::uint64_t BprBytes(const SocialGraph& graph, const BprOptions& options) {
  const std::uint64_t nodes = graph.num_nodes(), interactions = graph.num_interactions(), edges = 2 * interactions;
  // The graph and the one without the held-out part, an epoch's triples, the filter of known pairs.
  std::uint64_t bytes = 2 * (edges * 4 + nodes * 16) + interactions * (sizeof(Triple) + 2) + nodes * 16;
  // Value, gradient and two moments; of every layer the states, and z's gradient and two more.
  std::uint64_t tables = 4 + (options.layers == 0 ? 0 : options.layers + 3);
  if (options.layers != 0)
    bytes +=
        (options.layers + 1) * (edges * 8 + nodes * 32);  // the whole graph as a Block, and what a step needs of it
  // The vectors, the model made of them, its copy that is finished, and the best one so far.
  tables += 1 + 2 + 2 + 2;
  return bytes + tables * nodes * (options.width + 1) * sizeof(float) + (std::uint64_t{64} << 20);
}

}  // namespace kith
