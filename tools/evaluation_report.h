/// EvaluationReport: what `kith evaluate` found, as tables for people, as JSON, and user by user as a table.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "kith/storage/graph_store.h"
#include "kith/train/evaluator.h"
#include "kith/train/evaluator_slices.h"
#include "kith/train/metrics_bootstrap.h"
#include "test_set.h"

namespace kith::tools {

/// A model that was measured.  Estimates: [ks x kMetrics].
struct Measured {
  std::string name;
  Evaluation evaluation;
  std::vector<Estimate> estimates = {};
};

struct EvaluationReport {
  const SocialGraph& graph;
  const TestSet& test;
  BootstrapOptions bootstrap;
  Measured model;
  std::optional<Measured> rival = {};
  std::vector<Estimate> differences = {};  ///< [ks x kMetrics] of the model less the rival, paired over users

  [[nodiscard]] std::string ToJson() const;
  /// With the slices' tables where they are asked for.
  [[nodiscard]] std::string ToText(bool with_slices) const;
};

/// The file of --per-user: a header, then a line a user of the test file, those that the store does not know last.
/// Columns: user, items, friends, held_out, then every metric, novelty and diversity at each k, and the rival's under
/// the name "against.".
[[nodiscard]] Status WritePerUser(const EvaluationReport& report, const KeyTable& keys, const std::string& path);

}  // namespace kith::tools
