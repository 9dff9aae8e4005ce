/// Writers that are killed, readers beside a writer, bytes that change on disk.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <thread>

#include "files.h"
#include "kith/base/rng.h"
#include "store_fixture.h"

namespace kith::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::IsEmpty;

/// Numbers that a child process moves and its parent reads, also after the child's death.
struct Progress {
  std::atomic<std::uint64_t> first;         ///< set by the parent: where to begin
  std::atomic<std::uint64_t> acknowledged;  ///< moved by the child
  std::atomic<std::uint64_t> stop;          ///< set by the parent
};

class SharedProgress {
 public:
  explicit SharedProgress(const std::string& path) {
    const storage::FileHandle file(::open(path.c_str(), O_RDWR | O_CREAT, 0600));
    if (::ftruncate(file.get(), 4096) != 0) throw std::runtime_error("no file for progress");
    memory_ = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0);
    if (memory_ == MAP_FAILED) throw std::runtime_error("no memory for progress");
  }
  SharedProgress(const SharedProgress&) = delete;
  SharedProgress& operator=(const SharedProgress&) = delete;
  ~SharedProgress() { ::munmap(memory_, 4096); }
  Progress* operator->() const { return static_cast<Progress*>(memory_); }

 private:
  void* memory_ = nullptr;
};

/// A child that runs one of the writers below on `folder`, in a program of its own: RocksDB's threads do not survive a
/// fork alone.
class Writer {
 public:
  Writer(const std::string& body, const std::string& folder) {
    child_ = ::fork();
    if (child_ != 0) return;
    ::setenv("KITH_TEST_WRITER", body.c_str(), 1);
    ::setenv("KITH_TEST_WRITER_FOLDER", folder.c_str(), 1);
    (void)::dup2(::open("/dev/null", O_WRONLY), STDOUT_FILENO);  // its greeting is nobody's result
    ::execl("/proc/self/exe", "kith_storage_test", static_cast<char*>(nullptr));
    ::_exit(127);
  }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;
  ~Writer() { Kill(); }

  [[nodiscard]] bool alive() {
    return !status_ && ::waitpid(child_, &ended_, WNOHANG) == 0 ? true : (status_ = ended_, false);
  }
  void Kill() {
    if (status_) return;
    ::kill(child_, SIGKILL);
    (void)Wait();
  }
  [[nodiscard]] int Wait() {
    if (!status_) {
      ::waitpid(child_, &ended_, 0);
      status_ = ended_;
    }
    return *status_;
  }
  /// Waits for the first acknowledgement.
  void AwaitProgress(const SharedProgress& progress) {
    while (progress->acknowledged == 0 && alive()) std::this_thread::yield();
    ASSERT_GT(progress->acknowledged, 0U) << "the writer ended before it began";
  }

 private:
  pid_t child_ = -1;
  int ended_ = 0;
  std::optional<int> status_;
};

/// Event number n of the crash tests; the views borrow from the arguments.
Event Numbered(std::uint64_t n, std::string& user, std::string& item, std::string& id) {
  user = Named("u", n % 37);
  item = Named("i", n % 101);
  id = Named("", n);
  return WithId(Likes(user, item, 1.0F + static_cast<float>(n % 8)), id);
}

/// A long key with a number, so that the log fills and files come and go.
std::string LongKey(std::uint64_t n) { return std::string(400, 'k') + Named("", n); }

void AppendNumberedEventsByThree(const std::string& folder) {
  const SharedProgress progress(folder + "/progress");
  const auto store = OpenStore(folder + "/s", Access::kCreateOrWrite);
  for (std::uint64_t n = progress->first;; n += 3) {
    std::string text[9];
    std::vector<Event> batch;
    for (std::size_t i = 0; i < 3; ++i) {
      batch.push_back(Numbered(n + i, text[3 * i], text[3 * i + 1], text[3 * i + 2]));
    }
    CheckOk(store->Append(batch).status());
    progress->acknowledged = n + 2;
  }
}

constexpr std::uint64_t kLoadRows = 30000;

