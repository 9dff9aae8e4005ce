/// BulkLoaderImpl: collects rows in memory, then writes them as files and has RocksDB take all of them over at once.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "graph_store_impl.h"
#include "key_index.h"
#include "kith/storage/graph_store.h"
#include "load_rows.h"
#include "sst_output.h"

namespace kith::storage {

class BulkLoaderImpl final : public BulkLoader {
 public:
  /// Borrows the store, whose key table is loaded; `base` is where it stood.
  BulkLoaderImpl(GraphStoreImpl& store, const Counters& base) : store_(store), base_(base) {}

  [[nodiscard]] Status Add(const Event& event) override;
  [[nodiscard]] Status AddUser(std::string_view key) override;
  [[nodiscard]] Status NameItem(std::string_view key, std::string_view name) override;
  [[nodiscard]] Result<LoadReport> Finish() override;

 private:
  [[nodiscard]] std::uint32_t UserOf(std::string_view key);
  [[nodiscard]] std::uint32_t ItemOf(std::string_view key);
  /// Marks rows whose event id is in the store.
  [[nodiscard]] Status DropKnownIds(std::vector<std::uint8_t>& dropped) const;
  /// Gives every kept row its sequence number: base + sequences[row].
  [[nodiscard]] std::uint64_t Number(const std::vector<std::uint8_t>& dropped);
  [[nodiscard]] Status WriteEvents(const std::vector<std::uint8_t>& dropped, SstOutput& out) const;
  [[nodiscard]] Status WriteEventIds(const std::vector<std::uint8_t>& dropped, SstOutput& out) const;
  /// Writes the winners of one relation in both directions, forward first.
  [[nodiscard]] Status WriteEdges(std::vector<Winner> winners, Relation relation, SstOutput& out) const;
  [[nodiscard]] Status WriteNames(SstOutput& out) const;

  GraphStoreImpl& store_;
  const Counters base_;
  KeyIndex users_, items_;  ///< keys that the store did not know; id = base count + index here
  KeyIndex event_ids_;
  LoadRows rows_;
  std::map<std::string, std::string, std::less<>> names_;  ///< key -> readable name
  std::vector<std::uint32_t> sequences_;
  std::uint64_t handed_over_ = 0;
  bool finished_ = false;
};

}  // namespace kith::storage
