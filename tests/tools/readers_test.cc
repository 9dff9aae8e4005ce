#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>
#include <zstd.h>

#include <cstdlib>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "readers/edge_file.h"
#include "readers/found_text.h"
#include "readers/item_file.h"
#include "testing/real_data.h"
#include "tools/scratch_folder.h"

namespace kith::tools {
namespace {

using kith::testing::ScratchFolder;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pair;

/// What a file says, one text a row: "user item weight time" or "user ~friend ...", defaults as they are.
struct Rows {
  Status status = {};
  std::vector<std::string> edges = {}, lone_users = {};
  DroppedRows dropped = {};
};

std::string Text(const Event& event) {
  std::ostringstream text;
  text << event.user << (event.relation == Relation::kTrusts ? " ~" : " ") << event.target << ' ' << event.weight;
  if (event.time != kNoTime) text << ' ' << event.time;
  return text.str();
}

Rows ReadPath(const std::string& path, const EdgeFileOptions& options = {}) {
  Rows rows;
  const auto edge = [&rows](const Event& event) -> Status {
    rows.edges.push_back(Text(event));
    return ValidateEvent(event);
  };
  const auto lone_user = [&rows](std::string_view user) -> Status {
    rows.lone_users.emplace_back(user);
    return OkStatus();
  };
  rows.status = ReadEdgeFile(path, options, {.edge = edge, .lone_user = lone_user}, rows.dropped);
  return rows;
}

class EdgeFile : public ::testing::Test {
 protected:
  Rows Read(std::string_view bytes, const EdgeFileOptions& options = {}) {
    return ReadPath(folder_.Write("in", bytes), options);
  }
  /// The message without the folder's path; empty where reading succeeded.
  std::string Fault(std::string_view bytes, const EdgeFileOptions& options = {}) {
    const Rows rows = Read(bytes, options);
    if (rows.status.ok()) return "";
    EXPECT_EQ(rows.status.code(), StatusCode::kBadInput);
    std::string message(rows.status.message());
    const std::string path = folder_.Path("in");
    EXPECT_EQ(message.compare(0, path.size(), path), 0) << message;
    return message.substr(path.size());
  }
  ScratchFolder folder_;
};

const EdgeFileOptions kSocial = {.kind = EdgeKind::kFriendships};

std::string Gzip(std::string_view text) {
  z_stream stream = {};
  EXPECT_EQ(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(deflateBound(&stream, text.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string Zstd(std::string_view text) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  ZSTD_CCtx* const context = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
  out.resize(ZSTD_compress2(context, out.data(), out.size(), text.data(), text.size()));
  ZSTD_freeCCtx(context);
  return out;
}

/// A file of several chunks, so that lines cross them.
std::string LongFile(std::size_t rows) {
  std::string text = "user\titem\n";
  std::minstd_rand random(1);
  for (std::size_t i = 0; i < rows; ++i)
    text += "u" + std::to_string(random()) + "\ti" + std::to_string(random()) + "\n";
  return text;
}

// ---- formats

TEST_F(EdgeFile, ReadsTsvByItsHeaderInAnyOrderOfColumns) {
  EXPECT_THAT(Read("user\titem\nu1\ti1\nu2\ti 2\n").edges, ElementsAre("u1 i1 1", "u2 i 2 1"));
  EXPECT_THAT(Read("time\trating\tcategory\titem\tuser\n9\t2.5\tx\ti\tu\n").edges, ElementsAre("u i 2.5 9"));
}

TEST_F(EdgeFile, KnowsTheNamesThatFilesUseForTheirColumns) {
  for (const char* header :
       {"user_id,item_id", "userId,movieId", "UserID,ArtistID", "uid,iid", "USER,Item", "source,asin"}) {
    EXPECT_THAT(Read(std::string(header) + "\na,b\n").edges, ElementsAre("a b 1")) << header;
  }
  for (const char* header : {"user\tfriend", "userID\tfriendID", "truster\ttrustee", "source\ttarget"}) {
    EXPECT_THAT(Read(std::string(header) + "\na\tb\n", kSocial).edges, ElementsAre("a ~b 1")) << header;
  }
}

TEST_F(EdgeFile, ReadsQuotedCsvByRfc4180) {
  EXPECT_THAT(Read("\"user\",\"item\",weight\n\"Smith, J.\",\"say \"\"hi\"\"\",2\n\"\"\"\",b\"c,3\n").edges,
              ElementsAre("Smith, J. say \"hi\" 2", "\" b\"c 3"));
  // A review that holds line ends is a column like another; the row after it keeps its number.
  EXPECT_THAT(Read("user,item,review\na,b,\"one\n\ntwo, three\"\nc,d,x\n").edges, ElementsAre("a b 1", "c d 1"));
  EXPECT_THAT(Fault("user,item,review\na,b,\"one\n\ntwo\"\nc\n"), HasSubstr(":5: expected"));
}

TEST_F(EdgeFile, TakesQuotesInTsvAsTheyAre) {
  EXPECT_THAT(Read("user\titem\nu\t\"Weird Al\" Yankovic\n").edges, ElementsAre("u \"Weird Al\" Yankovic 1"));
}

TEST_F(EdgeFile, ReadsLightGcnLinesAndMakesLoneUsersKnown) {
  const Rows rows = Read("0 7 8  9\n1 \n2\n3 7\n");
  EXPECT_TRUE(rows.status.ok()) << rows.status.ToString();
  EXPECT_THAT(rows.edges, ElementsAre("0 7 1", "0 8 1", "0 9 1", "3 7 1"));
  EXPECT_THAT(rows.lone_users, ElementsAre("1", "2"));
  EXPECT_THAT(Read("a b c\n", kSocial).edges, ElementsAre("a ~b 1", "a ~c 1"));
}

TEST_F(EdgeFile, ReadsLightGcnLinesOfAnyLength) {
  std::string line = "u";
  for (int i = 0; i < 300000; ++i) line += " item" + std::to_string(i);
  const Rows rows = Read(line);
  ASSERT_EQ(rows.edges.size(), 300000U);
  EXPECT_EQ(rows.edges.back(), "u item299999 1");
}

TEST_F(EdgeFile, ReadsMovieLensInItsThreeShapes) {
  EXPECT_THAT(Read("1::1193::5::978300760\n").edges, ElementsAre("1 1193 5 978300760"));
  EXPECT_THAT(Read("196\t242\t3\t881250949\n").edges, ElementsAre("196 242 3 881250949"));
  EXPECT_THAT(Read("userId,movieId,rating,timestamp\n1,2,3.5,1112486027\n").edges, ElementsAre("1 2 3.5 1112486027"));
  const EdgeFileOptions named = {.format = EdgeFormat::kMovieLens};
  EXPECT_THAT(Read("196\t242\t3\t881250949\n", named).edges, ElementsAre("196 242 3 881250949"));
  EXPECT_THAT(Fault("1::1193::5\n"), HasSubstr(":1: expected \"user::item::rating::time\", found 3 fields"));
}

TEST_F(EdgeFile, ReadsRecBoleByItsTypedHeader) {
  EXPECT_THAT(Read("user_id:token\titem_id:token\trating:float\ttimestamp:float\n1\t2\t4\t978300760.0\n").edges,
              ElementsAre("1 2 4 978300760"));
  EXPECT_THAT(Read("source_id:token\ttarget_id:token\n1\t2\n", kSocial).edges, ElementsAre("1 ~2 1"));
}

TEST_F(EdgeFile, TakesColumnsByNameAndByPosition) {
  const EdgeFileOptions by_name = {.columns = {{"user", "who"}, {"item", "what"}, {"weight", "n"}}};
  EXPECT_THAT(Read("what;x\twho\tn\nb\ta\t2\n", {.columns = {{"user", "who"}, {"item", "what;x"}}}).edges,
              ElementsAre("a b 1"));
  EXPECT_THAT(Read("n,what,who\n2,b,a\n", by_name).edges, ElementsAre("a b 2"));
  const EdgeFileOptions by_position = {.columns = {{"user", "3"}, {"item", "1"}, {"time", "2"}}};
  EXPECT_THAT(Read("b\t7\ta\n", by_position).edges, ElementsAre("a b 1 7"));
  EXPECT_THAT(Read("item,x,user\nb,7,a\n", by_position).edges, ElementsAre("a b 1 7"));
  EXPECT_THAT(Fault("what,who\nb,a\n", by_name), HasSubstr(":1: expected a column named \"n\" for weight"));
  EXPECT_THAT(Fault("b\ta\n", by_position), HasSubstr(":1: expected \"user, item, time\", found 2 fields"));
  EXPECT_THAT(Fault("item,user\nb,a\n", by_position), HasSubstr("found 2 columns"));
}

TEST_F(EdgeFile, SaysHowToNameAFormatThatItCannotTell) {
  EXPECT_THAT(Fault("1,2\n3,4\n"),
              HasSubstr(":1: expected a header that names the columns (user, item), found \"1,2\""));
  EXPECT_THAT(Fault("1,2\n3,4\n"), HasSubstr("--columns user=1,item=2"));
  EXPECT_THAT(Fault("a\tb\tc\td\n"), HasSubstr("--format"));
  EXPECT_THAT(Fault("user\tthing\na\tb\n"), HasSubstr("expected a column for item"));
  EXPECT_THAT(Fault("user\titem\na\tb\n", kSocial), HasSubstr("expected a column for friend"));
  EXPECT_THAT(Fault("1\t2\n", {.format = EdgeFormat::kTsv}), HasSubstr("expected a header"));
}

TEST_F(EdgeFile, AllowsWindowsLineEndsAByteOrderMarkAndAMissingLastLineEnd) {
  EXPECT_THAT(Read("\xEF\xBB\xBFuser\titem\tweight\r\nu\ti\t2\r\n\r\nv\tj\t3").edges, ElementsAre("u i 2", "v j 3"));
  EXPECT_THAT(Read("\xEF\xBB\xBF"
                   "0 1\r\n2 3\r\n")
                  .edges,
              ElementsAre("0 1 1", "2 3 1"));
}

TEST_F(EdgeFile, LeavesOptionalCellsThatAreEmptyAtTheirDefaultForTimesOnly) {
  EXPECT_THAT(Read("user,item,time\na,b,\n").edges, ElementsAre("a b 1"));
  EXPECT_THAT(Fault("user,item,weight\na,b,\n"), HasSubstr(":2: expected a weight"));
}

// ---- compression

TEST_F(EdgeFile, ReadsThroughGzipOfSeveralMembersAndThroughZstdFrames) {
  const std::string text = LongFile(200000);
  const std::vector<std::string> plain = Read(text).edges;
  ASSERT_EQ(plain.size(), 200000U);
  const std::size_t half = text.size() / 2;
  const std::string_view first = std::string_view(text).substr(0, half), second = std::string_view(text).substr(half);
  EXPECT_EQ(Read(Gzip(text)).edges, plain);
  EXPECT_EQ(Read(Gzip(first) + Gzip("") + Gzip(second) + std::string(700, '\0')).edges, plain);
  EXPECT_EQ(Read(Zstd(text)).edges, plain);
  EXPECT_EQ(Read(Zstd(first) + Zstd(second)).edges, plain);
}

TEST_F(EdgeFile, NamesTheLineAtWhichACompressedStreamEndsEarlyOrIsDamaged) {
  const std::string text = LongFile(60000);
  for (std::string whole : {Gzip(text), Zstd(text)}) {
    const bool gzip = whole[0] == '\x1f';
    for (const std::size_t cut : {whole.size() - 1, whole.size() / 2, std::size_t{5}}) {
      const std::string fault = Fault(whole.substr(0, cut));
      EXPECT_THAT(fault,
                  HasSubstr(gzip ? "ends in the middle of the gzip stream" : "ends in the middle of the zstd stream"));
      EXPECT_EQ(fault[0], ':');
      EXPECT_GT(std::stoul(fault.substr(1)), 0U) << fault;
    }
    EXPECT_THAT(Fault(whole + "more"), HasSubstr(gzip ? "damaged gzip" : "damaged zstd"));
    whole[whole.size() / 2] = static_cast<char>(whole[whole.size() / 2] ^ 0x55);
    EXPECT_THAT(Fault(whole), Not(::testing::IsEmpty()));
  }
}

TEST_F(EdgeFile, RefusesAFileThatIsNotCompressedAsItsNameSays) {
  const std::string plain = "user\titem\nu\ti\n";
  for (const std::string ending : {".gz", ".zst"}) {
    const std::string begun = (ending == ".gz" ? Gzip(plain) : Zstd(plain)).substr(0, 1);
    for (const std::string& content : {plain, begun, std::string("<html>not found</html>\n")}) {
      const Rows rows = ReadPath(folder_.Write("rows.tsv" + ending, content));
      EXPECT_EQ(rows.status.code(), StatusCode::kBadInput) << content;
      EXPECT_THAT(std::string(rows.status.message()), HasSubstr("rows.tsv" + ending + ":1: expected a "));
    }
  }
  EXPECT_TRUE(ReadPath(folder_.Write("rows.tsv", Gzip(plain))).status.ok());
}

// ---- bad input

TEST_F(EdgeFile, RefusesFilesThatAreMissingFoldersOrEmpty) {
  const Rows missing = ReadPath(folder_.Path("none"));
  EXPECT_EQ(missing.status.code(), StatusCode::kBadInput);
  EXPECT_THAT(std::string(missing.status.message()), HasSubstr("none: no such file"));
  const Rows folder = ReadPath(folder_.Path("."));
  EXPECT_EQ(folder.status.code(), StatusCode::kBadInput);
  EXPECT_THAT(std::string(folder.status.message()), HasSubstr("found a directory"));
  for (const std::string& empty : {std::string(), std::string("\n \t\r\n"), std::string("user,item\n"), Gzip("")}) {
    EXPECT_THAT(Fault(empty), HasSubstr("the file has no rows"));
    EXPECT_THAT(Fault(empty, {.on_error = OnError::kSkip}), HasSubstr("the file has no rows"));
  }
}

struct BadRow {
  const char* reason;  ///< how it is counted
  std::string row;     ///< the third line of a file with the header user, item, weight, time between tabs
  const char* found;   ///< part of the message
};

std::vector<BadRow> BadRows() {
  return {
      {"short row", "a\tb\t1", "expected \"user, item, weight, time\", found 3 fields"},
      {"short row", "a", "found 1 field"},
      {"long row", "a\tb\t1\t2\t3", "expected the 4 fields of the header, found 5"},
      {"bad weight", "a\tb\tmany\t2", "found \"many\""},
      {"bad weight", "a\tb\t1,5\t2", "found \"1,5\""},
      {"bad weight", "a\tb\tNaN\t2", "found \"NaN\""},
      {"bad weight", "a\tb\tinf\t2", "found \"inf\""},
      {"bad weight", "a\tb\t-inf\t2", "found \"-inf\""},
      {"bad weight", "a\tb\t1e39\t2", "found \"1e39\""},
      {"bad weight", "a\tb\t1e-60\t2", "found \"1e-60\""},
      {"bad weight", "a\tb\t0\t2", "found \"0\""},
      {"bad weight", "a\tb\t-3\t2", "found \"-3\""},
      {"bad weight", std::string("a\tb\t1\0\t2", 7), "found \"1\\x00\""},
      {"bad weight", "a\tb\t" + std::string(10000, '9') + "x\t2", "(10001 bytes)"},
      {"bad time", "a\tb\t1\t-1", "expected a time in whole unix seconds of 0 or more, found \"-1\""},
      {"bad time", "a\tb\t1\t2011-04-12", "found \"2011-04-12\""},
      {"bad time", "a\tb\t1\t1.5", "found \"1.5\""},
      {"bad time", "a\tb\t1\tnan", "found \"nan\""},
      {"bad time", "a\tb\t1\t1e300", "found \"1e300\""},
      {"bad key", "\tb\t1\t2", "user key: expected 1 to 512 bytes of UTF-8, found an empty key"},
      {"bad key", "a\t\t1\t2", "item key: expected 1 to 512 bytes"},
      {"bad key", "a\t" + std::string(10240, 'k') + "\t1\t2",
       "item key: expected 1 to 512 bytes of UTF-8, found 10240 bytes"},
      {"bad key", std::string("a\0c\tb\t1\t2", 9), "found U+0000 at position 1"},
      {"bad key", "a\tb\xFFz\t1\t2", "expected UTF-8, found byte 0xFF at position 1"},
      {"bad key", "a\t\xC0\x80\t1\t2", "expected UTF-8, found byte 0xC0 at position 0"},
      {"bad key", "a\tb\x07\t1\t2", "found U+0007 at position 1"},
  };
}

TEST_F(EdgeFile, NamesFileLineWhatWasExpectedAndWhatWasFoundForEveryBadRow) {
  for (const BadRow& bad : BadRows()) {
    const std::string text = "user\titem\tweight\ttime\nu\ti\t1\t2\n" + bad.row + "\nv\tj\t1\t2\n";
    const std::string fault = Fault(text);
    EXPECT_EQ(fault.substr(0, 4), ":3: ") << fault;
    EXPECT_THAT(fault, HasSubstr("expected "));
    EXPECT_THAT(fault, HasSubstr(bad.found));
    EXPECT_LT(fault.size(), 250U);
  }
}

TEST_F(EdgeFile, SkipsAndCountsBadRowsByReasonAndReadsTheOthers) {
  std::string text = "user\titem\tweight\ttime\nu\ti\t1\t2\n";
  DroppedRows expected;
  for (const BadRow& bad : BadRows()) {
    text += bad.row + "\n";
    ++expected[bad.reason];
  }
  const Rows rows = Read(text + "v\tj\t3\t4\n", {.on_error = OnError::kSkip});
  EXPECT_TRUE(rows.status.ok()) << rows.status.ToString();
  EXPECT_THAT(rows.edges, ElementsAre("u i 1 2", "v j 3 4"));
  EXPECT_EQ(rows.dropped, expected);
}

TEST_F(EdgeFile, RefusesFriendshipWithOneself) {
  EXPECT_THAT(Fault("user\tfriend\na\tb\nc\tc\n", kSocial),
              HasSubstr(":3: friendship: expected two different users, found \"c\""));
  const Rows rows = Read("user\tfriend\nc\tc\na\tb\n", {.kind = EdgeKind::kFriendships, .on_error = OnError::kSkip});
  EXPECT_THAT(rows.edges, ElementsAre("a ~b 1"));
  EXPECT_THAT(rows.dropped, ElementsAre(Pair("self-friendship", 1)));
}

TEST_F(EdgeFile, RefusesQuotesThatNothingCloses) {
  EXPECT_THAT(Fault("user,item\na,\"b\nc,d\n"), HasSubstr(":2: expected a closing quote"));
  EXPECT_THAT(Fault("user,item\na,\"b\"c\n"),
              HasSubstr(":2: expected a separator after the closing quote, found \"c\""));
  EXPECT_THAT(Fault("user,item,\"x\n1,2,3\n"), HasSubstr(":1: expected a header"));
}

TEST_F(EdgeFile, ChecksTheKeysOfLightGcnLines) {
  EXPECT_THAT(Fault("0 1\n2 \xFF\n"), HasSubstr(":2: item key: expected UTF-8, found byte 0xFF at position 0"));
  EXPECT_THAT(Fault("0 1\n" + std::string(513, 'u') + "\n"), HasSubstr(":2: user key: expected 1 to 512 bytes"));
}

TEST_F(EdgeFile, ReturnsTheVisitorsOwnFailuresAsTheyAreAndItsRefusalsWithTheirPlace) {
  DroppedRows dropped;
  const auto lone_user = [](std::string_view) { return OkStatus(); };
  const std::string path = folder_.Write("in", "user\titem\na\tb\nc\td\n");
  const auto full = [](const Event&) { return IoError("disk full"); };
  EXPECT_EQ(ReadEdgeFile(path, {.on_error = OnError::kSkip}, {.edge = full, .lone_user = lone_user}, dropped).code(),
            StatusCode::kIoError);
  const auto refuse = [](const Event&) { return InvalidArgument("no"); };
  const Status refused = ReadEdgeFile(path, {}, {.edge = refuse, .lone_user = lone_user}, dropped);
  EXPECT_EQ(refused.ToString(), BadInput(path + ":2: no").ToString());
  EXPECT_TRUE(dropped.empty());
}

TEST_F(EdgeFile, AnswersRandomBytesWithAStatus) {
  // Bytes that mean something to a reader, mixed with any others.
  constexpr std::string_view kPieces[] = {
      "user",   "item", "\t", ",", "::", " ", "\n", "\r\n", "\"", "1", "\xEF\xBB\xBF", "\x1f\x8b", "\x28\xb5\x2f\xfd",
      ":token", "nan",  "-"};
  std::mt19937 random(7);
  const auto bounded = [&random](std::size_t n) { return random() % n; };
  int read = 0;
  for (int round = 0; round < 3000; ++round) {
    std::string text = bounded(2) == 0 ? "user,item,weight\n" : "";
    for (std::size_t piece = bounded(40); piece-- > 0;) {
      if (bounded(3) == 0) {
        text += static_cast<char>(bounded(256));
      } else {
        text += kPieces[bounded(std::size(kPieces))];
      }
    }
    for (const OnError on_error : {OnError::kFail, OnError::kSkip}) {
      const Rows rows = Read(
          text, {.kind = bounded(2) == 0 ? EdgeKind::kInteractions : EdgeKind::kFriendships, .on_error = on_error});
      EXPECT_TRUE(rows.status.ok() || rows.status.code() == StatusCode::kBadInput) << rows.status.ToString();
      read += rows.status.ok() ? 1 : 0;
    }
  }
  EXPECT_GT(read, 100);  // some of it is right by chance; else nothing but refusals would be tested
}

// ---- real files

TEST(EdgeFileOfRealData, CountsWhatTheDataSetsSay) {
  const std::string data = kith::testing::RealData();
  if (data.empty()) GTEST_SKIP() << kith::testing::kNoRealData;
  EXPECT_EQ(ReadPath(data + "/lastfm/train.tsv").edges.size(), 74267U);
  EXPECT_EQ(ReadPath(data + "/lastfm/social.tsv", kSocial).edges.size(), 25434U);
  EXPECT_EQ(ReadPath(data + "/gowalla/train.txt").edges.size(), 810128U);
  EXPECT_EQ(ReadPath(data + "/gowalla/test.txt").edges.size(), 217242U);
  // 34 of the 284086 ratings are 0.
  const Rows ciao = ReadPath(data + "/ciao/ratings.tsv", {.on_error = OnError::kSkip});
  EXPECT_EQ(ciao.edges.size(), 284052U);
  EXPECT_THAT(ciao.dropped, ElementsAre(Pair("bad weight", 34)));
  EXPECT_EQ(ciao.edges.front(), "6119 92579 5 959670000");
}

// ---- item names

class ItemFile : public ::testing::Test {
 protected:
  Status Read(std::string_view bytes, OnError on_error = OnError::kFail) {
    names_.clear();
    dropped_.clear();
    const auto visit = [this](std::string_view item, std::string_view name) -> Status {
      names_.emplace_back(item, name);
      return OkStatus();
    };
    return ReadItemFile(folder_.Write("items", bytes), on_error, visit, dropped_);
  }
  ScratchFolder folder_;
  std::vector<std::pair<std::string, std::string>> names_;
  DroppedRows dropped_;
};

TEST_F(ItemFile, ReadsNamesFromTsvCsvAndFilesOfOthers) {
  EXPECT_TRUE(Read("item\tname\n1\t\"Weird Al\", again\n2\t\n").ok());
  EXPECT_THAT(names_, ElementsAre(Pair("1", "\"Weird Al\", again"), Pair("2", "")));
  EXPECT_TRUE(Read("movieId,title,genres\n1,\"Heat, The (1995)\",Crime\n").ok());
  EXPECT_THAT(names_, ElementsAre(Pair("1", "Heat, The (1995)")));
  EXPECT_TRUE(Read("id\tname\turl\n5\tBj\xC3\xB6rk\thttp://x\n").ok());
  EXPECT_THAT(names_, ElementsAre(Pair("5", "Bj\xC3\xB6rk")));
}

TEST_F(ItemFile, RefusesBadRowsAndCountsThemWhereTheyAreSkipped) {
  const auto message = [this](std::string_view bytes) { return std::string(Read(bytes).message()); };
  EXPECT_THAT(message("item\tname\n1\ta\n2\n"), HasSubstr("items:3: expected the 2 fields of the header, found 1"));
  EXPECT_THAT(message("item\tname\n1\tb\xFF\n"), HasSubstr("items:2: item name: expected UTF-8"));
  EXPECT_THAT(message("item\tname\n\tb\n"), HasSubstr("items:2: item key"));
  EXPECT_THAT(message("1\ta\n"),
              HasSubstr("items:1: expected a header with the columns item and name, found \"1\\ta\""));
  EXPECT_THAT(message("item\tname\n"), HasSubstr("has no rows"));
  EXPECT_TRUE(Read("item\tname\n1\n2\tx\ty\n3\t\x01\n4\tok\n", OnError::kSkip).ok());
  EXPECT_THAT(names_, ElementsAre(Pair("4", "ok")));
  EXPECT_THAT(dropped_, ElementsAre(Pair("bad name", 1), Pair("long row", 1), Pair("short row", 1)));
}

// ---- messages

TEST(FoundText, IsPrintableAndShortWhateverWasFound) {
  EXPECT_EQ(FoundText(""), "nothing");
  EXPECT_EQ(FoundText("4,5x"), "\"4,5x\"");
  EXPECT_EQ(FoundText("a\tb"), "\"a\\tb\"");
  EXPECT_EQ(FoundText("Bj\xC3\xB6rk"), "\"Bj\xC3\xB6rk\"");
  EXPECT_EQ(FoundText(std::string_view("\0\xFF", 2)), "\"\\x00\\xff\"");
  // The cut at 40 bytes falls inside the two bytes of the last letter.
  EXPECT_EQ(FoundText(std::string(39, 'a') + "\xC3\xB6" + std::string(100, 'b')),
            "\"" + std::string(39, 'a') + "...\" (141 bytes)");
}

}  // namespace
}  // namespace kith::tools
