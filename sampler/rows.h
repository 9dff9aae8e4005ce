/// Rows of the relations as the pipeline reads them: a look at frozen arrays, prefetched some time before.
///
/// A graph without overlay is read without asking; otherwise a row pays the look at one bit that SocialGraph takes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <utility>

#include "fetch.h"
#include "kith/base/rng.h"
#include "kith/graph/social_graph.h"

namespace kith {

/// A row to draw from, for one destination of a hop.
struct RowRequest {
  WordStream words;
  std::uint32_t row;
  std::uint32_t fanout;
  std::uint32_t destination;
  std::uint32_t first_target;  ///< node number of the relation's target 0
  std::uint32_t time;          ///< number among the seeds' times, where times matter: edges before it count
  Relation relation;
};

/// What was drawn from it: targets[positions[i]], or targets[i] where positions is null, i < keep.
struct PickedRow {
  const std::uint32_t* targets = nullptr;
  const std::uint32_t* positions = nullptr;
  std::uint32_t degree = 0;  ///< edges that could have been drawn
  std::uint32_t keep = 0;
};

constexpr std::size_t kLineIds = 64 / sizeof(std::uint32_t);

/// Fetches the first `count` ids.
inline void PrefetchIds(const std::uint32_t* ids, std::uint32_t count) noexcept {
  for (std::size_t i = 0; i < count; i += kLineIds) FetchLine(ids + i);
  if (count != 0) FetchLine(ids + count - 1);
}

class RowSource {
 public:
  RowSource(const SocialGraph& graph, Relation relation)
      : graph_(&graph),
        frozen_(&graph.frozen(relation)),
        offsets_(frozen_->offsets().data()),
        targets_(frozen_->targets().data()),
        relation_(relation),
        readable_rows_(frozen_->num_edges() == 0 ? 0 : frozen_->num_rows()),
        overlaid_(graph.overlay_rows() != 0) {}

  void Prefetch(std::uint32_t row) const noexcept {
    if (row >= readable_rows_) return;
    FetchLine(offsets_ + row);
    FetchLine(offsets_ + row + 1);  // one row in sixteen begins and ends in two lines
  }
  [[nodiscard]] std::span<const std::uint32_t> Find(std::uint32_t row) const noexcept {
    if (overlaid_) return graph_->neighbors(relation_, row).targets;
    if (readable_rows_ == 0) return {};
    return {targets_ + offsets_[row], static_cast<std::size_t>(offsets_[row + 1] - offsets_[row])};
  }
  [[nodiscard]] std::uint32_t Degree(std::uint32_t row) const noexcept {
    return static_cast<std::uint32_t>(Find(row).size());
  }
  [[nodiscard]] bool overlaid() const noexcept { return overlaid_; }
  [[nodiscard]] const Csr& frozen() const noexcept { return *frozen_; }

 private:
  using Offset = std::remove_cvref_t<decltype(std::declval<const Csr&>().offsets()[0])>;
  const SocialGraph* graph_;
  const Csr* frozen_;
  const Offset* offsets_;
  const std::uint32_t* targets_;
  Relation relation_;
  std::uint32_t readable_rows_;  ///< 0 where no row has an edge: nothing is looked at then
  bool overlaid_;
};

/// By relation: kInteracts, kInteractedBy, kTrusts.
using RowSources = std::array<RowSource, 3>;
[[nodiscard]] inline RowSources SourcesOf(const SocialGraph& graph) {
  return {RowSource(graph, Relation::kInteracts), RowSource(graph, Relation::kInteractedBy),
          RowSource(graph, Relation::kTrusts)};
}
[[nodiscard]] inline const RowSource& Of(const RowSources& sources, Relation relation) noexcept {
  return sources[static_cast<std::size_t>(relation)];
}

}  // namespace kith
