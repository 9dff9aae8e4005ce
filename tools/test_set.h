/// TestSet: held-out interactions of a file, in the dense ids of a store, and how much of it the store cannot answer.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kith/base/status.h"
#include "kith/graph/social_graph.h"
#include "kith/storage/graph_store.h"
#include "kith/train/evaluator.h"

namespace kith::tools {

struct TestSet {
  HeldOut held_out;
  std::vector<std::string> unknown_users;        ///< their keys, sorted
  std::vector<std::uint32_t> unknown_user_rows;  ///< held-out items of each
  std::uint64_t unknown_items = 0;               ///< pairs of known users with items the store does not know
  std::uint64_t already_there = 0;               ///< pairs that are edges of the store
};

/// Any format that import reads.  kBadInput: a wrong file, or one without an interaction.
[[nodiscard]] Result<TestSet> ReadTestSet(const std::string& path, const KeyTable& keys, const SocialGraph& graph);

/// What of it counts as a miss or scores 0, a sentence each on standard error.
void WriteNotes(const TestSet& test);

}  // namespace kith::tools
