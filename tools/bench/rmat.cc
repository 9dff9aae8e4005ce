#include "bench/rmat.h"

#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "kith/base/rng.h"

namespace kith::tools {
namespace {

/// Streams of Purpose::kBench: the edges' quadrants and the numbering of the nodes.
constexpr std::uint64_t kQuadrants = 20, kNumbering = 21;
constexpr std::size_t kEdgeGrain = 1U << 14;

/// Upper ends of the first three quadrants, in 65 536ths.
constexpr std::uint32_t kTopLeft = 37356, kTopRight = 49807, kBottomLeft = 62259;

/// One edge of the matrix; two levels share the 32 bits of a draw.
std::pair<std::uint32_t, std::uint32_t> DrawEdge(const Rng& rng, std::uint32_t scale) {
  std::uint32_t row = 0, column = 0, bits = 0;
  for (std::uint32_t level = 0; level < scale; ++level) {
    bits = level % 2 == 0 ? rng.bits(level / 2) : bits >> 16;
    const std::uint32_t draw = bits & 0xFFFFU;
    const bool bottom = draw >= kTopRight;
    const bool right = bottom ? draw >= kBottomLeft : draw >= kTopLeft;
    row = 2 * row + (bottom ? 1 : 0);
    column = 2 * column + (right ? 1 : 0);
  }
  return {row, column};
}

std::vector<std::uint32_t> RandomNumbering(std::uint32_t n, std::uint64_t seed) {
  const Rng rng(seed, Purpose::kBench, kNumbering);
  std::vector<std::uint32_t> numbers(n);
  std::iota(numbers.begin(), numbers.end(), 0U);
  for (std::uint32_t i = n; i > 1; --i) std::swap(numbers[i - 1], numbers[rng.bounded(i, i)]);  // Fisher-Yates
  return numbers;
}

}  // namespace

Status RmatOptions::Validate() const {
  if (scale < 1 || scale > 26)
    return InvalidArgument("rmat: expected a scale of 1 to 26, found " + std::to_string(scale));
  if (edges_per_node < 1 || edges_per_node > 64) {
    return InvalidArgument("rmat: expected 1 to 64 edges a node, found " + std::to_string(edges_per_node));
  }
  return OkStatus();
}

Result<std::shared_ptr<const SocialGraph>> MakeRmatGraph(const Runtime& runtime, const RmatOptions& options) {
  KITH_RETURN_IF_ERROR(options.Validate());
  const std::uint32_t nodes = 1U << options.scale;
  const std::size_t drawn = std::size_t{nodes} * options.edges_per_node;
  const std::vector<std::uint32_t> numbers = RandomNumbering(nodes, options.seed);
  std::vector<Edge> friendships(2 * drawn);
  ParallelFor(runtime, drawn, kEdgeGrain, [&](std::size_t begin, std::size_t end) {
    for (std::size_t e = begin; e < end; ++e) {
      const Rng rng(options.seed, Purpose::kBench, kQuadrants, static_cast<std::uint32_t>(e));  // at most 2^32 edges
      const auto [row, column] = DrawEdge(rng, options.scale);
      friendships[2 * e] = {numbers[row], numbers[column]};
      friendships[2 * e + 1] = {numbers[column], numbers[row]};
    }
  });
  std::erase_if(friendships, [](const Edge& edge) { return edge.source == edge.target; });
  return SocialGraph::Build(runtime, nodes, /*num_items=*/0, /*interactions=*/{}, friendships, "rmat", 0);
}

}  // namespace kith::tools
