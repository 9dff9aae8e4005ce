/// A relation's rows in the order of time, so that "before t" is a prefix.
///
/// Edges of one time stand in the order of their targets; edges without a time are older than all others.
/// Rows of the overlay have copies of their own, made here too.   Cost: 12 bytes an edge; O(edges log degree) to make.
#pragma once

#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "kith/base/buffer.h"
#include "kith/base/parallel.h"
#include "rows.h"

namespace kith {

class TimeRows {
 public:
  struct Row {
    std::span<const std::uint32_t> targets = {};  ///< oldest first
    const std::int64_t* times = nullptr;          ///< of the targets, ascending; null: all are without a time
  };

  TimeRows(const Runtime& runtime, const SocialGraph& graph, Relation relation);

  void Prefetch(std::uint32_t row) const noexcept { source_.Prefetch(row); }
  [[nodiscard]] Row Find(std::uint32_t row) const noexcept {
    if (!overlay_.empty()) {
      if (const auto found = overlay_.find(row); found != overlay_.end()) {
        return {found->second.targets, found->second.times.data()};
      }
    }
    const Csr& csr = source_.frozen();
    if (row >= csr.num_rows()) return {};
    if (times_.empty()) return {csr.neighbors(row), nullptr};
    const std::size_t begin = csr.offsets()[row];
    return {targets_.span().subspan(begin, csr.degree(row)), times_.data() + begin};
  }

 private:
  struct LiveRow {
    std::vector<std::uint32_t> targets;
    std::vector<std::int64_t> times;
  };
  RowSource source_;
  AlignedBuffer<std::uint32_t> targets_;  ///< [E] of the frozen rows, or empty
  AlignedBuffer<std::int64_t> times_;
  std::unordered_map<std::uint32_t, LiveRow> overlay_;
};

}  // namespace kith
