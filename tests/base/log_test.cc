#include "kith/base/log.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace kith {
namespace {

TEST(Log, GoesToTheSinkThatWasPassedIn) {
  std::vector<std::pair<LogLevel, std::string>> lines;
  const LogSink sink = [&](LogLevel level, std::string_view message) { lines.emplace_back(level, message); };
  Log(sink, LogLevel::kWarning, "3 rows dropped");
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0].first, LogLevel::kWarning);
  EXPECT_EQ(lines[0].second, "3 rows dropped");
}

TEST(Log, IsSilentWithoutASink) { Log({}, LogLevel::kError, "nobody listens"); }

TEST(StderrLog, WritesALineFromItsLevelUpwards) {
  const LogSink sink = StderrLog(LogLevel::kInfo);
  testing::internal::CaptureStderr();
  Log(sink, LogLevel::kDebug, "unseen");
  Log(sink, LogLevel::kInfo, "epoch 1");
  Log(sink, LogLevel::kWarning, "3 rows dropped");
  Log(sink, LogLevel::kError, "disk full");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "epoch 1\nwarning: 3 rows dropped\nerror: disk full\n");
}

}  // namespace
}  // namespace kith
