/// The evidences of the ranker, each in its own .cc; MakeEvidences (evidence.cc) lists them.
#pragma once

#include <memory>

#include "kith/recommend/evidence.h"

namespace kith {

/// zc(u, i): cosine of the user's live vector with the item, as a z-score over the model's items.
/// REQUIRES: width() > 0.
[[nodiscard]] std::unique_ptr<const Evidence> MakeLearnedEvidence(const Model& model);
/// s(u, i): own items through the sparse item-item kernel.  REQUIRES: the model has one.
[[nodiscard]] std::unique_ptr<const Evidence> MakeKernelEvidence(const Model& model);
/// t(u, i): what the users of like taste have, items later than the model too.
[[nodiscard]] std::unique_ptr<const Evidence> MakeNeighboursEvidence(const Model& model);
/// f(u, i): what the friends have, items later than the model too, each friend by attention.
[[nodiscard]] std::unique_ptr<const Evidence> MakeFriendsEvidence(const Model& model);
/// w(u, i): what the friends of friends have, items later than the model too.
[[nodiscard]] std::unique_ptr<const Evidence> MakeFriendsOfFriendsEvidence(const Model& model);
/// log(1 + d_i) of the training graph; 0 for items later than the model.
[[nodiscard]] std::unique_ptr<const Evidence> MakePopularEvidence(const Model& model);

}  // namespace kith
