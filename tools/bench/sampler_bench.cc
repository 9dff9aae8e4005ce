#include "bench/sampler_bench.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <mutex>
#include <utility>

#include "kith/base/rng.h"
#include "kith/sampler/neighbor_sampler.h"

namespace kith::tools {
namespace {

/// Stream of Purpose::kBench: the order of the seeds.
constexpr std::uint64_t kSeedOrder = 30;
/// Batches whose every edge is looked up in the graph; the others are compared by their hash.
constexpr std::uint32_t kCheckedBatches = 2;

bool HasInteractions(const SocialGraph& graph) { return graph.num_interactions() != 0; }

/// The row that a node draws from.
Neighbors RowOf(const SocialGraph& graph, NodeId node) {
  const std::uint32_t number = index(node), users = graph.num_users();
  if (!HasInteractions(graph)) return graph.friends(UserId{number});
  return number < users ? graph.items(UserId{number}) : graph.users(ItemId{number - users});
}

NeighborSamplerOptions SamplerOptions(const SocialGraph& graph, const std::vector<std::uint32_t>& fanouts,
                                      std::uint64_t seed) {
  NeighborSamplerOptions options{.fanouts = {}, .seed = seed};
  for (const std::uint32_t keep : fanouts) {
    options.fanouts.push_back(HasInteractions(graph) ? Fanout{keep, keep, 0} : Fanout{0, 0, keep});
  }
  return options;
}

/// Nodes with edges in random order, batch after batch.
class SeedOrder {
 public:
  SeedOrder(const SocialGraph& graph, const SamplerBenchOptions& options) {
    const std::uint32_t nodes = HasInteractions(graph) ? graph.num_nodes() : graph.num_users();
    for (std::uint32_t v = 0; v < nodes; ++v) {
      if (!RowOf(graph, NodeId{v}).empty()) order_.push_back(NodeId{v});
    }
    const Rng rng(options.seed, Purpose::kBench, kSeedOrder);
    for (auto i = static_cast<std::uint32_t>(order_.size()); i > 1; --i) {
      std::swap(order_[i - 1], order_[rng.bounded(i, i)]);
    }
    per_batch_ = std::min<std::size_t>(options.seeds_per_batch, order_.size());
  }
  [[nodiscard]] bool empty() const noexcept { return order_.empty(); }
  [[nodiscard]] std::span<const NodeId> Batch(std::size_t b) const {
    const std::size_t whole = order_.size() / per_batch_;
    return std::span(order_).subspan(b % whole * per_batch_, per_batch_);
  }

 private:
  std::vector<NodeId> order_;
  std::size_t per_batch_ = 1;
};

/// What one thread needs to sample; borrowed for a batch and given back.
struct WorkSpace {
  NeighborSampler::ScratchPtr scratch;
  MiniBatch batch;
};

class WorkSpaces {
 public:
  explicit WorkSpaces(const NeighborSampler& sampler) : sampler_(sampler) {}
  std::unique_ptr<WorkSpace> Borrow() {
    const std::lock_guard lock(mutex_);
    if (free_.empty()) return std::make_unique<WorkSpace>(WorkSpace{sampler_.NewScratch(), {}});
    std::unique_ptr<WorkSpace> space = std::move(free_.back());
    free_.pop_back();
    return space;
  }
  void GiveBack(std::unique_ptr<WorkSpace> space) {
    const std::lock_guard lock(mutex_);
    free_.push_back(std::move(space));
  }

 private:
  const NeighborSampler& sampler_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<WorkSpace>> free_;
};

/// Samples every batch and calls visit(b, batch) for it, several at once.
void SampleAll(const Runtime& runtime, const NeighborSampler& sampler, const SeedOrder& seeds, std::uint32_t batches,
               WorkSpaces& spaces, FunctionRef<void(std::size_t, const MiniBatch&)> visit) {
  ParallelFor(runtime, batches, /*grain=*/1, [&](std::size_t begin, std::size_t end) {
    std::unique_ptr<WorkSpace> space = spaces.Borrow();
    for (std::size_t b = begin; b < end; ++b) {
      sampler.Sample(seeds.Batch(b), b, /*transpose=*/false, *space->scratch, space->batch);
      visit(b, space->batch);
    }
    spaces.GiveBack(std::move(space));
  });
}

std::uint64_t EdgesOf(const MiniBatch& batch) {
  std::uint64_t edges = 0;
  for (const Block& block : batch.blocks) edges += block.num_edges();
  return edges;
}

/// FNV-1a over numbers instead of bytes.
class Hash {
 public:
  void Add(std::uint64_t value) { state_ = (state_ ^ value) * 0x100000001B3ULL; }
  [[nodiscard]] std::uint64_t value() const { return state_; }

