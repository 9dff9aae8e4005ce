#include "kith/graph/csr_builder.h"

#include <algorithm>
#include <atomic>
#include <limits>
#include <string>

namespace kith {
namespace {

constexpr std::size_t kEdgeGrain = 1U << 14;
constexpr std::size_t kRowGrain = 256;
constexpr std::size_t kMaxEdges = std::numeric_limits<std::uint32_t>::max();

/// A target and the edge's place in its list in one number, so that a plain sort orders a row by both.
using Key = std::uint64_t;
constexpr Key MakeKey(std::uint32_t target, std::size_t place) noexcept {
  return (static_cast<Key>(target) << 32) | static_cast<std::uint32_t>(place);
}
constexpr std::uint32_t TargetOf(Key key) noexcept { return static_cast<std::uint32_t>(key >> 32); }
constexpr std::uint32_t PlaceOf(Key key) noexcept { return static_cast<std::uint32_t>(key); }

void PrefixSum(AlignedBuffer<CsrOffset>& offsets) noexcept {
  for (std::size_t i = 1; i < offsets.size(); ++i) offsets[i] += offsets[i - 1];
}

/// Rows of keys, each sorted. The scatter takes places in any order; the sort takes that chance out again.
struct SortedRows {
  AlignedBuffer<CsrOffset> offsets;  ///< [rows + 1]
  AlignedBuffer<Key> keys;           ///< [E]
};

/// `for_each(visit)` runs visit(row, key) for every edge, in parallel; it is called twice.
template <class ForEach>
SortedRows SortIntoRows(const Runtime& runtime, std::uint32_t num_rows, std::size_t num_edges, ForEach for_each) {
  SortedRows rows{AlignedBuffer<CsrOffset>(std::size_t{num_rows} + 1), AlignedBuffer<Key>(num_edges)};
  for_each([&](std::uint32_t row, Key) {
    std::atomic_ref(rows.offsets[std::size_t{row} + 1]).fetch_add(1, std::memory_order_relaxed);
  });
  PrefixSum(rows.offsets);
  AlignedBuffer<CsrOffset> next = rows.offsets;
  for_each([&](std::uint32_t row, Key key) {
    rows.keys[std::atomic_ref(next[row]).fetch_add(1, std::memory_order_relaxed)] = key;
  });
  ParallelFor(runtime, num_rows, kRowGrain, [&](std::size_t begin, std::size_t end) {
    for (std::size_t row = begin; row < end; ++row) {
      std::sort(rows.keys.data() + rows.offsets[row], rows.keys.data() + rows.offsets[row + 1]);
    }
  });
  return rows;
}

bool IsLastOfItsTarget(const SortedRows& rows, std::size_t row, CsrOffset i) noexcept {
  return i + 1 == rows.offsets[row + 1] || TargetOf(rows.keys[i]) != TargetOf(rows.keys[i + 1]);
}

/// visit(place in the new arrays, key) for every edge that is the last of its target.
template <class Visit>
void ForEachKept(const Runtime& runtime, const SortedRows& rows, const AlignedBuffer<CsrOffset>& kept, Visit visit) {
  ParallelFor(runtime, rows.offsets.size() - 1, kRowGrain, [&](std::size_t begin, std::size_t end) {
    for (std::size_t row = begin; row < end; ++row) {
      CsrOffset out = kept[row];
      for (CsrOffset i = rows.offsets[row]; i < rows.offsets[row + 1]; ++i) {
        if (IsLastOfItsTarget(rows, row, i)) visit(out++, rows.keys[i]);
      }
    }
  });
}

AlignedBuffer<CsrOffset> KeptOffsets(const Runtime& runtime, const SortedRows& rows) {
  AlignedBuffer<CsrOffset> kept(rows.offsets.size());
  ParallelFor(runtime, rows.offsets.size() - 1, kRowGrain, [&](std::size_t begin, std::size_t end) {
    for (std::size_t row = begin; row < end; ++row) {
      for (CsrOffset i = rows.offsets[row]; i < rows.offsets[row + 1]; ++i) {
        kept[row + 1] += IsLastOfItsTarget(rows, row, i) ? 1 : 0;
      }
    }
  });
  PrefixSum(kept);
  return kept;
}

/// value(place) of every kept edge, or nothing where all of them are the default.
template <class T, class Value>
AlignedBuffer<T> KeptValues(const Runtime& runtime, const SortedRows& rows, const AlignedBuffer<CsrOffset>& kept,
                            T common, Value value) {
  AlignedBuffer<T> values(kept[kept.size() - 1]);
  ForEachKept(runtime, rows, kept, [&](CsrOffset out, Key key) { values[out] = value(PlaceOf(key)); });
  if (std::all_of(values.begin(), values.end(), [common](T each) { return each == common; })) return {};
  return values;
}

Status CheckEdges(const Runtime& runtime, std::uint32_t num_rows, std::uint32_t num_targets,
                  std::span<const Edge> edges) {
  if (edges.size() > kMaxEdges) {
    return InvalidArgument("relation: expected at most " + std::to_string(kMaxEdges) + " edges, found " +
                           std::to_string(edges.size()));
  }
  std::atomic<std::size_t> first_wrong = edges.size();  // the smallest place, whoever finds its own first
  ParallelFor(runtime, edges.size(), kEdgeGrain, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      if (edges[i].source < num_rows && edges[i].target < num_targets) continue;
      std::size_t seen = first_wrong.load();
      while (i < seen && !first_wrong.compare_exchange_weak(seen, i)) {
      }
      return;
    }
  });
  const std::size_t wrong = first_wrong.load();
  if (wrong == edges.size()) return OkStatus();
  return InvalidArgument("edge " + std::to_string(wrong) + " (" + std::to_string(edges[wrong].source) + " -> " +
                         std::to_string(edges[wrong].target) + "): expected a source below " +
                         std::to_string(num_rows) + " and a target below " + std::to_string(num_targets));
}

}  // namespace

