/// Batches looked at a second way: by the rows of the graph, and as numbers and lines to compare between runs.
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "bench/sampler_graph.h"
#include "kith/sampler/neighbor_sampler.h"
#include "kith/sampler/walk_sampler.h"

namespace kith::tools {

/// FNV-1a over numbers instead of bytes.
class Hash {
 public:
  void Add(std::uint64_t value) { state_ = (state_ ^ value) * 0x100000001B3ULL; }
  [[nodiscard]] std::uint64_t value() const { return state_; }
  /// 16 hexadecimal digits.
  [[nodiscard]] std::string ToString() const;

 private:
  std::uint64_t state_ = 0xCBF29CE484222325ULL;
};

[[nodiscard]] std::uint64_t HashOf(const MiniBatch& batch);
[[nodiscard]] std::uint64_t HashOf(const WalkBatch& batch);

/// Whether every edge is the graph's, none is drawn twice, every row has min(fan-out, edges it may draw from), and in a
/// batch with times all are before their seed's (the last ones, where the most recent are asked for).
[[nodiscard]] bool IsRight(const NamedGraph& graph, const std::vector<std::uint32_t>& fanouts, bool most_recent,
                           const MiniBatch& batch);
/// Whether rows have at most `keep` others, most visited first, each within reach of the moves.
[[nodiscard]] bool IsRight(const NamedGraph& graph, const WalkSamplerOptions& options, const WalkBatch& batch);

/// A line an edge: batch, hop, relation, destination, source; tab-separated, nodes by their keys in the graph's files.
/// Returns false where writing failed.
[[nodiscard]] bool WriteEdges(const NamedGraph& graph, std::uint64_t number, const MiniBatch& batch, std::FILE* file);

/// Writes the rows that the sampler draws from: a line an edge, relation, node and neighbour.
[[nodiscard]] Status WriteGraph(const NamedGraph& graph, const std::string& path);

}  // namespace kith::tools