 private:
  std::uint64_t state_ = 0xCBF29CE484222325ULL;
};

std::uint64_t HashOf(const MiniBatch& batch) {
  Hash hash;
  for (const Block& block : batch.blocks) {
    for (const NodeId node : block.nodes) hash.Add(index(node));
    for (const EdgeOffset offset : block.offsets) hash.Add(offset);
    for (const std::uint32_t source : block.sources) hash.Add(source);
  }
  return hash.value();
}

std::uint64_t HashOfAll(const Runtime& runtime, const NeighborSampler& sampler, const SeedOrder& seeds,
                        std::uint32_t batches, WorkSpaces& spaces) {
  std::vector<std::uint64_t> hashes(batches);
  SampleAll(runtime, sampler, seeds, batches, spaces,
            [&](std::size_t b, const MiniBatch& batch) { hashes[b] = HashOf(batch); });
  Hash all;
  for (const std::uint64_t hash : hashes) all.Add(hash);
  return all.value();
}

/// Whether every edge is the graph's, none is drawn twice, and every row has as many as it should.
bool IsRight(const SocialGraph& graph, const std::vector<std::uint32_t>& fanouts, const MiniBatch& batch) {
  if (batch.blocks.size() != fanouts.size()) return false;
  for (std::size_t hop = 0; hop < fanouts.size(); ++hop) {
    const Block& block = batch.blocks[fanouts.size() - 1 - hop];
    if (!block.Check().ok()) return false;
    std::vector<std::uint32_t> drawn;
    for (std::size_t v = 0; v < block.num_destinations(); ++v) {
      const std::uint32_t own = index(block.nodes[v]);
      const Neighbors row = RowOf(graph, block.nodes[v]);
      const std::uint32_t first = HasInteractions(graph) && own < graph.num_users() ? graph.num_users() : 0;
      drawn.clear();
      for (EdgeOffset e = block.offsets[v]; e < block.offsets[v + 1]; ++e) {
        drawn.push_back(index(block.nodes[block.sources[e]]) - first);
      }
      std::sort(drawn.begin(), drawn.end());
      if (drawn.size() != std::min<std::size_t>(fanouts[hop], row.size())) return false;
      if (std::adjacent_find(drawn.begin(), drawn.end()) != drawn.end()) return false;
      if (!std::includes(row.targets.begin(), row.targets.end(), drawn.begin(), drawn.end())) return false;
    }
  }
  return true;
}

std::string Joined(const std::vector<std::uint32_t>& numbers) {
  std::string text;
  for (const std::uint32_t number : numbers) text += (text.empty() ? "" : ",") + std::to_string(number);
  return text;
}

std::string Hexadecimal(std::uint64_t value) {
  std::array<char, 17> text;
  std::snprintf(text.data(), text.size(), "%016llx", static_cast<unsigned long long>(value));
  return text.data();
}

std::string RmatName(std::uint32_t scale) {
  if (scale == 20) return "rmat-1m";
  return scale > 20 ? "rmat-" + std::to_string(1U << (scale - 20)) + "m" : "rmat-scale" + std::to_string(scale);
}

}  // namespace

Status SamplerBenchOptions::Validate() const {
  if (fanouts.empty() || seeds_per_batch == 0 || batches == 0 || repeats == 0) {
    return InvalidArgument("bench sampler: expected at least 1 fan-out, seed, batch and repeat");
  }
  return rmat.Validate();
}

Result<SamplerBenchRow> RunSamplerCase(const Runtime& runtime, const NamedGraph& data,
                                       const std::vector<std::uint32_t>& fanouts, const SamplerBenchOptions& options) {
  const SocialGraph& graph = *data.graph;
  const NeighborSamplerOptions sampling = SamplerOptions(graph, fanouts, options.seed);
  KITH_RETURN_IF_ERROR(sampling.Validate());
  const SeedOrder seeds(graph, options);
  if (seeds.empty()) {
    return InvalidArgument("bench sampler: graph \"" + data.name + "\" has no edges; name another with --data");
  }
  const NeighborSampler sampler(data.graph, sampling);
  WorkSpaces spaces(sampler);
  const std::uint64_t hash = HashOfAll(runtime, sampler, seeds, options.batches, spaces);
  const Runtime one(1);
  bool right = runtime.threads() == 1 || hash == HashOfAll(one, sampler, seeds, options.batches, spaces);
  SampleAll(one, sampler, seeds, std::min(options.batches, kCheckedBatches), spaces,
            [&](std::size_t, const MiniBatch& batch) { right = right && IsRight(graph, fanouts, batch); });

  std::vector<double> seconds;
  std::atomic<std::uint64_t> edges = 0;
  for (std::uint32_t repeat = 0; repeat < options.repeats; ++repeat) {
    edges = 0;
    const auto begin = std::chrono::steady_clock::now();
    SampleAll(runtime, sampler, seeds, options.batches, spaces,
              [&](std::size_t, const MiniBatch& batch) { edges += EdgesOf(batch); });
    seconds.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
  }
  std::nth_element(seconds.begin(), seconds.begin() + options.repeats / 2, seconds.end());

  SamplerBenchRow row;
  row.graph = data.name;
  row.fanouts = Joined(fanouts);
  row.nodes = HasInteractions(graph) ? graph.num_nodes() : graph.num_users();
  row.graph_edges = HasInteractions(graph) ? 2 * graph.num_interactions() : graph.num_friendships();
  row.edges = edges;
  row.threads = static_cast<std::uint32_t>(runtime.threads());
  row.edges_per_core_second = static_cast<double>(row.edges) / seconds[options.repeats / 2] / row.threads;
  row.hash = Hexadecimal(hash);
  row.verified = right;
  return row;
}

Result<std::vector<SamplerBenchRow>> RunSamplerBench(const Runtime& runtime, const SamplerBenchOptions& options,
                                                     const NamedGraph& data) {
  KITH_RETURN_IF_ERROR(options.Validate());
  std::vector<NamedGraph> graphs;
  if (data.graph) graphs.push_back(data);
  RmatOptions rmat = options.rmat;
  rmat.seed = options.seed;
  KITH_ASSIGN_OR_RETURN(auto synthetic, MakeRmatGraph(runtime, rmat));
  graphs.push_back({RmatName(rmat.scale), std::move(synthetic)});
  std::vector<SamplerBenchRow> rows;
  for (const NamedGraph& graph : graphs) {
    for (const auto& fanouts : options.fanouts) {
      KITH_ASSIGN_OR_RETURN(SamplerBenchRow row, RunSamplerCase(runtime, graph, fanouts, options));
      rows.push_back(std::move(row));
    }
  }
  return rows;
}

}  // namespace kith::tools
