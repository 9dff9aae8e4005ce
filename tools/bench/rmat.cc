#include "bench/rmat.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <numeric>
#include <utility>
#include <vector>

#include "kith/base/buffer.h"
#include "kith/base/rng.h"
#include "kith/graph/csr.h"

namespace kith::tools {
namespace {

/// Streams of Purpose::kBench: the edges' quadrants and the numbering of the nodes.
constexpr std::uint64_t kQuadrants = 20, kNumbering = 21;
constexpr std::size_t kEdgeGrain = 1U << 14;
constexpr std::size_t kRowGrain = 256;

/// Upper ends of the first three quadrants, in 65 536ths.
constexpr std::uint32_t kTopLeft = 37356, kTopRight = 49807, kBottomLeft = 62259;
/// Words of one fall through up to 26 levels, two levels a word.
constexpr std::uint32_t kWordsPerFall = 13;

struct Matrix {
  std::uint64_t key;
  std::uint32_t nodes, levels;
  std::vector<std::uint32_t> numbers;  ///< [nodes] the number a row of the matrix has as a node

  /// Edge e, both ends as nodes.
  [[nodiscard]] std::pair<std::uint32_t, std::uint32_t> EdgeOf(std::uint32_t e) const {
    const WordStream words(key, e);
    for (std::uint32_t fall = 0;; ++fall) {
      std::uint32_t row = 0, column = 0, bits = 0;
      for (std::uint32_t level = 0; level < levels; ++level) {
        bits = level % 2 == 0 ? words.word(fall * kWordsPerFall + level / 2) : bits >> 16;
        const std::uint32_t draw = bits & 0xFFFFU;
        const std::uint32_t bottom = draw >= kTopRight ? 1 : 0;
        const std::uint32_t right = draw >= (bottom != 0 ? kBottomLeft : kTopLeft) ? 1 : 0;
        row = 2 * row + bottom;
        column = 2 * column + right;
      }
      if (row < nodes && column < nodes) return {numbers[row], numbers[column]};
    }
  }
};

std::vector<std::uint32_t> RandomNumbering(std::uint32_t n, std::uint64_t seed) {
  const Rng rng(seed, Purpose::kBench, kNumbering);
  std::vector<std::uint32_t> numbers(n);
  std::iota(numbers.begin(), numbers.end(), 0U);
  for (std::uint32_t i = n; i > 1; --i) std::swap(numbers[i - 1], numbers[rng.bounded(i, i)]);  // Fisher-Yates
  return numbers;
}

/// visit(source, target) for every edge that is no loop, in both directions, in parallel and in any order.
template <class Visit>
void ForEachDirection(const Runtime& runtime, const Matrix& matrix, std::size_t edges, Visit visit) {
  ParallelFor(runtime, edges, kEdgeGrain, [&](std::size_t begin, std::size_t end) {
    for (std::size_t e = begin; e < end; ++e) {
      const auto [a, b] = matrix.EdgeOf(static_cast<std::uint32_t>(e));
      if (a == b) continue;
      visit(a, b);
      visit(b, a);
    }
  });
}

/// The rows sorted, each target once.
Csr WithoutRepeats(const Runtime& runtime, std::uint32_t nodes, const AlignedBuffer<CsrOffset>& offsets,
                   AlignedBuffer<std::uint32_t> targets) {
  AlignedBuffer<CsrOffset> kept(offsets.size());
  ParallelFor(runtime, nodes, kRowGrain, [&](std::size_t begin, std::size_t end) {
    for (std::size_t row = begin; row < end; ++row) {
      std::uint32_t* const first = targets.data() + offsets[row];
      std::uint32_t* const last = targets.data() + offsets[row + 1];
      std::sort(first, last);
      kept[row + 1] = static_cast<CsrOffset>(std::unique(first, last) - first);
    }
  });
  for (std::size_t row = 0; row < nodes; ++row) kept[row + 1] += kept[row];
  auto unique = AlignedBuffer<std::uint32_t>::ForOverwrite(kept[nodes]);
  ParallelFor(runtime, nodes, kRowGrain, [&](std::size_t begin, std::size_t end) {
    for (std::size_t row = begin; row < end; ++row) {
      std::copy_n(targets.data() + offsets[row], kept[row + 1] - kept[row], unique.data() + kept[row]);
    }
  });
  return Csr(nodes, std::move(kept), std::move(unique));
}

}  // namespace

Status RmatOptions::Validate() const {
  if (nodes < 2 || nodes > (1U << 26)) {
    return InvalidArgument("rmat: expected 2 to 2^26 nodes, found " + std::to_string(nodes));
  }
  if (edges < 1 || edges > (std::uint64_t{1} << 30)) {
    return InvalidArgument("rmat: expected 1 to 2^30 edges, found " + std::to_string(edges));
  }
  return OkStatus();
}

std::optional<RmatOptions> RmatByName(std::string_view name, std::uint64_t seed) {
  if (name == "rmat-1m") return RmatOptions{.seed = seed};
  if (name == "rmat-5m") return RmatOptions{.nodes = 5'000'000, .edges = 56'050'000, .seed = seed};
  return std::nullopt;
}

Result<std::shared_ptr<const SocialGraph>> MakeRmatGraph(const Runtime& runtime, const RmatOptions& options) {
  KITH_RETURN_IF_ERROR(options.Validate());
  const Rng rng(options.seed, Purpose::kBench, kQuadrants);
  const Matrix matrix{.key = std::uint64_t{rng.bits(0)} << 32 | rng.bits(1),
                      .nodes = options.nodes,
                      .levels = static_cast<std::uint32_t>(std::bit_width(options.nodes - 1)),
                      .numbers = RandomNumbering(options.nodes, options.seed)};

  AlignedBuffer<CsrOffset> offsets(std::size_t{options.nodes} + 1);
  ForEachDirection(runtime, matrix, options.edges, [&](std::uint32_t source, std::uint32_t) {
    std::atomic_ref(offsets[std::size_t{source} + 1]).fetch_add(1, std::memory_order_relaxed);
  });
  for (std::size_t row = 0; row < options.nodes; ++row) offsets[row + 1] += offsets[row];
  auto targets = AlignedBuffer<std::uint32_t>::ForOverwrite(offsets[options.nodes]);
  AlignedBuffer<CsrOffset> next = offsets;
  ForEachDirection(runtime, matrix, options.edges, [&](std::uint32_t source, std::uint32_t target) {
    targets[std::atomic_ref(next[source]).fetch_add(1, std::memory_order_relaxed)] = target;  // sorted away below
  });

  GraphParts parts{.num_users = options.nodes, .store_id = "rmat"};
  const auto friends = std::make_shared<const Csr>(WithoutRepeats(runtime, options.nodes, offsets, std::move(targets)));
  parts.relations = {
      std::make_shared<const Csr>(/*num_targets=*/0, AlignedBuffer<CsrOffset>(offsets.size()),
                                  AlignedBuffer<std::uint32_t>()),
      std::make_shared<const Csr>(options.nodes, AlignedBuffer<CsrOffset>(1), AlignedBuffer<std::uint32_t>()), friends,
      friends};
  return SocialGraph::Assemble(std::move(parts));
}

}  // namespace kith::tools
