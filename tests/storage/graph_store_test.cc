#include "kith/storage/graph_store.h"

#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "store_fixture.h"
#include "testing/toy_graph.h"

namespace kith::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(GraphStore, GivesBackItsEventsInOrderAfterReopening) {
  const TemporaryFolder folder;
  {
    const auto store = OpenStore(folder / "s", Access::kCreateOrWrite);
    const std::vector<Event> events = {WithId(Likes("ann", "dune", 2.5F, 1600000000), "e7"), Trusts("ann", "bob"),
                                       Removed(Trusts("ann", "bob"))};
    const AppendResult result = store->Append(events).value();
    EXPECT_EQ(result.last_sequence, 3U);
    EXPECT_EQ(result.stored, 3U);
    EXPECT_THAT(result.new_users, ElementsAre("ann", "bob"));
    EXPECT_THAT(result.new_items, ElementsAre("dune"));
  }
  const auto store = OpenStore(folder / "s", Access::kReadOnly);
  EXPECT_EQ(store->last_sequence(), 3U);
  EXPECT_THAT(AllEvents(*store), ElementsAre("1 ann likes dune 2.500000 @1600000000 #e7", "2 ann trusts bob 1.000000",
                                             "3 ann trusts no more bob 1.000000"));
  EXPECT_THAT(Violations(*store), IsEmpty());
}

TEST(GraphStore, LoadsTheToyGraphThatItWasGiven) {
  const TemporaryFolder folder;
  const Runtime runtime(1);
  const auto store = OpenStore(folder / "s", Access::kCreateOrWrite);
  std::vector<Event> events;
  for (const Edge& edge : kToyInteractions) events.push_back(Likes(kToyUsers[edge.source], kToyItems[edge.target]));
  for (const Edge& edge : kToyFriendships) events.push_back(Trusts(kToyUsers[edge.source], kToyUsers[edge.target]));
  CheckOk(store->Append(events).status());

  const auto graph = store->LoadGraph(runtime).value();
  const auto toy = ToyGraph(runtime);
  EXPECT_EQ(graph->num_users(), toy->num_users());
  EXPECT_EQ(graph->num_items(), toy->num_items());
  EXPECT_EQ(graph->log_sequence(), 15U);
  EXPECT_EQ(graph->store_id(), store->store_id());
  EXPECT_EQ(graph->Edges(Relation::kInteracts), toy->Edges(Relation::kInteracts));
  EXPECT_EQ(graph->Edges(Relation::kTrusts), toy->Edges(Relation::kTrusts));
  const KeyTable keys = store->LoadKeys().value();
  for (std::uint32_t user = 0; user < 5; ++user) {
    EXPECT_EQ(keys.user_key(UserId{user}), kToyUsers[user]);
    EXPECT_EQ(keys.FindUser(kToyUsers[user]), UserId{user});
  }
  EXPECT_EQ(keys.FindItem("iliad"), ItemId{5});
  EXPECT_EQ(keys.FindItem("ann"), std::nullopt);
}

TEST(GraphStore, GivesIdsInOrderOfFirstSightAcrossBatches) {
  const TemporaryFolder folder;
  const auto store = OpenStore(folder / "s", Access::kCreateOrWrite);
  CheckOk(store->Append(std::vector{Likes("b", "y"), Likes("a", "y")}).status());
  const AppendResult second = store->Append(std::vector{Trusts("d", "c"), Likes("a", "x")}).value();
  EXPECT_THAT(second.new_users, ElementsAre("d", "c"));
  const KeyTable keys = store->LoadKeys().value();
  EXPECT_EQ(keys.user_key(UserId{0}), "b");
  EXPECT_EQ(keys.user_key(UserId{3}), "c");
  EXPECT_EQ(keys.item_key(ItemId{1}), "x");
}

TEST(GraphStore, StoresAnEventIdOnceWithinABatchAndAcrossReopening) {
  const TemporaryFolder folder;
  {
    const auto store = OpenStore(folder / "s", Access::kCreateOrWrite);
    const std::vector<Event> events = {WithId(Likes("ann", "dune"), "1"), WithId(Likes("bob", "dune"), "1"),
                                       WithId(Likes("bob", "emma"), "2")};
    const AppendResult result = store->Append(events).value();
    EXPECT_EQ(result.stored, 2U);
    EXPECT_EQ(result.known_ids, 1U);
  }
  const auto store = OpenStore(folder / "s", Access::kWrite);
  const AppendResult again = store->Append(std::vector{WithId(Likes("zoe", "new"), "2")}).value();
  EXPECT_EQ(again.stored, 0U);
  EXPECT_EQ(again.known_ids, 1U);
  EXPECT_EQ(again.last_sequence, 2U);
  EXPECT_THAT(again.new_users, IsEmpty());
  EXPECT_THAT(AllEvents(*store), ElementsAre("1 ann likes dune 1.000000 #1", "2 bob likes emma 1.000000 #2"));
}

