/// Picks among the edges before a time: uniform, or the most recent.
///
/// Rows stand in the order of time, so the edges before t are a prefix whose end is searched by halving, all rows of a
/// block in lock step, each half fetching the place of the next look, so that their misses overlap; among the last few
/// times those before t are counted.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "draw.h"
#include "fetch.h"
#include "time_rows.h"
#include "uniform_picks.h"

namespace kith {

class TemporalPicks {
 public:
  static constexpr bool kTimed = true;
  struct Space : DrawSpace {
    std::vector<EndSearch> searches;
    std::vector<std::uint32_t> open;  ///< searches among more than a few times
    std::vector<TimeRows::Row> found;
  };

  TemporalPicks(const Runtime& runtime, const SocialGraph& graph, bool most_recent, bool with_replacement)
      : rows_(std::make_shared<const std::array<TimeRows, 3>>(std::array<TimeRows, 3>{
            TimeRows(runtime, graph, Relation::kInteracts), TimeRows(runtime, graph, Relation::kInteractedBy),
            TimeRows(runtime, graph, Relation::kTrusts)})),
        draw_(with_replacement ? ActiveDraws().independent : ActiveDraws().distinct),
        ends_(ActiveDraws().ends),
        most_recent_(most_recent),
        with_replacement_(with_replacement) {}

  void Prefetch(Relation relation, std::uint32_t row) const noexcept { RowsOf(relation).Prefetch(row); }

  void Pick(std::span<const RowRequest> requests, std::size_t stride, Space& space, PickedRow* picked) const {
    space.Begin(requests.size(), stride);
    FindEnds(requests, space);
    for (std::size_t r = 0; r < requests.size(); ++r) {
      const std::uint32_t* targets = space.found[r].targets.data();
      const std::uint32_t eligible = space.searches[r].first, fanout = requests[r].fanout;
      if (eligible == 0 || most_recent_ || (eligible <= fanout && !with_replacement_)) {
        const std::uint32_t keep = std::min(eligible, fanout);
        picked[r] = {targets + (eligible - keep), nullptr, eligible, keep};
        continue;
      }
      picked[r] = {targets, space.positions.data() + space.draws.size() * stride, eligible, fanout};
      space.draws.push_back({requests[r].words, eligible, fanout});
    }
    draw_(space.draws, stride, space.positions.data(), space.taken);
  }

 private:
  [[nodiscard]] const TimeRows& RowsOf(Relation relation) const noexcept {
    return (*rows_)[static_cast<std::size_t>(relation)];
  }

  /// searches[r].first becomes the number of edges of request r's row before its time.
  void FindEnds(std::span<const RowRequest> requests, Space& space) const {
    space.found.resize(requests.size());
    space.searches.resize(requests.size());
    space.open.clear();
    for (std::size_t r = 0; r < requests.size(); ++r) {
      const TimeRows::Row row = RowsOf(requests[r].relation).Find(requests[r].row);
      const auto degree = static_cast<std::uint32_t>(row.targets.size());
      space.found[r] = row;
      if (row.times == nullptr) {
        space.searches[r] = {nullptr, 0, degree, 0};
        continue;
      }
      space.searches[r] = {row.times, requests[r].before, 0, degree};
      if (degree <= kFewTimes) continue;
      FetchLine(row.times + degree / 2);
      space.open.push_back(static_cast<std::uint32_t>(r));
    }
    while (!space.open.empty()) {
      std::size_t still_open = 0;
      for (const std::uint32_t r : space.open) {
        EndSearch& search = space.searches[r];
        const std::uint32_t half = search.size / 2;
        const bool earlier = search.times[search.first + half] < search.before;
        search.first += earlier ? half + 1 : 0;
        search.size = earlier ? search.size - half - 1 : half;
        FetchLine(search.times + search.first + search.size / 2);
        space.open[still_open] = r;
        still_open += search.size > kFewTimes ? 1 : 0;
      }
      space.open.resize(still_open);
    }
    for (const EndSearch& search : space.searches) {
      FetchLine(search.times + search.first);
      FetchLine(search.times + search.first + search.size);
    }
    ends_(space.searches);
  }

  std::shared_ptr<const std::array<TimeRows, 3>> rows_;
  DrawRows draw_;
  CountEnds ends_;
  bool most_recent_, with_replacement_;
};

}  // namespace kith
