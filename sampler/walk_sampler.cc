#include "kith/sampler/walk_sampler.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <string>
#include <utility>

#include "fetch.h"
#include "hop.h"
#include "kith/base/rng.h"
#include "relabel.h"
#include "rows.h"

namespace kith {
namespace {

/// Walkers in lock step: enough for their misses to overlap, few enough to stay in the first cache.
constexpr std::size_t kWalkers = 512;
/// Draws of a seed: moves from 0, returns from here.
constexpr std::uint32_t kReturns = 1U << 26;

/// Places of the few nodes that one seed's walkers visit: a small table, emptied in O(1), that stays in the first
/// cache.
class Places {
 public:
  void Begin(std::size_t visits) {
    const std::size_t size = std::bit_ceil(2 * visits + 2);
    if (size > slots_.size()) slots_.assign(size, {});
    if (++stamp_ == 0) {
      std::fill(slots_.begin(), slots_.end(), Slot{});
      stamp_ = 1;
    }
  }
  /// The node's place, `next` if it is new.
  std::uint32_t Of(std::uint32_t node, std::uint32_t next) {
    const std::size_t mask = slots_.size() - 1;
    std::size_t at = node * std::size_t{0x9E3779B97F4A7C15ULL} >> 32 & mask;
    while (slots_[at].stamp == stamp_ && slots_[at].node != node) at = (at + 1) & mask;
    if (slots_[at].stamp != stamp_) slots_[at] = {node, stamp_, next};
    return slots_[at].place;
  }

 private:
  struct Slot {
    std::uint32_t node = 0, stamp = 0, place = 0;
  };
  std::vector<Slot> slots_;
  std::uint32_t stamp_ = 0;
};

}  // namespace

Status WalkSamplerOptions::Validate() const {
  if (over != Relation::kInteracts && over != Relation::kTrusts) {
    return InvalidArgument("walk sampler: expected walks over kInteracts or kTrusts, found relation " +
                           std::to_string(static_cast<int>(over)));
  }
  if (walks == 0 || moves == 0 || walks > (1U << 12) || moves > (1U << 12)) {
    return InvalidArgument("walk sampler: expected 1 to 4096 walks of 1 to 4096 moves, found " + std::to_string(walks) +
                           " of " + std::to_string(moves));
  }
  if (!(restart >= 0.0F && restart < 1.0F)) {
    return InvalidArgument("walk sampler: expected a restart probability of 0 to less than 1, found " +
                           std::to_string(restart));
  }
  if (keep == 0) return InvalidArgument("walk sampler: expected at least 1 neighbour to keep, found 0");
  return OkStatus();
}

class WalkSampler::Scratch {
 public:
  explicit Scratch(const SocialGraph& graph) : sources(SourcesOf(graph)), table(graph.num_nodes()) {}

  struct Walker {
    std::uint32_t home, at;     ///< nodes
    std::uint32_t draw;         ///< number of its next draw
    std::uint32_t seed;         ///< its place in the block of seeds
    WordStream words;           ///< of the seed
    const std::uint32_t* next;  ///< the target it goes to
  };

