/// The snapshot file beside the log: it makes loading faster and never changes what is loaded.
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "files.h"
#include "kith/base/rng.h"
#include "kith/storage/graph_snapshot.h"
#include "snapshot_file.h"
#include "store_fixture.h"
#include "store_folder.h"

namespace kith::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// Everything a reader can see of a graph, as one text.
std::string Describe(const SocialGraph& graph) {
  std::string text = graph.store_id() + " at " + std::to_string(graph.log_sequence()) + ": " +
                     std::to_string(graph.num_users()) + " users, " + std::to_string(graph.num_items()) + " items, " +
                     std::to_string(graph.num_interactions()) + " + " + std::to_string(graph.num_friendships()) + "\n";
  for (int r = 0; r < kNumRelations; ++r) {
    for (const Edge& edge : graph.Edges(static_cast<Relation>(r))) {
      text += std::to_string(r) + " " + std::to_string(edge.source) + " " + std::to_string(edge.target) + " " +
              std::to_string(edge.weight) + " " + std::to_string(edge.time) + "\n";
    }
  }
  return text;
}

/// A store in a folder of its own, and what its log sink has said.
class StoreSnapshot : public ::testing::Test {
 protected:
  std::unique_ptr<GraphStore> Open(Access access) {
    said_.clear();
    return GraphStore::Open(path_,
                            {.access = access,
                             .log = [this](LogLevel, std::string_view text) { said_ += std::string(text) + "\n"; }})
        .value();
  }
  /// `n` events about a few users and items; the same n for the same `seed`.
  static void AppendSome(GraphStore& store, std::uint64_t seed, std::uint32_t n) {
    std::vector<std::string> keys;
    std::vector<Event> events;
    keys.reserve(2 * std::size_t{n});
    for (std::uint32_t i = 0; i < n; ++i) {
      const Rng rng(seed, Purpose::kTest, i);
      const bool friendship = rng.bounded(0, 4) == 0;
      const std::string& user = keys.emplace_back(Named("u", rng.bounded(1, 200)));
      const std::string& target =
          keys.emplace_back(friendship ? Named("f", rng.bounded(2, 30)) : Named("i", rng.bounded(3, 100)));
      Event event = friendship ? Trusts(user, target) : Likes(user, target, 1.0F + static_cast<float>(i % 3));
      if (rng.bounded(4, 5) == 0) event.op = Event::Op::kRemove;
      events.push_back(event);
    }
    CheckOk(store.Append(events).status());
  }
  std::string File() const { return storage::SnapshotPath(path_); }
  /// What loading gives now, and what it gives where there is no file.
  std::string Loaded() { return Describe(*Open(Access::kReadOnly)->LoadGraph(runtime_).value()); }
  std::string FromTheLog() {
    const std::string aside = File() + ".aside";
    const bool there = fs::exists(File());
    if (there) fs::rename(File(), aside);
    std::string text = Loaded();
    if (there) fs::rename(aside, File());
    return text;
  }
  std::uint64_t FileSequence() { return storage::SnapshotFile::Open(File()).value().head().log_sequence; }

  const Runtime runtime_{2};
  const TemporaryFolder folder_;
  const std::string path_ = folder_ / "s";
  std::string said_;
};

TEST_F(StoreSnapshot, LoadsWithTheEventsAfterItTheGraphThatTheLogAddsUpTo) {
  const auto store = Open(Access::kCreateOrWrite);
  AppendSome(*store, 1, 2000);
  CheckOk(store->RefreshSnapshot(runtime_));
  EXPECT_EQ(FileSequence(), 2000U);
  EXPECT_EQ(Loaded(), FromTheLog());
  for (std::uint64_t seed = 2; seed < 6; ++seed) {
    AppendSome(*store, seed, 20);
    EXPECT_EQ(Loaded(), FromTheLog());
    EXPECT_EQ(said_, "");
  }
  const auto loader = store->NewBulkLoader().value();  // users and items without an event, and an edge of its own
  CheckOk(loader->AddUser("lonely"));
  CheckOk(loader->Add(Likes("new", "newer", 4.0F, 9)));
  CheckOk(loader->Finish().status());
  EXPECT_EQ(Loaded(), FromTheLog());
  EXPECT_EQ(FileSequence(), 2000U) << "loading writes nothing";
}

