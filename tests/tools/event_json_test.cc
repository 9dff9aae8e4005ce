#include "event_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <string_view>

namespace kith::tools {
namespace {

using ::testing::HasSubstr;

/// Parsed and written again, or the fault.
std::string Again(std::string_view line) {
  UnescapedStrings unescaped;
  const Result<Event> event = ParseEventJson(line, unescaped);
  if (!event.ok()) {
    EXPECT_EQ(event.status().code(), StatusCode::kBadInput);
    return std::string(event.status().message());
  }
  std::string out;
  AppendEventJson(*event, out);
  return out;
}

TEST(EventJson, GivesCanonicalEventsBackByteForByte) {
  for (const std::string_view canonical : {
           R"({"user":"u","item":"i"})",
           R"({"user":"u","friend":"v"})",
           R"({"user":"u","item":"i","weight":2.5,"time":1600000000,"id":"e7"})",
           R"({"user":"u","friend":"v","op":"remove","time":0})",
           R"({"user":"u","item":"i","op":"remove","weight":0.1,"id":"x"})",
           R"({"user":"say \"hi\"","item":"C:\\temp/x"})",
           "{\"user\":\"Bj\xC3\xB6rk\",\"item\":\"\xF0\x9F\x8E\xB5\"}",
           R"({"user":"u","item":"i","weight":1e-45})",
           R"({"user":"u","item":"i","weight":3.4028235e+38})",
           R"({"user":"u","item":"i","time":9223372036854775807})",
       }) {
    EXPECT_EQ(Again(canonical), canonical);
  }
}

TEST(EventJson, LeavesDefaultsOutAndPutsKeysInOrder) {
  EXPECT_EQ(Again(" { \"id\" : \"e\" , \"weight\" : 1.0 , \"op\":\"add\", \"item\":\"i\",\t\"user\":\"u\" } \r"),
            R"({"user":"u","item":"i","id":"e"})");
  EXPECT_EQ(Again(R"({"time":5,"friend":"v","user":"u"})"), R"({"user":"u","friend":"v","time":5})");
}

TEST(EventJson, ResolvesEveryEscape) {
  EXPECT_EQ(Again(R"({"us\u0065r":"\u00f6\/\u20ac","item":"\ud83c\udfb5\\\""})"),
            "{\"user\":\"\xC3\xB6/\xE2\x82\xAC\",\"item\":\"\xF0\x9F\x8E\xB5\\\\\\\"\"}");
}

TEST(EventJson, WritesNumbersAsTheShortestDecimalOfTheSameFloat) {
  EXPECT_EQ(Again(R"({"user":"u","item":"i","weight":2.50})"), R"({"user":"u","item":"i","weight":2.5})");
  EXPECT_EQ(Again(R"({"user":"u","item":"i","weight":0.30000001192092896})"),
            R"({"user":"u","item":"i","weight":0.3})");
  EXPECT_EQ(Again(R"({"user":"u","item":"i","weight":16777217})"), R"({"user":"u","item":"i","weight":16777216})");
}

struct BadEvent {
  const char* line;
  const char* message;
};

