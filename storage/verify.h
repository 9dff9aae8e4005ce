/// Verifier: every invariant of a store, checked from the log alone and not by the code that wrote it.
///
/// Parts of the store are checked at once; what they find is told in a fixed order.  The edges are verify_edges.h's.
/// Cost: one scan of every column family, split over the threads; memory as there.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "database.h"
#include "findings.h"
#include "kith/base/parallel.h"
#include "kith/storage/graph_store.h"
#include "store_format.h"

namespace kith::storage {

class Verifier {
 public:
  /// All scans see `view`; `store` is the store's folder.
  Verifier(const Runtime& runtime, const Database& database, const SnapshotHandle& view, std::string store)
      : runtime_(runtime), database_(database), view_(view), store_(std::move(store)) {}

  /// `snapshot`: the graph in the snapshot file that the log names; null where there is none; or what is wrong with it.
  [[nodiscard]] VerifyReport Run(const Result<std::shared_ptr<const SocialGraph>>& snapshot);

 private:
  /// Scans a family; visit(key, value) returns what is wrong with the record, or "".
  template <class Visit>
  void Scan(Family family, Findings& findings, Visit visit) const;

  void CheckMeta(Findings& findings);
  void CheckKeys(Family ids_of_keys, Family keys_of_ids, std::uint32_t count, Findings& findings) const;
  void CheckNames(Findings& findings) const;
  void CheckEventIds(std::uint64_t events_with_id, Findings& findings) const;
  void CheckModels(Findings& findings, std::uint64_t& models) const;
  void CheckFiles(Findings& findings) const;

  const Runtime& runtime_;
  const Database& database_;
  const SnapshotHandle& view_;
  const std::string store_;
  Counters counters_;
};

}  // namespace kith::storage
