#include "bench/sampler_bench.h"

#include <algorithm>
#include <cstdio>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <utility>

#include "bench/sampler_check.h"
#include "kith/base/rng.h"
#include "kith/sampler/neighbor_sampler.h"
#include "kith/sampler/walk_sampler.h"

namespace kith::tools {
namespace {

/// Streams of Purpose::kBench: the order of the seeds and their times.
constexpr std::uint64_t kSeedOrder = 30, kSeedTimes = 33;
/// Batches whose every edge is looked up in the graph; the others are compared by their hash.
constexpr std::uint32_t kCheckedBatches = 2;
constexpr std::uint32_t kDumpedBatches = 100;

/// Nodes with edges in random order, batch after batch, and the times that they are looked at from.
class SeedOrder {
 public:
  SeedOrder(const NamedGraph& graph, const SamplerBenchOptions& options) {
    for (std::uint32_t v = 0; v < graph.num_nodes(); ++v) {
      if (!graph.RowOf(NodeId{v}).empty()) order_.push_back(NodeId{v});
    }
    const Rng rng(options.seed, Purpose::kBench, kSeedOrder), times(options.seed, Purpose::kBench, kSeedTimes);
    for (auto i = static_cast<std::uint32_t>(order_.size()); i > 1; --i) {
      std::swap(order_[i - 1], order_[rng.bounded(i, i)]);
    }
    for (std::uint32_t i = 0; i < order_.size(); ++i) {
      times_.push_back(times.bounded(i, static_cast<std::uint32_t>(kTimeEnd)));
    }
    per_batch_ = std::min<std::size_t>(options.seeds_per_batch, order_.size());
  }
  [[nodiscard]] bool empty() const noexcept { return order_.empty(); }
  [[nodiscard]] std::span<const NodeId> Batch(std::size_t b) const {
    return std::span(order_).subspan(First(b), per_batch_);
  }
  [[nodiscard]] std::span<const std::int64_t> Times(std::size_t b) const {
    return std::span(times_).subspan(First(b), per_batch_);
  }

 private:
  [[nodiscard]] std::size_t First(std::size_t b) const { return b % (order_.size() / per_batch_) * per_batch_; }
  std::vector<NodeId> order_;
  std::vector<std::int64_t> times_;
  std::size_t per_batch_ = 1;
};

/// One sampler at work on one graph; a Space is what a thread needs, batch after batch.
class Subject {
 public:
  struct Space {
    NeighborSampler::ScratchPtr scratch = nullptr;
    WalkSampler::ScratchPtr walk_scratch = nullptr;
    MiniBatch batch;
    WalkBatch walks;
  };

  Subject(const Runtime& runtime, const NamedGraph& graph, const std::vector<std::uint32_t>& fanouts,
          const SamplerBenchOptions& options)
      : graph_(graph), fanouts_(fanouts), kind_(options.kind), seeds_(graph, options) {
    if (kind_ == SamplerKind::kImportance) {
      walk_options_.over = graph.bipartite() ? Relation::kInteracts : Relation::kTrusts;
      walk_options_.seed = options.seed;
      walks_.emplace(graph.graph, walk_options_);
      return;
    }
    NeighborSamplerOptions sampling{.fanouts = {}, .choice = ChoiceOf(kind_), .seed = options.seed};
    for (const std::uint32_t keep : fanouts) {
      sampling.fanouts.push_back(graph.bipartite() ? Fanout{keep, keep, 0} : Fanout{0, 0, keep});
    }
    sampler_.emplace(graph.graph, sampling, runtime);
  }