TEST(EventJson, SaysWhatIsWrongWithEveryBadEvent) {
  const BadEvent bad[] = {
      {"", "found the end of the line"},
      {"[]", "expected an event such as"},
      {"\"user\"", "expected an event such as"},
      {"null", "found \"null\" at byte 1"},
      {R"({})", "expected the key \"user\""},
      {R"({"item":"i"})", "expected the key \"user\""},
      {R"({"user":"u"})", "expected \"item\" or \"friend\", found neither"},
      {R"({"user":"u","item":"i","friend":"v"})", "found both"},
      {R"({"user":"u","item":"i")", "expected a comma or the end of the object, found the end of the line"},
      {R"({"user":"u","item":"i"}{)", "expected the end of the line after the event, found \"{\" at byte 24"},
      {R"({"user":"u","item":"i",})", "expected a key in quotes, found \"}\""},
      {R"({"user":"u" "item":"i"})", "expected a comma"},
      {R"({"user","item":"i"})", "expected a colon"},
      {R"({user:"u"})", "expected a key in quotes"},
      {R"({"user":"u","item":"i","user":"v"})", "expected each key once, found \"user\" again at byte 24"},
      {R"({"user":"u","itm":"i"})", "found the unknown key \"itm\"; did you mean item?"},
      {R"({"user":"u","item":"i","extra":{"a":[1]}})", "found the unknown key \"extra\""},
      {R"({"user":7,"item":"i"})", "expected the user's key in quotes, found \"7,"},
      {R"({"user":null,"item":"i"})", "expected the user's key in quotes"},
      {R"({"user":"","item":"i"})", "user key: expected 1 to 512 bytes of UTF-8, found an empty key"},
      {R"({"user":"u","item":""})", "item key: expected 1 to 512 bytes"},
      {R"({"user":"u","item":"i","id":""})", "event id: expected 1 to 512 bytes"},
      {R"({"user":"u","item":"i","id":7})", "expected the event's id in quotes"},
      {R"({"user":"u","friend":"u"})", "friendship: expected two different users"},
      {R"({"user":"u","item":"i","op":"delete"})", "expected \"add\" or \"remove\", found \"\"delete\""},
      {R"({"user":"u","item":"i","op":true})", "expected \"add\" or \"remove\""},
      {R"({"user":"u","item":"i","weight":"2"})", "expected a weight"},
      {R"({"user":"u","item":"i","weight":NaN})", "found \"NaN}\""},
      {R"({"user":"u","item":"i","weight":Infinity})", "expected a weight"},
      {R"({"user":"u","item":"i","weight":inf})", "expected a weight"},
      {R"({"user":"u","item":"i","weight":0})", "expected a weight"},
      {R"({"user":"u","item":"i","weight":-1})", "expected a weight"},
      {R"({"user":"u","item":"i","weight":1e39})", "expected a weight"},
      {R"({"user":"u","item":"i","weight":1e-60})", "expected a weight"},
      {R"({"user":"u","item":"i","weight":01})", "expected a weight"},
      {R"({"user":"u","item":"i","weight":1.})", "expected a weight"},
      {R"({"user":"u","item":"i","weight":.5})", "expected a weight"},
      {R"({"user":"u","item":"i","weight":+1})", "expected a weight"},
      {R"({"user":"u","item":"i","weight":1e})", "expected a weight"},
      {R"({"user":"u","item":"i","weight":})", "expected a weight"},
      {R"({"user":"u","item":"i","time":-1})", "expected a time in whole unix seconds of 0 or more, found \"-1}\""},
      {R"({"user":"u","item":"i","time":1.5})", "expected a time"},
      {R"({"user":"u","item":"i","time":"5"})", "expected a time"},
      {R"({"user":"u","item":"i","time":9223372036854775808})", "expected a time"},
      {R"({"user":"u)", "expected a closing quote, found the end of the line"},
      {R"({"user":"u\x","item":"i"})", "expected an escape that JSON knows"},
      {R"({"user":"\u12g4","item":"i"})", "expected an escape"},
      {R"({"user":"\ud83c","item":"i"})", "expected an escape"},
      {R"({"user":"\ud83cA","item":"i"})", "expected an escape"},
      {R"({"user":"\udfb5","item":"i"})", "expected an escape"},
      {R"({"user":"\u000")", "expected an escape"},
      {R"({"user":"\u0000","item":"i"})", "found U+0000"},
      {R"({"user":"a\nb","item":"i"})", "found U+000A"},
      {"{\"user\":\"a\tb\",\"item\":\"i\"}", "expected control characters as \\u00XX"},
      {"{\"user\":\"a\xFF\",\"item\":\"i\"}", "user key: expected UTF-8, found byte 0xFF at position 1"},
  };
  for (const BadEvent& event : bad) {
    const std::string message = Again(event.line);
    EXPECT_THAT(message, HasSubstr(event.message)) << event.line;
    EXPECT_LT(message.size(), 250U) << event.line;
  }
}

TEST(EventJson, KeepsMessagesShortWhateverTheLineHolds) {
  const std::string long_key(10240, 'k');
  EXPECT_EQ(Again("{\"user\":\"" + long_key + "\",\"item\":\"i\"}"),
            "user key: expected 1 to 512 bytes of UTF-8, found 10240 bytes; shorten the key");
  EXPECT_LT(Again("{\"" + long_key + "\":1}").size(), 250U);
  EXPECT_LT(Again("{\"user\":\"u\",\"item\":\"i\",\"weight\":\"" + long_key + "\"}").size(), 250U);
  const std::string_view nul("{\"user\":\"a\0b\",\"item\":\"i\"}", 25);
  EXPECT_THAT(Again(nul), HasSubstr("expected control characters"));
  EXPECT_THAT(Again(std::string_view("{\"user\":\"a\",\"item\":\"i\"}\0", 24)), HasSubstr("after the event"));
}

/// A random key of valid UTF-8 without control characters, rich in what needs escapes.
std::string RandomKey(std::mt19937& random) {
  constexpr std::string_view kPieces[] = {
      "\"", "\\", "/", "a", "Z", " ", "\xC3\xB6", "\xE2\x82\xAC", "\xF0\x9F\x8E\xB5", "{", "}", ",", ":", "u00"};
  std::string key;
  for (std::size_t n = 1 + random() % 12; n-- > 0;) key += kPieces[random() % std::size(kPieces)];
  return key;
}

