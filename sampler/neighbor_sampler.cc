#include "kith/sampler/neighbor_sampler.h"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>

#include "distinct.h"
#include "kith/base/rng.h"

namespace kith {

Status NeighborSamplerOptions::Validate() const {
  if (fanouts.empty()) return InvalidArgument("sampler: expected fan-outs for at least one hop, found none");
  if (fanouts.size() > 8) {
    return InvalidArgument("sampler: expected at most 8 hops, found " + std::to_string(fanouts.size()));
  }
  if (!with_replacement) return OkStatus();
  for (const Fanout& fanout : fanouts) {
    if (fanout.items_per_user == Fanout::kAll || fanout.users_per_item == Fanout::kAll ||
        fanout.friends_per_user == Fanout::kAll) {
      return InvalidArgument(
          "sampler: drawing with replacement needs a number of neighbours in every hop, found \"all\"");
    }
  }
  return OkStatus();
}

/// Local numbers of nodes in a dense table that is never cleared: an entry counts only from the batch's base upwards.
class NeighborSampler::Scratch {
 public:
  explicit Scratch(std::uint32_t num_nodes) : slots_(num_nodes, 0) {}

  void Begin(std::size_t used_before) {
    if (base_ > std::numeric_limits<std::uint32_t>::max() - used_before - slots_.size()) {
      std::fill(slots_.begin(), slots_.end(), 0);
      base_ = 1;
    } else {
      base_ += static_cast<std::uint32_t>(used_before);
    }
  }
  /// The node's local number; `nodes` grows where it is new.
  std::uint32_t Local(std::uint32_t node, std::vector<NodeId>& nodes) {
    std::uint32_t& slot = slots_[node];
    if (slot < base_) {
      slot = base_ + static_cast<std::uint32_t>(nodes.size());
      nodes.push_back(NodeId{node});
    }
    return slot - base_;
  }

  StampedSet taken;
  std::size_t last_batch_nodes = 0;

 private:
  std::vector<std::uint32_t> slots_;
  std::uint32_t base_ = 1;
};

void NeighborSampler::ScratchDeleter::operator()(Scratch* scratch) const noexcept { delete scratch; }

NeighborSampler::NeighborSampler(std::shared_ptr<const SocialGraph> graph, NeighborSamplerOptions options)
    : graph_(std::move(graph)), options_(std::move(options)) {}

NeighborSampler::ScratchPtr NeighborSampler::NewScratch() const { return ScratchPtr(new Scratch(graph_->num_nodes())); }

namespace {

/// What one hop draws from a row, written as local numbers behind block.sources.
struct RowDraw {
  const Rng& rng;
  std::uint32_t first_draw;  ///< hop and relation are part of the draw's number
  std::uint32_t fanout;
  std::uint32_t target_offset;  ///< node number of the row's target 0
  bool with_replacement;
};

/// Draws are numbered hop * 2^25 + (friends ? 2^24 : 0) + i.
constexpr std::uint32_t kHopShift = 25, kFriendsBit = 1U << 24;

template <class Emit>
void DrawRow(const RowDraw& draw, const Neighbors& row, StampedSet& taken, Emit emit) {
  const auto degree = static_cast<std::uint32_t>(row.size());
  if (degree == 0 || draw.fanout == 0) return;
  if (draw.with_replacement) {
    for (std::uint32_t i = 0; i < draw.fanout; ++i) {
      emit(draw.target_offset + row.targets[draw.rng.bounded(draw.first_draw + i, degree)]);
    }
  } else if (degree <= draw.fanout) {
    for (const std::uint32_t target : row.targets) emit(draw.target_offset + target);
  } else {
    DrawDistinct(draw.rng, draw.first_draw, degree, draw.fanout, taken,
                 [&](std::uint32_t position) { emit(draw.target_offset + row.targets[position]); });
  }
}

}  // namespace

void NeighborSampler::Sample(std::span<const NodeId> seeds, std::uint64_t step, bool transpose, Scratch& scratch,
                             MiniBatch& batch) const {
  const SocialGraph& graph = *graph_;
  const std::uint32_t users = graph.num_users();
  const bool any_friends = std::any_of(options_.fanouts.begin(), options_.fanouts.end(),
                                       [](const Fanout& fanout) { return fanout.friends_per_user != 0; });
  const std::size_t hops = options_.fanouts.size();
  batch.seeds.assign(seeds.begin(), seeds.end());
  batch.blocks.resize(hops);

  scratch.Begin(scratch.last_batch_nodes);
  std::vector<NodeId>& nodes = batch.blocks.front().nodes;  // grows hop by hop; inner blocks copy their prefix
  nodes.clear();
  for (const NodeId seed : seeds) scratch.Local(index(seed), nodes);

  for (std::size_t hop = 0; hop < hops; ++hop) {
    Block& block = batch.blocks[hops - 1 - hop];
    const Fanout& fanout = options_.fanouts[hop];
    const std::size_t destinations = nodes.size();
    block.offsets.assign(1, 0);
    block.sources.clear();
    block.scale.clear();
    block.relations.clear();
    for (std::size_t v = 0; v < destinations; ++v) {
      const std::uint32_t node = index(nodes[v]);
      const Rng rng(options_.seed, Purpose::kNeighbors, step, node);
      const auto hop_draw = static_cast<std::uint32_t>(hop << kHopShift);
      const bool is_user = node < users;
      const Relation relation = is_user ? Relation::kInteracts : Relation::kInteractedBy;
      const Neighbors row = graph.neighbors(relation, is_user ? node : node - users);
      const auto emit_as = [&](Relation kind) {
        return [&, kind](std::uint32_t source) {
          block.sources.push_back(scratch.Local(source, nodes));
          if (any_friends) block.relations.push_back(kind);
        };
      };
      const std::uint32_t keep = is_user ? fanout.items_per_user : fanout.users_per_item;
      std::size_t degree = keep == 0 ? 0 : row.size();
      DrawRow({rng, hop_draw, keep, is_user ? users : 0, options_.with_replacement}, row, scratch.taken,
              emit_as(relation));
      if (is_user && fanout.friends_per_user != 0) {
        const Neighbors friends = graph.neighbors(Relation::kTrusts, node);
        degree += friends.size();
        DrawRow({rng, hop_draw | kFriendsBit, fanout.friends_per_user, 0, options_.with_replacement}, friends,
                scratch.taken, emit_as(Relation::kTrusts));
      }
      const std::size_t kept = block.sources.size() - block.offsets.back();
      block.scale.push_back(kept == 0 ? 1.0F : static_cast<float>(degree) / static_cast<float>(kept));
      block.offsets.push_back(block.sources.size());
    }
    if (&block.nodes != &nodes) block.nodes.assign(nodes.begin(), nodes.end());
  }
  scratch.last_batch_nodes = nodes.size();

  std::vector<std::uint32_t>& degrees = batch.blocks.front().degrees;
  degrees.clear();
  for (const NodeId node : nodes) {
    const bool is_user = index(node) < users;
    std::uint32_t degree = is_user ? graph.degree(Relation::kInteracts, index(node))
                                   : graph.degree(Relation::kInteractedBy, index(node) - users);
    if (is_user && any_friends) degree += graph.degree(Relation::kTrusts, index(node));
    degrees.push_back(degree);
  }
  for (std::size_t b = 1; b < hops; ++b) {
    Block& block = batch.blocks[b];
    block.degrees.assign(degrees.begin(), degrees.begin() + static_cast<std::ptrdiff_t>(block.nodes.size()));
  }
  if (transpose) {
    for (Block& block : batch.blocks) block.BuildTranspose();
  }
}

}  // namespace kith