  [[nodiscard]] bool empty() const noexcept { return seeds_.empty(); }
  [[nodiscard]] std::unique_ptr<Space> NewSpace() const {
    auto space = std::make_unique<Space>();
    if (walks_) space->walk_scratch = walks_->NewScratch();
    if (sampler_) space->scratch = sampler_->NewScratch();
    return space;
  }
  void Sample(std::size_t b, Space& space) const {
    if (walks_) {
      walks_->Sample(seeds_.Batch(b), b, /*transpose=*/false, *space.walk_scratch, space.walks);
    } else if (timed()) {
      sampler_->SampleBefore(seeds_.Batch(b), seeds_.Times(b), b, /*transpose=*/false, *space.scratch, space.batch);
    } else {
      sampler_->Sample(seeds_.Batch(b), b, /*transpose=*/false, *space.scratch, space.batch);
    }
  }
  [[nodiscard]] std::uint64_t EdgesOf(const Space& space) const {
    if (walks_) return space.walks.moves;
    std::uint64_t edges = 0;
    for (const Block& block : space.batch.blocks) edges += block.num_edges();
    return edges;
  }
  [[nodiscard]] std::uint64_t MetNodesOf(const Space& space) const {
    return walks_ ? space.walks.block.nodes.size() : space.batch.input_nodes().size();
  }
  [[nodiscard]] std::uint64_t HashOfBatch(const Space& space) const {
    return walks_ ? HashOf(space.walks) : HashOf(space.batch);
  }
  [[nodiscard]] bool IsRightBatch(const Space& space) const {
    return walks_ ? IsRight(graph_, walk_options_, space.walks)
                  : IsRight(graph_, fanouts_, kind_ == SamplerKind::kRecent, space.batch);
  }

 private:
  static NeighborChoice ChoiceOf(SamplerKind kind) {
    if (kind == SamplerKind::kWeighted) return NeighborChoice::kWeighted;
    if (kind == SamplerKind::kTemporal) return NeighborChoice::kBefore;
    return kind == SamplerKind::kRecent ? NeighborChoice::kMostRecent : NeighborChoice::kUniform;
  }
  [[nodiscard]] bool timed() const noexcept { return kind_ == SamplerKind::kTemporal || kind_ == SamplerKind::kRecent; }

  const NamedGraph& graph_;
  const std::vector<std::uint32_t>& fanouts_;
  SamplerKind kind_;
  SeedOrder seeds_;
  WalkSamplerOptions walk_options_;
  std::optional<NeighborSampler> sampler_;
  std::optional<WalkSampler> walks_;
};

/// Spaces that threads borrow for a batch and give back.
class Spaces {
 public:
  explicit Spaces(const Subject& subject) : subject_(subject) {}
  std::unique_ptr<Subject::Space> Borrow() {
    const std::lock_guard lock(mutex_);
    if (free_.empty()) return subject_.NewSpace();
    std::unique_ptr<Subject::Space> space = std::move(free_.back());
    free_.pop_back();
    return space;
  }
  void GiveBack(std::unique_ptr<Subject::Space> space) {
    const std::lock_guard lock(mutex_);
    free_.push_back(std::move(space));
  }