void LoadOnce(const std::string& folder) {
  const SharedProgress progress(folder + "/progress");
  const auto store = OpenStore(folder + "/s", Access::kWrite);
  const auto loader = store->NewBulkLoader().value();
  for (std::uint64_t n = 0; n < kLoadRows; ++n) CheckOk(loader->Add(Likes(Named("u", n % 1000), Named("i", n))));
  progress->acknowledged = 1;
  CheckOk(loader->Finish().status());
  progress->acknowledged = 2;
}

void AppendAndLoadUntilStopped(const std::string& folder) {
  const SharedProgress progress(folder + "/progress");
  const auto store = OpenStore(folder + "/s", Access::kWrite);
  for (std::uint64_t n = 0; progress->stop == 0;) {
    std::vector<std::string> keys;
    for (int i = 0; i < 200; ++i) keys.push_back(LongKey(n++));
    std::vector<Event> events;
    for (const std::string& key : keys) events.push_back(Likes(key, key));
    CheckOk(store->Append(events).status());
    if (n % 8000 == 0) {
      const auto loader = store->NewBulkLoader().value();
      for (const std::string& key : keys) CheckOk(loader->Add(Likes(key, "i", 2.0F)));
      CheckOk(loader->Finish().status());
    }
    progress->acknowledged = store->last_sequence();
  }
}

/// In a child, runs the writer that it was started for, in place of the tests.
class WriterEnvironment final : public ::testing::Environment {
 public:
  void SetUp() override {
    const char* name = std::getenv("KITH_TEST_WRITER");
    if (name == nullptr) return;
    const std::string folder = std::getenv("KITH_TEST_WRITER_FOLDER");
    try {
      if (std::string_view(name) == "AppendNumberedEventsByThree") AppendNumberedEventsByThree(folder);
      if (std::string_view(name) == "LoadOnce") LoadOnce(folder);
      if (std::string_view(name) == "AppendAndLoadUntilStopped") AppendAndLoadUntilStopped(folder);
    } catch (const std::exception& error) {
      std::fprintf(stderr, "in the writer %s: %s\n", name, error.what());
      ::_exit(1);
    }
    ::_exit(0);
  }
};
const ::testing::Environment* const kWriterEnvironment = ::testing::AddGlobalTestEnvironment(new WriterEnvironment);

TEST(GraphStore, KeepsEveryAcknowledgedEventAfterKillDuringAppend) {
  const TemporaryFolder folder;
  const std::string path = folder / "s";
  std::uint64_t stored = 0;
  for (std::uint32_t round = 0; round < 8; ++round) {
    const SharedProgress progress(folder / "progress");
    progress->first = stored + 1;
    progress->acknowledged = 0;
    {
      Writer writer("AppendNumberedEventsByThree", folder.path());
      writer.AwaitProgress(progress);
      std::this_thread::sleep_for(std::chrono::microseconds(Rng(1, Purpose::kTest, round).bounded(0, 40000)));
      writer.Kill();
    }
    // Opened by a reader or by a writer first, the store shows the same.
    const auto store = OpenStore(path, round % 2 == 0 ? Access::kReadOnly : Access::kWrite);
    const std::vector<std::string> events = AllEvents(*store);
    EXPECT_GE(events.size(), progress->acknowledged);
    EXPECT_LE(events.size(), progress->acknowledged + 3);
    EXPECT_EQ(events.size() % 3, 0U) << "half a batch";
    for (std::size_t n = 1; n <= events.size(); ++n) {
      std::string user, item, id;
      ASSERT_EQ(events[n - 1], Describe({n, Numbered(n, user, item, id)}));
    }
    EXPECT_THAT(Violations(*store), IsEmpty());
    stored = events.size();
  }
}

