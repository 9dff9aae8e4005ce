#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <map>

#include "files.h"
#include "store_fixture.h"

namespace kith::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Status OpenStatus(const std::string& path, Access access) {
  return GraphStore::Open(path, {.access = access}).status();
}

void Make(const std::string& path) {
  CheckOk(OpenStore(path, Access::kCreateOrWrite)->Append(std::vector{Likes("ann", "dune")}).status());
}

/// Every file below a folder with its bytes.
std::map<std::string, std::string> Contents(const std::string& folder) {
  std::map<std::string, std::string> contents;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    contents[entry.path()] = entry.is_regular_file() ? storage::ReadFile(entry.path()).value() : "";
  }
  return contents;
}

TEST(OpenStore, SaysHowToMakeAStoreThatIsNotThere) {
  const TemporaryFolder folder;
  for (const Access access : {Access::kReadOnly, Access::kWrite}) {
    const Status status = OpenStatus(folder / "none", access);
    EXPECT_EQ(status.code(), StatusCode::kNotFound);
    EXPECT_THAT(std::string(status.message()), HasSubstr("run: kith import --store " + (folder / "none")));
  }
  EXPECT_FALSE(fs::exists(folder / "none"));
}

TEST(OpenStore, RefusesWhatIsNoStoreAndLeavesItAlone) {
  const TemporaryFolder folder;
  CheckOk(storage::WriteFileSynced(folder / "file", "text"));
  fs::create_directory(folder / "photos");
  CheckOk(storage::WriteFileSynced(folder / "photos/cat.jpg", "meow"));
  fs::create_directory(folder / "empty");
  fs::create_directory(folder / "liar");
  CheckOk(storage::WriteFileSynced(folder / "liar/KITH", "another program's file"));
  const auto before = Contents(folder.path());
  for (const char* name : {"file", "photos", "liar"}) {
    for (const Access access : {Access::kReadOnly, Access::kWrite, Access::kCreateOrWrite}) {
      const Status status = OpenStatus(folder / name, access);
      EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition) << name;
      EXPECT_THAT(std::string(status.message()), HasSubstr("not a Kith store"));
    }
  }
  EXPECT_EQ(OpenStatus(folder / "empty", Access::kReadOnly).code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(OpenStatus("", Access::kReadOnly).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(Contents(folder.path()), before);
}

TEST(OpenStore, MakesAStoreInAnEmptyFolderAndBelowFoldersThatAreNotThere) {
  const TemporaryFolder folder;
  fs::create_directory(folder / "empty");
  Make(folder / "empty");
  Make(folder / "a/b/c");
  Make((folder / "slash") + "/");
  for (const char* name : {"empty", "a/b/c", "slash"}) {
    EXPECT_EQ(OpenStore(folder / name, Access::kReadOnly)->last_sequence(), 1U);
  }
  EXPECT_NE(OpenStore(folder / "empty", Access::kReadOnly)->store_id(),
            OpenStore(folder / "slash", Access::kReadOnly)->store_id());
}

TEST(OpenStore, TakesAwayAStoreInWhichNothingWasStored) {
  const TemporaryFolder folder;
  fs::create_directory(folder / "empty");
  ASSERT_EQ(::chmod((folder / "empty").c_str(), 0700), 0);
  for (const char* name : {"new", "a/b/c", "empty"}) {
    const auto store = OpenStore(folder / name, Access::kCreateOrWrite);
    EXPECT_FALSE(store->Append(std::vector{Likes("", "")}).ok());
    EXPECT_TRUE(fs::exists(folder / name));
  }
  EXPECT_EQ(Contents(folder.path()), (std::map<std::string, std::string>{{folder / "empty", ""}}));
  EXPECT_EQ(fs::status(folder / "empty").permissions(), fs::perms::owner_all);
}

TEST(OpenStore, RecoversFromACreationThatWasKilled) {
  const TemporaryFolder folder;
  fs::create_directories(folder / "s.creating/db");
  CheckOk(storage::WriteFileSynced(folder / "s.creating/db/CURRENT", "half"));
  EXPECT_EQ(OpenStatus(folder / "s", Access::kReadOnly).code(), StatusCode::kNotFound);
  Make(folder / "s");
  EXPECT_FALSE(fs::exists(folder / "s.creating"));
}

TEST(OpenStore, LetsOneWriterInAndReadersBesideIt) {
  const TemporaryFolder folder;
  const std::string path = folder / "s";
  auto writer = OpenStore(path, Access::kCreateOrWrite);
  for (const Access access : {Access::kWrite, Access::kCreateOrWrite}) {
    EXPECT_EQ(OpenStatus(path, access).code(), StatusCode::kLocked);
  }
  const int status = InChild([&] { return OpenStatus(path, Access::kWrite).code() == StatusCode::kLocked ? 0 : 1; });
  EXPECT_EQ(status, 0) << "another process is kept out as well";
  CheckOk(writer->Append(std::vector{Likes("ann", "dune")}).status());
  const auto reader = OpenStore(path, Access::kReadOnly);
  EXPECT_EQ(reader->last_sequence(), 1U);
  CheckOk(writer->Append(std::vector{Likes("bob", "dune")}).status());
  EXPECT_EQ(AllEvents(*reader).size(), 1U) << "a reader stands still";
  EXPECT_EQ(OpenStore(path, Access::kReadOnly)->last_sequence(), 2U);
  writer.reset();
  EXPECT_EQ(OpenStore(path, Access::kWrite)->last_sequence(), 2U);
}

TEST(OpenStore, RefusesANewerFormat) {
  const TemporaryFolder folder;
  Make(folder / "s");
  CheckOk(storage::WriteFileSynced(folder / "s/KITH", "kith store\nformat 2\nwhatever comes then\n"));
  for (const Access access : {Access::kReadOnly, Access::kWrite, Access::kCreateOrWrite}) {
    const Status status = OpenStatus(folder / "s", access);
    EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition);
    EXPECT_THAT(std::string(status.message()), HasSubstr("format version 2, this build reads 1..1; upgrade kith"));
  }
}

