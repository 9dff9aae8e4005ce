/// Each planted damage is found, by name; a sound store has no violation.
#include <gmock/gmock.h>

#include <filesystem>
#include <functional>

#include "files.h"
#include "kith/storage/graph_snapshot.h"
#include "kith/storage/model_store.h"
#include "raw_records.h"
#include "snapshot_file.h"
#include "store_fixture.h"
#include "store_format.h"

namespace kith::testing {
namespace {

namespace fs = std::filesystem;
using storage::Family;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string Bytes(std::uint32_t value) { return std::string(storage::View(storage::EncodeU32(value))); }
std::string Bytes(std::uint64_t value) { return std::string(storage::View(storage::EncodeU64(value))); }
std::string KeyBytes(Relation relation, std::uint32_t source, std::uint32_t target) {
  return std::string(storage::View(storage::EncodeEdgeKey({relation, source, target})));
}
std::string EdgeBytes(const storage::EdgeRecord& edge) { return std::string(storage::View(storage::EncodeEdge(edge))); }

/// Six events, one older than its edge, one removal, two ids, one model, a graph snapshot at the fourth.
void MakeSoundStore(const std::string& path) {
  const auto store = OpenStore(path, Access::kCreateOrWrite);
  const std::vector<Event> events = {WithId(Likes("ann", "dune", 2.0F, 10), "e1"),
                                     WithId(Likes("bob", "emma"), "e2"),
                                     Trusts("ann", "bob"),
                                     Likes("ann", "dune", 3.0F, 5),
                                     Removed(Likes("bob", "emma")),
                                     Trusts("bob", "cem")};
  CheckOk(store->Append(std::span(events).first(4)).status());
  CheckOk(store->RefreshSnapshot(Runtime(1)));
  CheckOk(store->Append(std::span(events).subspan(4)).status());
  CheckOk(ModelStore(*store).Publish("default", "{}", "tensors").status());
}

/// Puts a whole and well-named snapshot of the sound store's fourth event in place, but with these interactions.
void PutSnapshot(const std::string& path, const std::vector<Edge>& interactions) {
  const auto named = storage::SnapshotFile::Open(storage::SnapshotPath(path)).value();
  const Runtime runtime(1);
  const std::vector<Edge> friendships = {{0, 1}};
  const auto graph = SocialGraph::Build(runtime, named.head().users, named.head().items, interactions, friendships,
                                        named.head().store_id, named.head().log_sequence)
                         .value();
  CheckOk(WriteGraphSnapshot(runtime, *graph, storage::SnapshotPath(path), named.head().stamp));
}

struct Damage {
  std::string name;
  std::function<void(const std::string& path)> plant;
  std::string expected;
};

std::vector<Damage> Damages() {
  using storage::EdgeRecord;
  const EdgeRecord right{.weight = 2.0F, .time = 10, .order_time = 10, .sequence = 1};
  EdgeRecord heavier = right, older_won = right;
  heavier.weight = 2.5F;
  older_won = {.weight = 3.0F, .time = 5, .order_time = 10, .sequence = 4};
  return {
      {"an edge of another weight",
       [=](const auto& path) {
         PutRaw(path, Family::kEdges, KeyBytes(Relation::kInteracts, 0, 0), EdgeBytes(heavier));
       },
       "interacts 0 -> 0 differs"},
      {"the wrong winner",
       [=](const auto& path) {
         PutRaw(path, Family::kEdges, KeyBytes(Relation::kInteracts, 0, 0), EdgeBytes(older_won));
         PutRaw(path, Family::kEdges, KeyBytes(Relation::kInteractedBy, 0, 0), EdgeBytes(older_won));
       },
       "interacts 0 -> 0 differs"},
      {"a reverse edge that is missing",
       [](const auto& path) { DeleteRaw(path, Family::kEdges, KeyBytes(Relation::kTrustedBy, 1, 0)); },
       "trusted_by 1 -> 0 is missing"},
      {"an edge that no event made",
       [=](const auto& path) { PutRaw(path, Family::kEdges, KeyBytes(Relation::kTrusts, 2, 0), EdgeBytes(right)); },
       "trusts 2 -> 0 comes from no event"},
      {"a tombstone that lives again",
       [](const auto& path) {
         for (const Relation relation : {Relation::kInteracts, Relation::kInteractedBy}) {
           PutRaw(path, Family::kEdges, KeyBytes(relation, 1, 1), EdgeBytes({.sequence = 5}));
         }
       },
       "interacts 1 -> 1 differs"},
      {"an event that is missing", [](const auto& path) { DeleteRaw(path, Family::kEvents, Bytes(std::uint64_t{3})); },
       "expected event 3, found event 4"},
      {"the last event missing", [](const auto& path) { DeleteRaw(path, Family::kEvents, Bytes(std::uint64_t{6})); },
       "the log ends at 5"},
      {"an event that is no event",
       [](const auto& path) { PutRaw(path, Family::kEvents, Bytes(std::uint64_t{2}), "?"); }, "event 2 is damaged"},
      {"an event id that leads elsewhere",
       [](const auto& path) { PutRaw(path, Family::kEventIds, "e2", Bytes(std::uint64_t{1})); },
       "the id \"e2\" of event 2 leads elsewhere"},
      {"an event id of no event",
       [](const auto& path) { PutRaw(path, Family::kEventIds, "e9", Bytes(std::uint64_t{1})); },
       "event_ids: expected 2, found 3"},
      {"a key with two ids", [](const auto& path) { PutRaw(path, Family::kUserKeys, Bytes(2U), "ann"); },
       "key \"ann\" has two ids"},
      {"a key that leads to another id", [](const auto& path) { PutRaw(path, Family::kItemIds, "dune", Bytes(1U)); },
       "key \"dune\" leads to another id"},
      {"a key that is missing", [](const auto& path) { DeleteRaw(path, Family::kUserIds, "bob"); },
       "user_ids: expected 3 keys, found 2"},
      {"a name of no key", [](const auto& path) { PutRaw(path, Family::kItemNames, Bytes(7U), "Seven"); },
       "a name belongs to what cannot be an item's key"},
      {"a model with a changed byte",
       [](const auto& path) { CheckOk(storage::WriteFileSynced(path + "/models/1/model.safetensors", "tensorz")); },
       "model.safetensors differs from its checksum"},
      {"a model that is missing", [](const auto& path) { fs::remove_all(path + "/models/1"); },
       "checksums.json is missing"},
      {"counters that miscount",
       [](const auto& path) {
         const storage::Counters wrong{
             .commit = 9, .last_sequence = 6, .users = 3, .items = 2, .interactions = 2, .friendships = 2};
         PutRaw(path, Family::kMeta, "counters", storage::View(storage::EncodeCounters(wrong)));
       },
       "the counters say 2 interactions"},
      {"a snapshot with a changed byte",
       [](const auto& path) {
         std::string bytes = storage::ReadFile(storage::SnapshotPath(path)).value();
         bytes.back() ^= 1;
         CheckOk(storage::WriteFileSynced(storage::SnapshotPath(path), bytes));
       },
       "differ from their checksum"},
      {"a snapshot that is cut short", [](const auto& path) { fs::resize_file(storage::SnapshotPath(path), 100); },
       "expected a file of"},
      {"a snapshot of another weight",
       [](const auto& path) {
         PutSnapshot(path, {{0, 0, 2.5F, 10}, {1, 1}});
       },
       "graph snapshot: interacts 0 -> 0 differs"},
      {"a snapshot of another time",
       [](const auto& path) {
         PutSnapshot(path, {{0, 0, 2.0F, 5}, {1, 1}});
       },
       "graph snapshot: interacted_by 0 -> 0 differs"},
      {"a snapshot that lacks an edge",
       [](const auto& path) {
         PutSnapshot(path, {{0, 0, 2.0F, 10}});
       },
       "graph snapshot: interacts 1 -> 1 is missing"},
      {"a snapshot with an edge that no event made",
       [](const auto& path) {
         PutSnapshot(path, {{0, 0, 2.0F, 10}, {0, 1}, {1, 1}});
       },
       "graph snapshot: expected 2 interactions and 1 friendships, found 3 and 1"},
  };
}

TEST(Verify, FindsNothingInASoundStore) {
  const TemporaryFolder folder;
  MakeSoundStore(folder / "s");
  for (const Access access : {Access::kWrite, Access::kReadOnly}) {
    const VerifyReport report = OpenStore(folder / "s", access)->Verify(Runtime(2)).value();
    EXPECT_THAT(report.violations, IsEmpty());
    EXPECT_EQ(report.events, 6U);
    EXPECT_EQ(report.edges, 3U);
    EXPECT_EQ(report.users, 3U);
    EXPECT_EQ(report.items, 2U);
    EXPECT_EQ(report.models, 1U);
  }
}

TEST(Verify, FindsEveryPlantedDamage) {
  const TemporaryFolder folder;
  MakeSoundStore(folder / "sound");
  for (const Damage& damage : Damages()) {
    fs::remove_all(folder / "s");
    fs::copy(folder / "sound", folder / "s", fs::copy_options::recursive);
    damage.plant(folder / "s");
    const auto store = GraphStore::Open(folder / "s", {.access = Access::kReadOnly});
    if (!store.ok()) {
      // A hole among the newest events is found when the store is opened already.
      EXPECT_EQ(store.status().code(), StatusCode::kCorruption) << damage.name;
      EXPECT_THAT(std::string(store.status().message()), HasSubstr("is missing from the log")) << damage.name;
      continue;
    }
    EXPECT_THAT(Violations(**store), Contains(HasSubstr(damage.expected))) << damage.name;
  }
}

/// Enough events for several parts and buckets, so that what lies at their borders is checked too.
TEST(Verify, FindsDamageInALogThatIsReadInParts) {
  const TemporaryFolder folder;
  {
    const auto store = OpenStore(folder / "sound", Access::kCreateOrWrite);
    const auto loader = store->NewBulkLoader().value();
    for (std::uint64_t i = 0; i < 40000; ++i) {
      CheckOk(loader->Add(Likes(Named("u", i % 501), Named("i", i % 397), 1.0F + static_cast<float>(i % 5))));
      if (i % 8 == 0) CheckOk(loader->Add(Trusts(Named("u", i % 501), Named("u", (i + 1 + i % 97) % 501))));
    }
    CheckOk(loader->Finish().status());
    CheckOk(store->RefreshSnapshot(Runtime(2)));
  }
  const auto violations = [&](const std::function<void(const std::string&)>& plant, int threads) {
    fs::remove_all(folder / "s");
    fs::copy(folder / "sound", folder / "s", fs::copy_options::recursive);
    plant(folder / "s");
    return OpenStore(folder / "s", Access::kReadOnly)->Verify(Runtime(threads)).value().violations;
  };
  EXPECT_THAT(violations([](const std::string&) {}, 2), IsEmpty());
  for (const std::uint64_t event : {1U, 8192U, 8193U, 20000U, 16384U}) {
    EXPECT_THAT(
        violations([&](const auto& path) { DeleteRaw(path, Family::kEvents, Bytes(event)); }, 2),
        Contains(HasSubstr("expected event " + std::to_string(event) + ", found event " + std::to_string(event + 1))));
  }
  for (const std::uint32_t user : {0U, 125U, 126U, 500U}) {
    const auto plant = [&](const auto& path) {
      PutRaw(path, Family::kEdges, KeyBytes(Relation::kTrusts, user, user), EdgeBytes({.sequence = 1}));
      PutRaw(path, Family::kEdges, KeyBytes(Relation::kTrustedBy, user, user), EdgeBytes({.sequence = 1}));
    };
    const std::vector<std::string> found = violations(plant, 2);
    const std::string edge = std::to_string(user) + " -> " + std::to_string(user) + " comes from no event";
    EXPECT_THAT(found, Contains(HasSubstr("trusts " + edge)));
    EXPECT_THAT(found, Contains(HasSubstr("trusted_by " + edge)));
    EXPECT_EQ(violations(plant, 1), found) << "the same words for any number of threads";
  }
}

TEST(Verify, FindsAFlippedBitInADataFile) {
  const TemporaryFolder folder;
  {
    const auto store = OpenStore(folder / "s", Access::kCreateOrWrite);
    const auto loader = store->NewBulkLoader().value();
    for (std::uint64_t i = 0; i < 2000; ++i) CheckOk(loader->Add(Likes(Named("u", i % 50), Named("i", i))));
    CheckOk(loader->Finish().status());
  }
  int files = 0;
  for (const auto& entry : fs::directory_iterator(folder / "s/db")) {
    if (entry.path().extension() != ".sst") continue;
    ++files;
    const std::string sound = storage::ReadFile(entry.path()).value();
    std::string damaged = sound;
    damaged[20] = static_cast<char>(damaged[20] ^ 4);
    CheckOk(storage::WriteFileSynced(entry.path(), damaged));
    const auto store = GraphStore::Open(folder / "s", {.access = Access::kReadOnly});
    if (store.ok()) {
      EXPECT_FALSE(Violations(**store).empty()) << entry.path();
    } else {
      EXPECT_EQ(store.status().code(), StatusCode::kCorruption);
    }
    CheckOk(storage::WriteFileSynced(entry.path(), sound));
  }
  EXPECT_GE(files, 6);
  EXPECT_THAT(Violations(*OpenStore(folder / "s", Access::kReadOnly)), IsEmpty());
}

TEST(Verify, ListsAtMostAHundredViolations) {
  const TemporaryFolder folder;
  {
    const auto store = OpenStore(folder / "s", Access::kCreateOrWrite);
    CheckOk(store->Append(std::vector{Likes("ann", "dune")}).status());
  }
  {
    const auto database =
        storage::Database::Open(storage::DatabasePath(folder / "s"), storage::Database::Mode::kWrite, {}).value();
    storage::Batch batch;
    for (std::uint32_t i = 0; i < 300; ++i) database->Put(batch, Family::kItemNames, Bytes(100 + i), "x");
    CheckOk(database->Commit(batch));
  }
  EXPECT_EQ(Violations(*OpenStore(folder / "s", Access::kReadOnly)).size(), 100U);
}

}  // namespace
}  // namespace kith::testing
