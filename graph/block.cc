#include "kith/graph/block.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <utility>

namespace kith {
namespace {

constexpr std::size_t kNodeGrain = 512;

Status Broken(const std::string& what) { return Corruption("block: " + what); }

Status CheckSize(const char* what, std::size_t found, std::size_t expected) {
  if (found == expected) return OkStatus();
  return Broken("expected " + std::to_string(expected) + " " + what + ", found " + std::to_string(found));
}

Status CheckOffsets(const char* what, std::span<const EdgeOffset> offsets, std::size_t edges) {
  if (offsets.empty()) return CheckSize(what, 0, edges);
  if (offsets.front() != 0) return Broken(std::string(what) + " do not start at 0");
  if (!std::is_sorted(offsets.begin(), offsets.end())) return Broken(std::string(what) + " decrease");
  if (offsets.back() != edges) {
    return Broken(std::string(what) + " end at " + std::to_string(offsets.back()) + ", expected " +
                  std::to_string(edges));
  }
  return OkStatus();
}

/// Some to spare, so that blocks of about the same size, built one after the other in one place, soon need no more.
template <class T>
void MakeRoom(std::vector<T>& values, std::size_t size) {
  if (values.capacity() < size) values.reserve(size + size / 2);
}

/// The edges by source and then destination, which is what the transpose lists.
Status CheckTranspose(const Block& block) {
  KITH_RETURN_IF_ERROR(CheckSize("transpose offsets", block.transpose_offsets.size(), block.num_sources() + 1));
  KITH_RETURN_IF_ERROR(CheckSize("transpose destinations", block.transpose_destinations.size(), block.num_edges()));
  KITH_RETURN_IF_ERROR(CheckOffsets("transpose offsets", block.transpose_offsets, block.num_edges()));
  std::vector<std::pair<std::uint32_t, std::uint32_t>> edges;
  edges.reserve(block.num_edges());
  for (std::uint32_t v = 0; v < block.num_destinations(); ++v) {
    for (EdgeOffset e = block.offsets[v]; e < block.offsets[v + 1]; ++e) edges.emplace_back(block.sources[e], v);
  }
  std::sort(edges.begin(), edges.end());
  for (std::size_t source = 0; source < block.num_sources(); ++source) {
    for (EdgeOffset k = block.transpose_offsets[source]; k < block.transpose_offsets[source + 1]; ++k) {
      if (edges[k] == std::pair(static_cast<std::uint32_t>(source), block.transpose_destinations[k])) continue;
      return Broken("transpose entry " + std::to_string(k) + " says " + std::to_string(source) + " -> " +
                    std::to_string(block.transpose_destinations[k]) + ", expected " + std::to_string(edges[k].first) +
                    " -> " + std::to_string(edges[k].second));
    }
  }
  return OkStatus();
}

}  // namespace

void Block::BuildTranspose() {
  MakeRoom(transpose_offsets, num_sources() + 2);
  MakeRoom(transpose_destinations, num_edges());
  // Counts stand two places on, so that after the prefix sum place s + 1 is where source s is written next, and at the
  // end its row's end: no second array, and nothing is allocated once the block has had its size.
  transpose_offsets.assign(num_sources() + 2, 0);
  transpose_destinations.resize(num_edges());
  for (std::uint32_t source : sources) ++transpose_offsets[std::size_t{source} + 2];
  std::partial_sum(transpose_offsets.begin(), transpose_offsets.end(), transpose_offsets.begin());
  for (std::uint32_t destination = 0; destination < num_destinations(); ++destination) {
    for (EdgeOffset e = offsets[destination]; e < offsets[destination + 1]; ++e) {
      transpose_destinations[transpose_offsets[std::size_t{sources[e]} + 1]++] = destination;
    }
  }
  transpose_offsets.pop_back();
}

Status Block::Check() const {
  if (num_destinations() > num_sources()) {
    return Broken("expected destinations first among " + std::to_string(num_sources()) + " nodes, found " +
                  std::to_string(num_destinations()) + " destinations");
  }
  KITH_RETURN_IF_ERROR(CheckOffsets("offsets", offsets, num_edges()));
  KITH_RETURN_IF_ERROR(CheckSize("degrees", degrees.size(), num_sources()));
  KITH_RETURN_IF_ERROR(CheckSize("scales", scale.size(), num_destinations()));
  if (!relations.empty()) KITH_RETURN_IF_ERROR(CheckSize("relations", relations.size(), num_edges()));
  for (std::size_t e = 0; e < num_edges(); ++e) {
    if (sources[e] >= num_sources()) {
      return Broken("edge " + std::to_string(e) + " comes from source " + std::to_string(sources[e]) +
                    ", expected one below " + std::to_string(num_sources()));
    }
  }
  for (std::size_t v = 0; v < num_destinations(); ++v) {
    if (!std::isfinite(scale[v]) || scale[v] <= 0.0F) {
      return Broken("scale of destination " + std::to_string(v) + " is " + std::to_string(scale[v]) +
                    ", expected a finite number above 0");
    }
  }
  if (!times.empty()) KITH_RETURN_IF_ERROR(CheckSize("times", times.size(), num_sources()));
  std::vector<std::pair<NodeId, std::int64_t>> sorted;
  for (std::size_t s = 0; s < num_sources(); ++s) sorted.emplace_back(nodes[s], times.empty() ? 0 : times[s]);
  std::sort(sorted.begin(), sorted.end());
  if (const auto twice = std::adjacent_find(sorted.begin(), sorted.end()); twice != sorted.end()) {
    return Broken("node " + std::to_string(index(twice->first)) + " stands twice among the sources");
  }
  const bool transposed = !transpose_offsets.empty() || !transpose_destinations.empty();
  return transposed ? CheckTranspose(*this) : OkStatus();
}

Block FullGraphBlock(const Runtime& runtime, const SocialGraph& graph) {
  const std::uint32_t users = graph.num_users(), nodes = graph.num_nodes();
  const auto row = [&](std::size_t node) {
    const auto v = static_cast<std::uint32_t>(node);
    return v < users ? graph.items(UserId{v}) : graph.users(ItemId{v - users});
  };

  Block block;
  block.nodes.resize(nodes);
  block.degrees.resize(nodes);
  block.scale.assign(nodes, 1.0F);
  block.offsets.resize(std::size_t{nodes} + 1);
  ParallelFor(runtime, nodes, kNodeGrain, [&](std::size_t begin, std::size_t end) {
    for (std::size_t v = begin; v < end; ++v) {
      block.nodes[v] = NodeId{static_cast<std::uint32_t>(v)};
      block.degrees[v] = static_cast<std::uint32_t>(row(v).size());
      block.offsets[v + 1] = block.degrees[v];
    }
  });
  std::partial_sum(block.offsets.begin(), block.offsets.end(), block.offsets.begin());

  block.sources.resize(block.offsets.back());
  ParallelFor(runtime, nodes, kNodeGrain, [&](std::size_t begin, std::size_t end) {
    for (std::size_t v = begin; v < end; ++v) {
      const std::uint32_t first = v < users ? users : 0;
      std::uint32_t* out = block.sources.data() + block.offsets[v];
      for (std::uint32_t target : row(v).targets) *out++ = first + target;
    }
  });

  // The graph is its own reverse, so each row is its transpose's row.
  block.transpose_offsets = block.offsets;
  block.transpose_destinations = block.sources;
  return block;
}

void TakeRows(const Runtime& runtime, const Block& whole, std::span<const std::uint8_t> wanted, Block& part) {
  const std::size_t rows = whole.num_destinations(), columns = whole.num_sources();
  part.nodes = whole.nodes;
  part.degrees = whole.degrees;
  part.scale = whole.scale;
  part.offsets.resize(rows + 1);
  for (std::size_t v = 0; v < rows; ++v) {
    const EdgeOffset kept = wanted[v] != 0 ? whole.offsets[v + 1] - whole.offsets[v] : 0;
    part.offsets[v + 1] = part.offsets[v] + kept;
  }
  part.sources.resize(part.offsets[rows]);
  ParallelFor(runtime, rows, kNodeGrain, [&](std::size_t begin, std::size_t end) {
    for (std::size_t v = begin; v < end; ++v) {
      std::copy_n(whole.sources.begin() + static_cast<std::ptrdiff_t>(whole.offsets[v]),
                  part.offsets[v + 1] - part.offsets[v],
                  part.sources.begin() + static_cast<std::ptrdiff_t>(part.offsets[v]));
    }
  });

  // Each row's kept entries are counted where its end will stand, then written from its begin on.
  const std::uint32_t* const from = whole.transpose_destinations.data();
  part.transpose_offsets.resize(columns + 1);
  ParallelFor(runtime, columns, kNodeGrain, [&](std::size_t begin, std::size_t end) {
    for (std::size_t u = begin; u < end; ++u) {
      EdgeOffset kept = 0;
      for (EdgeOffset k = whole.transpose_offsets[u]; k < whole.transpose_offsets[u + 1]; ++k) {
        kept += wanted[from[k]] != 0 ? 1 : 0;
      }
      part.transpose_offsets[u + 1] = kept;
    }
  });
  std::partial_sum(part.transpose_offsets.begin(), part.transpose_offsets.end(), part.transpose_offsets.begin());
  part.transpose_destinations.resize(part.transpose_offsets[columns]);
  ParallelFor(runtime, columns, kNodeGrain, [&](std::size_t begin, std::size_t end) {
    for (std::size_t u = begin; u < end; ++u) {
      EdgeOffset to = part.transpose_offsets[u];
      for (EdgeOffset k = whole.transpose_offsets[u]; k < whole.transpose_offsets[u + 1]; ++k) {
        if (wanted[from[k]] != 0) part.transpose_destinations[to++] = from[k];
      }
    }
  });
}

void SymmetricWeights(const Runtime& runtime, const Block& block, std::span<float> weights) {
  std::vector<double> damping(block.num_sources());
  ParallelFor(runtime, damping.size(), kNodeGrain, [&](std::size_t begin, std::size_t end) {
    for (std::size_t u = begin; u < end; ++u) {
      damping[u] = block.degrees[u] == 0 ? 0.0 : 1.0 / std::sqrt(static_cast<double>(block.degrees[u]));
    }
  });
  ParallelFor(runtime, block.num_destinations(), kNodeGrain, [&](std::size_t begin, std::size_t end) {
    for (std::size_t v = begin; v < end; ++v) {
      for (EdgeOffset e = block.offsets[v]; e < block.offsets[v + 1]; ++e) {
        weights[e] = static_cast<float>(damping[block.sources[e]] * damping[v] * static_cast<double>(block.scale[v]));
      }
    }
  });
}

}  // namespace kith
