/// A graph written to a file and read back: the same graph, or an error, never another graph.
#include "kith/storage/graph_snapshot.h"

#include <gmock/gmock.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "crc32c.h"
#include "files.h"
#include "kith/base/rng.h"
#include "raw_records.h"
#include "snapshot_file.h"
#include "snapshot_format.h"
#include "store_fixture.h"
#include "testing/random_graph.h"
#include "testing/toy_graph.h"

namespace kith::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::AnyOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::array kRelations = {Relation::kInteracts, Relation::kInteractedBy, Relation::kTrusts,
                                   Relation::kTrustedBy};

std::string Bytes(const std::string& path) { return storage::ReadFile(path).value(); }
void PutByte(const std::string& path, std::uint64_t at, unsigned byte) {
  std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
  file.seekp(static_cast<std::streamoff>(at));
  file.put(static_cast<char>(byte));
}
void PutBytes(const std::string& path, std::string_view bytes) { std::ofstream(path, std::ios::binary) << bytes; }

std::vector<Edge> RowOf(const SocialGraph& graph, Relation relation, std::uint32_t row) {
  const Neighbors live = graph.neighbors(relation, row);
  std::vector<Edge> edges;
  for (std::size_t i = 0; i < live.size(); ++i) edges.push_back({row, live.targets[i], live.weight(i), live.time(i)});
  return edges;
}

void ExpectSameGraph(const SocialGraph& a, const SocialGraph& b) {
  EXPECT_EQ(a.num_users(), b.num_users());
  EXPECT_EQ(a.num_items(), b.num_items());
  EXPECT_EQ(a.num_interactions(), b.num_interactions());
  EXPECT_EQ(a.num_friendships(), b.num_friendships());
  EXPECT_EQ(a.log_sequence(), b.log_sequence());
  EXPECT_EQ(a.store_id(), b.store_id());
  EXPECT_EQ(a.users_with_items(), b.users_with_items());
  for (const Relation relation : kRelations) {
    for (std::uint32_t row = 0; row < a.num_rows(relation); ++row) {
      ASSERT_EQ(RowOf(a, relation, row), RowOf(b, relation, row)) << static_cast<int>(relation) << " row " << row;
    }
  }
}

/// Several blocks of targets and weights, so that checksums have more than one block to stand for.
std::shared_ptr<const SocialGraph> LargeGraph(const Runtime& runtime) {
  const Rng rng(3, Purpose::kTest);
  std::vector<Edge> likes, trusts;
  for (std::uint32_t e = 0; e < 500'000; ++e) {
    likes.push_back({rng.bounded(4 * e, 3000), rng.bounded(4 * e + 1, 2000), 1.0F + rng.uniform(4 * e + 2), e});
  }
  for (std::uint32_t e = 0; e < 3000; ++e) trusts.push_back({rng.bounded(4 * e + 3, 1500), 1500 + e % 1500});
  return SocialGraph::Build(runtime, 3000, 2000, likes, trusts, "large", 77).value();
}

TEST(GraphSnapshot, ReadBackIsTheGraphThatWasWritten) {
  const Runtime runtime(2);
  const TemporaryFolder folder;
  const std::string path = folder / "g";
  const std::vector<Edge> mutual = {{0, 1}, {1, 0}}, likes = {{0, 0, 1.0F, 5}, {2, 3}};
  const std::vector<std::shared_ptr<const SocialGraph>> graphs = {
      ToyGraph(runtime), RandomGraph(runtime, 200, 90, 3000, 500, 1), LargeGraph(runtime),
      SocialGraph::Build(runtime, 3, 4, likes, mutual).value(), SocialGraph::Build(runtime, 0, 0, {}, {}).value()};
  for (const auto& graph : graphs) {
    CheckOk(WriteGraphSnapshot(runtime, *graph, path));
    EXPECT_FALSE(fs::exists(path + ".tmp"));
    const auto read = ReadGraphSnapshot(runtime, path).value();
    ExpectSameGraph(*read, *graph);
    EXPECT_EQ(read->overlay_rows(), 0U);
  }
}

