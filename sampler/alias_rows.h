/// Alias tables of a relation's weighted rows: an edge in proportion to its weight by one look.
///
/// Walker 1977, in Vose's construction (IEEE TSE 17(9), 1991): column c of a row of n edges is taken by edge c with
/// probability accept / 2^32 and else by edge `other`; a draw takes a column and a coin.  Columns stand in the order of
/// the edges, so the row's offset leads to both.
/// Rows of the overlay have tables of their own, made here too.   Cost: 8 bytes an edge; O(edges) to make.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "kith/base/buffer.h"
#include "kith/base/parallel.h"
#include "kith/sampler/alias_column.h"
#include "rows.h"

namespace kith {

/// The columns of one row, out[c] for weights[c].  REQUIRES: weights finite and at least 0, one of them above.
class AliasBuilder {
 public:
  void Build(std::span<const float> weights, AliasColumn* out);

 private:
  std::vector<double> share_;
  std::vector<std::uint32_t> small_, large_;
};

class AliasRows {
 public:
  struct Row {
    std::span<const std::uint32_t> targets = {};
    const AliasColumn* columns = nullptr;  ///< null: all edges weigh the same
    const float* weights = nullptr;
  };

  AliasRows(const Runtime& runtime, const SocialGraph& graph, Relation relation);

  void Prefetch(std::uint32_t row) const noexcept { source_.Prefetch(row); }
  [[nodiscard]] Row Find(std::uint32_t row) const noexcept {
    if (!overlay_.empty()) {
      if (const auto found = overlay_.find(row); found != overlay_.end()) return found->second.row;
    }
    if (row >= source_.frozen().num_rows()) return {};
    const std::span<const std::uint32_t> targets = source_.frozen().neighbors(row);
    if (columns_.empty()) return {targets, nullptr, nullptr};
    const std::size_t begin = source_.frozen().offsets()[row];
    return {targets, columns_.data() + begin, source_.frozen().weights().data() + begin};
  }

 private:
  struct LiveRow {
    Row row;
    std::vector<AliasColumn> columns;
  };
  RowSource source_;
  AlignedBuffer<AliasColumn> columns_;  ///< [E] of the frozen rows, or empty
  std::unordered_map<std::uint32_t, LiveRow> overlay_;
};

}  // namespace kith
