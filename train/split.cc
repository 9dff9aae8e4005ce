#include "kith/train/split.h"

#include <algorithm>
#include <functional>
#include <string>
#include <tuple>
#include <vector>

#include "kith/base/rng.h"

namespace kith {
namespace {

/// How many of `n` items are held out: n * ratio, the fraction decided by chance, never all of them.
std::size_t HeldOutCount(const Rng& rng, std::size_t n, const SplitOptions& options) {
  if (n < options.least) return 0;
  const double share = static_cast<double>(n) * options.ratio;
  return std::min(static_cast<std::size_t>(share + static_cast<double>(rng.uniform(0))), n - 1);
}

}  // namespace

bool HasHistory(const SocialGraph& graph) {
  std::size_t asked = 0, ordered = 0;
  for (std::uint32_t u = 0; u < graph.num_users(); ++u) {
    const auto times = graph.items(UserId{u}).times;
    if (graph.items(UserId{u}).size() < 2) continue;
    ++asked;
    if (times.empty() || std::find(times.begin(), times.end(), kNoTime) != times.end()) continue;
    ordered += std::adjacent_find(times.begin(), times.end(), std::not_equal_to<>()) != times.end() ? 1 : 0;
  }
  return asked != 0 && 10 * ordered >= 9 * asked;
}

Result<Split> HoldOut(const Runtime& runtime, const SocialGraph& graph, const SplitOptions& options) {
  if (!(options.ratio > 0.0 && options.ratio < 1.0)) {
    return InvalidArgument("split: expected a ratio between 0 and 1, found " + std::to_string(options.ratio));
  }
  Split split;
  split.latest = options.by_time && HasHistory(graph);
  std::vector<Edge> kept;
  kept.reserve(graph.num_interactions());
  std::vector<std::tuple<std::int64_t, std::uint32_t, std::size_t>> draws;  // (earliness, random key, place in the row)
  for (std::uint32_t u = 0; u < graph.num_users(); ++u) {
    const Neighbors row = graph.items(UserId{u});
    const Rng rng(options.seed, Purpose::kSplit, 0, u);
    const std::size_t held = HeldOutCount(rng, row.size(), options);
    draws.clear();
    for (std::size_t i = 0; i < row.size(); ++i) {
      draws.emplace_back(split.latest ? -row.time(i) : 0, rng.bits(static_cast<std::uint32_t>(i) + 1), i);
    }
    std::sort(draws.begin(), draws.end());
    std::vector<std::uint32_t> items;
    for (std::size_t i = 0; i < held; ++i) items.push_back(row.targets[std::get<2>(draws[i])]);
    std::sort(items.begin(), items.end());
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (!std::binary_search(items.begin(), items.end(), row.targets[i])) {
        kept.push_back({u, row.targets[i], row.weight(i), row.time(i)});
      }
    }
    if (held != 0) {
      split.held_out.users.push_back(UserId{u});
      split.held_out.items.push_back(std::move(items));
    }
  }
  KITH_ASSIGN_OR_RETURN(split.graph,
                        SocialGraph::Build(runtime, graph.num_users(), graph.num_items(), kept,
                                           graph.Edges(Relation::kTrusts), graph.store_id(), graph.log_sequence()));
  return split;
}

}  // namespace kith
