#include "time_rows.h"

#include <algorithm>
#include <utility>

namespace kith {
namespace {

constexpr std::size_t kRowGrain = 256;

/// Sorts rows by (time, target).
class RowSorter {
 public:
  void Sort(const Neighbors& row, std::uint32_t* targets, std::int64_t* times) {
    edges_.clear();
    for (std::size_t i = 0; i < row.size(); ++i) edges_.emplace_back(row.time(i), row.targets[i]);
    std::sort(edges_.begin(), edges_.end());
    for (std::size_t i = 0; i < edges_.size(); ++i) {
      times[i] = edges_[i].first;
      targets[i] = edges_[i].second;
    }
  }

 private:
  std::vector<std::pair<std::int64_t, std::uint32_t>> edges_;
};

}  // namespace

TimeRows::TimeRows(const Runtime& runtime, const SocialGraph& graph, Relation relation) : source_(graph, relation) {
  const Csr& csr = source_.frozen();
  if (csr.timed()) {
    targets_ = AlignedBuffer<std::uint32_t>::ForOverwrite(csr.num_edges());
    times_ = AlignedBuffer<std::int64_t>::ForOverwrite(csr.num_edges());
    ParallelFor(runtime, csr.num_rows(), kRowGrain, [&](std::size_t begin, std::size_t end) {
      RowSorter sorter;
      for (std::size_t r = begin; r < end; ++r) {
        const auto row = static_cast<std::uint32_t>(r);
        const std::size_t first = csr.offsets()[row];
        sorter.Sort({csr.neighbors(row), csr.weights(row), csr.times(row)}, targets_.data() + first,
                    times_.data() + first);
      }
    });
  }
  if (!source_.overlaid()) return;
  RowSorter sorter;
  for (std::uint32_t row = 0; row < graph.num_rows(relation); ++row) {
    const Neighbors live = graph.neighbors(relation, row);
    if (row < csr.num_rows() && live.targets.data() == csr.neighbors(row).data()) continue;
    LiveRow& made = overlay_[row];
    made.targets.resize(live.size());
    made.times.resize(live.size());
    sorter.Sort(live, made.targets.data(), made.times.data());
  }
}

}  // namespace kith
