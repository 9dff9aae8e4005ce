#include "kith/graph/undirected.h"

#include <limits>
#include <stdexcept>
#include <string>
#include <utility>

namespace kith {
namespace {

constexpr std::size_t kRowGrain = 256;

/// emit(friend) for everybody the user trusts or is trusted by, ascending, once, without the user.
template <class Emit>
void ForEachFriend(const SocialGraph& graph, std::uint32_t user, Emit emit) {
  const auto out = graph.neighbors(Relation::kTrusts, user).targets;
  const auto in = graph.neighbors(Relation::kTrustedBy, user).targets;
  for (std::size_t i = 0, j = 0; i < out.size() || j < in.size();) {
    const bool from_out = j == in.size() || (i < out.size() && out[i] <= in[j]);
    const std::uint32_t next = from_out ? out[i] : in[j];
    if (i < out.size() && out[i] == next) ++i;
    if (j < in.size() && in[j] == next) ++j;
    if (next != user) emit(next);
  }
}

/// for_each_neighbor(row, emit) emits a row's targets in ascending order; it is called twice a row.
template <class ForEachNeighbor>
Csr SquareCsr(const Runtime& runtime, std::uint32_t rows, ForEachNeighbor for_each_neighbor) {
  AlignedBuffer<CsrOffset> offsets(std::size_t{rows} + 1);
  ParallelFor(runtime, rows, kRowGrain, [&](std::size_t begin, std::size_t end) {
    for (std::size_t row = begin; row < end; ++row) {
      for_each_neighbor(static_cast<std::uint32_t>(row), [&](std::uint32_t) { ++offsets[row + 1]; });
    }
  });
  std::uint64_t edges = 0;
  for (std::size_t row = 0; row < rows; ++row) {
    edges += offsets[row + 1];
    offsets[row + 1] = static_cast<CsrOffset>(edges);
  }
  if (edges > std::numeric_limits<CsrOffset>::max()) {
    throw std::invalid_argument("undirected graph: expected fewer than 2^31 edges, found " + std::to_string(edges / 2));
  }
  AlignedBuffer<std::uint32_t> targets(offsets[rows]);
  ParallelFor(runtime, rows, kRowGrain, [&](std::size_t begin, std::size_t end) {
    for (std::size_t row = begin; row < end; ++row) {
      std::uint32_t* out = targets.data() + offsets[row];
      for_each_neighbor(static_cast<std::uint32_t>(row), [&](std::uint32_t target) { *out++ = target; });
    }
  });
  return Csr(rows, std::move(offsets), std::move(targets));
}

}  // namespace

Csr UndirectedUnion(const Runtime& runtime, const SocialGraph& graph) {
  const std::uint32_t users = graph.num_users();
  return SquareCsr(runtime, graph.num_nodes(), [&](std::uint32_t node, auto emit) {
    if (node >= users) {
      for (std::uint32_t user : graph.users(ItemId{node - users}).targets) emit(user);
      return;
    }
    ForEachFriend(graph, node, emit);
    for (std::uint32_t item : graph.items(UserId{node}).targets) emit(users + item);
  });
}

Csr UndirectedFriends(const Runtime& runtime, const SocialGraph& graph) {
  return SquareCsr(runtime, graph.num_users(),
                   [&](std::uint32_t user, auto emit) { ForEachFriend(graph, user, emit); });
}

}  // namespace kith
