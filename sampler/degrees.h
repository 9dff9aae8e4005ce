/// DegreeReader: the degrees of nodes over the relations that are sampled, fetched some time before they are read.
#pragma once

#include <cstdint>
#include <span>

#include "rows.h"

namespace kith {

class DegreeReader {
 public:
  /// `friends`: count those of kTrusts too.
  DegreeReader(const SocialGraph& graph, bool friends)
      : sources_(SourcesOf(graph)), num_users_(graph.num_users()), friends_(friends) {}

  void Fetch(std::span<const NodeId> nodes) const noexcept {
    for (const NodeId id : nodes) {
      const std::uint32_t node = index(id);
      if (node >= num_users_) {
        Of(sources_, Relation::kInteractedBy).Prefetch(node - num_users_);
      } else {
        Of(sources_, Relation::kInteracts).Prefetch(node);
        if (friends_) Of(sources_, Relation::kTrusts).Prefetch(node);
      }
    }
  }
  /// degrees[v] = degree of nodes[v].
  void Read(std::span<const NodeId> nodes, std::uint32_t* degrees) const noexcept {
    for (const NodeId id : nodes) {
      const std::uint32_t node = index(id);
      if (node >= num_users_) {
        *degrees++ = Of(sources_, Relation::kInteractedBy).Degree(node - num_users_);
      } else {
        const std::uint32_t friends = friends_ ? Of(sources_, Relation::kTrusts).Degree(node) : 0;
        *degrees++ = Of(sources_, Relation::kInteracts).Degree(node) + friends;
      }
    }
  }

 private:
  RowSources sources_;
  std::uint32_t num_users_;
  bool friends_;
};

}  // namespace kith
