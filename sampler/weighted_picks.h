/// Picks in proportion to weights: one alias look a draw, a repeated draw thrown away.
///
/// Throwing repeats away draws one edge after the other in proportion to the weights of those that are left (successive
/// sampling), which is what "weighted without replacement" means here.  A row whose weight is nearly all in fewer edges
/// than are asked for would repeat itself without end: after kTries times the fan-out the rest is drawn by an
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
    std::vector<AliasRows::Row> found;                     ///< the row of each draw
    std::vector<std::pair<double, std::uint32_t>> racers;  ///< arrival time and position
  };

  WeightedPicks(const Runtime& runtime, const SocialGraph& graph, bool with_replacement)
      : rows_(std::make_shared<const std::array<AliasRows, 3>>(std::array<AliasRows, 3>{
            AliasRows(runtime, graph, Relation::kInteracts), AliasRows(runtime, graph, Relation::kInteractedBy),
            AliasRows(runtime, graph, Relation::kTrusts)})),
        with_replacement_(with_replacement) {}

  void Prefetch(Relation relation, std::uint32_t row) const noexcept { RowsOf(relation).Prefetch(row); }

  void Pick(std::span<const RowRequest> requests, std::size_t stride, Space& space, PickedRow* picked) const {
    space.Begin(requests.size(), stride);
    space.found.resize(requests.size());
    for (std::size_t r = 0; r < requests.size(); ++r) {
      const RowRequest& request = requests[r];
      const AliasRows::Row row = RowsOf(request.relation).Find(request.row);
      const auto degree = static_cast<std::uint32_t>(row.targets.size());
      if (degree == 0 || (degree <= request.fanout && !with_replacement_)) {
        picked[r] = {row.targets.data(), nullptr, degree, degree};
        continue;
      }
      const std::size_t draw = space.draws.size();
      picked[r] = {row.targets.data(), space.positions.data() + draw * stride, degree, request.fanout};
      space.found[draw] = row;
      space.draws.push_back({request.words, degree, request.fanout});
    }
    ActiveDraws().independent(space.draws, stride, space.positions.data(), space.taken);
    for (std::size_t d = 0; d < space.draws.size(); ++d) {
      if (space.found[d].columns == nullptr) continue;
      const std::uint32_t* columns = space.positions.data() + d * stride;
      for (std::uint32_t i = 0; i < space.draws[d].keep; ++i) FetchLine(space.found[d].columns + columns[i]);
    }
    for (std::size_t d = 0; d < space.draws.size(); ++d) {
      Settle(space.draws[d], space.found[d], space, space.positions.data() + d * stride);
    }
  }

 private:
  static constexpr std::uint32_t kTries = 8, kFew = 32;
  /// Draws are numbered: columns from 0, coins from here.
  static constexpr std::uint32_t kCoins = 1U << 26;

  [[nodiscard]] const AliasRows& RowsOf(Relation relation) const noexcept {
    return (*rows_)[static_cast<std::size_t>(relation)];
  }
  [[nodiscard]] static std::uint32_t Edge(const RowDraws& draw, const AliasRows::Row& row, std::uint32_t i,
                                          std::uint32_t column) noexcept {
    if (row.columns == nullptr) return column;
    const AliasColumn& entry = row.columns[column];
    return draw.words.word(kCoins + i) < entry.accept ? column : entry.other;
  }

  /// Turns a row's columns into the edges that were drawn.
  void Settle(const RowDraws& draw, const AliasRows::Row& row, Space& space, std::uint32_t* positions) const {
    if (with_replacement_) {
      for (std::uint32_t i = 0; i < draw.keep; ++i) positions[i] = Edge(draw, row, i, positions[i]);
      return;
    }
    const bool few = draw.keep <= kFew;
    if (!few) space.taken.Clear(draw.keep);
    std::uint32_t kept = 0;
    std::uint64_t seen = 0;  // a bit of each edge that was taken; in short rows no two edges share one
    const auto take = [&](std::uint32_t edge) {
      const std::uint64_t bit = std::uint64_t{1} << (edge % 64);
      bool repeated = (seen & bit) != 0;
      seen |= bit;
      if (few) {
        if (repeated && draw.degree > 64) repeated = std::find(positions, positions + kept, edge) != positions + kept;
      } else {
        repeated = !space.taken.Insert(edge);
      }
      positions[kept] = edge;  // counts only if it is new; column `kept` has been read
      kept += repeated ? 0 : 1;
    };
    for (std::uint32_t i = 0; i < draw.keep; ++i) take(Edge(draw, row, i, positions[i]));
    for (std::uint32_t i = draw.keep; kept < draw.keep && i < kTries * draw.keep; ++i) {
      take(Edge(draw, row, i, draw.words.bounded(i, draw.degree)));
    }
    if (kept < draw.keep) Race(draw, row, space, kept, positions);
  }

  /// Fills positions[kept ...] with edges that are not among the first: each arrives after an exponential time of its
  /// weight's rate, and the first to arrive are taken.
  static void Race(const RowDraws& draw, const AliasRows::Row& row, Space& space, std::uint32_t kept,
                   std::uint32_t* positions) {
    space.taken.Clear(kept);
    for (std::uint32_t e = 0; e < kept; ++e) space.taken.Insert(positions[e]);
    space.racers.clear();
    const WordStream arrivals(std::uint64_t{draw.words.high()} << 32 | draw.words.low(), draw.degree);
    for (std::uint32_t edge = 0; edge < draw.degree; ++edge) {
      if (space.taken.Contains(edge)) continue;
      const double uniform = (arrivals.word(edge) + 0.5) * 0x1p-32;
      const double weight = row.weights == nullptr ? 1.0 : static_cast<double>(row.weights[edge]);
      space.racers.emplace_back(-std::log(uniform) / weight, edge);
    }
    const std::uint32_t missing = draw.keep - kept;
    std::partial_sort(space.racers.begin(), space.racers.begin() + missing, space.racers.end());
    for (std::uint32_t m = 0; m < missing; ++m) positions[kept + m] = space.racers[m].second;
  }

  std::shared_ptr<const std::array<AliasRows, 3>> rows_;
  bool with_replacement_;
};

}  // namespace kith