TEST_F(StoreSnapshot, IsLeftWhileItIsNearAndWrittenAnewWhenItIsFarBehind) {
  const auto store = Open(Access::kCreateOrWrite);
  CheckOk(store->RefreshSnapshot(runtime_));
  EXPECT_FALSE(fs::exists(File())) << "there is nothing to keep";
  AppendSome(*store, 1, 1000);
  CheckOk(store->RefreshSnapshot(runtime_));
  AppendSome(*store, 2, 50);
  CheckOk(store->RefreshSnapshot(runtime_));
  EXPECT_EQ(FileSequence(), 1000U);
  AppendSome(*store, 3, 950);
  CheckOk(store->RefreshSnapshot(runtime_));
  EXPECT_EQ(FileSequence(), 2000U);
  EXPECT_EQ(Loaded(), FromTheLog());
  EXPECT_THAT(Violations(*store), IsEmpty());
}

TEST_F(StoreSnapshot, FarBehindIsLeftAsideWithoutAWord) {
  const auto store = Open(Access::kCreateOrWrite);
  AppendSome(*store, 1, 300);
  CheckOk(store->RefreshSnapshot(runtime_));
  AppendSome(*store, 2, 3000);
  EXPECT_EQ(Loaded(), FromTheLog());
  EXPECT_EQ(said_, "");
}

TEST_F(StoreSnapshot, DamagedIsNamedAndTheGraphIsBuiltFromTheLog) {
  {
    const auto store = Open(Access::kCreateOrWrite);
    AppendSome(*store, 1, 1000);
    CheckOk(store->RefreshSnapshot(runtime_));
  }
  const std::string right = FromTheLog(), whole = storage::ReadFile(File()).value();
  for (const std::size_t at : {std::size_t{0}, std::size_t{30}, std::size_t{90}, whole.size() / 2, whole.size() - 1}) {
    std::string damaged = whole;
    damaged[at] ^= 16;
    std::ofstream(File(), std::ios::binary) << damaged;
    EXPECT_EQ(Loaded(), right) << "byte " << at;
    EXPECT_THAT(said_, HasSubstr("graph.snapshot is left aside"));
    EXPECT_THAT(said_, HasSubstr("built from the log"));
  }
  std::ofstream(File(), std::ios::binary) << whole.substr(0, whole.size() / 2);
  EXPECT_EQ(Loaded(), right);
  EXPECT_THAT(said_, HasSubstr("expected a file of"));
  fs::remove(File());
  fs::create_directory(File());  // whatever stands there, a reader opens
  EXPECT_EQ(Loaded(), right);
  EXPECT_THAT(said_, HasSubstr("left aside"));
  fs::remove(File());

  // The last byte is not in the head: a writer that looked at the head alone would leave it.
  std::string damaged = whole;
  damaged.back() ^= 1;
  std::ofstream(File(), std::ios::binary) << damaged;
  CheckOk(Open(Access::kWrite)->RefreshSnapshot(runtime_));
  EXPECT_EQ(Loaded(), right);
  EXPECT_EQ(said_, "");
}

/// The store's own id and sequence, and yet not what its log says: a backup of the database alone was put back, and
/// other events came.
TEST_F(StoreSnapshot, OfAnotherPastOfTheSameStoreIsNotTaken) {
  {
    const auto store = Open(Access::kCreateOrWrite);
    AppendSome(*store, 1, 1000);
    CheckOk(store->RefreshSnapshot(runtime_));
  }
  const std::string backup = folder_ / "backup";
  fs::copy(path_, backup, fs::copy_options::recursive);
  {
    const auto store = Open(Access::kWrite);
    AppendSome(*store, 2, 1000);
    CheckOk(store->RefreshSnapshot(runtime_));
  }
  EXPECT_EQ(FileSequence(), 2000U);
  fs::remove_all(path_ + "/db");
  fs::copy(backup + "/db", path_ + "/db", fs::copy_options::recursive);
  fs::copy(backup + "/ACKNOWLEDGED", path_ + "/ACKNOWLEDGED", fs::copy_options::overwrite_existing);

  const std::string at_the_backup = Loaded();
  EXPECT_THAT(at_the_backup, HasSubstr(" at 1000: "));
  EXPECT_EQ(at_the_backup, FromTheLog());
  {
    const auto store = Open(Access::kWrite);
    AppendSome(*store, 3, 1200);
  }
  EXPECT_EQ(Loaded(), FromTheLog());
  CheckOk(Open(Access::kWrite)->RefreshSnapshot(runtime_));
  EXPECT_EQ(FileSequence(), 2200U);
  EXPECT_EQ(Loaded(), FromTheLog());
  EXPECT_THAT(Violations(*Open(Access::kReadOnly)), IsEmpty());
}

