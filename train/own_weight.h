/// Own weights: how much the row that was learned for a node counts beside what its neighbours bring, in serving.
///
///   z_u = lambda_u base_u + sum over j of a_uj m_j        z_i = lambda_i E_i + Layer(t)_i        (docs/model.md)
///
/// Vectors are learned with both at 1.  A user's row moves only in the steps that see the user, so that a schedule of a
/// dozen epochs leaves it on its way; and what an item's row has learned beyond its audience fits the interactions of
/// training more than those to come.  Together they are worth 2 % of the vectors' own quality on held-out parts.
#pragma once

#include <functional>

#include "kith/base/parallel.h"
#include "kith/graph/social_graph.h"
#include "kith/recommend/model.h"
#include "kith/train/split.h"

namespace kith {

/// lambda_i.
inline constexpr float kItemOwnWeight = 0.75F;
/// lambda_u where nothing speaks against it, and the others that are tried.
inline constexpr float kUserOwnWeight = 2.0F;
inline constexpr float kOtherUserOwnWeights[] = {1.0F, 3.0F};

/// model.user_base times `factor`; model.users become the unit vectors that serving then makes of `graph`.
void WeighOwnRows(const Runtime& runtime, const SocialGraph& graph, float factor, Model& model);

/// The lambda_u that ranks the held-out items best, by vectors and popularity alone; the default unless another gains
/// more than two standard errors over it.  `model` comes with kUserOwnWeight and leaves with the one returned.
/// `graph` lacks the held-out edges; `stop` is asked before each value and keeps what was chosen so far.
[[nodiscard]] float ChooseOwnWeight(const Runtime& runtime, const SocialGraph& graph, const HeldOut& held_out,
                                    bool popular, const std::function<bool()>& stop, Model& model);

}  // namespace kith
