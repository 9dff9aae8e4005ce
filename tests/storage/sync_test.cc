/// Batches that share a sync: what is acknowledged, and when.
#include <gmock/gmock.h>

#include <atomic>
#include <thread>

#include "acknowledged.h"
#include "store_fixture.h"
#include "store_folder.h"

namespace kith::testing {
namespace {

using ::testing::IsEmpty;

std::uint64_t Marked(const std::string& path) {
  return storage::ReadMark(storage::MarkPath(path)).value().last_sequence;
}

TEST(Sync, AcknowledgesWhatWasAppendedAndNothingBefore) {
  const TemporaryFolder folder;
  const std::string path = folder / "s";
  const auto store = OpenStore(path, Access::kCreateOrWrite);
  CheckOk(store->Append(std::vector{Likes("ann", "dune")}).status());
  const AppendResult first = store->AppendUnsynced(std::vector{Likes("bob", "emma"), Likes("bob", "dune")}).value();
  EXPECT_EQ(first.last_sequence, 3U);
  EXPECT_EQ(store->LoadGraph(Runtime(1)).value()->num_interactions(), 3U) << "this object sees it";
  EXPECT_EQ(store->last_sequence(), 1U);
  EXPECT_EQ(Marked(path), 1U);

  const AppendResult second = store->AppendUnsynced(std::vector{Trusts("ann", "bob")}).value();
  CheckOk(store->Sync(first.last_sequence));
  EXPECT_GE(store->last_sequence(), 3U);
  EXPECT_EQ(Marked(path), store->last_sequence());
  CheckOk(store->Sync(second.last_sequence));
  EXPECT_EQ(Marked(path), 4U);
  CheckOk(store->Sync(2));
  EXPECT_EQ(Marked(path), 4U);
  EXPECT_EQ(AllEvents(*OpenStore(path, Access::kReadOnly)).size(), 4U);
  EXPECT_THAT(Violations(*store), IsEmpty());
}

/// Whatever is durable by itself takes with it what it builds on.
TEST(Sync, ComesWithEveryDurableWrite) {
  const TemporaryFolder folder;
  const std::string path = folder / "s";
  const auto store = OpenStore(path, Access::kCreateOrWrite);
  const auto wait = [&](std::string_view item) {
    CheckOk(store->AppendUnsynced(std::vector{WithId(Likes("ann", item), item)}).status());
  };
  wait("a");
  CheckOk(store->Append(std::vector{Likes("bob", "b")}).status());
  EXPECT_EQ(Marked(path), 2U);
  wait("c");
  EXPECT_EQ(store->Append(std::vector{WithId(Likes("ann", "c"), "c")}).value().known_ids, 1U);
  EXPECT_EQ(Marked(path), 3U) << "an event that is known is acknowledged, so it has to be durable";
  wait("d");
  CheckOk(store->PutSetting("some", "thing"));
  EXPECT_EQ(Marked(path), 4U);
  wait("e");
  const auto loader = store->NewBulkLoader().value();
  CheckOk(loader->Add(Likes("cem", "f")));
  CheckOk(loader->Finish().status());
  EXPECT_EQ(Marked(path), 6U);
  EXPECT_EQ(store->last_sequence(), 6U);
  EXPECT_THAT(Violations(*store), IsEmpty());
}

TEST(Sync, NeedsAWriter) {
  const TemporaryFolder folder;
  CheckOk(OpenStore(folder / "s", Access::kCreateOrWrite)->Append(std::vector{Likes("ann", "dune")}).status());
  const auto reader = OpenStore(folder / "s", Access::kReadOnly);
  EXPECT_EQ(reader->AppendUnsynced(std::vector{Likes("ann", "emma")}).status().code(), StatusCode::kFailedPrecondition);
  CheckOk(reader->Sync(1));
  EXPECT_EQ(reader->Sync(2).code(), StatusCode::kFailedPrecondition);
}

TEST(Sync, RunsBesideAppendsOfOtherThreads) {
  const TemporaryFolder folder;
  const std::string path = folder / "s";
  constexpr int kThreads = 4, kBatches = 25;
  {
    const auto store = OpenStore(path, Access::kCreateOrWrite);
    std::atomic<std::uint64_t> wrong = 0;
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] {
        for (int b = 0; b < kBatches; ++b) {
          const std::string user = Named("u", static_cast<std::uint64_t>(t)),
                            item = Named("i", static_cast<std::uint64_t>(b));
          const auto appended = store->AppendUnsynced(std::vector{Likes(user, item)});
          if (!appended.ok() || !store->Sync(appended->last_sequence).ok() || Marked(path) < appended->last_sequence) {
            ++wrong;
          }
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(wrong, 0U);
    EXPECT_EQ(store->last_sequence(), static_cast<std::uint64_t>(kThreads * kBatches));
  }
  const auto store = OpenStore(path, Access::kReadOnly);
  EXPECT_EQ(store->LoadGraph(Runtime(1)).value()->num_interactions(), static_cast<std::size_t>(kThreads * kBatches));
  EXPECT_THAT(Violations(*store), IsEmpty());
}

}  // namespace
}  // namespace kith::testing
