#include <algorithm>
#include <cmath>
#include <iterator>

#include "attention.h"
#include "kith/kernels/kernels.h"
#include "kith/recommend/evidence.h"

namespace kith {
namespace {

/// z = sum over friends of a_uf users_f: who has shown no taste yet is taken for the mean of the friends.
void EncodeByFriends(const Model& model, UserView& view) {
  view.z.assign(model.width(), 0.0F);
  view.item_weights.clear();
  for (std::size_t n = 0; n < view.friends.size(); ++n) {
    if (view.friends[n] >= model.users.rows() || view.friend_weights[n] == 0) continue;
    kernels::Axpy(view.friend_weights[n], model.users.row(view.friends[n]), view.z.data(), model.width());
  }
}

/// z = base_u + sum over items of a_uj message_j, each head weighting its own group of columns.
void EncodeByItems(const Model& model, UserView& view) {
  const std::size_t d = model.width();
  view.z.assign(d, 0.0F);
  view.item_weights.clear();
  if (d == 0) return;
  if (view.user < model.info.num_users) {
    const auto base = model.user_base.row_span(view.user);
    std::copy(base.begin(), base.end(), view.z.begin());
  }
  view.item_weights.resize(view.items.size() * model.heads);
  ItemAttention(model, view.user, view.items, view.item_weights);
  const std::size_t width = d / model.heads;
  for (std::size_t n = 0; n < view.items.size(); ++n) {
    const float* message = model.item_messages.row(view.items[n]);
    for (std::size_t head = 0; head < model.heads; ++head) {
      kernels::Axpy(view.item_weights[n * model.heads + head], message + head * width, view.z.data() + head * width,
                    width);
    }
  }
}

}  // namespace

void WeighFriends(float sharpness, UserView& view) {
  const SocialGraph& graph = *view.graph;
  const Model& model = *view.model;
  view.friend_weights.assign(view.friends.size(), 0.0F);
  view.friends_with_items = 0;
  // The vector of a user without items is made of these weights, and is not there yet.
  const std::size_t d = view.has_items() ? model.width() : 0;
  const float squared = d == 0 ? 0.0F : kernels::Dot(view.z.data(), view.z.data(), d);
  const float inverse_norm = squared > 0 ? 1.0F / std::sqrt(squared) : 0.0F;
  // exp(sharpness (cos - 1)) has the same shares and cannot overflow for a sharpness of either sign within reason:
  // the largest logit is taken out.
  float largest = -INFINITY;
  for (std::size_t n = 0; n < view.friends.size(); ++n) {
    const std::uint32_t other = view.friends[n];
    if (graph.items(UserId{other}).empty()) continue;
    ++view.friends_with_items;
    const bool known = inverse_norm > 0 && other < model.users.rows();
    const float cosine = known ? kernels::Dot(view.z.data(), model.users.row(other), d) * inverse_norm : 0.0F;
    view.friend_weights[n] = sharpness * cosine;
    largest = std::max(largest, view.friend_weights[n]);
  }
  double sum = 0;
  for (std::size_t n = 0; n < view.friends.size(); ++n) {
    const bool has_items = !graph.items(UserId{view.friends[n]}).empty();
    view.friend_weights[n] = has_items ? std::exp(view.friend_weights[n] - largest) : 0.0F;
    sum += view.friend_weights[n];
  }
  if (view.friends_with_items == 0) return;
  for (float& weight : view.friend_weights) weight = static_cast<float>(weight / sum);
}

void FillUserView(const SocialGraph& graph, const Model& model, UserId user, UserView& view) {
  view.graph = &graph;
  view.model = &model;
  view.user = index(user);
  view.items.clear();
  view.seen.clear();
  view.friends.clear();
  if (view.user < graph.num_users()) {
    const auto seen = graph.items(user).targets;
    const auto friends = graph.friends(user).targets;
    view.seen.assign(seen.begin(), seen.end());
    view.friends.assign(friends.begin(), friends.end());
    std::copy_if(seen.begin(), seen.end(), std::back_inserter(view.items),
                 [&](std::uint32_t item) { return item < model.info.num_items && model.item_degrees[item] > 0; });
  }
  if (view.has_items()) EncodeByItems(model, view);
  WeighFriends(model.friend_sharpness, view);
  if (!view.has_items()) EncodeByFriends(model, view);
}

UserView MakeUserView(const SocialGraph& graph, const Model& model, UserId user) {
  UserView view;
  FillUserView(graph, model, user, view);
  return view;
}

}  // namespace kith