  RowSources sources;
  DenseRelabel table;
  MetNodes met;
  std::vector<Walker> walkers;
  std::vector<std::uint32_t> visited;  ///< by seed of the block, room for walks * moves each
  std::vector<std::uint32_t> visited_size;
  Places places;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> counts;  ///< visits and node
};

void WalkSampler::ScratchDeleter::operator()(Scratch* scratch) const noexcept { delete scratch; }

WalkSampler::WalkSampler(std::shared_ptr<const SocialGraph> graph, WalkSamplerOptions options)
    : graph_(std::move(graph)), options_(options) {}

WalkSampler::ScratchPtr WalkSampler::NewScratch() const { return ScratchPtr(new Scratch(*graph_)); }

void WalkSampler::Sample(std::span<const NodeId> seeds, std::uint64_t step, bool transpose, Scratch& scratch,
                         WalkBatch& batch) const {
  Block& block = batch.block;
  MetNodes& met = scratch.met;
  scratch.table.Begin(met.count);
  GrowTo(met.nodes, seeds.size());
  met.count = 0;
  for (const NodeId seed : seeds) {
    met.nodes[met.count] = seed;
    (void)scratch.table.cursor().Local(index(seed), met.count);
  }
  const std::size_t most_edges = seeds.size() * std::min<std::size_t>(options_.keep, options_.walks * options_.moves);
  MakeRoom(block.sources, most_edges);
  MakeRoom(batch.visits, most_edges);
  MakeRoom(batch.weights, most_edges);
  block.offsets.assign(1, 0);
  block.sources.clear();
  block.relations.clear();
  block.times.clear();
  batch.visits.clear();
  batch.weights.clear();
  batch.moves = 0;

  const Rng rng(options_.seed, Purpose::kWalks, step);
  const std::uint64_t key = std::uint64_t{rng.bits(0)} << 32 | rng.bits(1);
  const std::size_t at_once = std::max<std::size_t>(1, kWalkers / options_.walks);
  for (std::size_t begin = 0; begin < seeds.size(); begin += at_once) {
    const auto some = seeds.subspan(begin, std::min(at_once, seeds.size() - begin));
    Walk(some, key, scratch, batch);
    Keep(some, scratch, batch);
  }

  MakeRoom(block.nodes, met.count);
  block.nodes.assign(met.nodes.begin(), met.nodes.begin() + met.count);
  block.scale.assign(seeds.size(), 1.0F);
  ResizeTo(block.degrees, block.nodes.size());
  const std::uint32_t users = graph_->num_users();
  for (std::size_t v = 0; v < block.nodes.size(); ++v) {
    const std::uint32_t node = index(block.nodes[v]);
    block.degrees[v] =
        node < users ? graph_->degree(options_.over, node) : graph_->degree(Relation::kInteractedBy, node - users);
  }
  if (transpose) block.BuildTranspose();
}

void WalkSampler::Walk(std::span<const NodeId> seeds, std::uint64_t key, Scratch& scratch, WalkBatch& batch) const {
  const std::uint32_t users = graph_->num_users();
  const bool to_and_fro = options_.over == Relation::kInteracts;
  const auto restart = static_cast<std::uint32_t>(static_cast<double>(options_.restart) * 0x1p32);
  const std::uint32_t room = options_.walks * options_.moves;
  scratch.walkers.clear();
  for (std::uint32_t s = 0; s < seeds.size(); ++s) {
    const std::uint32_t node = index(seeds[s]);
    const WordStream words(key, node);
    for (std::uint32_t w = 0; w < options_.walks; ++w) {
      scratch.walkers.push_back({node, node, w * options_.moves, s, words, nullptr});
    }
  }
  scratch.visited_size.assign(seeds.size(), 0);
  GrowTo(scratch.visited, seeds.size() * room);

  const auto row_of = [&](std::uint32_t node) -> std::pair<const RowSource&, std::uint32_t> {
    if (!to_and_fro) return {Of(scratch.sources, Relation::kTrusts), node};
    if (node < users) return {Of(scratch.sources, Relation::kInteracts), node};
    return {Of(scratch.sources, Relation::kInteractedBy), node - users};
  };
  for (std::uint32_t move = 0; move < options_.moves; ++move) {
    const bool from_own_kind = !to_and_fro || move % 2 == 0;
    for (Scratch::Walker& walker : scratch.walkers) {
      if (from_own_kind && walker.words.word(kReturns + walker.draw) < restart) walker.at = walker.home;
      const auto [source, row] = row_of(walker.at);
      source.Prefetch(row);
    }
    for (Scratch::Walker& walker : scratch.walkers) {
      const auto [source, row] = row_of(walker.at);
      const std::span<const std::uint32_t> targets = source.Find(row);
      const std::uint32_t draw = walker.draw++;
      walker.next = nullptr;  // a dead end, where edges are directed: the walker starts again at home
      if (targets.empty()) continue;
      walker.next = targets.data() + walker.words.bounded(draw, static_cast<std::uint32_t>(targets.size()));
      FetchLine(walker.next);
    }
    for (Scratch::Walker& walker : scratch.walkers) {
      if (walker.next == nullptr) {
        walker.at = walker.home;
        continue;
      }
      ++batch.moves;
      const bool to_item = to_and_fro && walker.at < users;
      walker.at = *walker.next + (to_item ? users : 0);
      if (!to_and_fro || !from_own_kind) {
        scratch.visited[std::size_t{walker.seed} * room + scratch.visited_size[walker.seed]++] = walker.at;
      }
    }
  }
}

void WalkSampler::Keep(std::span<const NodeId> seeds, Scratch& scratch, WalkBatch& batch) const {
  Block& block = batch.block;
  const std::size_t room = std::size_t{options_.walks} * options_.moves;
  GrowTo(scratch.met.nodes, scratch.met.count + seeds.size() * std::min<std::size_t>(options_.keep, room));
  const DenseRelabel::Cursor table = scratch.table.cursor();
  for (std::size_t s = 0; s < seeds.size(); ++s) {
    const auto first = scratch.visited.begin() + static_cast<std::ptrdiff_t>(s * room);
    const auto last = first + scratch.visited_size[s];
    scratch.counts.clear();
    MakeRoom(scratch.counts, room);
    scratch.places.Begin(room);
    for (auto at = first; at != last; ++at) {
      if (*at == index(seeds[s])) continue;
      const std::uint32_t place = scratch.places.Of(*at, static_cast<std::uint32_t>(scratch.counts.size()));
      if (place == scratch.counts.size()) scratch.counts.emplace_back(0, *at);
      ++scratch.counts[place].first;
    }
    const std::size_t keep = std::min<std::size_t>(options_.keep, scratch.counts.size());
    std::partial_sort(
        scratch.counts.begin(), scratch.counts.begin() + static_cast<std::ptrdiff_t>(keep), scratch.counts.end(),
        [](const auto& a, const auto& b) { return a.first != b.first ? a.first > b.first : a.second < b.second; });
    std::uint32_t visits = 0;
    for (std::size_t k = 0; k < keep; ++k) visits += scratch.counts[k].first;
    for (std::size_t k = 0; k < keep; ++k) {
      const auto [count, node] = scratch.counts[k];
      scratch.met.nodes[scratch.met.count] = NodeId{node};
      block.sources.push_back(table.Local(node, scratch.met.count));
      batch.visits.push_back(count);
      batch.weights.push_back(static_cast<float>(count) / static_cast<float>(visits));
    }
    block.offsets.push_back(block.sources.size());
  }
}

}  // namespace kith