/// The worked example of docs/storage_format.md: hexadecimal, with a remark after three spaces.
TEST(GraphSnapshot, WritesTheBytesOfTheWorkedExample) {
  const std::string page = Bytes(fs::path(__FILE__).parent_path().string() + "/../../docs/storage_format.md");
  std::istringstream lines(page.substr(page.find("```snapshot\n") + 12));
  std::string expected;
  for (std::string line; std::getline(lines, line) && line != "```";) {
    for (const char c : line.substr(0, line.find("   "))) {
      if (c != ' ') expected += c;
    }
  }
  const Runtime runtime(1);
  const TemporaryFolder folder;
  const std::vector<Edge> edge = {{0, 0, 2.5F, 1600000000}};
  const auto graph = SocialGraph::Build(runtime, 1, 1, edge, {}, "0123456789abcdef", 1).value();
  CheckOk(WriteGraphSnapshot(runtime, *graph, folder / "g", /*stamp=*/7));
  EXPECT_EQ(Hex(Bytes(folder / "g")), expected);
}

TEST(GraphSnapshot, HasTheSameBytesForAnyNumberOfThreads) {
  const TemporaryFolder folder;
  const Runtime one(1), four(4);
  const auto graph = LargeGraph(one);
  CheckOk(WriteGraphSnapshot(one, *graph, folder / "a"));
  CheckOk(WriteGraphSnapshot(four, *graph, folder / "b"));
  EXPECT_TRUE(Bytes(folder / "a") == Bytes(folder / "b"));
}

TEST(GraphSnapshot, FoldsTheOverlayIn) {
  const Runtime runtime(2);
  const TemporaryFolder folder;
  const std::vector<EdgeChange> changes = {{Relation::kInteracts, {6, 7, 2.0F, 9}},
                                           {Relation::kTrusts, {0, 1}, /*removed=*/true}};
  const auto live = ToyGraph(runtime)->WithEdges(changes, 7, 8, 17);
  CheckOk(WriteGraphSnapshot(runtime, *live, folder / "g"));
  const auto read = ReadGraphSnapshot(runtime, folder / "g").value();
  ExpectSameGraph(*read, *live);
  EXPECT_EQ(read->overlay_rows(), 0U);
}

TEST(GraphSnapshot, HoldsASymmetricRelationOnce) {
  const Runtime runtime(2);
  const TemporaryFolder folder;
  std::vector<Edge> mutual;
  for (std::uint32_t u = 1; u < 1000; ++u) {
    mutual.push_back({0, u});
    mutual.push_back({u, 0});
  }
  CheckOk(WriteGraphSnapshot(runtime, *SocialGraph::Build(runtime, 1000, 0, {}, mutual).value(), folder / "g"));
  const std::size_t targets = 4 * mutual.size(), offsets = 4 * 1001;
  EXPECT_LT(fs::file_size(folder / "g"), targets + 2 * offsets + 500);
  const auto read = ReadGraphSnapshot(runtime, folder / "g").value();
  EXPECT_EQ(&read->frozen(Relation::kTrusts), &read->frozen(Relation::kTrustedBy));
  EXPECT_EQ(read->neighbors(Relation::kTrustedBy, 0).size(), 999U);
}

