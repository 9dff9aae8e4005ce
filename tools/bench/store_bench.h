/// Store benchmark: bulk load, graph load and durable appends in edges a second, every answer read back and compared.
///
/// Keys are strings ("user123", "item45"), as files have them.  Stores are made in a temporary folder: where that is
/// memory, syncs cost nothing and appends look better than they are; `folder` names a real disk.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kith/base/parallel.h"
#include "kith/base/status.h"
#include "kith/graph/social_graph.h"

namespace kith::tools {

struct StoreBenchOptions {
  std::uint64_t edges = 1000000;  ///< of the synthetic graph
  std::uint32_t batches = 20;     ///< appended, each of `batch_events`, each synced
  std::uint32_t batch_events = 1000;
  std::uint32_t repeats = 3;  ///< stores made; the median counts
  std::uint64_t seed = 1;
  std::string folder = {};  ///< where stores are made; empty: the system's temporary folder

  [[nodiscard]] Status Validate() const;
};

/// One figure: `value` in `unit` is the median of the repeats, `low` and `high` are the slowest and the fastest.
struct StoreBenchRow {
  std::string name;  ///< "store/load", "store/graph", "store/append"
  double value = 0;
  std::string unit;  ///< "edges/s" or "events/s"
  double low = 0, high = 0;
  std::uint64_t size = 0;  ///< edges or events of one repeat
  std::uint32_t threads = 1;
  bool verified = false;
};

/// Rows store/load (BulkLoader, from keys to a store that is durable), store/graph (LoadGraph of it) and store/append
/// (batches of events between users and items that are there).  Verified: what is read back is what was handed over,
/// and the store's own Verify finds nothing.  `graph` == nullptr takes a synthetic one with degrees by a power law.
/// Fails (kInvalidArgument) on options or a graph without interactions; (kIoError) where no store can be made.
[[nodiscard]] Result<std::vector<StoreBenchRow>> RunStoreBench(const Runtime& runtime,
                                                               const StoreBenchOptions& options = {},
                                                               const SocialGraph* graph = nullptr);

}  // namespace kith::tools
