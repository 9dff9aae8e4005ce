#include "kith/storage/model_store.h"

#include <gmock/gmock.h>

#include <filesystem>

#include "files.h"
#include "model_files.h"
#include "store_fixture.h"

namespace kith::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// A store with one event, opened for writing.
std::unique_ptr<GraphStore> NewStore(const std::string& path) {
  auto store = OpenStore(path, Access::kCreateOrWrite);
  CheckOk(store->Append(std::vector{Likes("ann", "dune")}).status());
  return store;
}

/// "1 default current", a line a model.
std::vector<std::string> Listing(const ModelStore& models) {
  std::vector<std::string> lines;
  const std::vector<ModelEntry> entries = models.List().value();
  for (const ModelEntry& entry : entries) {
    lines.push_back(std::to_string(entry.number) + " " + entry.name + (entry.current ? " current" : ""));
  }
  return lines;
}

TEST(ModelStore, GivesBackTheBytesOfTheNewestPublished) {
  const TemporaryFolder folder;
  const std::string tensors("\0\1\2binary\xff", 10);
  {
    const auto store = NewStore(folder / "s");
    ModelStore models(*store);
    EXPECT_EQ(models.Publish("default", "{\"a\":1}", "old").value(), 1U);
    EXPECT_EQ(models.Publish("default", "{\"a\":2}", tensors).value(), 2U);
    EXPECT_EQ(models.Publish("other", "{}", "").value(), 3U);
  }
  const auto store = OpenStore(folder / "s", Access::kReadOnly);
  const ModelStore models(*store);
  const StoredModel model = models.Load("default").value();
  EXPECT_EQ(model.number, 2U);
  EXPECT_EQ(model.name, "default");
  EXPECT_EQ(model.json, "{\"a\":2}");
  EXPECT_EQ(model.tensors, tensors);
  EXPECT_EQ(models.Load("other").value().tensors, "");
  EXPECT_THAT(Listing(models), ::testing::ElementsAre("1 default", "2 default current", "3 other current"));
  EXPECT_EQ(models.List().value()[0].json, "{\"a\":1}");
}

TEST(ModelStore, SaysHowToMakeAModelThatIsNotThere) {
  const TemporaryFolder folder;
  const auto store = NewStore(folder / "s");
  const Status status = ModelStore(*store).Load("default").status();
  EXPECT_EQ(status.code(), StatusCode::kNotFound);
  EXPECT_THAT(std::string(status.message()), HasSubstr("has no published model; run: kith train --store"));
  EXPECT_THAT(ModelStore(*store).List().value(), IsEmpty());
  for (const char* name : {"", "a/b", "..\n", "a b"}) {
    EXPECT_EQ(ModelStore(*store).Load(name).status().code(), StatusCode::kInvalidArgument) << name;
    EXPECT_EQ(ModelStore(*store).Publish(name, "{}", "").status().code(), StatusCode::kInvalidArgument) << name;
  }
  EXPECT_EQ(ModelStore(*store).Publish(std::string(65, 'a'), "{}", "").status().code(), StatusCode::kInvalidArgument);
}

TEST(ModelStore, GoesBackOneModelAtATime) {
  const TemporaryFolder folder;
  const auto store = NewStore(folder / "s");
  ModelStore models(*store);
  EXPECT_EQ(models.Rollback("default").status().code(), StatusCode::kNotFound);
  for (const char* json : {"1", "2", "3"}) CheckOk(models.Publish("default", json, "").status());
  EXPECT_EQ(models.Rollback("default").value(), 2U);
  EXPECT_EQ(models.Load("default").value().json, "2");
  EXPECT_EQ(models.Publish("default", "4", "").value(), 4U) << "numbers are never used again";
  EXPECT_EQ(models.Rollback("default").value(), 2U) << "what was rolled back stays so";
  EXPECT_EQ(models.Rollback("default").value(), 1U);
  EXPECT_EQ(models.Rollback("default").status().code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(Listing(models), ::testing::ElementsAre("1 default current", "2 default", "3 default", "4 default"));
}

TEST(ModelStore, PublishesNothingThroughAReader) {
  const TemporaryFolder folder;
  NewStore(folder / "s").reset();
  const auto store = OpenStore(folder / "s", Access::kReadOnly);
  EXPECT_EQ(ModelStore(*store).Publish("default", "{}", "").status().code(), StatusCode::kFailedPrecondition);
  EXPECT_FALSE(fs::exists(folder / "s/models"));
}

TEST(ModelStore, KeepsTheOldModelWhenAPublishIsCutOff) {
  const TemporaryFolder folder;
  {
    const auto store = NewStore(folder / "s");
    CheckOk(ModelStore(*store).Publish("default", "old", "old").status());
    // Cut off between the rename and the setting: the folder is there, and nothing names it.
    CheckOk(storage::WriteModel(folder / "s/models", {2, "default", "new", "new"}));
    // Cut off before the rename.
    fs::copy(folder / "s/models/1", folder / "s/models/3.tmp", fs::copy_options::recursive);
  }
  const auto store = OpenStore(folder / "s", Access::kWrite);
  ModelStore models(*store);
  EXPECT_EQ(models.Load("default").value().json, "old");
  EXPECT_THAT(Listing(models), ::testing::ElementsAre("1 default current"));
  EXPECT_FALSE(fs::exists(folder / "s/models/3.tmp"));
  EXPECT_THAT(Violations(*store), IsEmpty());
  EXPECT_EQ(models.Publish("default", "newer", "newer").value(), 3U);
  EXPECT_EQ(models.Load("default").value().json, "newer");
}

TEST(ModelStore, RefusesBytesThatDifferFromTheirChecksums) {
  const TemporaryFolder folder;
  const auto store = NewStore(folder / "s");
  const ModelStore models(*store);
  CheckOk(ModelStore(*store).Publish("default", "{\"width\":64}", std::string(1000, 't')).status());
  for (const char* name : {"model.json", "model.safetensors", "checksums.json"}) {
    const std::string path = (folder / "s/models/1/") + name;
    const std::string sound = storage::ReadFile(path).value();
    for (std::size_t at = 0; at < sound.size(); at += 1 + sound.size() / 40) {
      std::string damaged = sound;
      damaged[at] = static_cast<char>(damaged[at] ^ 1);
      CheckOk(storage::WriteFileSynced(path, damaged));
      const auto model = models.Load("default");
      if (model.ok()) {
        // White space of the checksums may change; what it says may not.
        EXPECT_EQ(model->tensors, std::string(1000, 't'));
        EXPECT_STREQ(name, "checksums.json");
      } else {
        EXPECT_EQ(model.status().code(), StatusCode::kCorruption) << model.status().ToString();
      }
    }
    CheckOk(storage::WriteFileSynced(path, sound.substr(0, sound.size() / 2)));
    EXPECT_EQ(models.Load("default").status().code(), StatusCode::kCorruption);
    fs::remove(path);
    EXPECT_EQ(models.Load("default").status().code(), StatusCode::kCorruption);
    CheckOk(storage::WriteFileSynced(path, sound));
  }
  EXPECT_TRUE(models.Load("default").ok());
}

}  // namespace
}  // namespace kith::testing
