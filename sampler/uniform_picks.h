/// Uniform picks from rows, whole rows where they are short enough.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "draw.h"
#include "rows.h"

namespace kith {

/// Draws of the rows of one block of requests, and where their positions are put; used again block after block.
struct DrawSpace {
  std::vector<RowDraws> draws;
  std::vector<std::uint32_t> positions;
  StampedSet taken;

  void Begin(std::size_t requests, std::size_t stride) {
    draws.clear();
    if (draws.capacity() < requests) draws.reserve(requests);
    if (positions.size() < requests * stride) positions.resize(requests * stride);
  }
};

class UniformPicks {
 public:
  static constexpr bool kTimed = false;
  using Space = DrawSpace;

  UniformPicks(const RowSources& sources, bool with_replacement)
      : sources_(sources),
        draw_(with_replacement ? ActiveDraws().independent : ActiveDraws().distinct),
        with_replacement_(with_replacement) {}

  void Prefetch(Relation relation, std::uint32_t row) const noexcept { Of(sources_, relation).Prefetch(row); }

  /// Picks for every request.  `stride`: DrawStride of the largest fan-out that is not "all".
  void Pick(std::span<const RowRequest> requests, std::size_t stride, Space& space, PickedRow* picked) const {
    space.Begin(requests.size(), stride);
    for (std::size_t r = 0; r < requests.size(); ++r) {
      const RowRequest& request = requests[r];
      const std::span<const std::uint32_t> row = Of(sources_, request.relation).Find(request.row);
      const auto degree = static_cast<std::uint32_t>(row.size());
      if (degree == 0 || (degree <= request.fanout && !with_replacement_)) {
        picked[r] = {row.data(), nullptr, degree, degree};
        continue;
      }
      picked[r] = {row.data(), space.positions.data() + space.draws.size() * stride, degree, request.fanout};
      space.draws.push_back({request.words, degree, request.fanout});
    }
    draw_(space.draws, stride, space.positions.data(), space.taken);
  }

 private:
  RowSources sources_;
  DrawRows draw_;
  bool with_replacement_;
};

}  // namespace kith
