#include "kith/train/evaluator_slices.h"

#include <algorithm>
#include <array>
#include <numeric>

namespace kith {
namespace {

/// First amounts of the slices; the last one is open.
constexpr std::array<std::uint32_t, 7> kItemBounds = {0, 1, 5, 10, 20, 50, 100};
constexpr std::array<std::uint32_t, 5> kFriendBounds = {0, 1, 6, 21, 51};
constexpr std::array<const char*, 4> kGroupNames = {"head", "middle", "tail", "new"};

std::string RangeName(std::span<const std::uint32_t> bounds, std::size_t i) {
  const std::string from = std::to_string(bounds[i]);
  if (i + 1 == bounds.size()) return from + "+";
  const std::uint32_t last = bounds[i + 1] - 1;
  return last == bounds[i] ? from : from + "-" + std::to_string(last);
}

/// Thirds of the interactions, from the most popular item down; ties go to the smaller id.
std::vector<ItemGroup> GroupsByPopularity(const SocialGraph& graph) {
  std::vector<std::uint32_t> degrees(graph.num_items()), order(graph.num_items());
  for (std::uint32_t i = 0; i < graph.num_items(); ++i) degrees[i] = graph.degree(Relation::kInteractedBy, i);
  std::iota(order.begin(), order.end(), 0U);
  std::stable_sort(order.begin(), order.end(),
                   [&](std::uint32_t a, std::uint32_t b) { return degrees[a] > degrees[b]; });
  std::vector<ItemGroup> groups(graph.num_items());
  const std::uint64_t all = graph.num_interactions();
  std::uint64_t before = 0;
  for (const std::uint32_t item : order) {
    groups[item] = degrees[item] == 0     ? ItemGroup::kNew
                   : 3 * before < all     ? ItemGroup::kHead
                   : 3 * before < 2 * all ? ItemGroup::kMiddle
                                          : ItemGroup::kTail;
    before += degrees[item];
  }
  return groups;
}

}  // namespace

Slicer::Slicer(const SocialGraph& graph, const HeldOut& held_out)
    : held_out_(held_out), groups_(GroupsByPopularity(graph)) {
  std::vector<std::uint32_t> items, friends;
  for (const UserId user : held_out.users) {
    items.push_back(static_cast<std::uint32_t>(graph.items(user).size()));
    friends.push_back(static_cast<std::uint32_t>(graph.friends(user).size()));
  }
  AddUserSlices("items", items, kItemBounds);
  if (held_out.unknown_users != 0) {
    slices_.push_back(
        {.by = "items", .name = "not in the store", .users = {}, .unknown_users = held_out.unknown_users});
  }
  if (graph.num_friendships() != 0) AddUserSlices("friends", friends, kFriendBounds);
  AddItemSlices();
}

void Slicer::AddUserSlices(const char* by, std::span<const std::uint32_t> amounts,
                           std::span<const std::uint32_t> bounds) {
  for (std::size_t i = 0; i < bounds.size(); ++i) {
    Slice slice{.by = by, .name = RangeName(bounds, i), .users = {}};
    for (std::uint32_t n = 0; n < amounts.size(); ++n) {
      const bool below_next = i + 1 == bounds.size() || amounts[n] < bounds[i + 1];
      if (amounts[n] >= bounds[i] && below_next) slice.users.push_back(n);
    }
    if (!slice.users.empty()) slices_.push_back(std::move(slice));
  }
}

void Slicer::AddItemSlices() {
  for (std::uint8_t g = 0; g < kGroupNames.size(); ++g) {
    Slice slice{.by = "popularity", .name = kGroupNames[g], .users = {}, .group = static_cast<ItemGroup>(g)};
    for (std::uint32_t n = 0; n < held_out_.users.size(); ++n) {
      if (Relevant(slice, n) != 0) slice.users.push_back(n);
    }
    if (!slice.users.empty()) slices_.push_back(std::move(slice));
  }
}

std::size_t Slicer::Relevant(const Slice& slice, std::size_t n) const noexcept {
  if (slice.group == ItemGroup::kAll) return held_out_.relevant(n);
  const auto& items = held_out_.items[n];
  const auto in_group =
      std::count_if(items.begin(), items.end(), [&](std::uint32_t i) { return groups_[i] == slice.group; });
  return static_cast<std::size_t>(in_group) + (slice.group == ItemGroup::kNew ? held_out_.num_unknown(n) : 0);
}

std::vector<Metrics> Slicer::Of(const Slice& slice, const Evaluation& evaluation, std::uint32_t k) const {
  std::vector<Metrics> metrics;
  std::vector<std::uint32_t> ranks;
  for (const std::uint32_t n : slice.users) {
    ranks.clear();
    for (std::uint64_t h = evaluation.hit_offsets[n]; h < evaluation.hit_offsets[n + 1]; ++h) {
      const Hit& hit = evaluation.hits[h];
      if (slice.group == ItemGroup::kAll || groups_[hit.item] == slice.group) ranks.push_back(hit.rank);
    }
    metrics.push_back(ScoreHits(ranks, Relevant(slice, n), k));
  }
  metrics.resize(metrics.size() + slice.unknown_users, Metrics{.k = k});
  return metrics;
}

}  // namespace kith
