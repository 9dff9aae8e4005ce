#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>
#include <string>
#include <vector>

#include "readers/event_stream.h"
#include "readers/line_batcher.h"
#include "tools/run_kith.h"
#include "tools/scratch_folder.h"

namespace kith::tools {
namespace {

using kith::testing::Ran;
using kith::testing::RunKith;
using kith::testing::ScratchFolder;
using kith::testing::StartKith;
using kith::testing::WaitFor;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Outcome = LineBatcher::Outcome;

struct Pipe {
  int read_end = -1, write_end = -1;
  Pipe() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("pipe");
    read_end = ends[0];
    write_end = ends[1];
  }
  ~Pipe() {
    ::close(read_end);
    CloseWriteEnd();
  }
  void CloseWriteEnd() {
    if (write_end >= 0) ::close(write_end);
    write_end = -1;
  }
  void Write(std::string_view text) const {
    ASSERT_EQ(::write(write_end, text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  /// The next line, waited for; what came before the end where there is no more.
  std::string ReadLine() const {
    std::string line;
    for (char c = 0; ::read(read_end, &c, 1) == 1 && c != '\n';) line += c;
    return line;
  }
};

// ---- lines as they arrive

TEST(LineBatcher, GivesWhatHasArrivedWithoutWaitingForMore) {
  Pipe pipe;
  LineBatcher lines(pipe.read_end);
  std::vector<std::string_view> batch;
  pipe.Write("one\ntwo\nthr");
  ASSERT_EQ(*lines.Next(10, batch), Outcome::kLines);
  EXPECT_THAT(batch, ElementsAre("one", "two"));
  pipe.Write("ee\r\n\nfour");
  pipe.CloseWriteEnd();
  ASSERT_EQ(*lines.Next(1, batch), Outcome::kLines);
  EXPECT_THAT(batch, ElementsAre("three"));
  ASSERT_EQ(*lines.Next(10, batch), Outcome::kLines);
  EXPECT_THAT(batch, ElementsAre(""));
  ASSERT_EQ(*lines.Next(10, batch), Outcome::kLines);
  EXPECT_THAT(batch, ElementsAre("four"));
  EXPECT_EQ(*lines.Next(10, batch), Outcome::kEnd);
  EXPECT_THAT(batch, IsEmpty());
}

TEST(LineBatcher, GivesTheWholeLinesItHasReadBeforeItStops) {
  Pipe pipe, stop;
  LineBatcher lines(pipe.read_end, stop.read_end);
  std::vector<std::string_view> batch;
  pipe.Write("\xEF\xBB\xBFone\ntwo\nhalf");
  ASSERT_EQ(*lines.Next(1, batch), Outcome::kLines);
  EXPECT_THAT(batch, ElementsAre("one"));
  stop.Write("x");
  ASSERT_EQ(*lines.Next(1, batch), Outcome::kLines);
  EXPECT_THAT(batch, ElementsAre("two"));
  EXPECT_EQ(*lines.Next(1, batch), Outcome::kStopped);
}

TEST(LineBatcher, IsReadyWhereNextNeedNotWait) {
  Pipe pipe, stop;
  LineBatcher lines(pipe.read_end, stop.read_end);
  std::vector<std::string_view> got;
  EXPECT_FALSE(lines.Ready());
  ASSERT_EQ(::write(pipe.write_end, "one\ntwo\nhal", 11), 11);
  EXPECT_TRUE(lines.Ready());
  ASSERT_EQ(lines.Next(1, got).value(), Outcome::kLines);
  EXPECT_TRUE(lines.Ready()) << "the second line is here";
  ASSERT_EQ(lines.Next(10, got).value(), Outcome::kLines);
  EXPECT_THAT(got, ElementsAre("two"));
  EXPECT_FALSE(lines.Ready()) << "half a line is no line";
  pipe.CloseWriteEnd();
  EXPECT_TRUE(lines.Ready());
  ASSERT_EQ(lines.Next(10, got).value(), Outcome::kLines);
  EXPECT_THAT(got, ElementsAre("hal"));
  EXPECT_TRUE(lines.Ready()) << "the end need not be waited for";
  Pipe open;
  LineBatcher stopped(open.read_end, stop.read_end);
  EXPECT_FALSE(stopped.Ready());
  ASSERT_EQ(::write(stop.write_end, "x", 1), 1);
  EXPECT_TRUE(stopped.Ready());
}

TEST(LineBatcher, CutsLinesThatAreTooLongAndGoesOnAfterThem) {
  const ScratchFolder folder;
  const std::size_t most = LineBatcher::kMaxLineBytes;
  // Just right, one too long, and one that is many reads too long.
  const std::string text =
      std::string(most, 'a') + "\n" + std::string(most + 1, 'b') + "\nc\n" + std::string(5 * most, 'd') + "\ne";
  const int file = ::open(folder.Write("in", text).c_str(), O_RDONLY | O_CLOEXEC);
  LineBatcher lines(file);
  std::vector<std::string_view> batch;
  std::string seen;
  std::vector<std::size_t> lengths;
  while (*lines.Next(2, batch) == Outcome::kLines) {
    for (const std::string_view line : batch) {
      seen += line[0];
      lengths.push_back(line.size());
    }
  }
  ::close(file);
  EXPECT_EQ(seen, "abcde");
  EXPECT_THAT(lengths, ElementsAre(most, most + 1, 1, most + 1, 1));
}

TEST(EventStream, CountsBlankLinesAndStopsBeforeAWrongOne) {
  Pipe pipe;
  pipe.Write("\n{\"user\":\"u\",\"item\":\"i\"}\n \nwrong\n{\"user\":\"v\",\"item\":\"i\"}\n");
  pipe.CloseWriteEnd();
  EventStream stream("in", pipe.read_end, -1, OnError::kFail);
  EventBatch batch;
  ASSERT_EQ(*stream.Next(batch), Outcome::kLines);
  EXPECT_EQ(batch.events.size(), 1U);
  EXPECT_EQ(batch.last_line, 3U);
  EXPECT_EQ(batch.fault.code(), StatusCode::kBadInput);
  EXPECT_THAT(std::string(batch.fault.message()), HasSubstr("in:4: expected an event such as"));
}

// ---- the commands

class Ingest : public ::testing::Test {
 protected:
  Ran Run(std::string_view input, std::vector<std::string> more = {}) {
    more.insert(more.begin(), {"ingest", "--store", store_});
    return RunKith(more, input);
  }
  std::string Exported(const std::string& store) {
    const Ran ran = RunKith({"export", "--store", store});
    EXPECT_EQ(ran.status, 0) << ran.err;
    return ran.out;
  }
  ScratchFolder folder_;
  std::string store_ = folder_.Path("store");
};

constexpr std::string_view kEvents =
    "{\"user\":\"u\",\"item\":\"i\",\"weight\":2.5,\"time\":1600000000,\"id\":\"e1\"}\n"
    "{\"user\":\"u\",\"friend\":\"v\"}\n"
    "{\"user\":\"u\",\"item\":\"i\",\"op\":\"remove\",\"time\":1600000001}\n"
    "{\"user\":\"say \\\"hi\\\"\",\"item\":\"a\\\\b\",\"weight\":0.1}\n";

TEST_F(Ingest, MakesAStoreAndAcknowledgesEveryLine) {
  const Ran ran = Run(kEvents);
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_EQ(ran.out, "ACK 4\n");
  EXPECT_EQ(ran.err, "ingested 4 lines: 4 events stored, 0 known by their id, none dropped\n");
  EXPECT_EQ(Exported(store_), kEvents);
}

TEST_F(Ingest, CopiesAStoreThroughExport) {
  ASSERT_EQ(Run(kEvents).status, 0);
  const std::string copy = folder_.Path("copy");
  EXPECT_EQ(RunKith({"ingest", "--store", copy, "-"}, Exported(store_)).status, 0);
  EXPECT_EQ(Exported(copy), kEvents);
}

TEST_F(Ingest, AcknowledgesAnEventWhoseIdIsKnownAndStoresItOnce) {
  ASSERT_EQ(Run(kEvents).status, 0);
  const Ran again = Run(kEvents.substr(0, kEvents.find('\n') + 1));
  EXPECT_EQ(again.out, "ACK 1\n");
  EXPECT_THAT(again.err, HasSubstr("0 events stored, 1 known by their id"));
  EXPECT_EQ(Exported(store_), kEvents);
}

TEST_F(Ingest, MakesWhatStandsBeforeAWrongLineDurableAndExitsThree) {
  const Ran ran =
      Run("{\"user\":\"u\",\"item\":\"i\"}\n\n{\"user\":\"u\",\"item\":\"i\",\"weight\":-1}\n{\"user\":\"w\",\"item\":"
          "\"i\"}\n");
  EXPECT_EQ(ran.status, 3);
  EXPECT_EQ(ran.out, "ACK 2\n");
  EXPECT_THAT(
      ran.err,
      HasSubstr(
          "error: stdin:3: expected a weight (a finite number above 0, within float32), found \"-1}\" at byte 33"));
  EXPECT_EQ(Exported(store_), "{\"user\":\"u\",\"item\":\"i\"}\n");
}

TEST_F(Ingest, SkipsWrongLinesAndCountsThemByReason) {
  const std::string input =
      "nothing\n{\"user\":\"u\",\"item\":\"i\"}\n{\"user\":\"u\",\"friend\":\"u\"}\n"
      "{\"user\":\"u\",\"item\":\"i\",\"weight\":0}\n{\"user\":\"u\",\"item\":\"i\",\"weight\":NaN}\n"
      "{\"user\":\"u\",\"item\":\"i\",\"time\":-1}\n{\"user\":\"u\xFF\",\"item\":\"i\"}\n"
      "{\"user\":\"\",\"friend\":\"\"}\n{\"user\":\"u\",\"thing\":\"i\"}\n{\"item\":\"i\"}\n"
      "{\"user\":\"u\",\"item\":\"i\",\"op\":\"undo\"}\n" +
      std::string((1U << 20) + 1, ' ') + "x\n";
  const Ran ran = Run(input, {"--on-error", "skip"});
  EXPECT_EQ(ran.status, 0);
  EXPECT_EQ(ran.out.substr(ran.out.rfind("ACK")), "ACK 12\n");
  EXPECT_THAT(ran.err, HasSubstr("1 events stored, 0 known by their id, 11 dropped (2 bad key, 1 bad time, 2 bad "
                                 "weight, 1 long line, 1 not an event, 1 self-friendship, 3 wrong fields)"));
}

TEST_F(Ingest, ReadsAFileAndNamesItInMessages) {
  const std::string file = folder_.Write("events.ndjson", "{\"user\":\"u\",\"item\":\"i\"}\nx\n");
  const Ran ran = Run("", {file});
  EXPECT_EQ(ran.status, 3);
  EXPECT_THAT(ran.err, HasSubstr("events.ndjson:2: expected an event"));
  for (const std::string& path : {folder_.Path("none"), folder_.Path(".")}) {
    const Ran refused = RunKith({"ingest", "--store", folder_.Path("other"), path});
    EXPECT_EQ(refused.status, 3);
    EXPECT_FALSE(std::filesystem::exists(folder_.Path("other")));
  }
}

/// `kith ingest` between two pipes.
class LiveIngest : public Ingest {
 protected:
  void SetUp() override { child_ = StartKith({"ingest", "--store", store_, "-"}, in_.read_end, out_.write_end, -1); }
  Pipe in_, out_;
  pid_t child_ = -1;
};

TEST_F(LiveIngest, AnswersEachLineBeforeTheNextIsSent) {
  for (int line = 1; line <= 5; ++line) {
    in_.Write("{\"user\":\"u\",\"item\":\"i" + std::to_string(line) + "\"}\n");
    EXPECT_EQ(out_.ReadLine(), "ACK " + std::to_string(line));
  }
  in_.CloseWriteEnd();
  EXPECT_EQ(WaitFor(child_), 0);
}

TEST_F(LiveIngest, LeavesWithSuccessOnSigtermAnd130OnSigint) {
  in_.Write("{\"user\":\"u\",\"item\":\"i\"}\n{\"user\":\"half a li");
  EXPECT_EQ(out_.ReadLine(), "ACK 1");
  ::kill(child_, SIGTERM);
  EXPECT_EQ(WaitFor(child_), 0);
  Pipe in, out;
  const pid_t second = StartKith({"ingest", "--store", store_, "-"}, in.read_end, out.write_end, -1);
  in.Write("{\"user\":\"u\",\"item\":\"j\"}\n");
  EXPECT_EQ(out.ReadLine(), "ACK 1");
  ::kill(second, SIGINT);
  EXPECT_EQ(WaitFor(second), 130);
  EXPECT_EQ(Exported(store_), "{\"user\":\"u\",\"item\":\"i\"}\n{\"user\":\"u\",\"item\":\"j\"}\n");
}

TEST_F(LiveIngest, KeepsWhatItAcknowledgedWhenItIsKilled) {
  in_.Write(kEvents);
  EXPECT_EQ(out_.ReadLine(), "ACK 4");
  ::kill(child_, SIGKILL);
  EXPECT_EQ(WaitFor(child_), 128 + SIGKILL);
  EXPECT_EQ(Exported(store_), kEvents);
}

TEST_F(Ingest, ExportSaysInOneSentenceThatNobodyReads) {
  ASSERT_EQ(Run(kEvents).status, 0);
  Pipe out, err;
  ::close(out.read_end);
  out.read_end = -1;
  EXPECT_EQ(WaitFor(StartKith({"export", "--store", store_}, -1, out.write_end, err.write_end)), 1);
  err.CloseWriteEnd();
  EXPECT_EQ(err.ReadLine(), "error: input/output error: writing to standard output: Broken pipe");
  EXPECT_EQ(err.ReadLine(), "");
  const int full = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
  if (full < 0) GTEST_SKIP() << "no /dev/full here";
  EXPECT_EQ(WaitFor(StartKith({"export", "--store", store_}, -1, full, -1)), 1);
  ::close(full);
}

}  // namespace
}  // namespace kith::tools