TEST(GraphStore, KeepsAllOrNothingOfALoadThatIsKilled) {
  int complete = 0;
  for (std::uint32_t round = 0; round < 8; ++round) {
    const TemporaryFolder folder;
    const std::string path = folder / "s";
    CheckOk(OpenStore(path, Access::kCreateOrWrite)->Append(std::vector{Likes("ann", "dune")}).status());
    const SharedProgress progress(folder / "progress");
    {
      Writer writer("LoadOnce", folder.path());
      writer.AwaitProgress(progress);
      std::this_thread::sleep_for(std::chrono::microseconds(Rng(2, Purpose::kTest, round).bounded(0, 150000)));
      writer.Kill();
    }
    const auto store = OpenStore(path, Access::kWrite);
    if (progress->acknowledged == 2 || store->last_sequence() != 1) {
      EXPECT_EQ(store->last_sequence(), 1 + kLoadRows);
      ++complete;
    }
    EXPECT_EQ(store->LoadGraph(Runtime(1)).value()->num_interactions(), store->last_sequence());
    EXPECT_THAT(Violations(*store), IsEmpty());
    EXPECT_FALSE(fs::exists(path + "/load.tmp"));
    CheckOk(store->Append(std::vector{Likes("u7", "dune")}).status());
  }
  RecordProperty("loads_complete_of_8", complete);
}

TEST(GraphStore, ShowsReadersWhatWasAcknowledgedBesideALiveWriter) {
  const TemporaryFolder folder;
  const std::string path = folder / "s";
  CheckOk(OpenStore(path, Access::kCreateOrWrite)->Append(std::vector{Likes("u", "i")}).status());
  const SharedProgress progress(folder / "progress");
  Writer writer("AppendAndLoadUntilStopped", folder.path());
  writer.AwaitProgress(progress);
  for (std::uint64_t seen = 0, reads = 0; (seen < 30000 && reads < 40) || reads < 5; ++reads) {
    const std::uint64_t before = progress->acknowledged;
    const auto store = GraphStore::Open(path, {.access = Access::kReadOnly});
    ASSERT_TRUE(store.ok()) << store.status().ToString();
    seen = (*store)->last_sequence();
    EXPECT_GE(seen, before);
    std::uint64_t events = 0;
    CheckOk((*store)->ScanEvents([&](const StoredEvent&) { return ++events, OkStatus(); }));
    EXPECT_EQ(events, seen);
    EXPECT_EQ((*store)->LoadGraph(Runtime(1)).value()->log_sequence(), seen);
  }
  progress->stop = 1;
  EXPECT_EQ(writer.Wait(), 0) << "the writer failed";
  EXPECT_THAT(Violations(*OpenStore(path, Access::kReadOnly)), IsEmpty());
}

/// The store's log files, the largest first.
std::vector<std::string> LogFiles(const std::string& path) {
  std::vector<std::string> files;
  for (const auto& entry : fs::directory_iterator(path + "/db")) {
    if (entry.path().extension() == ".log" && entry.file_size() > 0) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end(),
            [](const auto& a, const auto& b) { return fs::file_size(a) > fs::file_size(b); });
  return files;
}

TEST(GraphStore, NeverOpensSilentlyWithLessThanWasAcknowledged) {
  const TemporaryFolder folder;
  const std::string path = folder / "s";
  std::vector<std::string> events;
  {
    const auto store = OpenStore(path, Access::kCreateOrWrite);
    for (std::uint64_t n = 1; n <= 60; ++n) {
      std::string user, item, id;
      CheckOk(store->Append(std::vector{Numbered(n, user, item, id)}).status());
    }
    events = AllEvents(*store);
  }
  const std::vector<std::string> files = LogFiles(path);
  ASSERT_FALSE(files.empty());
  const std::string log = storage::ReadFile(files[0]).value();
  int found = 0, tries = 0;
  const auto expect_whole_or_refused = [&](const std::string& damaged, const std::string& what) {
    CheckOk(storage::WriteFileSynced(files[0], damaged));
    ++tries;
    for (const Access access : {Access::kReadOnly, Access::kWrite}) {
      const auto store = GraphStore::Open(path, {.access = access});
      if (!store.ok()) {
        EXPECT_EQ(store.status().code(), StatusCode::kCorruption) << what << ": " << store.status().ToString();
        found += access == Access::kReadOnly ? 1 : 0;
        break;  // a writer would find the same, and must not be given the chance to tidy up
      }
      EXPECT_EQ(AllEvents(**store), events) << what;
      break;
    }
  };
  for (std::uint32_t i = 0; i < 60; ++i) {
    std::string damaged = log;
    const std::uint32_t at = Rng(3, Purpose::kTest, i).bounded(0, static_cast<std::uint32_t>(log.size()));
    damaged[at] = static_cast<char>(damaged[at] ^ (1 << Rng(3, Purpose::kTest, i).bounded(1, 8)));
    expect_whole_or_refused(damaged, "bit flipped in byte " + std::to_string(at));
  }
  for (std::uint32_t i = 0; i < 15; ++i) {
    const std::uint32_t length = Rng(4, Purpose::kTest, i).bounded(0, static_cast<std::uint32_t>(log.size()));
    expect_whole_or_refused(log.substr(0, length), "cut to " + std::to_string(length));
  }
  EXPECT_GE(found, tries - 5) << "nearly every damage is one that matters";
  CheckOk(storage::WriteFileSynced(files[0], log));
  EXPECT_EQ(AllEvents(*OpenStore(path, Access::kWrite)), events);
}

