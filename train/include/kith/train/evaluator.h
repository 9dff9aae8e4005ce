/// Evaluator: exact full ranking against held-out items. The same figures for any block size and number of threads.
///
/// All items are ranked, the user's items in the graph left out, for users with at least one held-out item.
/// metrics.h defines what a list scores, metrics_lists.h what lists are like beyond their hits.  Of each user the hits
/// are kept, from which every figure can be computed again: at any k, over any part of the users or held-out items.
#pragma once

#include <atomic>
#include <cstdint>
#include <span>
#include <vector>

#include "kith/base/parallel.h"
#include "kith/base/status.h"
#include "kith/graph/social_graph.h"
#include "kith/recommend/ranker.h"
#include "kith/train/metrics.h"
#include "kith/train/metrics_lists.h"

namespace kith {

struct HeldOut {
  std::vector<UserId> users;                      ///< those with at least one held-out item
  std::vector<std::vector<std::uint32_t>> items;  ///< sorted, per user
  std::vector<std::uint32_t> unknown = {};        ///< per user, or empty: held-out items the store does not know
  std::uint32_t unknown_users = 0;                ///< users the store does not know: they score 0

  [[nodiscard]] std::uint32_t num_unknown(std::size_t n) const noexcept { return unknown.empty() ? 0 : unknown[n]; }
  [[nodiscard]] std::size_t relevant(std::size_t n) const noexcept { return items[n].size() + num_unknown(n); }
};

/// A held-out item that the user's list holds.
struct Hit {
  std::uint32_t rank = 0;  ///< from 0
  std::uint32_t item = 0;
};

struct Evaluation {
  std::uint32_t users = 0;
  std::vector<Metrics> at;                  ///< one per k, means over users
  std::vector<CatalogueFigures> catalogue;  ///< one per k

  /// By user, in the order of HeldOut::users.
  std::vector<std::uint64_t> hit_offsets = {};  ///< [users + 1]
  std::vector<Hit> hits = {};                   ///< of user n: hits[hit_offsets[n], hit_offsets[n + 1]), best first
  std::vector<ListFigures> lists = {};          ///< [users x ks]

  /// Metrics of the n-th user at k, no deeper than the ranking went.
  [[nodiscard]] Metrics Of(const HeldOut& held_out, std::size_t n, std::uint32_t k) const;
};

struct EvaluateOptions {
  /// Users ranked together, 0: as many as the ranker likes.  Never changes a figure.
  std::uint32_t block = 0;
  std::uint64_t seed = 1;
  /// Looked at every few thousand users; once it is set, the rest is left out and the figures mean nothing.
  const std::atomic<bool>* cancelled = nullptr;
};

[[nodiscard]] Evaluation Evaluate(const Runtime& runtime, const SocialGraph& graph, const Ranker& ranker,
                                  const HeldOut& held_out, std::span<const std::uint32_t> ks,
                                  const EvaluateOptions& options = {});

/// [(held_out.users + unknown_users) x (ks x kMetrics)]: each user's metrics in a row, for BootstrapMeans.
[[nodiscard]] std::vector<double> MetricsByUser(const HeldOut& held_out, const Evaluation& evaluation);

}  // namespace kith