Result<Csr> BuildCsr(const Runtime& runtime, std::uint32_t num_rows, std::uint32_t num_targets,
                     std::span<const Edge> edges) {
  KITH_RETURN_IF_ERROR(CheckEdges(runtime, num_rows, num_targets, edges));
  const SortedRows rows = SortIntoRows(runtime, num_rows, edges.size(), [&](auto visit) {
    ParallelFor(runtime, edges.size(), kEdgeGrain, [&](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; ++i) visit(edges[i].source, MakeKey(edges[i].target, i));
    });
  });

  AlignedBuffer<CsrOffset> offsets = KeptOffsets(runtime, rows);
  AlignedBuffer<std::uint32_t> targets(offsets[num_rows]);
  ForEachKept(runtime, rows, offsets, [&](CsrOffset out, Key key) { targets[out] = TargetOf(key); });

  AlignedBuffer<float> weights;
  if (std::any_of(edges.begin(), edges.end(), [](const Edge& edge) { return edge.weight != 1.0F; })) {
    weights = KeptValues(runtime, rows, offsets, 1.0F, [&](std::uint32_t place) { return edges[place].weight; });
  }
  AlignedBuffer<std::int64_t> times;
  if (std::any_of(edges.begin(), edges.end(), [](const Edge& edge) { return edge.time != kNoTime; })) {
    times = KeptValues(runtime, rows, offsets, kNoTime, [&](std::uint32_t place) { return edges[place].time; });
  }
  return Csr(num_targets, std::move(offsets), std::move(targets), std::move(weights), std::move(times));
}

Csr Transpose(const Runtime& runtime, const Csr& csr) {
  SortedRows rows = SortIntoRows(runtime, csr.num_targets(), csr.num_edges(), [&](auto visit) {
    ParallelFor(runtime, csr.num_rows(), kRowGrain, [&](std::size_t begin, std::size_t end) {
      for (std::size_t row = begin; row < end; ++row) {
        for (CsrOffset e = csr.offsets()[row]; e < csr.offsets()[row + 1]; ++e) {
          visit(csr.targets()[e], MakeKey(static_cast<std::uint32_t>(row), e));
        }
      }
    });
  });

  AlignedBuffer<std::uint32_t> sources(csr.num_edges());
  AlignedBuffer<float> weights(csr.weights().size());
  AlignedBuffer<std::int64_t> times(csr.times().size());
  ParallelFor(runtime, csr.num_edges(), kEdgeGrain, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      sources[i] = TargetOf(rows.keys[i]);
      if (!weights.empty()) weights[i] = csr.weights()[PlaceOf(rows.keys[i])];
      if (!times.empty()) times[i] = csr.times()[PlaceOf(rows.keys[i])];
    }
  });
  return Csr(csr.num_rows(), std::move(rows.offsets), std::move(sources), std::move(weights), std::move(times));
}

}  // namespace kith
