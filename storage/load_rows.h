/// The rows of a bulk load in memory, and what they add up to.
///
/// A row is 24 bytes, kept in chunks so that growing never copies.  Resolving sorts the rows of a relation by edge,
/// drops repeats and finds each edge's winner by the same rule as Append (edge_rule.h).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "database.h"
#include "kith/base/status.h"
#include "store_format.h"

namespace kith::storage {

struct LoadRow {
  std::uint32_t user = 0, target = 0;
  float weight = 1.0F;
  std::uint32_t id_and_relation = 0;  ///< 2 * (position of its event id + 1, or 0 for none) + (1 for kTrusts)
  std::int64_t time = kNoTime;

  [[nodiscard]] Relation relation() const noexcept {
    return (id_and_relation & 1U) != 0 ? Relation::kTrusts : Relation::kInteracts;
  }
  [[nodiscard]] bool has_id() const noexcept { return id_and_relation > 1; }
  /// REQUIRES: has_id().
  [[nodiscard]] std::uint32_t id() const noexcept { return (id_and_relation >> 1) - 1; }
};
static_assert(sizeof(LoadRow) == 24);

class LoadRows {
 public:
  static constexpr std::size_t kChunkRows = std::size_t{1} << 16;

  void Add(const LoadRow& row) {
    if (size_ % kChunkRows == 0) chunks_.push_back(std::make_unique<LoadRow[]>(kChunkRows));
    chunks_.back()[size_++ % kChunkRows] = row;
  }
  [[nodiscard]] const LoadRow& operator[](std::size_t i) const noexcept {
    return chunks_[i / kChunkRows][i % kChunkRows];
  }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }

 private:
  std::vector<std::unique_ptr<LoadRow[]>> chunks_;
  std::size_t size_ = 0;
};

/// An edge whose winner is a row of the load.
struct Winner {
  std::uint32_t source = 0, target = 0;
  std::uint32_t row = 0;
  float weight = 1.0F;
  std::int64_t time = kNoTime, order_time = kNoTime;
};

struct Resolved {
  std::vector<Winner> winners;  ///< sorted by source, then target
  std::uint64_t new_live = 0;   ///< edges that were not live before
};

/// Resolves the rows of `relation` against the stored edges.  `dropped[row]` != 0 leaves a row out on entry, and is set
/// for rows that repeat an earlier row exactly or equal the live edge they meet; rows with an event id never are.
[[nodiscard]] Result<Resolved> ResolveRows(const LoadRows& rows, Relation relation, const Database& database,
                                           std::vector<std::uint8_t>& dropped);

}  // namespace kith::storage