TEST(GraphStore, StoresNothingOfABatchWithOneBadEvent) {
  const TemporaryFolder folder;
  const auto store = OpenStore(folder / "s", Access::kCreateOrWrite);
  const Status refused = store->Append(std::vector{Likes("ann", "dune"), Likes("ann", "")}).status();
  EXPECT_EQ(refused.code(), StatusCode::kBadInput);
  EXPECT_THAT(std::string(refused.message()), HasSubstr("event 2 of 2"));
  EXPECT_EQ(store->last_sequence(), 0U);
  EXPECT_THAT(AllEvents(*store), IsEmpty());
}

TEST(GraphStore, SaysWhichEdgesChangedAndOnlyThose) {
  const TemporaryFolder folder;
  const auto store = OpenStore(folder / "s", Access::kCreateOrWrite);
  const std::vector<Event> events = {
      Likes("ann", "dune", 2.0F, 100),        // new
      Likes("ann", "dune", 3.0F, 50),         // older: no change
      Removed(Likes("ann", "emma")),          // was not there: no change
      Removed(Likes("ann", "dune", 1, 200)),  // gone
      Likes("ann", "dune", 4.0F, 150),        // older than the removal: no change
      Trusts("ann", "bob"),
  };
  const AppendResult result = store->Append(events).value();
  ASSERT_EQ(result.changes.size(), 3U);
  EXPECT_EQ(result.changes[0].edge, (Edge{0, 0, 2.0F, 100}));
  EXPECT_FALSE(result.changes[0].removed);
  EXPECT_TRUE(result.changes[1].removed);
  EXPECT_EQ(result.changes[1].edge.target, 0U);
  EXPECT_EQ(result.changes[2].relation, Relation::kTrusts);
  EXPECT_EQ(store->LoadGraph(Runtime(1)).value()->num_interactions(), 0U);
  EXPECT_THAT(Violations(*store), IsEmpty());
}

TEST(GraphStore, KeepsSettings) {
  const TemporaryFolder folder;
  {
    const auto store = OpenStore(folder / "s", Access::kCreateOrWrite);
    CheckOk(store->PutSetting("color", "red"));
    CheckOk(store->PutSetting("color", "blue"));
    EXPECT_EQ(store->GetSetting("size").value(), std::nullopt);
  }
  const auto store = OpenStore(folder / "s", Access::kReadOnly);
  EXPECT_EQ(store->GetSetting("color").value(), "blue");
  EXPECT_EQ(store->PutSetting("color", "green").code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(store->Append(std::vector{Likes("ann", "dune")}).status().code(), StatusCode::kFailedPrecondition);
}

TEST(GraphStore, IsTheSameAfterItsExportIsAppendedToAnother) {
  const TemporaryFolder folder;
  const auto a = OpenStore(folder / "a", Access::kCreateOrWrite);
  const std::vector<Event> events = {WithId(Likes("ann", "dune", 2.0F, 5), "x"),
                                     Likes("bob", "emma", 1.0F, 9),
                                     Removed(Likes("bob", "emma", 1.0F, 8)),
                                     Trusts("bob", "ann"),
                                     Likes("ann", "dune", 3.0F, 4),
                                     Removed(Trusts("bob", "ann"))};
  CheckOk(a->Append(events).status());
  const auto b = OpenStore(folder / "b", Access::kCreateOrWrite);
  CheckOk(a->ScanEvents([&](const StoredEvent& stored) { return b->Append({&stored.event, 1}).status(); }));
  EXPECT_EQ(AllEvents(*a), AllEvents(*b));
  const Runtime runtime(1);
  const auto ga = a->LoadGraph(runtime).value(), gb = b->LoadGraph(runtime).value();
  EXPECT_EQ(ga->Edges(Relation::kInteracts), gb->Edges(Relation::kInteracts));
  EXPECT_EQ(ga->Edges(Relation::kTrusts), gb->Edges(Relation::kTrusts));
  EXPECT_NE(a->store_id(), b->store_id());
}

TEST(GraphStore, EndsAScanWithTheFailureOfItsVisitor) {
  const TemporaryFolder folder;
  const auto store = OpenStore(folder / "s", Access::kCreateOrWrite);
  CheckOk(store->Append(std::vector{Likes("ann", "dune"), Likes("bob", "dune")}).status());
  int visited = 0;
  const Status ended = store->ScanEvents([&](const StoredEvent&) { return ++visited, Cancelled("enough"); });
  EXPECT_EQ(ended.code(), StatusCode::kCancelled);
  EXPECT_EQ(visited, 1);
}

}  // namespace
}  // namespace kith::testing
