/// The graph without its arrows: what components, cores and clustering are counted on.
#pragma once

#include "kith/base/parallel.h"
#include "kith/graph/csr.h"
#include "kith/graph/social_graph.h"

namespace kith {

/// The simple union of interactions and friendships over all nodes, users then items (node = num_users + item); [U+I].
/// Each edge stands in the rows of both its ends, once, however often and in whichever direction it was said; no loops.
/// Throws std::invalid_argument from 2^31 edges up.   Cost: O(U + I + E) time, 4 bytes a node + 8 an edge.
[[nodiscard]] Csr UndirectedUnion(const Runtime& runtime, const SocialGraph& graph);

/// The friendships alone, in the same way, over the users; [U].
[[nodiscard]] Csr UndirectedFriends(const Runtime& runtime, const SocialGraph& graph);

}  // namespace kith