 private:
  const Subject& subject_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Subject::Space>> free_;
};

/// Samples every batch and calls visit(b, space) for it, several at once.
void SampleAll(const Runtime& runtime, const Subject& subject, std::uint32_t batches, Spaces& spaces,
               FunctionRef<void(std::size_t, const Subject::Space&)> visit) {
  ParallelFor(runtime, batches, /*grain=*/1, [&](std::size_t begin, std::size_t end) {
    std::unique_ptr<Subject::Space> space = spaces.Borrow();
    for (std::size_t b = begin; b < end; ++b) {
      subject.Sample(b, *space);
      visit(b, *space);
    }
    spaces.GiveBack(std::move(space));
  });
}

Hash HashOfAll(const Runtime& runtime, const Subject& subject, std::uint32_t batches, Spaces& spaces) {
  std::vector<std::uint64_t> hashes(batches);
  SampleAll(runtime, subject, batches, spaces,
            [&](std::size_t b, const Subject::Space& space) { hashes[b] = subject.HashOfBatch(space); });
  Hash all;
  for (const std::uint64_t hash : hashes) all.Add(hash);
  return all;
}

/// Appends the first batches to the file, made by several threads and written in order.
Status Dump(const Runtime& runtime, const NamedGraph& graph, const Subject& subject,
            const std::vector<std::uint32_t>& fanouts, Spaces& spaces, const std::string& path, bool first) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), first ? "w" : "a"), std::fclose);
  if (!file) return IoError("bench sampler: cannot write " + path + "; name another file with --dump");
  std::string text;
  for (const std::uint32_t keep : fanouts) text += (text.empty() ? "" : ",") + std::to_string(keep);
  bool written = std::fprintf(file.get(), "# %s fanouts %s\n# batch\thop\trelation\tdestination\tsource\n",
                              graph.name.c_str(), text.c_str()) > 0;
  const auto at_once = static_cast<std::uint32_t>(runtime.threads());
  for (std::uint32_t begin = 0; begin < kDumpedBatches && written; begin += at_once) {
    std::vector<std::unique_ptr<Subject::Space>> made(std::min(at_once, kDumpedBatches - begin));
    ParallelFor(runtime, made.size(), /*grain=*/1, [&](std::size_t from, std::size_t to) {
      for (std::size_t i = from; i < to; ++i) {
        made[i] = spaces.Borrow();
        subject.Sample(begin + i, *made[i]);
      }
    });
    for (std::uint32_t i = 0; i < made.size(); ++i) {
      written = written && WriteEdges(graph, begin + i, made[i]->batch, file.get());
      spaces.GiveBack(std::move(made[i]));
    }
  }
  if (written && std::fflush(file.get()) == 0) return OkStatus();
  return IoError("bench sampler: writing " + path + " failed; is the disk full?");
}

/// Arrays as large as those that a hop looks at at random.
struct Floor {
  Floor(const NamedGraph& graph, std::uint64_t seed)
      : targets(FootprintOf(graph).targets, seed),
        slots(graph.graph->num_nodes() * sizeof(std::uint32_t), seed),
        offsets(FootprintOf(graph).offsets, seed) {}
  RandomLines targets, slots, offsets;
};

struct Drawn {
  std::uint64_t edges = 0, met_nodes = 0;
  double seconds = 0;  ///< CPU seconds of all threads while they sampled
};

Drawn Draw(const Runtime& runtime, const Subject& subject, std::uint32_t batches, Spaces& spaces) {
  Drawn drawn;
  std::mutex mutex;
  ParallelFor(runtime, batches, /*grain=*/1, [&](std::size_t begin, std::size_t end) {
    std::unique_ptr<Subject::Space> space = spaces.Borrow();
    for (std::size_t b = begin; b < end; ++b) {
      const double before = ThreadSeconds();
      subject.Sample(b, *space);
      const double seconds = ThreadSeconds() - before;
      const std::lock_guard lock(mutex);
      drawn.edges += subject.EdgesOf(*space);
      drawn.met_nodes += subject.MetNodesOf(*space);
      drawn.seconds += seconds;
    }
    spaces.GiveBack(std::move(space));
  });
  return drawn;
}

std::string Joined(const std::vector<std::uint32_t>& numbers) {
  std::string text;
  for (const std::uint32_t number : numbers) text += (text.empty() ? "" : ",") + std::to_string(number);
  return text;
}