/// Every byte of the file is under some checksum: no change of one goes unnoticed, none kills the reader.
TEST(GraphSnapshot, NoticesAnyByteThatChanges) {
  const Runtime runtime(1);
  const TemporaryFolder folder;
  const std::string path = folder / "g";
  const std::vector<Edge> likes = {{0, 0, 2.0F, 5}, {1, 1, 3.0F, 6}, {1, 0}}, trusts = {{0, 1, 1.5F, 3}};
  CheckOk(WriteGraphSnapshot(runtime, *SocialGraph::Build(runtime, 2, 2, likes, trusts, "s", 4).value(), path));
  const std::string whole = Bytes(path);
  for (std::size_t at = 0; at < whole.size(); ++at) {
    const auto right = static_cast<unsigned char>(whole[at]);
    for (const unsigned flip : {0x01U, 0x80U, 0xFFU}) {
      PutByte(path, at, right ^ flip);
      const Status status = ReadGraphSnapshot(runtime, path).status();
      EXPECT_THAT(status.code(), AnyOf(StatusCode::kCorruption, StatusCode::kFailedPrecondition)) << "byte " << at;
    }
    PutByte(path, at, right);
  }
  CheckOk(ReadGraphSnapshot(runtime, path).status());
}

TEST(GraphSnapshot, NoticesAFileOfAnyOtherLength) {
  const Runtime runtime(1);
  const TemporaryFolder folder;
  const std::string path = folder / "g";
  CheckOk(WriteGraphSnapshot(runtime, *ToyGraph(runtime), path));
  const std::string whole = Bytes(path);
  for (std::size_t size = whole.size(); size-- > 0;) {
    fs::resize_file(path, size);
    EXPECT_EQ(ReadGraphSnapshot(runtime, path).status().code(), StatusCode::kCorruption) << size;
  }
  PutBytes(path, whole + "x");
  EXPECT_THAT(std::string(ReadGraphSnapshot(runtime, path).status().message()), HasSubstr("expected a file of"));
  EXPECT_EQ(ReadGraphSnapshot(runtime, folder / "none").status().code(), StatusCode::kNotFound);
  EXPECT_EQ(ReadGraphSnapshot(runtime, folder.path()).status().code(), StatusCode::kCorruption);
}

TEST(GraphSnapshot, NamesTheBlockThatIsDamaged) {
  const Runtime runtime(4);
  const TemporaryFolder folder;
  const std::string path = folder / "g";
  CheckOk(WriteGraphSnapshot(runtime, *LargeGraph(runtime), path));
  const storage::SnapshotHead head = storage::SnapshotFile::Open(path).value().head();
  const std::vector<storage::SnapshotBlock> blocks = storage::BlocksOf(head);
  ASSERT_GT(blocks.size(), head.arrays.size()) << "no array has two blocks";
  const std::string whole = Bytes(path);
  for (const storage::SnapshotBlock& block : blocks) {
    const std::uint64_t last = block.in_file + block.bytes - 1;
    PutByte(path, last, static_cast<unsigned char>(whole[last]) ^ 4U);
    const auto file = storage::SnapshotFile::Open(path).value();
    const Status read = file.Read(runtime).status(), checked = file.CheckSums(runtime);
    EXPECT_EQ(read.code(), StatusCode::kCorruption);
    EXPECT_THAT(std::string(read.message()), HasSubstr("at byte " + std::to_string(block.in_file)));
    EXPECT_EQ(read.message(), checked.message());
    PutByte(path, last, static_cast<unsigned char>(whole[last]));
  }
}

