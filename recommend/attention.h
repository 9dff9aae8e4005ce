/// a_uj: how much each of the user's live items counts in the user's vector (AttentionRule of model.h).
#pragma once

#include <cstdint>
#include <span>

#include "kith/recommend/model.h"

namespace kith {

/// weights [items x heads].  `items` are the user's live items, all known to the model; their number is the live d_u.
/// A user later than the model has query 0.
void ItemAttention(const Model& model, std::uint32_t user, std::span<const std::uint32_t> items,
                   std::span<float> weights) noexcept;

}  // namespace kith
