/// Query benchmark: how long one answer takes and how many users a second are ranked in bulk, every answer checked.
///
/// The model is of random vectors over the given graph: the work of an answer depends on counts and widths, not on what
/// was learned.  Evidence: learned vectors, friends' items, popularity.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "kith/base/parallel.h"
#include "kith/base/status.h"
#include "kith/graph/social_graph.h"

namespace kith::tools {

struct QueryBenchOptions {
  std::uint32_t width = 64;
  std::uint32_t k = 20;
  std::uint32_t queries = 1000;  ///< single answers timed, by users drawn at random
  std::uint32_t repeats = 5;     ///< times everyone is ranked; the median counts
  std::uint64_t seed = 1;

  [[nodiscard]] Status Validate() const;
};

/// One figure: `value` in `unit` is the median, `low` and `high` are what the unit's spread column says.
struct QueryBenchRow {
  std::string name;  ///< "query/one", "query/explain", "query/all"
  double value = 0;
  std::string unit;          ///< "us" or "users/s"
  double low = 0, high = 0;  ///< 10th and 90th percentile of single answers; slowest and fastest of the repeats
  std::uint32_t samples = 0;
  std::uint32_t threads = 1;
  bool verified = false;  ///< the answers were compared with a second way and agreed
};

/// 30 000 users, 41 000 items, 1 000 000 drawn interactions and 120 000 friendships, degrees by a power law: the shape
/// of the Gowalla check-ins.
[[nodiscard]] Result<std::shared_ptr<const SocialGraph>> SyntheticQueryGraph(const Runtime& runtime,
                                                                             std::uint64_t seed);

/// Rows query/one (view, scores, top-k of one user), query/explain (all terms of one recommended item), query/all
/// (everyone ranked on the Runtime's threads).  Verified: lists against a full sort of all scores, terms against the
/// score, bulk lists against single ones bit for bit.  `graph` == nullptr takes the synthetic graph.
/// Fails (kInvalidArgument) on options or a graph without users or items.
[[nodiscard]] Result<std::vector<QueryBenchRow>> RunQueryBench(const Runtime& runtime,
                                                               const QueryBenchOptions& options = {},
                                                               const SocialGraph* graph = nullptr);

}  // namespace kith::tools
