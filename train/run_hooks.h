/// RunHooks: what tests do to a run from inside. No option, file or variable reaches it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "kith/train/trainer.h"

namespace kith {

class Learner;

struct RunHooks {
  /// Called before each epoch (from 0) of the search and of the refit.
  std::function<void(std::uint32_t epoch, Learner& learner)> before_epoch = {};
};

/// Train, with hooks.
[[nodiscard]] Result<TrainResult> TrainWithHooks(std::shared_ptr<const SocialGraph> graph, const TrainOptions& options,
                                                 const Runtime& runtime,
                                                 const std::function<void(const TrainProgress&)>& progress,
                                                 const LogSink& log, const RunHooks& hooks);

}  // namespace kith
