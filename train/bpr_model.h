/// The baselines bpr-mf and lightgcn-bpr: BPR (bpr.h) with epochs and, for bpr-mf, L2 chosen on a validation part, then
/// learned again on all interactions; a model of one evidence (FactorModel).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "fusion.h"
#include "kith/base/log.h"
#include "kith/base/parallel.h"
#include "kith/base/status.h"
#include "kith/graph/social_graph.h"
#include "kith/recommend/model.h"
#include "learner.h"

namespace kith {

struct BprModelOptions {
  std::string name = "bpr-mf";
  std::uint32_t width = 64, layers = 0;
  /// 0: as many as measure best, ended early.  Otherwise exactly so many; then nothing is measured or chosen.
  std::uint32_t epochs = 0;
  std::uint64_t seed = 1;
  std::uint64_t memory_limit = 0;  ///< bytes; 0: none
  /// Asked between steps with the share of the time limit at which the part under way ends.
  std::function<bool(double share)> out_of_time = {};
  std::function<bool()> cancelled = {};
  std::function<Status(const std::string& phase, std::uint32_t epoch, std::uint32_t epochs, const EpochResult& result,
                       const FusionReport& measured)>
      progress = {};
  LogSink log = {};
};

struct BprModelResult {
  std::shared_ptr<const Model> model;
  std::uint32_t epochs = 0;
  FusionReport validation = {};
  bool out_of_time = false;
};

/// Fails: kOutOfMemory before it starts where BprBytes is above the limit, kCancelled.
[[nodiscard]] Result<BprModelResult> MakeBprModel(const Runtime& runtime,
                                                  const std::shared_ptr<const SocialGraph>& graph,
                                                  const BprModelOptions& options);

}  // namespace kith
