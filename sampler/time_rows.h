/// A relation's rows in the order of time, so that "before t" is a prefix.
///
/// Edges of one time stand in the order of their targets; edges without a time are older than all others.
/// Times are codes of 32 bits (time_codes.h).  Every sixteenth of the array, whichever row it is of, stands in `marks`
/// too: among those that lie in a row a search finds the one line of times that the row's prefix ends in.
/// Rows of the overlay have copies of their own, made here too.   Cost: 8.25 bytes an edge; O(edges log degree) to
/// make.
#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "kith/base/buffer.h"
#include "kith/base/parallel.h"
#include "rows.h"
#include "time_codes.h"

namespace kith {

class TimeRows {
 public:
  static constexpr std::uint32_t kMarkEvery = 16;

  struct Row {
    const std::uint32_t* targets = nullptr;  ///< [degree], oldest first
    const std::uint32_t* times = nullptr;    ///< the row's are times[begin ..], ascending; null: all are without a time
    const std::uint32_t* marks = nullptr;    ///< marks[m] = times[m * kMarkEvery]
    std::uint32_t begin = 0, degree = 0;
  };

  TimeRows(const Runtime& runtime, const SocialGraph& graph, Relation relation, const TimeCodes& codes);

  void Prefetch(std::uint32_t row) const noexcept { source_.Prefetch(row); }
  [[nodiscard]] Row Find(std::uint32_t row) const noexcept {
    if (!overlay_.empty()) {
      if (const auto found = overlay_.find(row); found != overlay_.end()) {
        const LiveRow& live = found->second;
        return {live.targets.data(), live.times.data(), live.marks.data(), 0,
                static_cast<std::uint32_t>(live.targets.size())};
      }
    }
    const Csr& csr = source_.frozen();
    if (row >= csr.num_rows()) return {};
    const CsrOffset begin = csr.offsets()[row];
    if (times_.empty()) return {csr.targets().data() + begin, nullptr, nullptr, begin, csr.degree(row)};
    return {targets_.data() + begin, times_.data(), marks_.data(), begin, csr.degree(row)};
  }

 private:
  struct LiveRow {
    std::vector<std::uint32_t> targets, times, marks;
  };
  RowSource source_;
  AlignedBuffer<std::uint32_t> targets_, times_;  ///< [E] of the frozen rows, or empty
  AlignedBuffer<std::uint32_t> marks_;            ///< [E / kMarkEvery], rounded up
  std::unordered_map<std::uint32_t, LiveRow> overlay_;
};

/// Of all times that rows of these three relations may have: kInteracts, kInteractedBy, kTrusts.
[[nodiscard]] TimeCodes TimeCodesOf(const SocialGraph& graph);

}  // namespace kith
