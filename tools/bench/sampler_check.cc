#include "bench/sampler_check.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <span>

namespace kith::tools {
namespace {

/// The row as edges that a destination may draw: sorted targets, those before `before` alone where it has a time.
struct Eligible {
  std::vector<std::uint32_t> targets;
};

Eligible EligibleOf(const Neighbors& row, const std::int64_t* before) {
  Eligible eligible;
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (before == nullptr || row.time(i) < *before) eligible.targets.push_back(row.targets[i]);
  }
  return eligible;
}

std::int64_t TimeOf(const Neighbors& row, std::uint32_t target) {
  const auto at = std::lower_bound(row.targets.begin(), row.targets.end(), target) - row.targets.begin();
  return row.time(static_cast<std::size_t>(at));
}

/// Whether no edge that may be drawn is later than the earliest that was.
bool AreMostRecent(const Neighbors& row, std::span<const std::uint32_t> drawn, const Eligible& eligible) {
  if (drawn.empty()) return true;
  std::int64_t earliest = TimeOf(row, drawn.front());
  for (const std::uint32_t target : drawn) earliest = std::min(earliest, TimeOf(row, target));
  return std::all_of(eligible.targets.begin(), eligible.targets.end(), [&](std::uint32_t target) {
    return TimeOf(row, target) <= earliest || std::binary_search(drawn.begin(), drawn.end(), target);
  });
}

const char* NameOf(Relation relation) {
  constexpr std::array<const char*, kNumRelations> kNames = {"interacts", "interacted_by", "trusts", "trusted_by"};
  return kNames[static_cast<std::size_t>(relation)];
}

}  // namespace

std::string Hash::ToString() const {
  std::array<char, 17> text;
  std::snprintf(text.data(), text.size(), "%016llx", static_cast<unsigned long long>(state_));
  return text.data();
}

std::uint64_t HashOf(const MiniBatch& batch) {
  Hash hash;
  for (const Block& block : batch.blocks) {
    for (const NodeId node : block.nodes) hash.Add(index(node));
    for (const EdgeOffset offset : block.offsets) hash.Add(offset);
    for (const std::uint32_t source : block.sources) hash.Add(source);
  }
  return hash.value();
}

std::uint64_t HashOf(const WalkBatch& batch) {
  Hash hash;
  for (const NodeId node : batch.block.nodes) hash.Add(index(node));
  for (const EdgeOffset offset : batch.block.offsets) hash.Add(offset);
  for (const std::uint32_t source : batch.block.sources) hash.Add(source);
  for (const std::uint32_t visits : batch.visits) hash.Add(visits);
  return hash.value();
}

bool IsRight(const NamedGraph& graph, const std::vector<std::uint32_t>& fanouts, bool most_recent,
             const MiniBatch& batch) {
  if (batch.blocks.size() != fanouts.size()) return false;
  std::vector<std::uint32_t> drawn;
  for (std::size_t hop = 0; hop < fanouts.size(); ++hop) {
    const Block& block = batch.blocks[fanouts.size() - 1 - hop];
    if (!block.Check().ok()) return false;
    for (std::size_t v = 0; v < block.num_destinations(); ++v) {
      const Neighbors row = graph.RowOf(block.nodes[v]);
      const Eligible eligible = EligibleOf(row, block.times.empty() ? nullptr : &block.times[v]);
      drawn.clear();
      for (EdgeOffset e = block.offsets[v]; e < block.offsets[v + 1]; ++e) {
        drawn.push_back(index(block.nodes[block.sources[e]]) - graph.FirstTarget(block.nodes[v]));
      }
      std::sort(drawn.begin(), drawn.end());
      if (drawn.size() != std::min<std::size_t>(fanouts[hop], eligible.targets.size())) return false;
      if (std::adjacent_find(drawn.begin(), drawn.end()) != drawn.end()) return false;
      if (!std::includes(eligible.targets.begin(), eligible.targets.end(), drawn.begin(), drawn.end())) return false;
      if (most_recent && !AreMostRecent(row, drawn, eligible)) return false;
    }
  }
  return true;
}

bool IsRight(const NamedGraph& graph, const WalkSamplerOptions& options, const WalkBatch& batch) {
  const Block& block = batch.block;
  if (!block.Check().ok() || batch.visits.size() != block.num_edges()) return false;
  for (std::size_t v = 0; v < block.num_destinations(); ++v) {
    const std::size_t kept = block.offsets[v + 1] - block.offsets[v];
    if (kept > options.keep) return false;
    float weights = 0;
    for (EdgeOffset e = block.offsets[v]; e < block.offsets[v + 1]; ++e) {
      const NodeId source = block.nodes[block.sources[e]];
      if (block.sources[e] == v || batch.visits[e] == 0 || graph.RowOf(source).empty()) return false;
      if (graph.RelationOf(source) != graph.RelationOf(block.nodes[v])) return false;
      if (e > block.offsets[v] && batch.visits[e] > batch.visits[e - 1]) return false;
      weights += batch.weights[e];
    }
    if (kept != 0 && std::abs(weights - 1.0F) > 1e-5F) return false;
  }
  return true;
}

bool WriteEdges(const NamedGraph& graph, std::uint64_t number, const MiniBatch& batch, std::FILE* file) {
  for (std::size_t hop = 0; hop < batch.blocks.size(); ++hop) {
    const Block& block = batch.blocks[batch.blocks.size() - 1 - hop];
    for (std::size_t v = 0; v < block.num_destinations(); ++v) {
      const std::string destination = graph.KeyOf(block.nodes[v]);
      for (EdgeOffset e = block.offsets[v]; e < block.offsets[v + 1]; ++e) {
        if (std::fprintf(file, "%llu\t%zu\t%s\t%s\t%s\n", static_cast<unsigned long long>(number), hop,
                         NameOf(graph.RelationOf(block.nodes[v])), destination.c_str(),
                         graph.KeyOf(block.nodes[block.sources[e]]).c_str()) < 0) {
          return false;
        }
      }
    }
  }
  return true;
}

Status WriteGraph(const NamedGraph& graph, const std::string& path) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "w"), std::fclose);
  if (!file) return IoError("bench sampler: cannot write " + path + "; name another file with --dump-graph");
  bool written = std::fprintf(file.get(), "# %s\n# relation\tnode\tneighbour\n", graph.name.c_str()) > 0;
  for (std::uint32_t v = 0; v < graph.num_nodes() && written; ++v) {
    const NodeId node{v};
    const std::string key = graph.KeyOf(node);
    for (const std::uint32_t target : graph.RowOf(node).targets) {
      const NodeId neighbour{target + graph.FirstTarget(node)};
      written = written && std::fprintf(file.get(), "%s\t%s\t%s\n", NameOf(graph.RelationOf(node)), key.c_str(),
                                        graph.KeyOf(neighbour).c_str()) > 0;
    }
  }
  if (written && std::fflush(file.get()) == 0) return OkStatus();
  return IoError("bench sampler: writing " + path + " failed; is the disk full?");
}

}  // namespace kith::tools