TEST(OpenStore, FindsThatFilesOfTwoStoresWereMixed) {
  const TemporaryFolder folder;
  Make(folder / "a");
  Make(folder / "b");
  fs::copy_file(folder / "b/KITH", folder / "a/KITH", fs::copy_options::overwrite_existing);
  EXPECT_EQ(OpenStatus(folder / "a", Access::kReadOnly).code(), StatusCode::kCorruption);
}

TEST(OpenStore, ReadsAStoreInAFolderItMayNotWriteTo) {
  const TemporaryFolder folder;
  const std::string path = folder / "s";
  Make(path);
  ASSERT_EQ(::chmod(folder.path().c_str(), 0755), 0);
  const auto before = Contents(path);
  const int status = InChild([&] {
    if (::geteuid() == 0 && ::setuid(65534) != 0) return 2;  // permissions do not bind root
    if (::geteuid() != 65534) ::chmod(path.c_str(), 0555);
    const auto store = OpenStore(path, Access::kReadOnly);
    if (AllEvents(*store).size() != 1 || !Violations(*store).empty()) return 3;
    if (OpenStatus(path, Access::kWrite).code() != StatusCode::kIoError) return 4;
    if (OpenStatus(folder / "new", Access::kCreateOrWrite).code() != StatusCode::kIoError) return 5;
    return 0;
  });
  ::chmod(path.c_str(), 0755);
  EXPECT_EQ(status, 0) << "exit " << WEXITSTATUS(status);
  EXPECT_EQ(Contents(path), before) << "a reader writes nothing";
}

TEST(OpenStore, SaysThatItMayNotWriteWhereNoFolderCanBeMade) {
  EXPECT_EQ(OpenStatus("/proc/kith/s", Access::kCreateOrWrite).code(), StatusCode::kIoError);
  EXPECT_EQ(OpenStatus("/dev/full/s", Access::kCreateOrWrite).code(), StatusCode::kIoError);
}

}  // namespace
}  // namespace kith::testing
