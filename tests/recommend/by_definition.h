/// The scores of docs/model.md written out in double, term by term, from graph and model alone: the second way.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "kith/graph/social_graph.h"
#include "kith/recommend/model.h"

namespace kith::testing {

struct Definition {
  const SocialGraph& graph;
  const Model& model;

  /// Items of the model, then those that are later.
  [[nodiscard]] std::size_t NumItems() const { return std::max(model.info.num_items, graph.num_items()); }
  [[nodiscard]] std::vector<std::uint32_t> Live(std::uint32_t user) const {
    if (user >= graph.num_users()) return {};
    const auto items = graph.items(UserId{user}).targets;
    return {items.begin(), items.end()};
  }
  /// The user's own items that the model has edges for.
  [[nodiscard]] std::vector<std::uint32_t> Own(std::uint32_t user) const {
    std::vector<std::uint32_t> items = Live(user);
    std::erase_if(items,
                  [&](std::uint32_t item) { return item >= model.info.num_items || model.item_degrees[item] == 0; });
    return items;
  }
  [[nodiscard]] double Query(std::uint32_t user, std::size_t column) const {
    return user < model.info.num_users ? model.user_queries(user, column) : 0.0;
  }
  [[nodiscard]] double Leaky(double x) const { return x > 0 ? x : model.leaky_slope * x; }

  /// a_uj of one head for every own item.
  [[nodiscard]] std::vector<double> Attention(std::uint32_t user, std::size_t head) const {
    const std::vector<std::uint32_t> own = Own(user);
    std::vector<double> weights;
    for (const std::uint32_t item : own) {
      const double degree = std::max(1U, model.item_degrees[item]);
      const double norm = model.message_scale / std::sqrt(static_cast<double>(own.size())) / std::sqrt(degree);
      switch (model.rule) {
        case AttentionRule::kDegree:
          weights.push_back(norm);
          break;
        case AttentionRule::kMean:
          weights.push_back(model.message_scale / static_cast<double>(own.size()));
          break;
        case AttentionRule::kHouse: {
          const double bias = Query(user, 0) + model.item_keys(item, 0);
          weights.push_back(norm * std::exp(std::min(3.0, std::max(-3.0, bias))));
          break;
        }
        case AttentionRule::kGat:
          weights.push_back(std::exp(Leaky(Query(user, head) + model.item_keys(item, head))));
          break;
        case AttentionRule::kGatv2: {
          double logit = 0;
          const std::size_t width = model.width() / model.heads;
          for (std::size_t c = head * width; c < (head + 1) * width; ++c) {
            logit += model.attention(head, c - head * width) * Leaky(Query(user, c) + model.item_keys(item, c));
          }
          weights.push_back(std::exp(logit));
          break;
        }
      }
    }
    if (model.rule == AttentionRule::kGat || model.rule == AttentionRule::kGatv2) {
      double sum = 0;
      for (const double weight : weights) sum += weight;
      for (double& weight : weights) weight /= sum;
    }
    return weights;
  }

  [[nodiscard]] std::vector<double> Vector(std::uint32_t user) const {
    const std::size_t d = model.width();
    std::vector<double> z(d, 0.0);
    const std::vector<std::uint32_t> own = Own(user);
    for (std::size_t c = 0; c < d; ++c) {
      if (user < model.info.num_users) z[c] = model.user_base(user, c);
      const std::vector<double> weights = Attention(user, c / (d / model.heads));
      for (std::size_t n = 0; n < own.size(); ++n) z[c] += weights[n] * model.item_messages(own[n], c);
    }
    return z;
  }

  [[nodiscard]] std::vector<double> Learned(std::uint32_t user) const {
    const std::vector<double> z = Vector(user);
    std::vector<double> raw(model.info.num_items, 0.0);
    double mean = 0, square = 0;
    for (std::size_t i = 0; i < raw.size(); ++i) {
      for (std::size_t c = 0; c < z.size(); ++c) raw[i] += z[c] * model.items(i, c);
      mean += raw[i] / static_cast<double>(raw.size());
    }
    for (const double value : raw) square += (value - mean) * (value - mean);
    const double deviation = std::sqrt(square / static_cast<double>(raw.size()));
    raw.resize(NumItems(), 0.0);  // a later item has a row of zeros, outside the moments
    for (double& value : raw) value = deviation > 1e-12 ? (value - mean) / deviation : 0.0;
    return raw;
  }