Result<SamplerBenchRow> RunCase(const Runtime& runtime, const NamedGraph& graph,
                                const std::vector<std::uint32_t>& fanouts, const SamplerBenchOptions& options,
                                bool first) {
  const Subject subject(runtime, graph, fanouts, options);
  if (subject.empty()) {
    return InvalidArgument("bench sampler: graph \"" + graph.name + "\" has no edges; name another with --graph");
  }
  Spaces spaces(subject);
  const Runtime one(1);
  const Hash hash = HashOfAll(runtime, subject, options.batches, spaces);
  bool right = runtime.threads() == 1 || hash.value() == HashOfAll(one, subject, options.batches, spaces).value();
  SampleAll(one, subject, std::min(options.batches, kCheckedBatches), spaces,
            [&](std::size_t, const Subject::Space& space) { right = right && subject.IsRightBatch(space); });
  const bool importance = options.kind == SamplerKind::kImportance;
  if (!options.dump.empty() && !importance) {
    KITH_RETURN_IF_ERROR(Dump(runtime, graph, subject, fanouts, spaces, options.dump, first));
  }

  SamplerBenchRow row;
  row.graph = graph.name;
  row.kind = NameOf(options.kind);
  row.fanouts = importance ? "" : Joined(fanouts);
  row.nodes = graph.num_nodes();
  row.graph_edges = graph.num_edges();
  row.threads = static_cast<std::uint32_t>(runtime.threads());
  const Floor floor(graph, options.seed);
  std::vector<double> rates, dependent, targets, slots, offsets;
  for (std::uint32_t repeat = 0; repeat < options.repeats; ++repeat) {
    const Drawn drawn = Draw(runtime, subject, options.batches, spaces);
    row.edges = drawn.edges;
    row.met_nodes = drawn.met_nodes;
    rates.push_back(static_cast<double>(drawn.edges) / drawn.seconds);
    dependent.push_back(floor.targets.Dependent());
    targets.push_back(floor.targets.Prefetched());
    slots.push_back(floor.slots.Prefetched());
    offsets.push_back(floor.offsets.Prefetched());
  }
  row.best = *std::max_element(rates.begin(), rates.end());
  row.edges_per_core_second = Median(rates);
  row.lines = {.prefetched = Median(targets), .dependent = Median(dependent)};
  if (!importance) {
    const auto drawn = static_cast<double>(row.edges), met = static_cast<double>(row.met_nodes);
    row.floor = drawn / (drawn / row.lines.prefetched + drawn / Median(slots) + met / Median(offsets));
    row.share_of_floor = row.edges_per_core_second / row.floor;
  }
  row.topology_bytes_per_edge = TopologyBytesPerEdge(*graph.graph);
  row.hash = hash.ToString();
  row.verified = right;
  return row;
}

}  // namespace

const char* NameOf(SamplerKind kind) {
  switch (kind) {
    case SamplerKind::kUniform:
      return "uniform";
    case SamplerKind::kWeighted:
      return "weighted";
    case SamplerKind::kTemporal:
      return "temporal";
    case SamplerKind::kRecent:
      return "recent";
    case SamplerKind::kImportance:
      return "importance";
  }
  return "";
}

Status SamplerBenchOptions::Validate() const {
  if (fanouts.empty() || seeds_per_batch == 0 || batches == 0 || repeats == 0) {
    return InvalidArgument("bench sampler: expected at least 1 fan-out, seed, batch and repeat");
  }
  for (const std::vector<std::uint32_t>& hops : fanouts) {
    NeighborSamplerOptions sampling{.fanouts = {}};
    for (const std::uint32_t keep : hops) {
      if (keep == 0) return InvalidArgument("bench sampler: expected fan-outs of 1 and more, found 0");
      sampling.fanouts.push_back({keep, keep, 0});
    }
    KITH_RETURN_IF_ERROR(sampling.Validate());
  }
  return OkStatus();
}

Result<std::vector<SamplerBenchRow>> RunSamplerBench(const Runtime& runtime, const NamedGraph& graph,
                                                     const SamplerBenchOptions& options) {
  KITH_RETURN_IF_ERROR(options.Validate());
  const bool weights = options.kind == SamplerKind::kWeighted;
  const bool times = options.kind == SamplerKind::kTemporal || options.kind == SamplerKind::kRecent;
  NamedGraph made = graph;
  if (weights || times) {
    KITH_ASSIGN_OR_RETURN(made, WithWeightsAndTimes(runtime, graph, weights, times, options.seed));
  }
  std::vector<SamplerBenchRow> rows;
  for (const auto& fanouts : options.fanouts) {
    KITH_ASSIGN_OR_RETURN(SamplerBenchRow row, RunCase(runtime, made, fanouts, options, rows.empty()));
    rows.push_back(std::move(row));
    if (options.kind == SamplerKind::kImportance) break;
  }
  return rows;
}

}  // namespace kith::tools
