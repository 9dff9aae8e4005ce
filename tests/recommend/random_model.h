/// Random graphs and models of every attention rule for the tests of recommend/: a pure function of the seed.
#pragma once

#include <cmath>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "kith/base/parallel.h"
#include "kith/base/rng.h"
#include "kith/graph/social_graph.h"
#include "kith/recommend/model.h"

namespace kith::testing {

[[nodiscard]] inline std::shared_ptr<const SocialGraph> RandomSocialGraph(const Runtime& runtime, std::uint64_t seed,
                                                                          std::uint32_t users, std::uint32_t items,
                                                                          std::uint32_t interactions,
                                                                          std::uint32_t friendships) {
  const Rng rng(seed, Purpose::kTest, 1);
  std::vector<Edge> likes(interactions), trusts;
  // The last twentieth of the users has no items and the last item no users, so that every kind of user and item is
  // met.
  const std::uint32_t active = users - users / 20;
  for (std::uint32_t e = 0; e < interactions; ++e) {
    likes[e] = {rng.bounded(4 * e, active), rng.bounded(4 * e + 1, items - 1)};
  }
  for (std::uint32_t e = 0; e < friendships; ++e) {
    const Edge edge{rng.bounded(4 * e + 2, users), rng.bounded(4 * e + 3, users)};
    if (edge.source != edge.target) trusts.push_back(edge);
  }
  return SocialGraph::Build(runtime, users, items, likes, trusts, "random", interactions).value();
}

/// The graph after more events: two new items, one of them met by every third user and one by users who mostly had
/// nothing, and a third new item that nobody has any more.
[[nodiscard]] inline std::shared_ptr<const SocialGraph> WithNewerItems(const SocialGraph& graph) {
  const std::uint32_t users = graph.num_users(), items = graph.num_items();
  std::vector<EdgeChange> changes;
  for (std::uint32_t user = 0; user < users; user += 3) changes.push_back({Relation::kInteracts, {user, items}});
  for (std::uint32_t user = users - users / 20 - 1; user + 1 < users; ++user) {
    changes.push_back({Relation::kInteracts, {user, items + 1}});
  }
  return graph.WithEdges(changes, users, items + 3, graph.log_sequence() + changes.size());
}

inline Matrix RandomMatrix(std::uint64_t seed, std::uint32_t node, std::size_t rows, std::size_t cols) {
  const Rng rng(seed, Purpose::kTest, 2, node);
  Matrix matrix(rows, cols);
  for (std::size_t i = 0; i < matrix.size(); ++i) matrix.data()[i] = rng.normal(static_cast<std::uint32_t>(i));
  return matrix;
}

/// Unit rows, but zeros where `keep` says so.
template <class Keep>
Matrix UnitRows(Matrix matrix, Keep keep) {
  for (std::size_t r = 0; r < matrix.rows(); ++r) {
    double squared = 0;
    for (std::size_t c = 0; c < matrix.cols(); ++c) squared += static_cast<double>(matrix(r, c)) * matrix(r, c);
    const double scale = keep(r) && squared > 0 ? 1.0 / std::sqrt(squared) : 0.0;
    for (std::size_t c = 0; c < matrix.cols(); ++c) matrix(r, c) = static_cast<float>(matrix(r, c) * scale);
  }
  return matrix;
}

struct ModelShape {
  std::size_t width = 8;
  AttentionRule rule = AttentionRule::kDegree;
  std::uint32_t heads = 1;
  std::uint64_t seed = 1;
};

/// Every part filled with random values, all gates open; not finished yet, so that a test may change it.
[[nodiscard]] inline std::shared_ptr<Model> RandomModel(const SocialGraph& graph, const ModelShape& shape) {
  auto model = std::make_shared<Model>();
  const std::size_t users = graph.num_users(), items = graph.num_items(), d = shape.width;
  model->info.store_id = graph.store_id();
  model->info.log_sequence = graph.log_sequence();
  model->info.num_users = graph.num_users();
  model->info.num_items = graph.num_items();
  model->gates = {.learned = 1.1F,
                  .kernel = 0.7F,
                  .neighbours = 0.6F,
                  .friends = 0.9F,
                  .friends_slope = -0.4F,
                  .friends_of_friends = 0.8F,
                  .popular = 0.3F,
                  .popular_slope = 0.2F,
                  .cold_learned = 0.05F,
                  .cold_friends = 1.3F,
                  .cold_friends_of_friends = 0.7F,
                  .cold_popular = 0.2F};
  model->rule = shape.rule;
  model->heads = shape.heads;
  model->message_scale = 0.8F;
  model->item_degrees.resize(items);
  for (std::uint32_t i = 0; i < items; ++i) model->item_degrees[i] = graph.degree(Relation::kInteractedBy, i);
  model->user_base = RandomMatrix(shape.seed, 1, users, d);
  model->item_messages = RandomMatrix(shape.seed, 2, items, d);
  model->items =
      UnitRows(RandomMatrix(shape.seed, 3, items, d), [&](std::size_t i) { return model->item_degrees[i] > 0; });
  model->users = UnitRows(RandomMatrix(shape.seed, 4, users, d), [](std::size_t) { return true; });
  std::size_t queries = 0;
  if (shape.rule == AttentionRule::kHouse) queries = 1;
  if (shape.rule == AttentionRule::kGat) queries = shape.heads;
  if (shape.rule == AttentionRule::kGatv2) queries = d;
  if (queries != 0) {
    model->user_queries = RandomMatrix(shape.seed, 5, users, queries);
    model->item_keys = RandomMatrix(shape.seed, 6, items, queries);
  }
  if (shape.rule == AttentionRule::kGatv2) model->attention = RandomMatrix(shape.seed, 7, shape.heads, d / shape.heads);

  const Rng rng(shape.seed, Purpose::kTest, 3);
  model->kernel.offsets.push_back(0);
  for (std::uint32_t j = 0; j < items; ++j) {
    for (std::uint32_t i = rng.bounded(3 * j, 5); i < items; i += 1 + rng.bounded(j * 7919 + i, 9)) {
      if (i == j) continue;
      model->kernel.targets.push_back(i);
      model->kernel.values.push_back(rng.uniform(j * 104729 + i));
    }
    model->kernel.offsets.push_back(model->kernel.targets.size());
  }
  model->kernel_degree_exponent = 0.4F;
  model->kernel_attention = {0.8F, -0.5F, -0.7F, 0.3F, 0.2F, -0.4F, 0.1F};
  model->friend_sharpness = 2.0F;
  return model;
}

/// The same model, finished.
[[nodiscard]] inline std::shared_ptr<const Model> Finished(std::shared_ptr<Model> model) {
  CheckOk(model->Finish());
  return model;
}

}  // namespace kith::testing
