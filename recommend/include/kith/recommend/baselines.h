/// Baselines: models of one evidence, ranked, served and explained by the same code as every other model.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "kith/base/parallel.h"
#include "kith/base/status.h"
#include "kith/gnn/matrix.h"
#include "kith/graph/social_graph.h"
#include "kith/recommend/model.h"

namespace kith {

/// score(u, i) = log(1 + d_i): the same list for everyone, without what they have.
[[nodiscard]] Result<std::shared_ptr<const Model>> PopularityModel(const SocialGraph& graph);

/// score(u, i) = what the 200 users of most like taste have, each by similarity: the neighbours' evidence alone
/// (neighbours_evidence.cc; user-based nearest neighbours, Herlocker et al. 1999), all of it live.
/// Users without items get popular items.
[[nodiscard]] Result<std::shared_ptr<const Model>> UserKnnModel(const SocialGraph& graph);

/// score(u, i) = the user's items through a kernel that is made elsewhere (training makes the spectral one), alone.
/// Users without items get popular items.  Fails (kCorruption) on rows that do not fit the graph's items.
[[nodiscard]] Result<std::shared_ptr<const Model>> KernelModel(const SocialGraph& graph, const std::string& name,
                                                               ItemKernel kernel, float degree_exponent);

/// score(u, i) = <z_u, v_i> of a factorisation that is made elsewhere, by its z-score over the items, alone.
/// Products become cosines by one more column, sqrt(1 - |v_i|^2 / c^2) beside v_i / c with c the longest |v| (Bachrach
/// et al. 2014), so that the model's rows are unit rows as all others'.  A user's vector is the published one: events
/// after training do not move it.  Users without items get popular items.
/// Fails (kInvalidArgument) where the factors' shapes do not fit the graph.
[[nodiscard]] Result<std::shared_ptr<const Model>> FactorModel(const SocialGraph& graph, const std::string& name,
                                                               const Matrix& users, const Matrix& items);

struct ItemKnnOptions {
  /// Most similar items kept for each item. More is slower and rarely better; 20 to 200 are usual.
  std::uint32_t neighbors = 100;
  /// Added to the denominator: damps similarities that rest on few users.
  float shrink = 0.0F;
};

/// score(u, i) = sum over the user's items j of cos(j, i), where i is among the nearest neighbours of j, over the sum's
/// standard deviation over all items, and by its root as every kernel (kernel_attention.h): the order is that of the
/// sum. cos(j, i) = |U_j and U_i| / (sqrt(d_j d_i) + shrink) over binary columns (Deshpande and Karypis 2004,
/// section 4.1). Users without items get popular items.  Equal similarities: the smaller id is kept. Fails
/// (kInvalidArgument) on neighbors = 0 or a shrink that is negative or not finite. Cost: O(sum of d_u^2) time, O(I
/// neighbors) memory; the same model for any number of threads.
[[nodiscard]] Result<std::shared_ptr<const Model>> ItemKnnModel(const Runtime& runtime, const SocialGraph& graph,
                                                                const ItemKnnOptions& options = {});

}  // namespace kith
