#include "store_format.h"

#include <gmock/gmock.h>

#include <limits>

#include "files.h"
#include "kith/base/rng.h"
#include "raw_records.h"
#include "store_fixture.h"

namespace kith::testing {
namespace {

using storage::Family;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// The worked example of docs/storage_format.md, byte by byte.
TEST(StorageFormat, WritesTheBytesOfTheWorkedExample) {
  const TemporaryFolder folder;
  const std::string path = folder / "s";
  std::string store_id;
  {
    const auto store = OpenStore(path, Access::kCreateOrWrite);
    store_id = store->store_id();
    CheckOk(store->Append(std::vector{WithId(Likes("ann", "dune", 2.5F, 1600000000), "e7")}).status());
  }
  EXPECT_THAT(HexRecords(path, Family::kEvents), ElementsAre("0000000000000001: 1c0000000000000000402000000000000"
                                                             "05f5e10006537"));
  EXPECT_THAT(HexRecords(path, Family::kEdges),
              ElementsAre("000000000000000000: 0040200000000000005f5e1000000000005f5e10000000000000000001",
                          "010000000000000000: 0040200000000000005f5e1000000000005f5e10000000000000000001"));
  EXPECT_THAT(HexRecords(path, Family::kUserIds), ElementsAre("616e6e: 00000000"));
  EXPECT_THAT(HexRecords(path, Family::kUserKeys), ElementsAre("00000000: 616e6e"));
  EXPECT_THAT(HexRecords(path, Family::kItemIds), ElementsAre("64756e65: 00000000"));
  EXPECT_THAT(HexRecords(path, Family::kItemKeys), ElementsAre("00000000: 64756e65"));
  EXPECT_THAT(HexRecords(path, Family::kEventIds), ElementsAre("6537: 0000000000000001"));
  EXPECT_THAT(HexRecords(path, Family::kItemNames), IsEmpty());
  EXPECT_THAT(HexRecords(path, Family::kSettings), IsEmpty());
  EXPECT_THAT(RawRecords(path, Family::kMeta),
              ElementsAre(RawRecord("counters", std::string("\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\1"
                                                            "\0\0\0\1\0\0\0\1\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\0",
                                                            40)),
                          RawRecord("format", std::string("\0\0\0\1", 4)), RawRecord("store_id", store_id)));
  EXPECT_EQ(storage::ReadFile(storage::IdentityPath(path)).value(), "kith store\nformat 1\nid " + store_id + "\n");
  const std::string mark = storage::ReadFile(storage::MarkPath(path)).value();
  EXPECT_EQ(mark.size(), 8192U);
  EXPECT_EQ(Hex(std::string_view(mark).substr(0, 24)), "4b4954484d41524b00000000000000000000000000000000");
  EXPECT_EQ(Hex(std::string_view(mark).substr(4096, 28)), "4b4954484d41524b00000000000000010000000000000001c14102ae");
}

TEST(StorageFormat, NamesInTheDocumentationTheBytesOfTheWorkedExample) {
  const std::string page =
      storage::ReadFile(std::filesystem::path(__FILE__).parent_path().string() + "/../../docs/storage_format.md")
          .value();
  for (const char* bytes : {"1c 00000000 00000000 40200000 000000005f5e1000 6537",
                            "00 40200000 000000005f5e1000 000000005f5e1000 0000000000000001",
                            "0000000000000001 0000000000000001 00000001 00000001 0000000000000001 0000000000000000"}) {
    EXPECT_THAT(page, HasSubstr(bytes));
  }
}

TEST(StorageFormat, ReadsBackEveryEventThatItWrites) {
  std::string bytes;
  for (std::uint32_t i = 0; i < 500; ++i) {
    const Rng rng(3, Purpose::kTest, i);
    const std::string id(rng.bounded(0, 4), 'x');
    const storage::EventRecord event{.relation = rng.bounded(1, 2) == 0 ? Relation::kInteracts : Relation::kTrusts,
                                     .op = rng.bounded(2, 2) == 0 ? Event::Op::kAdd : Event::Op::kRemove,
                                     .user = rng.bits(3),
                                     .target = rng.bits(4),
                                     .weight = rng.bounded(5, 2) == 0 ? 1.0F : rng.uniform(6) + 1e-6F,
                                     .time = rng.bounded(7, 2) == 0 ? kNoTime : std::int64_t{rng.bits(8)} << 20,
                                     .id = id};
    storage::EncodeEvent(event, bytes);
    const auto back = storage::DecodeEvent(bytes);
    ASSERT_TRUE(back.has_value());
    EXPECT_EQ(back->relation, event.relation);
    EXPECT_EQ(back->op, event.op);
    EXPECT_EQ(back->user, event.user);
    EXPECT_EQ(back->target, event.target);
    EXPECT_EQ(back->weight, event.weight);
    EXPECT_EQ(back->time, event.time);
    EXPECT_EQ(back->id, event.id);
    if (event.id.empty()) {
      EXPECT_FALSE(storage::DecodeEvent(bytes + "x"));
    }
    EXPECT_FALSE(storage::DecodeEvent(std::string_view(bytes).substr(0, bytes.size() - 1 - id.size())));
  }
}

TEST(StorageFormat, RefusesRecordsThatNoStoreWrites) {
  std::string bytes;
  storage::EncodeEvent({.weight = 2.0F, .time = 5}, bytes);
  for (const auto& [at, byte] :
       {std::pair(0, '\x2c'), std::pair(0, '\xff'), std::pair(9, '\xbf'), std::pair(13, '\x80')}) {
    std::string broken = bytes;
    broken[static_cast<std::size_t>(at)] = byte;
    EXPECT_FALSE(storage::DecodeEvent(broken)) << at;
  }
  const auto edge = storage::EncodeEdge({.weight = std::numeric_limits<float>::quiet_NaN()});
  EXPECT_FALSE(storage::DecodeEdge(storage::View(edge)));
  EXPECT_FALSE(storage::DecodeEdge(storage::View(storage::EncodeEdge({.time = 7, .order_time = 6}))));
  EXPECT_FALSE(storage::DecodeEdgeKey(std::string("\4\0\0\0\0\0\0\0\0", 9)));
  EXPECT_FALSE(storage::DecodeCounters("short"));
}

TEST(StorageFormat, OrdersEdgeKeysAsTheirNumbers) {
  const auto bytes = [](const storage::EdgeKey& key) {
    return std::string(storage::View(storage::EncodeEdgeKey(key)));
  };
  for (std::uint32_t i = 0; i < 300; ++i) {
    const Rng rng(4, Purpose::kTest, i);
    const storage::EdgeKey a{static_cast<Relation>(rng.bounded(0, 2)), rng.bits(1) >> rng.bounded(2, 32), rng.bits(3)};
    const storage::EdgeKey b{static_cast<Relation>(rng.bounded(4, 2)), rng.bits(5) >> rng.bounded(6, 32), rng.bits(7)};
    EXPECT_EQ(a < b, bytes(a) < bytes(b));
    EXPECT_EQ(storage::DecodeEdgeKey(bytes(a)), a);
    EXPECT_EQ(a.Reversed().Reversed(), a);
  }
}

}  // namespace
}  // namespace kith::testing
