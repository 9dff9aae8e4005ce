/// Slices: for whom and for which items a model is good. The same lists, looked at part by part.
///
/// Users by how many items they have in the graph (0: cold), users by how many friends they have, and held-out items by
/// their popularity: the most popular items that hold a third of all interactions are the head, the next third the
/// middle, the other items with an interaction the tail, and those without one (or unknown to the store) are new.
/// A user enters a slice of items with those of its held-out items that belong to it, if there are any; hits on other
/// items keep their places in the list and count for nothing.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "kith/graph/social_graph.h"
#include "kith/train/evaluator.h"

namespace kith {

enum class ItemGroup : std::uint8_t { kHead = 0, kMiddle = 1, kTail = 2, kNew = 3, kAll = 255 };

struct Slice {
  std::string by;                    ///< "items", "friends" or "popularity"
  std::string name;                  ///< "5-9", "head", ...
  std::vector<std::uint32_t> users;  ///< their places in HeldOut::users, ascending
  std::uint32_t unknown_users = 0;   ///< more users, who score 0
  ItemGroup group = ItemGroup::kAll;
};

class Slicer {
 public:
  Slicer(const SocialGraph& graph, const HeldOut& held_out);

  /// Those with at least one user, in a fixed order; by friends only where the graph has friendships.
  [[nodiscard]] const std::vector<Slice>& slices() const noexcept { return slices_; }
  /// Metrics at k of each of the slice's users, and zeros for the unknown ones.
  [[nodiscard]] std::vector<Metrics> Of(const Slice& slice, const Evaluation& evaluation, std::uint32_t k) const;

 private:
  void AddUserSlices(const char* by, std::span<const std::uint32_t> amounts, std::span<const std::uint32_t> bounds);
  void AddItemSlices();
  [[nodiscard]] std::size_t Relevant(const Slice& slice, std::size_t n) const noexcept;

  const HeldOut& held_out_;
  std::vector<ItemGroup> groups_;  ///< [I]
  std::vector<Slice> slices_;
};

}  // namespace kith
