#include <algorithm>
#include <string>
#include <tuple>
#include <utility>

#include "kith/base/rng.h"
#include "kith/train/split.h"

namespace kith {
namespace {

/// Draws of a user: 0 rounds the held-out count, from 1 on one an interaction; the cold users' are of another step.
constexpr std::uint64_t kDealStep = 1, kColdStep = 2;

Status CheckShares(const DealOptions& options) {
  if (!(options.ratio > 0 && options.ratio < 1)) {
    return InvalidArgument("split: expected a ratio between 0 and 1, found " + std::to_string(options.ratio));
  }
  if (!(options.cold_users >= 0 && options.cold_users < 1)) {
    return InvalidArgument("split: expected a share of cold users from 0 to less than 1, found " +
                           std::to_string(options.cold_users));
  }
  return OkStatus();
}

/// The places of the interactions, those of one user and item side by side in the order of (time, place).
std::vector<std::uint32_t> GroupedByPair(std::span<const Edge> edges) {
  std::vector<std::uint32_t> order(edges.size());
  for (std::uint32_t e = 0; e < order.size(); ++e) order[e] = e;
  std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
    return std::tuple(edges[a].source, edges[a].target, edges[a].time, a) <
           std::tuple(edges[b].source, edges[b].target, edges[b].time, b);
  });
  return order;
}

/// visit(begin, end) for each run of `order` whose interactions are alike by `same`.
template <class Same, class Visit>
void ForEachRun(const std::vector<std::uint32_t>& order, const Same& same, const Visit& visit) {
  for (std::size_t begin = 0; begin < order.size();) {
    std::size_t end = begin + 1;
    while (end < order.size() && same(order[begin], order[end])) ++end;
    visit(begin, end);
    begin = end;
  }
}

/// The moment before which `ratio` of the interactions came: the time of the first one that is not among them.
std::int64_t MomentOf(std::span<const Edge> edges, double ratio) {
  std::vector<std::int64_t> times;
  times.reserve(edges.size());
  for (const Edge& edge : edges) times.push_back(edge.time);
  const auto place = static_cast<std::ptrdiff_t>(ratio * static_cast<double>(times.size()));
  std::nth_element(times.begin(), times.begin() + place, times.end());
  return times[static_cast<std::size_t>(place)];
}

/// Holds out part of one user's interactions `own`, which are those that count.
void DealUser(std::span<const Edge> edges, std::vector<std::uint32_t>& own, const DealOptions& options,
              std::vector<Part>& parts) {
  if (own.size() < std::max(options.least, 2U)) return;
  const Rng rng(options.seed, Purpose::kSplit, kDealStep, edges[own.front()].source);
  std::size_t held = 1;
  const bool by_time = options.by == SplitBy::kLeaveOneOut &&
                       std::all_of(own.begin(), own.end(), [&](std::uint32_t e) { return edges[e].time != kNoTime; });
  if (options.by == SplitBy::kRatio) {
    const double share = (1 - options.ratio) * static_cast<double>(own.size());
    held = std::min(static_cast<std::size_t>(share + static_cast<double>(rng.uniform(0))), own.size() - 1);
  }
  if (by_time) {
    std::sort(own.begin(), own.end(), [&](std::uint32_t a, std::uint32_t b) {
      return std::pair(edges[a].time, a) > std::pair(edges[b].time, b);
    });
  } else {
    std::vector<std::pair<std::uint32_t, std::uint32_t>> draws;
    for (std::uint32_t i = 0; i < own.size(); ++i) draws.emplace_back(rng.bits(i + 4), own[i]);
    std::sort(draws.begin(), draws.end());
    for (std::size_t i = 0; i < own.size(); ++i) own[i] = draws[i].second;
  }
  for (std::size_t i = 0; i < held; ++i) parts[own[i]] = Part::kTest;
}

}  // namespace

Result<Deal> DealOut(std::span<const Edge> interactions, std::uint32_t num_users, const DealOptions& options) {
  KITH_RETURN_IF_ERROR(CheckShares(options));
  Deal deal;
  deal.parts.assign(interactions.size(), Part::kTrain);
  if (interactions.empty()) return deal;
  const bool by_time = options.by == SplitBy::kTime;
  if (by_time) {
    const auto undated =
        std::count_if(interactions.begin(), interactions.end(), [](const Edge& edge) { return edge.time == kNoTime; });
    if (undated != 0) {
      return InvalidArgument("split by time: " + std::to_string(undated) + " of " +
                             std::to_string(interactions.size()) +
                             " interactions have no time; name the column with --columns time=COL, or split by ratio");
    }
    deal.at = options.at != kNoTime ? options.at : MomentOf(interactions, options.ratio);
  }

  const std::vector<std::uint32_t> order = GroupedByPair(interactions);
  const auto pair_of = [&](std::uint32_t e) { return std::pair(interactions[e].source, interactions[e].target); };
  ForEachRun(
      order, [&](std::uint32_t a, std::uint32_t b) { return pair_of(a) == pair_of(b); },
      [&](std::size_t begin, std::size_t end) {
        std::size_t kept = end - 1;
        if (by_time && interactions[order[begin]].time < deal.at) {
          while (interactions[order[kept]].time >= deal.at) --kept;
        } else if (by_time) {
          deal.parts[order[kept]] = Part::kTest;
        }
        for (std::size_t i = begin; i < end; ++i) {
          if (i != kept) deal.parts[order[i]] = Part::kRepeat;
        }
      });

  std::vector<bool> cold(num_users);
  for (std::uint32_t u = 0; u < num_users; ++u) {
    cold[u] = Rng(options.seed, Purpose::kSplit, kColdStep, u).uniform(0) < static_cast<float>(options.cold_users);
  }
  std::vector<std::uint32_t> own;
  ForEachRun(
      order, [&](std::uint32_t a, std::uint32_t b) { return interactions[a].source == interactions[b].source; },
      [&](std::size_t begin, std::size_t end) {
        own.clear();
        for (std::size_t i = begin; i < end; ++i) {
          if (deal.parts[order[i]] != Part::kRepeat) own.push_back(order[i]);
        }
        if (cold[interactions[order[begin]].source]) {
          for (const std::uint32_t e : own) deal.parts[e] = Part::kCold;
        } else if (!by_time) {
          DealUser(interactions, own, options, deal.parts);
        }
      });
  return deal;
}

}  // namespace kith