/// A head that its checksum holds for, of a file made by something else than this code.
TEST(GraphSnapshot, RefusesArraysThatDoNotFitTogetherAlsoWithRightChecksums) {
  const Runtime runtime(1);
  const TemporaryFolder folder;
  const std::string path = folder / "g";
  CheckOk(WriteGraphSnapshot(runtime, *ToyGraph(runtime), path));
  const std::string whole = Bytes(path);
  const storage::SnapshotHead right = storage::SnapshotFile::Open(path).value().head();
  const auto message = [&](const std::string& bytes) {
    PutBytes(path, bytes);
    return std::string(ReadGraphSnapshot(runtime, path).status().message());
  };
  /// The file with another head, and its arrays changed and summed again.
  const auto forged = [&](storage::SnapshotHead head, std::string arrays) {
    for (const storage::SnapshotBlock& block : storage::BlocksOf(head)) {
      const std::size_t at = block.in_file - storage::HeadBytes(head);
      head.sums[block.sum] = storage::Crc32c(std::string_view(arrays).substr(std::min(at, arrays.size()), block.bytes));
    }
    return storage::EncodeHead(head) + arrays;
  };
  const std::string arrays = whole.substr(storage::HeadBytes(right));
  ASSERT_EQ(forged(right, arrays), whole);

  storage::SnapshotHead head = right;
  ++head.users;
  EXPECT_THAT(message(forged(head, arrays)), HasSubstr("relation 0: expected 7 offsets, found 6"));
  head = right;
  head.arrays[1].kind = storage::ArrayKind::kWeights;
  EXPECT_THAT(message(forged(head, arrays)), HasSubstr("has no offsets or no targets"));
  head = right;
  std::swap(head.arrays[0], head.arrays[1]);
  EXPECT_THAT(message(forged(head, arrays)), HasSubstr("out of order"));
  head = right;
  head.arrays[0].elements = std::uint64_t{1} << 62;
  EXPECT_THAT(
      message(storage::EncodeHead(right).substr(0, 88) + std::string("\0\0\0\0\0\0\0\x40", 8) + whole.substr(96)),
      HasSubstr("longer than the file"));
  head = right;
  --head.arrays[1].elements;
  EXPECT_THAT(message(forged(head, arrays)), HasSubstr("expected a file of"));

  std::string changed = arrays;
  changed[0] = 1;  // the first offset
  EXPECT_THAT(message(forged(right, changed)), HasSubstr("offsets to start at 0"));
  changed = arrays;
  changed[4] = 9;  // the second offset is beyond the third
  EXPECT_THAT(message(forged(right, changed)), HasSubstr("never decrease"));
  changed = arrays;
  changed[4 * 6] = 60;  // the first target
  EXPECT_THAT(message(forged(right, changed)), HasSubstr("targets below 6, found 60"));
}

TEST(GraphSnapshot, RefusesWeightsAndTimesThatNoEventHas) {
  const Runtime runtime(1);
  const TemporaryFolder folder;
  for (const Edge& wrong :
       {Edge{0, 0, -1.0F}, Edge{0, 0, std::numeric_limits<float>::infinity()}, Edge{0, 0, 2.0F, -7}}) {
    const std::vector<Edge> likes = {wrong};
    CheckOk(WriteGraphSnapshot(runtime, *SocialGraph::Build(runtime, 1, 1, likes, {}).value(), folder / "g"));
    EXPECT_EQ(ReadGraphSnapshot(runtime, folder / "g").status().code(), StatusCode::kCorruption);
  }
}

TEST(GraphSnapshot, OfANewerFormatSaysSo) {
  const Runtime runtime(1);
  const TemporaryFolder folder;
  CheckOk(WriteGraphSnapshot(runtime, *ToyGraph(runtime), folder / "g"));
  std::string bytes = Bytes(folder / "g");
  bytes[8] = 2;
  PutBytes(folder / "g", bytes);
  const Status status = ReadGraphSnapshot(runtime, folder / "g").status();
  EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("format version 2, this build reads 1"));
}

TEST(GraphSnapshot, LeavesTheOldFileWhereTheNewOneCannotBeWritten) {
  const Runtime runtime(2);
  const TemporaryFolder folder;
  const std::string path = folder / "g";
  CheckOk(WriteGraphSnapshot(runtime, *ToyGraph(runtime), path));
  const std::string before = Bytes(path);
  fs::create_directory(path + ".tmp");  // cannot be opened as a file
  EXPECT_FALSE(WriteGraphSnapshot(runtime, *LargeGraph(runtime), path).ok());
  EXPECT_EQ(Bytes(path), before);
  const auto named = SocialGraph::Build(runtime, 0, 0, {}, {}, std::string(33, 'x')).value();
  EXPECT_EQ(WriteGraphSnapshot(runtime, *named, folder / "h").code(), StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace kith::testing
