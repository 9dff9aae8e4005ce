#include "readers/core_filter.h"

#include <algorithm>
#include <utility>

namespace kith::tools {

std::uint32_t CoreFilter::Keys::Number(std::string_view key) {
  const auto known = numbers.find(key);
  if (known != numbers.end()) return known->second;
  const auto number = static_cast<std::uint32_t>(keys.size());
  numbers.emplace(keys.emplace_back(key), number);
  return number;
}

void CoreFilter::Add(const Event& interaction) {
  rows_.push_back({.user = users_.Number(interaction.user),
                   .item = items_.Number(interaction.target),
                   .time = interaction.time,
                   .weight = interaction.weight});
}

/// Whether each node (users, then items) is in the k-core.
std::vector<bool> CoreFilter::PeelNodes(std::uint32_t k) const {
  const std::size_t num_users = users_.keys.size(), num_nodes = num_users + items_.keys.size();
  // Both directions of every distinct pair, sorted by source: the adjacency lists, one after another.
  std::vector<std::pair<std::uint32_t, std::uint32_t>> edges;
  edges.reserve(2 * rows_.size());
  for (const Row& row : rows_) {
    const auto item = static_cast<std::uint32_t>(num_users + row.item);
    edges.emplace_back(row.user, item);
    edges.emplace_back(item, row.user);
  }
  std::sort(edges.begin(), edges.end());
  edges.erase(std::unique(edges.begin(), edges.end()), edges.end());
  std::vector<std::size_t> offsets(num_nodes + 1, 0);
  for (const auto& edge : edges) ++offsets[edge.first + 1];
  for (std::size_t node = 0; node < num_nodes; ++node) offsets[node + 1] += offsets[node];

  std::vector<std::size_t> degrees(num_nodes);
  std::vector<bool> kept(num_nodes, true);
  std::vector<std::size_t> leaving;
  for (std::size_t node = 0; node < num_nodes; ++node) {
    degrees[node] = offsets[node + 1] - offsets[node];
    if (degrees[node] < k) {
      kept[node] = false;
      leaving.push_back(node);
    }
  }
  while (!leaving.empty()) {
    const std::size_t node = leaving.back();
    leaving.pop_back();
    for (std::size_t e = offsets[node]; e < offsets[node + 1]; ++e) {
      const std::size_t other = edges[e].second;
      if (kept[other] && --degrees[other] < k) {
        kept[other] = false;
        leaving.push_back(other);
      }
    }
  }
  return kept;
}

Status CoreFilter::Visit(std::uint32_t k, FunctionRef<Status(const Event&)> visit) {
  kept_ = PeelNodes(k);
  left_out_ = 0;
  for (const Row& row : rows_) {
    if (!kept_[row.user] || !kept_[users_.keys.size() + row.item]) {
      ++left_out_;
      continue;
    }
    KITH_RETURN_IF_ERROR(visit(
        {.user = users_.keys[row.user], .target = items_.keys[row.item], .weight = row.weight, .time = row.time}));
  }
  return OkStatus();
}

bool CoreFilter::HasItem(std::string_view item) const {
  const auto known = items_.numbers.find(item);
  return known != items_.numbers.end() && known->second + users_.keys.size() < kept_.size() &&
         kept_[users_.keys.size() + known->second];
}

}  // namespace kith::tools
