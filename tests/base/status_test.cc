#include "kith/base/status.h"

#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>

namespace kith {
namespace {

Result<int> Half(int value) {
  if (value % 2 != 0) return InvalidArgument("expected an even number, found " + std::to_string(value));
  return value / 2;
}

Status HalveTwice(int value, int& quarter) {
  KITH_ASSIGN_OR_RETURN(const int half, Half(value));
  KITH_ASSIGN_OR_RETURN(quarter, Half(half));
  return OkStatus();
}

Status CountAndFail(int& calls) {
  ++calls;
  return IoError("disk full");
}

Status ReturnEarly(int& calls, bool& reached) {
  KITH_RETURN_IF_ERROR(CountAndFail(calls));
  reached = true;
  return OkStatus();
}

TEST(Status, IsOkByDefaultAndSaysSo) {
  const Status status;
  EXPECT_TRUE(status.ok());
  EXPECT_EQ(status.code(), StatusCode::kOk);
  EXPECT_EQ(status.message(), "");
  EXPECT_EQ(status.ToString(), "ok");
}

TEST(Status, TellsItsKindAndItsSentence) {
  const Status status = NotFound("store \"s\" has no published model; run: kith train --store s");
  EXPECT_FALSE(status.ok());
  EXPECT_EQ(status.code(), StatusCode::kNotFound);
  EXPECT_EQ(status.ToString(), "not found: store \"s\" has no published model; run: kith train --store s");
}

TEST(Status, HasWordsOfItsOwnForEveryCode) {
  std::set<std::string_view> words;
  for (int code = 0; code <= static_cast<int>(StatusCode::kCancelled); ++code)
    words.insert(ToString(static_cast<StatusCode>(code)));
  EXPECT_EQ(words.size(), static_cast<std::size_t>(StatusCode::kCancelled) + 1);
  EXPECT_EQ(words.count("unknown status"), 0u);
}

TEST(Status, ContextStandsBeforeTheSentenceAndKeepsTheCode) {
  const Status status = Corruption("bad magic").WithContext("opening /s").WithContext("train");
  EXPECT_EQ(status.code(), StatusCode::kCorruption);
  EXPECT_EQ(status.ToString(), "corruption: train: opening /s: bad magic");
  EXPECT_TRUE(OkStatus().WithContext("train").ok());
}

TEST(Status, MacrosHandTheFirstFailureOnAndRunNothingAfterIt) {
  int calls = 0;
  bool reached = false;
  EXPECT_EQ(ReturnEarly(calls, reached).code(), StatusCode::kIoError);
  EXPECT_EQ(calls, 1);  // the expression is evaluated once
  EXPECT_FALSE(reached);

  int quarter = -1;
  EXPECT_TRUE(HalveTwice(12, quarter).ok());
  EXPECT_EQ(quarter, 3);
  EXPECT_EQ(HalveTwice(6, quarter).message(), "expected an even number, found 3");
}

TEST(Result, HoldsAValueOrSaysWhyNot) {
  EXPECT_EQ(*Half(8), 4);
  EXPECT_TRUE(Half(8).status().ok());
  const Result<int> failed = Half(7);
  EXPECT_FALSE(failed.ok());
  EXPECT_EQ(failed.status().code(), StatusCode::kInvalidArgument);
}

TEST(Result, ThrowsTheStatusWhenAValueIsTakenThatIsNotThere) {
  try {
    (void)Half(7).value();
    FAIL() << "expected StatusError";
  } catch (const StatusError& error) {
    EXPECT_EQ(error.status().code(), StatusCode::kInvalidArgument);
    EXPECT_STREQ(error.what(), "invalid argument: expected an even number, found 7");
  }
  EXPECT_NO_THROW(CheckOk(OkStatus()));
  EXPECT_THROW(CheckOk(Locked("busy")), StatusError);
}

TEST(Result, MovesOutAValueThatCannotBeCopied) {
  Result<std::unique_ptr<int>> result = std::make_unique<int>(7);
  const std::unique_ptr<int> taken = std::move(result).value();
  EXPECT_EQ(*taken, 7);
}

}  // namespace
}  // namespace kith
