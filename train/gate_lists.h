/// Gate lists: what every evidence says, ungated, of the few items that could come first for a held-out user.
///
/// Ranking all items again for every value of every gate would cost a pass over the catalogue each time; an item that
/// no evidence and no usual mixture of them puts near the top cannot come first for any gates worth trying.  So a list
/// holds the best items of each evidence and of a few mixtures, and the held-out ones, and a value of a gate costs a
/// look at some four hundred items a user.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "kith/base/parallel.h"
#include "kith/graph/social_graph.h"
#include "kith/recommend/model.h"
#include "kith/train/evaluator.h"

namespace kith {

/// Sharpnesses of friends' attention that are tried; 0 is uniform.
inline constexpr std::array<float, 4> kSharpness = {0.0F, 2.5F, 5.0F, 8.0F};

enum Column : std::size_t {
  kLearnedColumn,
  kKernelColumn,
  kNeighboursColumn,
  kPopularColumn,
  kSecondColumn,
  kFriendsColumns
};
inline constexpr std::size_t kColumns = kFriendsColumns + kSharpness.size();

struct GateList {
  std::vector<std::uint32_t> items;                  ///< ascending
  std::vector<std::uint32_t> held_out;               ///< ascending, all of them among the items
  std::size_t unknown = 0;                           ///< held-out items that nobody can rank
  std::array<std::vector<float>, kColumns> columns;  ///< [items] each; empty where the model lacks the evidence
  std::size_t own = 0;                               ///< items of the user; without any the cold gates count
  std::size_t friends_with_items = 0;
};

/// Which evidences are asked.
struct GateColumns {
  bool learned = true, kernel = true, neighbours = true, friends = true, popular = true, attention = true;
};

/// One list a user.  The same for any number of threads.
[[nodiscard]] std::vector<GateList> MakeGateLists(const Runtime& runtime, const SocialGraph& graph,
                                                  const HeldOut& held_out, const GateColumns& columns,
                                                  const Model& model);

/// The kernel's column again, after its attention changed: the items stay.
void RefreshKernelColumn(const Runtime& runtime, const SocialGraph& graph, const HeldOut& held_out, const Model& model,
                         std::vector<GateList>& lists);

/// Values of all gates at once.
struct GateSetting {
  Gates gates;
  std::size_t sharpness = 0;  ///< index into kSharpness
};

/// scores [list.items] of the gated sum.
void ScoreGateList(const GateList& list, const GateSetting& setting, std::span<float> scores);

/// recall@20 and ndcg@20 a user.
struct PerUser {
  std::vector<double> recall, ndcg;
  [[nodiscard]] double objective(std::size_t n) const { return recall[n] + ndcg[n]; }
};
/// Mean of b - a over users and the standard error of that mean.
struct Gain {
  double mean = 0, error = 1;
};
[[nodiscard]] Gain PairedGain(const PerUser& a, const PerUser& b);

[[nodiscard]] PerUser MeasureGateLists(const Runtime& runtime, std::span<const GateList> lists,
                                       const GateSetting& setting);

}  // namespace kith
