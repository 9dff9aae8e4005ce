#include <gmock/gmock.h>

#include <filesystem>

#include "kith/base/rng.h"
#include "store_fixture.h"

namespace kith::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

LoadReport LoadAll(GraphStore& store, const std::vector<Event>& rows) {
  const auto loader = store.NewBulkLoader().value();
  for (const Event& row : rows) CheckOk(loader->Add(row));
  return loader->Finish().value();
}

TEST(BulkLoader, StoresTheSameAsAppendDoesWhereNoRowRepeats) {
  const TemporaryFolder folder;
  const auto loaded = OpenStore(folder / "loaded", Access::kCreateOrWrite);
  const auto appended = OpenStore(folder / "appended", Access::kCreateOrWrite);
  std::vector<std::string> keys;
  for (std::uint64_t i = 0; i < 300; ++i) keys.push_back(Named("key ", i * 7919 % 1000));
  // Two loads, so that the second meets edges, keys and tombstones of the first; times and weights differ by row.
  for (std::uint32_t load = 0; load < 2; ++load) {
    std::vector<Event> rows;
    for (std::uint32_t i = 0; i < 4000; ++i) {
      const Rng rng(5, Purpose::kTest, 10000 * load + i);
      const std::string_view user = keys[rng.bounded(0, 40)], item = keys[rng.bounded(1, 300)];
      Event row = Likes(user, item, 1.0F + static_cast<float>(4000 * load + i) / 8,
                        rng.bounded(2, 3) == 0 ? kNoTime : static_cast<std::int64_t>(rng.bounded(3, 50)));
      if (rng.bounded(4, 5) == 0 && user != item) row.relation = Relation::kTrusts;
      rows.push_back(row);
    }
    const LoadReport report = LoadAll(*loaded, rows);
    EXPECT_EQ(report.rows, 4000U);
    EXPECT_EQ(report.stored, 4000U);
    const AppendResult result = appended->Append(rows).value();
    EXPECT_EQ(report.new_users, result.new_users.size());
    EXPECT_EQ(report.new_items, result.new_items.size());
    const std::vector<Event> removals = {Removed(rows[0]), Removed(rows[17])};
    CheckOk(loaded->Append(removals).status());
    CheckOk(appended->Append(removals).status());
  }
  EXPECT_EQ(AllEvents(*loaded), AllEvents(*appended));
  const Runtime runtime(1);
  const auto a = loaded->LoadGraph(runtime).value(), b = appended->LoadGraph(runtime).value();
  EXPECT_EQ(a->Edges(Relation::kInteracts), b->Edges(Relation::kInteracts));
  EXPECT_EQ(a->Edges(Relation::kTrusts), b->Edges(Relation::kTrusts));
  EXPECT_THAT(Violations(*loaded), IsEmpty());
  EXPECT_THAT(Violations(*appended), IsEmpty());
}

TEST(BulkLoader, LeavesOutRowsThatRepeatAnEarlierRowOrEqualTheStoredEdge) {
  const TemporaryFolder folder;
  const auto store = OpenStore(folder / "s", Access::kCreateOrWrite);
  CheckOk(store->Append(std::vector{Likes("ann", "dune", 2.0F, 7), Removed(Likes("ann", "emma"))}).status());
  const LoadReport report = LoadAll(*store, {
                                                Likes("ann", "dune", 2.0F, 7),  // equals the stored edge
                                                Likes("ann", "emma"),        // equals a tombstone: an add all the same
                                                Likes("bob", "dune", 1.0F),  //
                                                Likes("bob", "dune", 3.0F),  // another weight
                                                Likes("bob", "dune", 1.0F),  // repeats the row before the last
                                                Trusts("ann", "bob"),        //
                                                Trusts("ann", "bob"),        // repeats
                                                Likes("bob", "dune", 3.0F, 5),  // another time
                                            });
  EXPECT_EQ(report.rows, 8U);
  EXPECT_EQ(report.stored, 5U);
  EXPECT_EQ(report.repeats, 3U);
  EXPECT_THAT(AllEvents(*store),
              ElementsAre("1 ann likes dune 2.000000 @7", "2 ann likes no more emma 1.000000",
                          "3 ann likes emma 1.000000", "4 bob likes dune 1.000000", "5 bob likes dune 3.000000",
                          "6 ann trusts bob 1.000000", "7 bob likes dune 3.000000 @5"));
  EXPECT_THAT(Violations(*store), IsEmpty());
}

TEST(BulkLoader, StoresNothingWhenTheSameRowsAreLoadedAgain) {
  const TemporaryFolder folder;
  const auto store = OpenStore(folder / "s", Access::kCreateOrWrite);
  const std::vector<Event> rows = {Likes("ann", "dune"), Likes("bob", "emma", 2.0F, 9), Trusts("bob", "ann")};
  EXPECT_EQ(LoadAll(*store, rows).stored, 3U);
  const LoadReport again = LoadAll(*store, rows);
  EXPECT_EQ(again.stored, 0U);
  EXPECT_EQ(again.repeats, 3U);
  EXPECT_EQ(store->last_sequence(), 3U);
}

TEST(BulkLoader, KeepsManyRowsOfOneEdgeApartByWeight) {
  const TemporaryFolder folder;
  const auto store = OpenStore(folder / "s", Access::kCreateOrWrite);
  std::vector<Event> rows;
  for (int i = 0; i < 5000; ++i) rows.push_back(Likes("ann", "dune", static_cast<float>(1 + i % 2500)));
  EXPECT_EQ(LoadAll(*store, rows).stored, 2500U);
  EXPECT_EQ(store->LoadGraph(Runtime(1)).value()->items(UserId{0}).weight(0), 2500.0F);
}

