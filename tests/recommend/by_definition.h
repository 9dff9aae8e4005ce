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
    if (own.empty()) {
      const std::vector<double> weights = FriendAttention(user);
      for (std::size_t n = 0; n < weights.size(); ++n) {
        const std::uint32_t other = graph.friends(UserId{user}).targets[n];
        for (std::size_t c = 0; c < d && other < model.info.num_users; ++c) z[c] += weights[n] * model.users(other, c);
      }
      return z;
    }
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

  [[nodiscard]] static double StandardDeviation(const std::vector<double>& values) {
    double mean = 0, square = 0;
    for (const double value : values) mean += value / static_cast<double>(values.size());
    for (const double value : values) square += (value - mean) * (value - mean);
    return std::sqrt(square / static_cast<double>(values.size()));
  }
  [[nodiscard]] static double Root(double t) {
    return t < 0 ? -2 * (std::sqrt(1 - t) - 1) : 2 * (std::sqrt(1 + t) - 1);
  }

  /// phi(u, j) of kernel_attention.h.
  [[nodiscard]] std::vector<double> Keys(std::uint32_t user, std::uint32_t item,
                                         const std::vector<double>& plain) const {
    const std::vector<double> z = Vector(user);
    const std::vector<std::uint32_t> own = Own(user);
    double norm = 0, cosine = 0, mean = 0, sum = 0, top = 0;
    for (const double value : z) norm += value * value;
    for (std::size_t c = 0; c < z.size() && norm > 0; ++c) cosine += z[c] * model.items(item, c) / std::sqrt(norm);
    for (const std::uint32_t other : own) mean += std::max(0.0, plain[other]) / static_cast<double>(own.size());
    const double coherence = std::log(0.3 + (mean > 0 ? std::max(0.0, plain[item]) / mean : 0.0));
    std::vector<double> row;
    for (std::size_t e = model.kernel.offsets[item]; e < model.kernel.offsets[item + 1]; ++e) {
      row.push_back(std::abs(model.kernel.values[e]) *
                    std::pow(std::max(1U, model.item_degrees[model.kernel.targets[e]]), model.kernel_degree_exponent));
    }
    std::sort(row.rbegin(), row.rend());
    for (std::size_t n = 0; n < row.size(); ++n) sum += row[n], top += n < 8 ? row[n] : 0;
    const double items = std::log(static_cast<double>(own.size())) - 3;
    const double degree = std::log(static_cast<double>(std::max(1U, model.item_degrees[item]))) - 3;
    return {cosine,
            cosine * items,
            coherence,
            coherence * items,
            0.3 * degree * degree,
            (sum > 0 ? std::log(top / sum) : 0.0) + 1.5,
            degree};
  }

  [[nodiscard]] std::vector<double> Kernel(std::uint32_t user) const {
    std::vector<double> plain;
    const auto damping = [&](std::uint32_t item) {
      return std::pow(std::max(1U, model.item_degrees[item]), model.kernel_degree_exponent);
    };
    const std::vector<std::uint32_t> own = Own(user);
    const auto aggregate = [&](const std::vector<double>& attention) {
      std::vector<double> sums(model.info.num_items, 0.0);
      for (std::size_t n = 0; n < own.size(); ++n) {
        for (std::size_t e = model.kernel.offsets[own[n]]; e < model.kernel.offsets[own[n] + 1]; ++e) {
          sums[model.kernel.targets[e]] += damping(model.kernel.targets[e]) * attention[n] * model.kernel.values[e];
        }
      }
      return sums;
    };
    std::vector<double> attention;
    double before = 0, after = 0;
    for (const std::uint32_t item : own) attention.push_back(1 / damping(item));
    plain = aggregate(attention);
    for (std::size_t n = 0; n < own.size(); ++n) {
      const std::vector<double> keys = Keys(user, own[n], plain);
      double logit = 0;
      for (std::size_t k = 0; k < keys.size(); ++k) logit += model.kernel_attention[k] * keys[k];
      before += attention[n];
      after += attention[n] *= std::exp(logit);
    }
    for (double& weight : attention) weight *= before / after;
    std::vector<double> scores = aggregate(attention);
    const double deviation = StandardDeviation(plain);
    for (double& score : scores) score = deviation > 1e-12 ? Root(score / deviation) : 0.0;
    scores.resize(NumItems(), 0.0);
    return scores;
  }

  [[nodiscard]] std::vector<double> Neighbours(std::uint32_t user) const {
    std::vector<std::pair<double, std::uint32_t>> similar;
    const std::vector<std::uint32_t> own = Own(user);
    for (std::uint32_t other = 0; other < graph.num_users(); ++other) {
      if (other == user) continue;
      double overlap = 0;
      for (const std::uint32_t item : Live(other)) {
        if (std::find(own.begin(), own.end(), item) != own.end())
          overlap += 1 / std::sqrt(1.0 + model.item_degrees[item]);
      }
      if (overlap > 0) similar.emplace_back(-overlap / std::sqrt(static_cast<double>(Live(other).size())), other);
    }
    std::sort(similar.begin(), similar.end());
    if (similar.size() > 200) similar.resize(200);
    std::vector<double> scores(NumItems(), 0.0);
    for (const auto& [similarity, other] : similar) {
      for (const std::uint32_t item : Live(other)) {
        scores[item] -= similarity / std::sqrt(static_cast<double>(Live(other).size()));
      }
    }
    const double deviation = StandardDeviation({scores.begin(), scores.begin() + model.info.num_items});
    for (double& score : scores) score = deviation > 1e-12 ? Root(score / deviation) : 0.0;
    return scores;
  }

  /// a_uf of every friend, 0 for friends without items; alike where the user has no items.
  [[nodiscard]] std::vector<double> FriendAttention(std::uint32_t user) const {
    const auto friends = graph.friends(UserId{user}).targets;
    // Without items nobody is closer, and the vector is made of these weights.
    const std::vector<double> z = Own(user).empty() ? std::vector<double>(model.width(), 0.0) : Vector(user);
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

  /// Two steps of a walk over friendships that does not come back: who is met with which chance, times the friends.
  [[nodiscard]] std::vector<double> FriendsOfFriends(std::uint32_t user) const {
    std::vector<double> scores(NumItems(), 0.0);
    const auto friends = graph.friends(UserId{user}).targets;
    std::vector<std::pair<double, std::uint32_t>> met;
    for (std::uint32_t other = 0; other < graph.num_users(); ++other) {
      double closeness = 0;
      for (const std::uint32_t between : friends) {
        const auto theirs = graph.friends(UserId{between}).targets;
        if (std::find(theirs.begin(), theirs.end(), other) != theirs.end()) {
          closeness += 1.0 / static_cast<double>(theirs.size());
        }
      }
      if (closeness > 0 && other != user && !Live(other).empty()) met.emplace_back(-closeness, other);
    }
    std::sort(met.begin(), met.end());
    if (met.size() > 300) met.resize(300);
    for (const auto& [closeness, other] : met) {
      const std::vector<std::uint32_t> items = Live(other);
      for (const std::uint32_t item : items) {
        scores[item] -= closeness / std::sqrt(static_cast<double>(friends.size()) * static_cast<double>(items.size()));
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
      if (model.width() > 0) add(gates.cold_learned, Learned(user));
      add(gates.cold_friends, Friends(user));
      add(gates.cold_friends_of_friends, FriendsOfFriends(user));
      add(gates.cold_popular, popular);
      return scores;
    }
    if (model.width() > 0) add(gates.learned, Learned(user));
    if (!model.kernel.empty()) add(gates.kernel, Kernel(user));
    add(gates.neighbours, Neighbours(user));
    const auto friends = graph.friends(UserId{user}).targets;
    const auto with_items = std::count_if(friends.begin(), friends.end(), [&](auto f) { return !Live(f).empty(); });
    add(gates.friends * std::pow((1.0 + static_cast<double>(with_items)) / std::exp(2.0), gates.friends_slope),
        Friends(user));
    add(gates.friends_of_friends, FriendsOfFriends(user));
    add(gates.popular * std::pow((1.0 + static_cast<double>(Own(user).size())) / std::exp(3.0), gates.popular_slope),
        popular);
    return scores;
  }
};

}  // namespace kith::testing
