#include "alias_rows.h"

#include <cmath>
#include <numeric>

namespace kith {
namespace {

constexpr std::size_t kRowGrain = 512;

std::uint32_t InUnits(double probability) noexcept {
  return static_cast<std::uint32_t>(std::min(std::floor(probability * 0x1p32), 0x1p32 - 1));
}

}  // namespace

void AliasBuilder::Build(std::span<const float> weights, AliasColumn* out) {
  const std::size_t n = weights.size();
  const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
  share_.resize(n);
  small_.clear();
  large_.clear();
  for (std::size_t c = 0; c < n; ++c) {
    share_[c] = static_cast<double>(weights[c]) * static_cast<double>(n) / sum;
    (share_[c] < 1.0 ? small_ : large_).push_back(static_cast<std::uint32_t>(c));
    out[c] = {0xFFFFFFFFU, static_cast<std::uint32_t>(c)};  // stays where rounding leaves a column without a partner
  }
  while (!small_.empty() && !large_.empty()) {
    const std::uint32_t poor = small_.back(), rich = large_.back();
    small_.pop_back();
    out[poor] = {InUnits(share_[poor]), rich};
    share_[rich] -= 1.0 - share_[poor];
    if (share_[rich] < 1.0) {
      large_.pop_back();
      small_.push_back(rich);
    }
  }
}

AliasRows::AliasRows(const Runtime& runtime, const SocialGraph& graph, Relation relation) : source_(graph, relation) {
  const Csr& csr = source_.frozen();
  if (csr.weighted()) {
    columns_ = AlignedBuffer<AliasColumn>::ForOverwrite(csr.num_edges());
    ParallelFor(runtime, csr.num_rows(), kRowGrain, [&](std::size_t begin, std::size_t end) {
      AliasBuilder builder;
      for (std::size_t row = begin; row < end; ++row) {
        builder.Build(csr.weights(static_cast<std::uint32_t>(row)), columns_.data() + csr.offsets()[row]);
      }
    });
  }
  if (!source_.overlaid()) return;
  AliasBuilder builder;
  for (std::uint32_t row = 0; row < graph.num_rows(relation); ++row) {
    const Neighbors live = graph.neighbors(relation, row);
    if (row < csr.num_rows() && live.targets.data() == csr.neighbors(row).data()) continue;
    LiveRow& made = overlay_[row];
    made.row.targets = live.targets;
    if (live.weights.empty()) continue;
    made.columns.resize(live.size());
    builder.Build(live.weights, made.columns.data());
    made.row.columns = made.columns.data();
    made.row.weights = live.weights.data();
  }
}

}  // namespace kith