  [[nodiscard]] std::vector<double> Kernel(std::uint32_t user) const {
    std::vector<double> scores(model.info.num_items, 0.0);
    const auto damping = [&](std::uint32_t item) {
      return std::pow(std::max(1U, model.item_degrees[item]), model.kernel_degree_exponent);
    };
    for (const std::uint32_t own : Own(user)) {
      for (std::size_t e = model.kernel.offsets[own]; e < model.kernel.offsets[own + 1]; ++e) {
        const std::uint32_t target = model.kernel.targets[e];
        scores[target] += damping(target) / damping(own) * model.kernel.values[e];
      }
    }
    double mean = 0, square = 0;
    for (const double score : scores) mean += score / static_cast<double>(scores.size());
    for (const double score : scores) square += (score - mean) * (score - mean);
    const double deviation = std::sqrt(square / static_cast<double>(scores.size()));
    for (double& score : scores) score = deviation > 1e-12 ? score / deviation : 0.0;
    scores.resize(NumItems(), 0.0);
    return scores;
  }

  /// a_uf of every friend, 0 for friends without items.
  [[nodiscard]] std::vector<double> FriendAttention(std::uint32_t user) const {
    const auto friends = graph.friends(UserId{user}).targets;
    const std::vector<double> z = Vector(user);
    double norm = 0, sum = 0;
    for (const double value : z) norm += value * value;
    std::vector<double> weights;
    for (const std::uint32_t other : friends) {
      double cosine = 0;
      if (other < model.info.num_users && norm > 0) {
        for (std::size_t c = 0; c < z.size(); ++c) cosine += z[c] / std::sqrt(norm) * model.users(other, c);
      }
      weights.push_back(Live(other).empty() ? 0.0 : std::exp(model.friend_sharpness * cosine));
      sum += weights.back();
    }
    for (double& weight : weights) weight = sum > 0 ? weight / sum : 0.0;
    return weights;
  }

  [[nodiscard]] std::vector<double> Friends(std::uint32_t user) const {
    std::vector<double> scores(NumItems(), 0.0);
    const auto friends = graph.friends(UserId{user}).targets;
    const std::vector<double> weights = FriendAttention(user);
    double with_items = 0;
    for (const std::uint32_t other : friends) with_items += Live(other).empty() ? 0 : 1;
    for (std::size_t n = 0; n < friends.size(); ++n) {
      const std::vector<std::uint32_t> items = Live(friends[n]);
      for (const std::uint32_t item : items) {
        scores[item] += std::sqrt(with_items) * weights[n] / std::sqrt(static_cast<double>(items.size()));
      }
    }
    return scores;
  }

  /// The gated sum; popularity alone for a user without any edge.
  [[nodiscard]] std::vector<double> Score(std::uint32_t user) const {
    std::vector<double> scores(NumItems(), 0.0);
    const auto add = [&](double gate, const std::vector<double>& term) {
      for (std::size_t i = 0; i < scores.size(); ++i) scores[i] += gate * term[i];
    };
    std::vector<double> popular;
    for (const std::uint32_t degree : model.item_degrees) popular.push_back(std::log(1.0 + degree));
    popular.resize(NumItems(), 0.0);
    const bool edges =
        user < graph.num_users() && (!graph.items(UserId{user}).empty() || !graph.friends(UserId{user}).empty());
    if (!edges) return popular;
    const Gates& gates = model.gates;
    if (Own(user).empty()) {
      add(gates.cold_friends, Friends(user));
      add(gates.cold_popular, popular);
      return scores;
    }
    if (model.width() > 0) add(gates.learned, Learned(user));
    if (!model.kernel.empty()) add(gates.kernel, Kernel(user));
    add(gates.friends, Friends(user));
    add(gates.popular, popular);
    return scores;
  }
};

}  // namespace kith::testing
