/// Sampling plan: fan-outs of the sampled mode, chosen so that an interaction costs the same work on any graph.
///
/// The neighbourhoods of a batch overlap less the larger the graph is: with fixed fan-outs the nodes and edges of a
/// step grow with the graph although its users do not, and an epoch costs more than in proportion to the interactions.
/// So work is counted on a batch that is drawn for it, and the widest fan-outs within a budget are taken.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "kith/graph/social_graph.h"
#include "kith/sampler/batcher.h"

namespace kith {

/// What one batch asks of a step.
struct SampledWork {
  std::uint64_t interactions = 0;  ///< of its users
  std::uint64_t nodes = 0;         ///< whose vectors are read, given a gradient and stepped
  std::uint64_t edges = 0;         ///< over which messages are passed, of all layers

  /// In edges an interaction; a node counts as kEdgesANode of them.
  [[nodiscard]] double PerInteraction() const;
};
/// Rows of the table, its gradient and its two moments that a step reads and writes for a node, over those that an edge
/// reads in forward and backward.
inline constexpr double kEdgesANode = 5;

/// What an interaction may cost.
inline constexpr double kSampledWork = 210;

/// Neighbours drawn by seeds where nothing limits them: most users of the sets we know come whole.
inline constexpr std::uint32_t kWidestFanout = 25, kNarrowestFanout = 2;

/// Seeds outward: the first hop draws `first`, each later one half of the one before, at least 1.
[[nodiscard]] std::vector<Fanout> HopFanouts(std::uint32_t first, std::uint32_t layers);

/// Counted on the first batch of the first epoch.
[[nodiscard]] SampledWork CountSampledWork(const std::shared_ptr<const SocialGraph>& graph,
                                           const std::vector<Fanout>& fanouts, const BatcherOptions& options);

struct FanoutChoice {
  std::uint32_t first = kWidestFanout;
  double work = 0;  ///< edges an interaction
};
/// The widest `first` whose work is within `budget`, else the narrowest.  A few batches are drawn for it.
[[nodiscard]] FanoutChoice ChooseFanouts(const std::shared_ptr<const SocialGraph>& graph, std::uint32_t layers,
                                         const BatcherOptions& options, double budget);

}  // namespace kith
