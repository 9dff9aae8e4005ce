#include "kith/graph/event.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>

namespace kith {
namespace {

using ::testing::HasSubstr;

std::string Message(const Status& status) { return std::string(status.message()); }

/// The textbook encoder, without any check: what ValidateKey must accept for every scalar value and refuse for others.
std::string Encode(std::uint32_t value, int length) {
  if (length == 1) return {static_cast<char>(value)};
  std::string bytes(static_cast<std::size_t>(length), '\0');
  for (int i = length - 1; i > 0; --i, value >>= 6) {
    bytes[static_cast<std::size_t>(i)] = static_cast<char>(0x80U | (value & 0x3FU));
  }
  bytes[0] = static_cast<char>((0xF00U >> length) | value);
  return bytes;
}

TEST(ValidateKey, TakesEveryScalarValueInItsShortestFormButControls) {
  for (std::uint32_t value = 0; value <= 0x10FFFF; ++value) {
    const int length = value < 0x80 ? 1 : value < 0x800 ? 2 : value < 0x10000 ? 3 : 4;
    const bool control = value < 0x20 || (value >= 0x7F && value < 0xA0);
    const bool surrogate = value >= 0xD800 && value < 0xE000;
    ASSERT_EQ(ValidateKey(Encode(value, length), "key").ok(), !control && !surrogate) << "U+" << std::hex << value;
  }
}

TEST(ValidateKey, RefusesOverlongForms) {
  for (std::uint32_t value = 0x20; value < 0x10000; ++value) {
    const int shortest = value < 0x80 ? 1 : value < 0x800 ? 2 : 3;
    for (int length = shortest + 1; length <= 4; ++length) {
      ASSERT_FALSE(ValidateKey(Encode(value, length), "key").ok()) << "U+" << std::hex << value << " in " << length;
    }
  }
}

TEST(ValidateKey, RefusesWhatIsBeyondUnicodeStrayAndTruncated) {
  for (const std::string& bytes :
       {Encode(0x110000, 4), Encode(0x1FFFFF, 4), std::string("\x80"), std::string("\xBF"), std::string("\xFE"),
        std::string("\xFF"), std::string("\xC3"), std::string("\xE2\x82"), std::string("\xF0\x9F\x98"),
        std::string("a\xC3(b"), std::string("\xE2\x28\xA1")}) {
    EXPECT_FALSE(ValidateKey(bytes, "key").ok()) << ::testing::PrintToString(bytes);
  }
}

TEST(ValidateKey, CountsBytesFromOneTo512) {
  EXPECT_TRUE(ValidateKey("a", "key").ok());
  EXPECT_TRUE(ValidateKey(std::string(512, 'a'), "key").ok());
  EXPECT_FALSE(ValidateKey("", "key").ok());
  EXPECT_FALSE(ValidateKey(std::string(513, 'a'), "key").ok());
  std::string wide;  // 171 three-byte characters are 513 bytes
  for (int i = 0; i < 170; ++i) wide += "\u20AC";
  EXPECT_TRUE(ValidateKey(wide + "ab", "key").ok());
  EXPECT_FALSE(ValidateKey(wide + "\u20AC", "key").ok());
}

TEST(ValidateKey, SaysWhatWasExpectedWhatWasFoundAndWhere) {
  EXPECT_EQ(ValidateKey("", "user key").code(), StatusCode::kBadInput);
  EXPECT_THAT(Message(ValidateKey("", "user key")), HasSubstr("user key: expected 1 to 512 bytes"));
  EXPECT_THAT(Message(ValidateKey(std::string(10240, 'k'), "item key")), HasSubstr("found 10240 bytes"));
  EXPECT_THAT(Message(ValidateKey("ab\xFFz", "user key")), HasSubstr("found byte 0xFF at position 2"));
  EXPECT_THAT(Message(ValidateKey(std::string("a\0b", 3), "user key")), HasSubstr("U+0000 at position 1"));
  EXPECT_THAT(Message(ValidateKey("\u0085", "user key")), HasSubstr("U+0085 at position 0"));
}

TEST(ValidateEvent, TakesFactsInBothForwardRelationsAndWithAllFields) {
  EXPECT_TRUE(ValidateEvent({.user = "ann", .target = "dune"}).ok());
  EXPECT_TRUE(ValidateEvent({.user = "ann", .target = "ann"}).ok()) << "a user and an item may share a key";
  EXPECT_TRUE(ValidateEvent({.user = "ann", .target = "bob", .relation = Relation::kTrusts}).ok());
  EXPECT_TRUE(
      ValidateEvent({.user = "ann", .target = "dune", .op = Event::Op::kRemove, .weight = 2.5F, .time = 0, .id = "e7"})
          .ok());
}

TEST(ValidateEvent, NamesTheFirstThingWrong) {
  const auto message = [](const Event& event) {
    const Status status = ValidateEvent(event);
    EXPECT_EQ(status.code(), StatusCode::kBadInput);
    return Message(status);
  };
  EXPECT_THAT(message({.user = "", .target = "dune"}), HasSubstr("user key"));
  EXPECT_THAT(message({.user = "ann", .target = "\n"}), HasSubstr("item key"));
  EXPECT_THAT(message({.user = "ann", .target = "", .relation = Relation::kTrusts}), HasSubstr("friend key"));
  EXPECT_THAT(message({.user = "ann", .target = "ann", .relation = Relation::kTrusts}), HasSubstr("friendship"));
  EXPECT_THAT(message({.user = "ann", .target = "dune", .relation = Relation::kInteractedBy}), HasSubstr("relation"));
  EXPECT_THAT(message({.user = "ann", .target = "dune", .time = -2}), HasSubstr("time"));
  EXPECT_THAT(message({.user = "ann", .target = "dune", .id = "\x7F"}), HasSubstr("event id"));
  for (float weight : {0.0F, -1.0F, std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}) {
    EXPECT_THAT(message({.user = "ann", .target = "dune", .weight = weight}), HasSubstr("weight"));
  }
}

}  // namespace
}  // namespace kith