TEST(BulkLoader, StoresAnEventIdOnce) {
  const TemporaryFolder folder;
  const auto store = OpenStore(folder / "s", Access::kCreateOrWrite);
  CheckOk(store->Append(std::vector{WithId(Likes("ann", "dune"), "1")}).status());
  const LoadReport report = LoadAll(*store, {WithId(Likes("bob", "dune"), "1"), WithId(Likes("bob", "emma"), "2"),
                                             WithId(Likes("cem", "emma"), "2"), WithId(Likes("bob", "emma"), "3")});
  EXPECT_EQ(report.stored, 2U);
  EXPECT_EQ(store->Append(std::vector{WithId(Likes("dee", "iliad"), "3")}).value().known_ids, 1U);
  EXPECT_THAT(Violations(*store), IsEmpty());
}

TEST(BulkLoader, MakesUsersKnownWithoutAnEdgeAndNamesItemsBeforeAndAfterTheirFirstEvent) {
  const TemporaryFolder folder;
  const auto store = OpenStore(folder / "s", Access::kCreateOrWrite);
  {
    const auto loader = store->NewBulkLoader().value();
    CheckOk(loader->AddUser("lonely"));
    CheckOk(loader->NameItem("m1", "The Third Man"));
    CheckOk(loader->NameItem("m2", "Rann"));
    EXPECT_FALSE(loader->NameItem("m3", "").ok());
    const LoadReport report = loader->Finish().value();
    EXPECT_EQ(report.new_users, 1U);
    EXPECT_EQ(report.new_items, 0U);
    EXPECT_EQ(report.rows, 0U);
  }
  CheckOk(store->Append(std::vector{Likes("ann", "m2")}).status());
  {
    const auto loader = store->NewBulkLoader().value();
    CheckOk(loader->NameItem("m2", "Ran"));
    EXPECT_EQ(loader->Finish().value().new_items, 0U);
  }
  KeyTable keys = store->LoadKeys().value();
  EXPECT_EQ(keys.num_users(), 2U);
  ASSERT_EQ(keys.num_items(), 1U);
  EXPECT_EQ(keys.item_name(ItemId{0}), "Ran");
  keys.AddItem("m1");
  EXPECT_EQ(keys.item_name(ItemId{1}), "The Third Man");
  EXPECT_EQ(store->LoadGraph(Runtime(1)).value()->num_users(), 2U);
  EXPECT_THAT(Violations(*store), IsEmpty());
}

TEST(BulkLoader, StaysUsableAfterABadRow) {
  const TemporaryFolder folder;
  const auto store = OpenStore(folder / "s", Access::kCreateOrWrite);
  const auto loader = store->NewBulkLoader().value();
  EXPECT_EQ(loader->Add(Likes("ann", "")).code(), StatusCode::kBadInput);
  EXPECT_EQ(loader->Add(Removed(Likes("ann", "dune"))).code(), StatusCode::kBadInput);
  EXPECT_EQ(loader->AddUser("\n").code(), StatusCode::kBadInput);
  CheckOk(loader->Add(Likes("ann", "dune")));
  const LoadReport report = loader->Finish().value();
  EXPECT_EQ(report.rows, 1U);
  EXPECT_EQ(loader->Finish().status().code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(loader->Add(Likes("ann", "dune")).code(), StatusCode::kFailedPrecondition);
}

TEST(BulkLoader, LeavesNoTraceWithoutFinish) {
  const TemporaryFolder folder;
  {
    const auto store = OpenStore(folder / "s", Access::kCreateOrWrite);
    CheckOk(store->NewBulkLoader().value()->Add(Likes("ann", "dune")));
  }
  EXPECT_FALSE(std::filesystem::exists(folder / "s")) << "the store was made for this load alone";
  {
    const auto store = OpenStore(folder / "s", Access::kCreateOrWrite);
    CheckOk(store->Append(std::vector{Likes("bob", "emma")}).status());
    CheckOk(store->NewBulkLoader().value()->Add(Likes("ann", "dune")));
  }
  EXPECT_THAT(AllEvents(*OpenStore(folder / "s", Access::kReadOnly)), ElementsAre("1 bob likes emma 1.000000"));
}

TEST(BulkLoader, RefusesToFinishWhenTheStoreWasWrittenToMeanwhile) {
  const TemporaryFolder folder;
  const auto store = OpenStore(folder / "s", Access::kCreateOrWrite);
  const auto loader = store->NewBulkLoader().value();
  CheckOk(loader->Add(Likes("ann", "dune")));
  CheckOk(store->Append(std::vector{Likes("bob", "emma")}).status());
  EXPECT_EQ(loader->Finish().status().code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(store->last_sequence(), 1U);
}

TEST(BulkLoader, IsFollowedByAppendsThatKnowItsKeys) {
  const TemporaryFolder folder;
  const auto store = OpenStore(folder / "s", Access::kCreateOrWrite);
  LoadAll(*store, {Likes("ann", "dune"), Likes("bob", "emma")});
  const AppendResult result = store->Append(std::vector{Likes("bob", "dune"), Likes("cem", "emma")}).value();
  EXPECT_THAT(result.new_users, ElementsAre("cem"));
  EXPECT_THAT(result.new_items, IsEmpty());
  EXPECT_EQ(result.last_sequence, 4U);
  EXPECT_THAT(Violations(*store), IsEmpty());
}

}  // namespace
}  // namespace kith::testing