TEST_F(StoreSnapshot, OfAnotherStoreIsNotTaken) {
  {
    const auto store = Open(Access::kCreateOrWrite), other = OpenStore(folder_ / "other", Access::kCreateOrWrite);
    AppendSome(*store, 1, 500);
    AppendSome(*other, 2, 500);
    CheckOk(store->RefreshSnapshot(runtime_));
    CheckOk(other->RefreshSnapshot(runtime_));
  }
  fs::copy(folder_ / "other/graph.snapshot", File(), fs::copy_options::overwrite_existing);
  EXPECT_EQ(Loaded(), FromTheLog());
}

/// A power cut before the rename leaves half a temporary file, one after it a file that the log does not know yet.
TEST_F(StoreSnapshot, SurvivesAPowerCutBetweenItsSteps) {
  {
    const auto store = Open(Access::kCreateOrWrite);
    AppendSome(*store, 1, 1000);
    CheckOk(store->RefreshSnapshot(runtime_));
    AppendSome(*store, 2, 100);
  }
  const std::string right = FromTheLog(), whole = storage::ReadFile(File()).value();
  std::ofstream(File() + ".tmp", std::ios::binary) << whole.substr(0, 200);
  EXPECT_EQ(Loaded(), right);
  EXPECT_TRUE(fs::exists(File() + ".tmp")) << "a reader writes nothing";

  const auto newer = Open(Access::kReadOnly)->LoadGraph(runtime_).value();
  CheckOk(WriteGraphSnapshot(runtime_, *newer, folder_ / "newer", /*stamp=*/5));
  fs::rename(folder_ / "newer", File());
  EXPECT_EQ(Loaded(), right);
  EXPECT_EQ(said_, "") << "it is whole, and no damage";
  {
    const auto store = Open(Access::kWrite);
    EXPECT_FALSE(fs::exists(File() + ".tmp"));
    EXPECT_EQ(Describe(*store->LoadGraph(runtime_).value()), right);
    CheckOk(store->RefreshSnapshot(runtime_));
  }
  EXPECT_EQ(FileSequence(), 1100U);
  EXPECT_EQ(Loaded(), right);
}

TEST_F(StoreSnapshot, OfANewerBuildIsLeftAsideAndNoDamage) {
  {
    const auto store = Open(Access::kCreateOrWrite);
    AppendSome(*store, 1, 300);
    CheckOk(store->RefreshSnapshot(runtime_));
  }
  const std::string right = FromTheLog();
  std::string bytes = storage::ReadFile(File()).value();
  bytes[8] = 2;  // the version
  std::ofstream(File(), std::ios::binary) << bytes;
  EXPECT_EQ(Loaded(), right);
  EXPECT_THAT(said_, HasSubstr("format version 2"));
  EXPECT_THAT(Violations(*Open(Access::kReadOnly)), IsEmpty());
}

TEST_F(StoreSnapshot, NeedsAWriterToBeWritten) {
  AppendSome(*Open(Access::kCreateOrWrite), 1, 10);
  EXPECT_EQ(Open(Access::kReadOnly)->RefreshSnapshot(runtime_).code(), StatusCode::kFailedPrecondition);
  const auto store = Open(Access::kWrite);
  fs::create_directory(File() + ".tmp");
  EXPECT_FALSE(store->RefreshSnapshot(runtime_).ok());
  AppendSome(*store, 2, 10);
  fs::remove(File() + ".tmp");
  CheckOk(store->RefreshSnapshot(runtime_));
  EXPECT_EQ(FileSequence(), 20U) << "a failure leaves the store as good as before";
}

/// A reader that opened before the file was replaced sees the log of its time, not the file of a later one.
TEST_F(StoreSnapshot, LaterThanAReaderIsNotTakenByIt) {
  const auto store = Open(Access::kCreateOrWrite);
  AppendSome(*store, 1, 1000);
  CheckOk(store->RefreshSnapshot(runtime_));
  const auto reader = OpenStore(path_, Access::kReadOnly);
  const std::string before = Describe(*reader->LoadGraph(runtime_).value());
  AppendSome(*store, 2, 2000);
  CheckOk(store->RefreshSnapshot(runtime_));
  EXPECT_EQ(FileSequence(), 3000U);
  EXPECT_EQ(Describe(*reader->LoadGraph(runtime_).value()), before);
}

}  // namespace
}  // namespace kith::testing
