/// From the encoder's state to what serving reads: base vectors, messages, attention parameters, unit vectors.
#pragma once

#include <memory>

#include "encoder.h"
#include "kith/base/parallel.h"
#include "kith/base/status.h"
#include "kith/graph/social_graph.h"
#include "kith/recommend/model.h"

namespace kith {

/// REQUIRES: the encoder's last forward ran over the whole of `graph`.  The model is not finished: gates and info come.
/// Items' unit vectors are those of z_i + (item_own_weight - 1) E_i (own_weight.h).
[[nodiscard]] Result<std::shared_ptr<Model>> ExportModel(const Runtime& runtime, const SocialGraph& graph,
                                                         Encoder& encoder, float item_own_weight = 1.0F);

}  // namespace kith
