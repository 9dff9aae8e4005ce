/// LiveKeys: the key table while ingest adds to it and answers read it.
///
/// A plain mutex: a lookup holds it for a hash probe, an answer for the copies of its strings, microseconds beside a
/// ranking of milliseconds; a reader-writer lock would let a stream of readers keep ingest waiting.
/// Keys are added before the graph that mentions them is served, so every id of a served graph has its key.
/// Threads: all calls from anywhere.
#pragma once

#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "kith/storage/graph_store.h"

namespace kith {

class LiveKeys {
 public:
  explicit LiveKeys(KeyTable table) : table_(std::move(table)) {}

  [[nodiscard]] std::optional<UserId> FindUser(std::string_view key) const {
    const std::lock_guard lock(mutex_);
    return table_.FindUser(key);
  }
  [[nodiscard]] std::optional<ItemId> FindItem(std::string_view key) const {
    const std::lock_guard lock(mutex_);
    return table_.FindItem(key);
  }
  /// Calls read(table) under the lock: for copying many keys at once.
  template <class Read>
  void With(Read&& read) const {
    const std::lock_guard lock(mutex_);
    read(table_);
  }
  /// Adds keys in id order; returns the counts of users and items after them.
  std::pair<std::uint32_t, std::uint32_t> Add(std::span<const std::string> users, std::span<const std::string> items) {
    const std::lock_guard lock(mutex_);
    for (const std::string& key : users) table_.AddUser(key);
    for (const std::string& key : items) table_.AddItem(key);
    return {table_.num_users(), table_.num_items()};
  }

 private:
  mutable std::mutex mutex_;
  KeyTable table_;
};

}  // namespace kith
