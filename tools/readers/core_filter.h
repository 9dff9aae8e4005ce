/// CoreFilter: keeps the interactions of users and items that have at least k of them among those kept.
///
/// That is the (k, k)-core of the bipartite graph of distinct (user, item) pairs: the largest part in which every user
/// and every item has k neighbours or more.  Found by peeling (Batagelj and Zaversnik 2003), linear in the pairs after
/// sorting.  Cost: 24 bytes a row, 8 a distinct pair, and the keys.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "kith/base/parallel.h"
#include "kith/base/status.h"
#include "kith/graph/event.h"

namespace kith::tools {

class CoreFilter {
 public:
  /// Copies the event's keys.
  void Add(const Event& interaction);

  /// Calls `visit` for the rows in the k-core, in the order of Add; ends at a failure, which is returned.
  [[nodiscard]] Status Visit(std::uint32_t k, FunctionRef<Status(const Event&)> visit);
  /// Rows that the last Visit left out.
  [[nodiscard]] std::uint64_t left_out() const noexcept { return left_out_; }
  /// Whether the last Visit kept the item.
  [[nodiscard]] bool HasItem(std::string_view item) const;

 private:
  /// Keys numbered in order of first sight.
  struct Keys {
    std::deque<std::string> keys;
    std::unordered_map<std::string_view, std::uint32_t> numbers;  ///< views of `keys`, which never move
    std::uint32_t Number(std::string_view key);
  };
  struct Row {
    std::uint32_t user, item;
    std::int64_t time;
    float weight;
  };
  std::vector<bool> PeelNodes(std::uint32_t k) const;

  Keys users_, items_;
  std::vector<Row> rows_;
  std::vector<bool> kept_;  ///< users, then items
  std::uint64_t left_out_ = 0;
};

}  // namespace kith::tools
