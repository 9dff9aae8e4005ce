#include "bench/sampler_graph.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <set>
#include <utility>

#include "bench/rmat.h"
#include "bench_graph.h"
#include "kith/base/rng.h"
#include "kith/storage/graph_snapshot.h"

namespace kith::tools {
namespace {

/// Streams of Purpose::kBench: what edges weigh and when they were.
constexpr std::uint64_t kWeights = 31, kTimes = 32;
constexpr std::size_t kRowGrain = 256;

/// One number of each edge, from both of its ends.
std::uint32_t EdgeWord(std::uint64_t key, Relation relation, std::uint32_t row, std::uint32_t target) {
  if (relation == Relation::kInteractedBy) std::swap(row, target);
  if (relation >= Relation::kTrusts && row > target) std::swap(row, target);
  return WordStream(key, row).word(target);
}

std::uint64_t KeyOfStream(std::uint64_t seed, std::uint64_t stream) {
  const Rng rng(seed, Purpose::kBench, stream);
  return std::uint64_t{rng.bits(0)} << 32 | rng.bits(1);
}

}  // namespace

Relation NamedGraph::RelationOf(NodeId node) const noexcept {
  if (!bipartite()) return Relation::kTrusts;
  return index(node) < graph->num_users() ? Relation::kInteracts : Relation::kInteractedBy;
}

Neighbors NamedGraph::RowOf(NodeId node) const noexcept {
  const std::uint32_t number = index(node), users = graph->num_users();
  return graph->neighbors(RelationOf(node), number < users ? number : number - users);
}

std::uint32_t NamedGraph::FirstTarget(NodeId node) const noexcept {
  return RelationOf(node) == Relation::kInteracts ? graph->num_users() : 0;
}

std::string NamedGraph::KeyOf(NodeId node) const {
  const std::uint32_t number = index(node), users = graph->num_users();
  if (number < users) return user_keys.empty() ? std::to_string(number) : user_keys[number];
  return item_keys.empty() ? std::to_string(number - users) : item_keys[number - users];
}

Result<NamedGraph> LoadSamplerGraph(const Runtime& runtime, const std::string& name, const std::string& data,
                                    std::uint64_t seed, const std::string& cache) {
  if (const auto rmat = RmatByName(name, seed)) {
    auto start = std::chrono::steady_clock::now();
    const auto made = [&](std::shared_ptr<const SocialGraph> graph) {
      const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
      return NamedGraph{.name = name, .graph = std::move(graph), .open_seconds = seconds.count()};
    };
    const std::string file = cache.empty() ? "" : cache + "/" + name + "-seed-" + std::to_string(seed) + ".snapshot";
    if (!file.empty()) {
      auto read = ReadGraphSnapshot(runtime, file);
      if (read.ok()) return made(*read);
      if (read.status().code() != StatusCode::kNotFound) return read.status();
    }
    start = std::chrono::steady_clock::now();
    KITH_ASSIGN_OR_RETURN(auto graph, MakeRmatGraph(runtime, *rmat));
    NamedGraph named = made(std::move(graph));
    if (!file.empty()) KITH_RETURN_IF_ERROR(WriteGraphSnapshot(runtime, *named.graph, file));
    return named;
  }
  if (data.empty()) {
    return InvalidArgument("--graph: expected rmat-1m or rmat-5m, or a folder of --data DIR, found \"" + name +
                           "\" and no --data (nor KITH_DATA)");
  }
  namespace fs = std::filesystem;
  const fs::path folder = fs::path(data) / name;
  KITH_ASSIGN_OR_RETURN(BenchGraph read, ReadBenchGraph(runtime, fs::is_directory(folder) ? folder.string() : data));
  if (read.name != name) {
    return InvalidArgument("--graph: no folder \"" + name + "\" in " + data + ", which is \"" + read.name + "\"");
  }
  return NamedGraph{name, std::move(read.graph), std::move(read.user_keys), std::move(read.item_keys)};
}

Result<NamedGraph> WithWeightsAndTimes(const Runtime& runtime, const NamedGraph& graph, bool weights, bool times,
                                       std::uint64_t seed) {
  const std::uint64_t weight_key = KeyOfStream(seed, kWeights), time_key = KeyOfStream(seed, kTimes);
  const auto add = [&](Relation relation) {
    const Csr& plain = graph.graph->frozen(relation);
    auto weight = AlignedBuffer<float>::ForOverwrite(weights ? plain.num_edges() : 0);
    auto time = AlignedBuffer<std::int64_t>::ForOverwrite(times ? plain.num_edges() : 0);
    ParallelFor(runtime, plain.num_rows(), kRowGrain, [&](std::size_t begin, std::size_t end) {
      for (std::size_t row = begin; row < end; ++row) {
        for (CsrOffset e = plain.offsets()[row]; e < plain.offsets()[row + 1]; ++e) {
          const auto source = static_cast<std::uint32_t>(row);
          if (weights) {
            const double uniform = (EdgeWord(weight_key, relation, source, plain.targets()[e]) + 0.5) * 0x1p-32;
            weight[e] = static_cast<float>(-std::log(uniform));
          }
          if (times) {
            const std::uint64_t word = EdgeWord(time_key, relation, source, plain.targets()[e]);
            time[e] = static_cast<std::int64_t>(word * static_cast<std::uint64_t>(kTimeEnd) >> 32);
          }
        }
      }
    });
    AlignedBuffer<CsrOffset> offsets;
    AlignedBuffer<std::uint32_t> targets;
    offsets.assign(plain.offsets());
    targets.assign(plain.targets());
    return std::make_shared<const Csr>(plain.num_targets(), std::move(offsets), std::move(targets), std::move(weight),
                                       std::move(time));
  };
  GraphParts parts{.num_users = graph.graph->num_users(), .num_items = graph.graph->num_items(), .store_id = "bench"};
  for (const Relation relation : {Relation::kInteracts, Relation::kTrusts}) {
    const bool symmetric = &graph.graph->frozen(relation) == &graph.graph->frozen(Reverse(relation));
    const auto forward = add(relation);
    parts.relations[static_cast<std::size_t>(relation)] = forward;
    parts.relations[static_cast<std::size_t>(Reverse(relation))] = symmetric ? forward : add(Reverse(relation));
  }
  NamedGraph made{.name = graph.name, .graph = nullptr, .user_keys = graph.user_keys, .item_keys = graph.item_keys};
  KITH_ASSIGN_OR_RETURN(made.graph, SocialGraph::Assemble(std::move(parts)));
  return made;
}

double TopologyBytesPerEdge(const SocialGraph& graph) {
  std::set<const Csr*> parts;
  for (int r = 0; r < kNumRelations; ++r) parts.insert(&graph.frozen(static_cast<Relation>(r)));
  std::size_t bytes = 0, edges = 0;
  for (const Csr* csr : parts) {
    bytes += csr->offsets().size_bytes() + csr->targets().size_bytes() + csr->weights().size_bytes() +
             csr->times().size_bytes();
    edges += csr->num_edges();
  }
  return edges == 0 ? 0 : static_cast<double>(bytes) / static_cast<double>(edges);
}

Footprint FootprintOf(const NamedGraph& graph) {
  Footprint footprint;
  const auto add = [&](const Csr& csr) {
    footprint.offsets += csr.offsets().size_bytes();
    footprint.targets += csr.targets().size_bytes();
  };
  if (graph.bipartite()) {
    add(graph.graph->frozen(Relation::kInteracts));
    add(graph.graph->frozen(Relation::kInteractedBy));
  } else {
    add(graph.graph->frozen(Relation::kTrusts));
  }
  return footprint;
}

}  // namespace kith::tools
