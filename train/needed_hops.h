/// NeededHops: of the whole graph's messages those that a step's rows are made of, hop by hop.
///
/// A step reads z of its users, of what they have and of its candidates: a few of the users, and most of the edges
/// into the others carry nothing.  Hop L has the rows that are read, hop k - 1 those and what hop k's edges come from.
/// Nodes keep the numbers of the whole graph.
/// Threads: one call at a time; rows are split over the Runtime, same edges for any number of threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <vector>

#include "kith/base/parallel.h"
#include "kith/graph/block.h"

namespace kith {

class NeededHops {
 public:
  /// REQUIRES: `whole` outlives this and has its transpose.
  NeededHops(const Runtime& runtime, const Block& whole, std::size_t layers)
      : runtime_(runtime), whole_(whole), hops_(layers) {}

  /// The hops, outermost first, for what is read: each list holds row numbers of the whole graph.  Valid until the next
  /// call, which uses the arrays again.
  [[nodiscard]] std::span<const Block> For(std::initializer_list<std::span<const std::uint32_t>> rows);

  /// Messages of the last call's hops.
  [[nodiscard]] std::uint64_t num_edges() const noexcept;

 private:
  const Runtime& runtime_;
  const Block& whole_;
  std::vector<Block> hops_;
  std::vector<std::uint8_t> wanted_;  ///< [nodes]
};

}  // namespace kith
