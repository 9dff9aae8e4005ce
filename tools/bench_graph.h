/// The real graph that a bench runs on: a folder of public data as people keep them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "kith/base/parallel.h"
#include "kith/base/status.h"
#include "kith/graph/csr.h"
#include "kith/graph/social_graph.h"

namespace kith::tools {

struct BenchGraph {
  std::string name;                                         ///< of its folder
  std::shared_ptr<const SocialGraph> graph;                 ///< null: none was given, a bench takes a synthetic one
  std::vector<std::string> user_keys = {}, item_keys = {};  ///< [U], [I] as the files write them
};

/// Reads DIR/train.txt, train.tsv or ratings.tsv, and social.tsv where there is one; a folder without them but with a
/// folder gowalla/ stands for that.  kBadInput where there is neither, or as ReadEdgeFile.
[[nodiscard]] Result<BenchGraph> ReadBenchGraph(const Runtime& runtime, const std::string& folder);

/// Users and items as rows of one matrix, every interaction in both directions.
[[nodiscard]] Result<Csr> BothDirections(const Runtime& runtime, const SocialGraph& graph);

}  // namespace kith::tools
