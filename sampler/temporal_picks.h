/// Picks among the edges before a time: uniform, or the most recent.
///
/// Rows stand in the order of time, so the edges before t are a prefix.  A short row's times are counted, all at once;
/// in a longer row those times that are marks are counted first, which tells the line that the prefix ends in.  Where a
/// row has more than a few marks these are halved before, all rows of a block in lock step.  Each look fetches what the
/// next one reads, so that the rows' misses overlap.
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
    std::vector<std::uint32_t> before;  ///< codes of the batch's seed times
    std::vector<TimeRows::Row> found;
    std::vector<EndSearch> searches;    ///< of the requests: among all times of a row, or among its marks
    std::vector<std::uint32_t> open;    ///< searches among more than a few marks
    std::vector<std::uint32_t> marked;  ///< searches among marks
    std::vector<EndSearch> lines;       ///< then of these: among the times of one line
  };

  TemporalPicks(const Runtime& runtime, const SocialGraph& graph, bool most_recent, bool with_replacement)
      : rows_(std::make_shared<const Rows>(runtime, graph)),
        draw_(with_replacement ? ActiveDraws().independent : ActiveDraws().distinct),
        ends_(ActiveDraws().ends),
        most_recent_(most_recent),
        with_replacement_(with_replacement) {}

  void Prefetch(Relation relation, std::uint32_t row) const noexcept { RowsOf(relation).Prefetch(row); }

  /// `times`: what requests name by number.
  void BeginBatch(std::span<const std::int64_t> times, Space& space) const {
    space.before.clear();
    if (space.before.capacity() < times.size()) space.before.reserve(times.size());
    for (const std::int64_t time : times) space.before.push_back(rows_->codes.Code(time));
  }

  void Pick(std::span<const RowRequest> requests, std::size_t stride, Space& space, PickedRow* picked) const {
    space.Begin(requests.size(), stride);
    FindEnds(requests, space);
    for (std::size_t r = 0; r < requests.size(); ++r) {
      const std::uint32_t* targets = space.found[r].targets;
      const std::uint32_t eligible = space.searches[r].first - space.found[r].begin, fanout = requests[r].fanout;
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
  struct Rows {
    Rows(const Runtime& runtime, const SocialGraph& graph)
        : codes(TimeCodesOf(graph)),
          relations{TimeRows(runtime, graph, Relation::kInteracts, codes),
                    TimeRows(runtime, graph, Relation::kInteractedBy, codes),
                    TimeRows(runtime, graph, Relation::kTrusts, codes)} {}
    TimeCodes codes;
    std::array<TimeRows, 3> relations;
  };

  [[nodiscard]] const TimeRows& RowsOf(Relation relation) const noexcept {
    return rows_->relations[static_cast<std::size_t>(relation)];
  }

  /// searches[r].first becomes the place of the first edge of request r's row that is not before its time.
  void FindEnds(std::span<const RowRequest> requests, Space& space) const {
    BeginSearches(requests, space);
    HalveMarks(space);
    ends_(space.searches);
    // A mark that is earlier begins a line that has the end, or lines before it.
    space.lines.clear();
    for (const std::uint32_t r : space.marked) {
      const TimeRows::Row& row = space.found[r];
      const std::uint32_t line = (space.searches[r].first - 1) * TimeRows::kMarkEvery;
      const std::uint32_t first = std::max(line, row.begin);
      const std::uint32_t end = std::min(line + TimeRows::kMarkEvery, row.begin + row.degree);
      FetchLine(row.times + first);
      space.lines.push_back({row.times, space.searches[r].before, first, end - first});
    }
    ends_(space.lines);
    for (std::size_t m = 0; m < space.marked.size(); ++m) space.searches[space.marked[m]].first = space.lines[m].first;
  }

  void BeginSearches(std::span<const RowRequest> requests, Space& space) const {
    space.found.resize(requests.size());
    space.searches.resize(requests.size());
    space.marked.resize(requests.size());
    space.open.clear();
    std::size_t marked = 0;
    for (std::size_t r = 0; r < requests.size(); ++r) {
      const TimeRows::Row row = RowsOf(requests[r].relation).Find(requests[r].row);
      space.found[r] = row;
      if (row.times == nullptr || row.degree == 0) {
        space.searches[r] = {nullptr, 0, row.begin + row.degree, 0};
        continue;
      }
      // Whether a row is long cannot be foreseen: no branch.
      const bool is_long = row.degree > kFewTimes;
      const std::uint32_t last = row.begin + row.degree - 1;
      const std::uint32_t* const places = is_long ? row.marks : row.times;
      const std::uint32_t first_place = is_long ? row.begin / TimeRows::kMarkEvery + 1 : row.begin;
      const std::uint32_t last_place = is_long ? last / TimeRows::kMarkEvery : last;
      const std::uint32_t size = last_place - first_place + 1;
      space.searches[r] = {places, space.before[requests[r].time], first_place, size};
      space.marked[marked] = static_cast<std::uint32_t>(r);
      marked += is_long ? 1 : 0;
      if (size <= kFewTimes) {
        FetchLine(places + first_place);
        FetchLine(places + last_place);
      } else {
        FetchLine(places + first_place + size / 2);
        space.open.push_back(static_cast<std::uint32_t>(r));
      }
    }
    space.marked.resize(marked);
  }

  static void HalveMarks(Space& space) {
    while (!space.open.empty()) {
      std::size_t still_open = 0;
      for (const std::uint32_t r : space.open) {
        EndSearch& search = space.searches[r];
        const std::uint32_t half = search.size / 2;
        const bool earlier = search.times[search.first + half] < search.before;
        search.first += earlier ? half + 1 : 0;
        search.size = earlier ? search.size - half - 1 : half;
        const bool is_open = search.size > kFewTimes;
        // Halved on, or counted: then the line of the last mark may be another one.
        FetchLine(search.times + search.first + (is_open ? search.size / 2 : 0));
        FetchLine(search.times + search.first + (is_open ? search.size / 2 : search.size));
        space.open[still_open] = r;
        still_open += is_open ? 1 : 0;
      }
      space.open.resize(still_open);
    }
  }

  std::shared_ptr<const Rows> rows_;
  DrawRows draw_;
  CountEnds ends_;
  bool most_recent_, with_replacement_;
};

}  // namespace kith
