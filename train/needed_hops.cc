#include "needed_hops.h"

namespace kith {

std::span<const Block> NeededHops::For(std::initializer_list<std::span<const std::uint32_t>> rows) {
  wanted_.assign(whole_.num_destinations(), 0);
  for (const std::span<const std::uint32_t> list : rows) {
    for (const std::uint32_t row : list) wanted_[row] = 1;
  }
  for (std::size_t k = hops_.size(); k-- > 0;) {
    TakeRows(runtime_, whole_, wanted_, hops_[k]);
    for (std::size_t u = 0; u < wanted_.size(); ++u) {
      if (hops_[k].transpose_offsets[u + 1] > hops_[k].transpose_offsets[u]) wanted_[u] = 1;
    }
  }
  return hops_;
}

std::uint64_t NeededHops::num_edges() const noexcept {
  std::uint64_t edges = 0;
  for (const Block& hop : hops_) edges += hop.num_edges();
  return edges;
}

}  // namespace kith
