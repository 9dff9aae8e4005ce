#include "time_rows.h"

#include <algorithm>
#include <span>
#include <utility>

namespace kith {
namespace {

constexpr std::size_t kRowGrain = 256;

/// Sorts rows by (time, target).
class RowSorter {
 public:
  explicit RowSorter(const TimeCodes& codes) : codes_(codes) {}
  void Sort(const Neighbors& row, std::uint32_t* targets, std::uint32_t* times) {
    edges_.clear();
    for (std::size_t i = 0; i < row.size(); ++i) edges_.emplace_back(codes_.Code(row.time(i)), row.targets[i]);
    std::sort(edges_.begin(), edges_.end());
    for (std::size_t i = 0; i < edges_.size(); ++i) {
      times[i] = edges_[i].first;
      targets[i] = edges_[i].second;
    }
  }

 private:
  const TimeCodes& codes_;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> edges_;
};

constexpr std::size_t MarksOf(std::size_t times) noexcept {
  return (times + TimeRows::kMarkEvery - 1) / TimeRows::kMarkEvery;
}
void Mark(const std::uint32_t* times, std::span<std::uint32_t> marks) {
  for (std::size_t m = 0; m < marks.size(); ++m) marks[m] = times[m * TimeRows::kMarkEvery];
}

}  // namespace

TimeCodes TimeCodesOf(const SocialGraph& graph) {
  std::vector<std::span<const std::int64_t>> times;
  for (const Relation relation : {Relation::kInteracts, Relation::kInteractedBy, Relation::kTrusts}) {
    times.push_back(graph.frozen(relation).times());
    if (graph.overlay_rows() == 0) continue;
    for (std::uint32_t row = 0; row < graph.num_rows(relation); ++row) {
      times.push_back(graph.neighbors(relation, row).times);
    }
  }
  return TimeCodes(times);
}

TimeRows::TimeRows(const Runtime& runtime, const SocialGraph& graph, Relation relation, const TimeCodes& codes)
    : source_(graph, relation) {
  const Csr& csr = source_.frozen();
  if (csr.timed()) {
    targets_ = AlignedBuffer<std::uint32_t>::ForOverwrite(csr.num_edges());
    times_ = AlignedBuffer<std::uint32_t>::ForOverwrite(csr.num_edges());
    marks_ = AlignedBuffer<std::uint32_t>::ForOverwrite(MarksOf(csr.num_edges()));
    ParallelFor(runtime, csr.num_rows(), kRowGrain, [&](std::size_t begin, std::size_t end) {
      RowSorter sorter(codes);
      for (std::size_t r = begin; r < end; ++r) {
        const auto row = static_cast<std::uint32_t>(r);
        const std::size_t first = csr.offsets()[row];
        sorter.Sort({csr.neighbors(row), csr.weights(row), csr.times(row)}, targets_.data() + first,
                    times_.data() + first);
      }
    });
    Mark(times_.data(), marks_.span());
  }
  if (!source_.overlaid()) return;
  RowSorter sorter(codes);
  for (std::uint32_t row = 0; row < graph.num_rows(relation); ++row) {
    const Neighbors live = graph.neighbors(relation, row);
    if (row < csr.num_rows() && live.targets.data() == csr.neighbors(row).data()) continue;
    LiveRow& made = overlay_[row];
    made.targets.resize(live.size());
    made.times.resize(live.size());
    made.marks.resize(MarksOf(live.size()));
    sorter.Sort(live, made.targets.data(), made.times.data());
    Mark(made.times.data(), made.marks);
  }
}

}  // namespace kith