TEST(EventJson, RoundTripsRandomEventsAndAgreesWithAnotherParser) {
  std::mt19937 random(3);
  for (int round = 0; round < 20000; ++round) {
    const std::string user = RandomKey(random), target = RandomKey(random) + "!",
                      id = random() % 2 ? RandomKey(random) : "";
    // Any positive finite float, by its bits.
    const float weight =
        random() % 3 == 0 ? 1.0F : std::bit_cast<float>(1 + static_cast<std::uint32_t>(random()) % 0x7F7FFFFFU);
    const Event event = {.user = user,
                         .target = target,
                         .relation = random() % 2 ? Relation::kTrusts : Relation::kInteracts,
                         .op = random() % 4 ? Event::Op::kAdd : Event::Op::kRemove,
                         .weight = weight,
                         .time = random() % 2 ? kNoTime : static_cast<std::int64_t>(random()) << (random() % 31),
                         .id = id};
    std::string line;
    AppendEventJson(event, line);
    UnescapedStrings unescaped;
    const Result<Event> parsed = ParseEventJson(line, unescaped);
    ASSERT_TRUE(parsed.ok()) << line << parsed.status().ToString();
    EXPECT_EQ(*parsed, event) << line;
    EXPECT_EQ(Again(line), line);
    const auto other = nlohmann::json::parse(line);
    EXPECT_EQ(other.at("user").get<std::string>(), user);
    EXPECT_EQ(other.at(event.relation == Relation::kTrusts ? "friend" : "item").get<std::string>(), target);
    EXPECT_EQ(std::bit_cast<std::uint32_t>(static_cast<float>(other.value("weight", 1.0))),
              std::bit_cast<std::uint32_t>(weight))
        << line;
  }
}

TEST(EventJson, WritesNoFloatWithMoreDigitsThanItNeeds) {
  std::mt19937 random(5);
  for (int round = 0; round < 20000; ++round) {
    const float weight = std::bit_cast<float>(1 + static_cast<std::uint32_t>(random()) % 0x7F7FFFFFU);
    std::string line;
    AppendEventJson({.user = "u", .target = "i", .weight = weight}, line);
    const std::size_t start = line.find("weight\":") + 8;
    const std::string written = line.substr(start, line.size() - start - 1);
    EXPECT_EQ(std::strtof(written.c_str(), nullptr), weight) << written;
    // The second way: the first precision of %e that reads back the same float.
    char text[64];
    int digits = 1;
    for (; digits < 10; ++digits) {
      std::snprintf(text, sizeof text, "%.*e", digits - 1, static_cast<double>(weight));
      if (std::strtof(text, nullptr) == weight) break;
    }
    std::string significant;
    for (const char c : written.substr(0, written.find('e'))) {
      if (c >= '0' && c <= '9') significant += c;
    }
    significant.erase(0, significant.find_first_not_of('0'));
    while (significant.ends_with('0')) significant.pop_back();
    // Whole numbers are written in full where that is shorter than an exponent.
    if (written.find_first_of(".e") == std::string::npos) continue;
    EXPECT_LE(significant.size(), static_cast<std::size_t>(digits)) << written;
  }
}

TEST(EventJson, AnswersDamagedEventsWithAnEventOrAFault) {
  constexpr std::string_view kPieces[] = {"{", "}", "\"", ":",  ",",     "item",    "1", "-",
                                          "e", ".", "0",  "\\", "\\u00", "\\ud83c", " ", "null"};
  std::mt19937 random(11);
  int events = 0, faults = 0;
  for (int round = 0; round < 100000; ++round) {
    std::string line = R"({"user":"u\u00f6","friend":"v","op":"remove","weight":2.5e3,"time":1600000000,"id":"e7"})";
    for (std::size_t edits = 1 + random() % 3; edits-- > 0;) {
      const std::size_t at = random() % (line.size() + 1),
                        length = std::min<std::size_t>(random() % 3, line.size() - at);
      line.replace(at, length,
                   random() % 4 == 0 ? std::string(1, static_cast<char>(random() % 256))
                                     : std::string(kPieces[random() % std::size(kPieces)]));
    }
    UnescapedStrings unescaped;
    const Result<Event> event = ParseEventJson(line, unescaped);
    if (!event.ok()) {
      EXPECT_EQ(event.status().code(), StatusCode::kBadInput);
      ++faults;
      continue;
    }
    ++events;
    EXPECT_TRUE(ValidateEvent(*event).ok());
    EXPECT_TRUE(nlohmann::json::accept(line)) << line;
  }
  EXPECT_GT(events, 1000);
  EXPECT_GT(faults, 1000);
}

}  // namespace
}  // namespace kith::tools
