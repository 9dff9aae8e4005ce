/// Edge list in, Csr out: count, prefix sum, scatter, sort; in parallel, the same bits for any number of threads.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kith/base/parallel.h"
#include "kith/graph/csr.h"
#include "kith/graph/ids.h"

namespace kith {

/// One directed edge of a relation, in dense ids of the row's and the target's kind.
struct Edge {
  std::uint32_t source = 0;
  std::uint32_t target = 0;
  float weight = 1.0F;
  std::int64_t time = kNoTime;

  friend bool operator==(const Edge&, const Edge&) = default;
};

/// Of edges with the same source and target the last in the list is kept.  Weights are kept if one differs from 1,
/// times if one is present.  Fails (kInvalidArgument) on an edge out of range, naming it.
/// Cost: O(E log max degree), 2 passes over the list.
[[nodiscard]] Result<Csr> BuildCsr(const Runtime& runtime, std::uint32_t num_rows, std::uint32_t num_targets,
                                   std::span<const Edge> edges);

/// The same edges with their arrows reversed; weights and times go along.
[[nodiscard]] Csr Transpose(const Runtime& runtime, const Csr& csr);

}  // namespace kith
