/// The evidences of the ranker, each in its own .cc; MakeEvidences (evidence.cc) lists them.
#pragma once

#include <memory>

#include "kith/recommend/evidence.h"

namespace kith {

/// zc(u, i): cosine of the user's live vector with the item, as a z-score over all items.  REQUIRES: width() > 0.
[[nodiscard]] std::unique_ptr<const Evidence> MakeLearnedEvidence(const Model& model);
/// s(u, i): own items through the sparse item-item kernel.  REQUIRES: the model has one.
[[nodiscard]] std::unique_ptr<const Evidence> MakeKernelEvidence(const Model& model);
/// f(u, i): what the friends have, each friend by attention.
[[nodiscard]] std::unique_ptr<const Evidence> MakeFriendsEvidence(const Model& model);
/// log(1 + d_i) of the training graph.
[[nodiscard]] std::unique_ptr<const Evidence> MakePopularEvidence(const Model& model);

}  // namespace kith