TEST(GraphStore, FindsAnOlderCopyOfTheDatabaseUnderANewerMark) {
  const TemporaryFolder folder;
  const std::string path = folder / "s";
  CheckOk(OpenStore(path, Access::kCreateOrWrite)->Append(std::vector{Likes("ann", "dune")}).status());
  fs::copy(path + "/db", folder / "older", fs::copy_options::recursive);
  CheckOk(OpenStore(path, Access::kWrite)->PutSetting("color", "red"));
  fs::remove_all(path + "/db");
  fs::copy(folder / "older", path + "/db", fs::copy_options::recursive);
  for (const Access access : {Access::kReadOnly, Access::kWrite}) {
    EXPECT_EQ(GraphStore::Open(path, {.access = access}).status().code(), StatusCode::kCorruption);
  }
  fs::remove(path + "/ACKNOWLEDGED");
  EXPECT_EQ(GraphStore::Open(path, {.access = Access::kReadOnly}).status().code(), StatusCode::kCorruption);
}

TEST(GraphStore, ToleratesATailThatWasNeverAcknowledged) {
  const TemporaryFolder folder;
  const std::string path = folder / "s";
  {
    const auto store = OpenStore(path, Access::kCreateOrWrite);
    CheckOk(store->Append(std::vector{Likes("ann", "dune")}).status());
    fs::copy(path + "/ACKNOWLEDGED", folder / "mark");
    CheckOk(store->Append(std::vector{Likes("bob", "dune")}).status());
  }
  // As after a power cut in the middle of the second append: its record is torn, its mark not yet written.
  const std::string file = LogFiles(path)[0];
  const std::string log = storage::ReadFile(file).value();
  CheckOk(storage::WriteFileSynced(file, log.substr(0, log.size() - 5)));
  fs::copy(folder / "mark", path + "/ACKNOWLEDGED", fs::copy_options::overwrite_existing);
  EXPECT_EQ(AllEvents(*OpenStore(path, Access::kReadOnly)).size(), 1U);
  {
    const auto store = OpenStore(path, Access::kWrite);
    CheckOk(store->Append(std::vector{Likes("cem", "dune")}).status());
    EXPECT_THAT(Violations(*store), IsEmpty());
  }
  for (int again = 0; again < 2; ++again) {
    EXPECT_EQ(OpenStore(path, Access::kWrite)->last_sequence(), 2U);
    EXPECT_EQ(OpenStore(path, Access::kReadOnly)->last_sequence(), 2U);
  }
}

TEST(GraphStore, StaysOpenableOverManyShortWriters) {
  const TemporaryFolder folder;
  const std::string path = folder / "s";
  for (std::uint64_t n = 1; n <= 40; ++n) {
    const auto store = OpenStore(path, Access::kCreateOrWrite);
    std::string user, item, id;
    CheckOk(store->Append(std::vector{Numbered(n, user, item, id)}).status());
    ASSERT_EQ(store->last_sequence(), n);
  }
  EXPECT_THAT(Violations(*OpenStore(path, Access::kReadOnly)), IsEmpty());
}

}  // namespace
}  // namespace kith::testing
