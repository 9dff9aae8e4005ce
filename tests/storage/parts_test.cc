/// The small parts below the store, each against a second way.
#include <gmock/gmock.h>

#include <bit>
#include <map>

#include "acknowledged.h"
#include "crc32c.h"
#include "edge_rule.h"
#include "files.h"
#include "key_index.h"
#include "kith/base/rng.h"
#include "radix_sort.h"
#include "store_fixture.h"

namespace kith::testing {
namespace {

TEST(Crc32c, GivesTheKnownAnswers) {
  EXPECT_EQ(storage::Crc32c(""), 0U);
  EXPECT_EQ(storage::Crc32c("123456789"), 0xE3069283U);
  EXPECT_EQ(storage::Crc32c(std::string(32, '\0')), 0x8A9136AAU);  // RFC 3720, B.4
  EXPECT_EQ(storage::Crc32c(std::string(32, '\xff')), 0x62A8AB43U);
}

TEST(Crc32c, OfTheProcessorIsThatOfTheTables) {
  const Rng rng(9, Purpose::kTest);
  std::string bytes;
  for (std::uint32_t i = 0; i < 200; ++i) {
    EXPECT_EQ(storage::Crc32c(bytes), storage::Crc32cByTables(bytes)) << bytes.size() << " bytes";
    bytes.push_back(static_cast<char>(rng.bounded(i, 256)));
  }
}

TEST(KeyIndex, AgreesWithAMapOverManyKeys) {
  storage::KeyIndex index;
  std::map<std::string, std::uint32_t> map;
  for (std::uint32_t i = 0; i < 20000; ++i) {
    const Rng rng(1, Purpose::kTest, i);
    const std::string key = std::string(rng.bounded(0, 40), 'k') + std::to_string(rng.bounded(1, 6000));
    const auto [found, added] = map.try_emplace(key, static_cast<std::uint32_t>(map.size()));
    EXPECT_EQ(index.Find(key), added ? std::nullopt : std::optional(found->second));
    EXPECT_EQ(index.FindOrAdd(key), found->second);
  }
  ASSERT_EQ(index.size(), map.size());
  for (const auto& [key, id] : map) EXPECT_EQ(index.key(id), key);
  EXPECT_EQ(index.Find("not there"), std::nullopt);
}

TEST(RadixSort, SortsStablyLikeTheStandardLibrary) {
  for (const std::uint32_t bits : {1U, 11U, 12U, 40U, 64U}) {
    std::vector<std::pair<std::uint64_t, std::uint32_t>> items;
    for (std::uint32_t i = 0; i < 3000; ++i) {
      const Rng rng(2, Purpose::kTest, i);
      items.emplace_back(((std::uint64_t{rng.bits(0)} << 32) | rng.bits(1)) >> (64 - bits), i);
    }
    auto expected = items;
    std::stable_sort(expected.begin(), expected.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    storage::RadixSort(items, [](const auto& item) { return item.first; });
    EXPECT_EQ(items, expected) << bits;
  }
}

TEST(Mark, SurvivesATornWriteOfTheSlotThatIsBeingWritten) {
  const TemporaryFolder folder;
  const std::string path = folder / "mark";
  CheckOk(storage::MarkWriter::Create(path, {}));
  auto writer = storage::MarkWriter::Open(path).value();
  for (std::uint64_t commit = 1; commit <= 5; ++commit) {
    const std::string before = storage::ReadFile(path).value();
    CheckOk(writer.Write({commit, 10 * commit}));
    const std::string after = storage::ReadFile(path).value();
    EXPECT_EQ(storage::ReadMark(path).value().last_sequence, 10 * commit);
    // Any prefix of the bytes that this write changed leaves the mark before, or this one.
    for (std::size_t torn = 0; torn < after.size(); ++torn) {
      if (before[torn] == after[torn]) continue;
      CheckOk(storage::WriteFileSynced(path, after.substr(0, torn) + before.substr(torn)));
      const auto read = storage::ReadMark(path);
      ASSERT_TRUE(read.ok()) << read.status().ToString();
      EXPECT_EQ(read->commit, commit - 1);
    }
    CheckOk(storage::WriteFileSynced(path, after));
    writer = storage::MarkWriter::Open(path).value();
  }
  CheckOk(storage::WriteFileSynced(path, std::string(8192, '\0')));
  EXPECT_EQ(storage::ReadMark(path).status().code(), StatusCode::kCorruption);
  EXPECT_EQ(storage::ReadMark(folder / "none").status().code(), StatusCode::kNotFound);
}

TEST(EdgeRule, LetsTheLastEventByTimeThenSequenceWin) {
  using storage::EdgeRecord;
  const auto apply = [](const std::optional<EdgeRecord>& edge, std::int64_t time, std::uint64_t sequence) {
    return storage::ApplyEvent(edge, {.weight = 1.0F, .time = time}, sequence);
  };
  const auto first = apply(std::nullopt, 100, 1);
  ASSERT_TRUE(first);
  EXPECT_FALSE(apply(first, 99, 2)) << "older";
  EXPECT_EQ(apply(first, 100, 2)->sequence, 2U) << "as old, later in the log";
  const auto untimed = apply(first, kNoTime, 2);
  ASSERT_TRUE(untimed) << "no time counts as not older";
  EXPECT_EQ(untimed->time, kNoTime);
  EXPECT_EQ(untimed->order_time, 100);
  EXPECT_FALSE(apply(untimed, 99, 3)) << "older than what the untimed event met";
  EXPECT_EQ(apply(untimed, 100, 3)->time, 100);
  EXPECT_EQ(apply(apply(std::nullopt, kNoTime, 1), 0, 2)->time, 0) << "any time beats none before it";
}

}  // namespace
}  // namespace kith::testing
