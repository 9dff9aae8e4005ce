/// Picks in proportion to weights: one alias look a draw, a repeated draw thrown away.
///
/// Throwing repeats away draws one edge after the other in proportion to the weights of those that are left (successive
/// sampling), which is what "weighted without replacement" means here.  A row whose weight is nearly all in fewer edges
/// than are asked for would repeat itself without end: after a fixed number of candidates the rest is drawn by an
/// exponential race over the row (Efraimidis and Spirakis, IPL 97(5), 2006), which has the same distribution.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "alias_rows.h"
#include "draw.h"
#include "fetch.h"
#include "uniform_picks.h"

namespace kith {

class WeightedPicks {
 public:
  static constexpr bool kTimed = false;
  struct Space : DrawSpace {
    std::vector<WeightedDraws> weighted;
    std::vector<const float*> weights;  ///< of each weighted draw's row
    std::vector<std::uint32_t> kept;
    std::vector<std::pair<double, std::uint32_t>> racers;  ///< arrival time and position

    void BeginWeighted(std::size_t requests) {
      weighted.clear();
      weights.clear();
      if (weighted.capacity() < requests) weighted.reserve(requests);
      if (weights.capacity() < requests) weights.reserve(requests);
      if (kept.size() < requests) kept.resize(requests);
    }
  };

  WeightedPicks(const Runtime& runtime, const SocialGraph& graph, bool with_replacement)
      : rows_(std::make_shared<const std::array<AliasRows, 3>>(std::array<AliasRows, 3>{
            AliasRows(runtime, graph, Relation::kInteracts), AliasRows(runtime, graph, Relation::kInteractedBy),
            AliasRows(runtime, graph, Relation::kTrusts)})),
        with_replacement_(with_replacement) {}

  void Prefetch(Relation relation, std::uint32_t row) const noexcept { RowsOf(relation).Prefetch(row); }

  void Pick(std::span<const RowRequest> requests, std::size_t stride, Space& space, PickedRow* picked) const {
    space.Begin(requests.size(), stride);
    space.BeginWeighted(requests.size());
    for (std::size_t r = 0; r < requests.size(); ++r) {
      const RowRequest& request = requests[r];
      const AliasRows::Row row = RowsOf(request.relation).Find(request.row);
      const auto degree = static_cast<std::uint32_t>(row.targets.size());
      if (degree == 0 || (degree <= request.fanout && !with_replacement_)) {
        picked[r] = {row.targets.data(), nullptr, degree, degree};
        continue;
      }
      picked[r] = {row.targets.data(), space.positions.data() + space.weighted.size() * stride, degree, request.fanout};
      space.weighted.push_back({request.words, degree, request.fanout, row.columns});
      space.weights.push_back(row.weights);
    }
    FetchColumns(stride, space);
    if (with_replacement_) {
      for (std::size_t d = 0; d < space.weighted.size(); ++d) {
        std::uint32_t* positions = space.positions.data() + d * stride;
        for (std::uint32_t i = 0; i < space.weighted[d].keep; ++i) positions[i] = space.weighted[d].candidate(i);
      }
      return;
    }
    ActiveDraws().weighted(space.weighted, stride, space.positions.data(), space.kept.data(), space.taken);
    for (std::size_t d = 0; d < space.weighted.size(); ++d) {
      if (space.kept[d] < space.weighted[d].keep) [[unlikely]] {
        Race(space.weighted[d], space.weights[d], space, space.kept[d], space.positions.data() + d * stride);
      }
    }
  }

 private:
  [[nodiscard]] const AliasRows& RowsOf(Relation relation) const noexcept {
    return (*rows_)[static_cast<std::size_t>(relation)];
  }

  /// Fetches the columns of the first candidates.
  static void FetchColumns(std::size_t stride, Space& space) {
    for (const WeightedDraws& row : space.weighted) {
      space.draws.push_back({row.words, row.degree, std::min(row.fetched(), static_cast<std::uint32_t>(stride))});
    }
    ActiveDraws().independent(space.draws, stride, space.positions.data(), space.taken);
    for (std::size_t d = 0; d < space.weighted.size(); ++d) {
      if (space.weighted[d].columns == nullptr) continue;
      const std::uint32_t* columns = space.positions.data() + d * stride;
      for (std::uint32_t i = 0; i < space.draws[d].keep; ++i) FetchLine(space.weighted[d].columns + columns[i]);
    }
  }

  /// Fills positions[kept ...] with edges that are not among the first: each arrives after an exponential time of its
  /// weight's rate, and the first to arrive are taken.
  static void Race(const WeightedDraws& row, const float* weights, Space& space, std::uint32_t kept,
                   std::uint32_t* positions) {
    space.taken.Clear(kept);
    for (std::uint32_t e = 0; e < kept; ++e) space.taken.Insert(positions[e]);
    space.racers.clear();
    const WordStream arrivals(std::uint64_t{row.words.high()} << 32 | row.words.low(), row.degree);
    for (std::uint32_t edge = 0; edge < row.degree; ++edge) {
      if (space.taken.Contains(edge)) continue;
      const double uniform = (arrivals.word(edge) + 0.5) * 0x1p-32;
      const double weight = weights == nullptr ? 1.0 : static_cast<double>(weights[edge]);
      space.racers.emplace_back(-std::log(uniform) / weight, edge);
    }
    const std::uint32_t missing = row.keep - kept;
    std::partial_sort(space.racers.begin(), space.racers.begin() + missing, space.racers.end());
    for (std::uint32_t m = 0; m < missing; ++m) positions[kept + m] = space.racers[m].second;
  }

  std::shared_ptr<const std::array<AliasRows, 3>> rows_;
  bool with_replacement_;
};

}  // namespace kith
