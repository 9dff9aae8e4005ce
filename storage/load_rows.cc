#include "load_rows.h"

#include <algorithm>
#include <bit>
#include <optional>
#include <span>
#include <tuple>

#include "edge_rule.h"
#include "radix_sort.h"

namespace kith::storage {
namespace {

struct SortRow {
  std::uint64_t ends;  ///< source, target
  std::uint32_t row;
};

/// Walks the stored edges of one relation beside ascending keys.
class StoredEdges {
 public:
  StoredEdges(const Database& database, Relation relation)
      : database_(database), relation_(relation), rows_(database.Scan(Family::kEdges)) {
    const EdgeKeyBytes first = EncodeEdgeKey({relation, 0, 0});
    rows_->Seek(ToSlice(View(first)));
  }

  /// REQUIRES: keys ascend from call to call.
  [[nodiscard]] Result<std::optional<EdgeRecord>> Find(std::uint64_t ends) {
    const EdgeKeyBytes key =
        EncodeEdgeKey({relation_, static_cast<std::uint32_t>(ends >> 32), static_cast<std::uint32_t>(ends)});
    const rocksdb::Slice wanted = ToSlice(View(key));
    // Few steps cost less than a seek; many cost more.
    for (int steps = 0; rows_->Valid() && rows_->key().compare(wanted) < 0; ++steps) {
      if (steps == 16) {
        rows_->Seek(wanted);
        break;
      }
      rows_->Next();
    }
    KITH_RETURN_IF_ERROR(database_.ScanStatus(*rows_, Family::kEdges));
    if (!rows_->Valid() || rows_->key() != wanted) return std::optional<EdgeRecord>();
    const std::optional<EdgeRecord> edge = DecodeEdge(ToView(rows_->value()));
    if (!edge) return Corruption("reading edges in " + database_.path() + ": a record is damaged; restore the store");
    return edge;
  }

 private:
  const Database& database_;
  Relation relation_;
  std::unique_ptr<rocksdb::Iterator> rows_;
};

/// Marks the rows of one edge that repeat an earlier one exactly.
void DropRepeats(const LoadRows& rows, std::span<const SortRow> group, std::vector<std::uint8_t>& dropped) {
  using Facts = std::tuple<std::uint32_t, std::int64_t, std::uint32_t>;  // weight's bits, time, row
  std::vector<Facts> facts;
  facts.reserve(group.size());
  for (const SortRow& entry : group) {
    const LoadRow& row = rows[entry.row];
    if (!row.has_id()) facts.emplace_back(std::bit_cast<std::uint32_t>(row.weight), row.time, entry.row);
  }
  std::sort(facts.begin(), facts.end());
  for (std::size_t i = 1; i < facts.size(); ++i) {
    const auto& [weight, time, row] = facts[i];
    if (weight == std::get<0>(facts[i - 1]) && time == std::get<1>(facts[i - 1])) dropped[row] = 1;
  }
}

}  // namespace

Result<Resolved> ResolveRows(const LoadRows& rows, Relation relation, const Database& database,
                             std::vector<std::uint8_t>& dropped) {
  std::vector<SortRow> sorted;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const LoadRow& row = rows[i];
    if (row.relation() != relation || dropped[i] != 0) continue;
    sorted.push_back({(std::uint64_t{row.user} << 32) | row.target, static_cast<std::uint32_t>(i)});
  }
  RadixSort(sorted, [](const SortRow& entry) { return entry.ends; });

  Resolved resolved;
  StoredEdges stored(database, relation);
  for (std::size_t begin = 0, end = 0; begin < sorted.size(); begin = end) {
    while (end < sorted.size() && sorted[end].ends == sorted[begin].ends) ++end;
    const std::span<const SortRow> group = std::span(sorted).subspan(begin, end - begin);
    if (group.size() > 1) DropRepeats(rows, group, dropped);
    KITH_ASSIGN_OR_RETURN(const std::optional<EdgeRecord> before, stored.Find(group[0].ends));
    std::optional<EdgeRecord> edge = before;
    std::optional<std::uint32_t> winner;
    for (const SortRow& entry : group) {
      const LoadRow& row = rows[entry.row];
      if (dropped[entry.row] != 0) continue;
      if (!row.has_id() && IsLive(edge) && edge->weight == row.weight && edge->time == row.time) {
        dropped[entry.row] = 1;
        continue;
      }
      const EventRecord event{relation, Event::Op::kAdd, row.user, row.target, row.weight, row.time, {}};
      if (const auto after = ApplyEvent(edge, event, 0)) {
        edge = after;
        winner = entry.row;
      }
    }
    if (!winner) continue;
    const LoadRow& row = rows[*winner];
    resolved.winners.push_back({row.user, row.target, *winner, row.weight, row.time, edge->order_time});
    resolved.new_live += IsLive(before) ? 0 : 1;
  }
  return resolved;
}

}  // namespace kith::storage
