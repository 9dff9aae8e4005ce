/// The records of a closed store as they are, to compare bytes with docs/storage_format.md and to plant damage.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "database.h"
#include "store_folder.h"

namespace kith::testing {

inline std::string Hex(std::string_view bytes) {
  std::string text;
  for (const char byte : bytes) {
    text += "0123456789abcdef"[static_cast<unsigned char>(byte) >> 4];
    text += "0123456789abcdef"[static_cast<unsigned char>(byte) & 15U];
  }
  return text;
}

using RawRecord = std::pair<std::string, std::string>;

inline std::vector<RawRecord> RawRecords(const std::string& store, storage::Family family) {
  const auto database =
      storage::Database::Open(storage::DatabasePath(store), storage::Database::Mode::kRead, {}).value();
  std::vector<RawRecord> records;
  const auto rows = database->Scan(family);
  for (rows->SeekToFirst(); rows->Valid(); rows->Next())
    records.emplace_back(rows->key().ToString(), rows->value().ToString());
  CheckOk(database->ScanStatus(*rows, family));
  return records;
}

/// "key: value" in hexadecimal digits.
inline std::vector<std::string> HexRecords(const std::string& store, storage::Family family) {
  std::vector<std::string> lines;
  for (const auto& [key, value] : RawRecords(store, family)) lines.push_back(Hex(key) + ": " + Hex(value));
  return lines;
}

inline void PutRaw(const std::string& store, storage::Family family, std::string_view key, std::string_view value) {
  const auto database =
      storage::Database::Open(storage::DatabasePath(store), storage::Database::Mode::kWrite, {}).value();
  storage::Batch batch;
  database->Put(batch, family, key, value);
  CheckOk(database->Commit(batch));
}

inline void DeleteRaw(const std::string& store, storage::Family family, std::string_view key) {
  const auto database =
      storage::Database::Open(storage::DatabasePath(store), storage::Database::Mode::kWrite, {}).value();
  storage::Batch batch;
  (void)batch.Delete(database->family(family), storage::ToSlice(key));
  CheckOk(database->Commit(batch));
}

}  // namespace kith::testing
