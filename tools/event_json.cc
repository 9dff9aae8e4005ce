#include "event_json.h"

#include <array>
#include <charconv>
#include <optional>
#include <vector>

#include "readers/found_text.h"
#include "suggest.h"

namespace kith::tools {
namespace {

enum Field : std::size_t { kUser, kItem, kFriend, kOp, kWeight, kTime, kId, kNumFields };
constexpr std::array<std::string_view, kNumFields> kFieldNames = {"user",   "item", "friend", "op",
                                                                  "weight", "time", "id"};

void AppendUtf8(std::uint32_t code, std::string& out) {
  const auto byte = [&out](std::uint32_t value) { out += static_cast<char>(static_cast<unsigned char>(value)); };
  if (code < 0x80) return byte(code);
  if (code < 0x800) {
    byte(0xC0U | (code >> 6));
  } else {
    if (code < 0x10000) {
      byte(0xE0U | (code >> 12));
    } else {
      byte(0xF0U | (code >> 18));
      byte(0x80U | ((code >> 12) & 0x3FU));
    }
    byte(0x80U | ((code >> 6) & 0x3FU));
  }
  byte(0x80U | (code & 0x3FU));
}

/// One pass over one line.  A member that fails says why through `fault_` and returns false.
class EventParser {
 public:
  EventParser(std::string_view line, UnescapedStrings& unescaped) : line_(line), unescaped_(unescaped) {}

  Result<Event> Parse() {
    if (!ReadObject()) return BadInput(std::move(fault_));
    reason_ = "wrong fields";
    if (Status whole = CheckWhole(); !whole.ok()) return whole;
    reason_ = "bad key";
    Status valid = ValidateEvent(event_);
    if (valid.ok()) return event_;
    // Weight and time were checked as they were read.
    const bool oneself = event_.relation == Relation::kTrusts && event_.user == event_.target;
    if (oneself && ValidateKey(event_.user, "user key").ok()) reason_ = "self-friendship";
    return valid;
  }
  /// What a refused event is counted under.
  [[nodiscard]] std::string_view reason() const noexcept { return reason_; }

 private:
  bool ReadObject() {
    if (!Expect('{', "an event such as {\"user\":\"u\",\"item\":\"i\"}")) return false;
    SkipSpace();
    if (Peek() != '}') {
      do {
        if (!ReadMember()) return false;
        SkipSpace();
      } while (Take(','));
    }
    if (!Expect('}', "a comma or the end of the object")) return false;
    SkipSpace();
    return at_ == line_.size() || Fail("the end of the line after the event");
  }

  bool ReadMember() {
    SkipSpace();
    const std::size_t key_at = at_;
    std::string_view key;
    if (!ReadString("a key in quotes", key)) return false;
    std::size_t field = 0;
    while (field < kNumFields && kFieldNames[field] != key) ++field;
    if (field == kNumFields) {
      at_ = key_at;
      reason_ = "wrong fields";
      fault_ = "expected the keys user, item or friend, op, weight, time, id; found the unknown key " + FoundText(key);
      if (key.size() <= kMaxKeyBytes)
        fault_ += DidYouMean(key, std::vector<std::string>(kFieldNames.begin(), kFieldNames.end()));
      return false;
    }
    if ((seen_ & (1U << field)) != 0) {
      reason_ = "wrong fields";
      fault_ = "expected each key once, found \"" + std::string(key) + "\" again" + Place(key_at);
      return false;
    }
    seen_ |= 1U << field;
    if (!Expect(':', "a colon after the key")) return false;
    SkipSpace();
    return ReadValue(static_cast<Field>(field));
  }

  bool ReadValue(Field field) {
    switch (field) {
      case kUser:
        return ReadString("the user's key in quotes", event_.user);
      case kItem:
        return ReadString("the item's key in quotes", event_.target);
      case kFriend:
        event_.relation = Relation::kTrusts;
        return ReadString("the friend's key in quotes", event_.target);
      case kOp:
        return ReadOp();
      case kWeight:
        return ReadWeight();
      case kTime:
        return ReadTime();
      default:
        return ReadString("the event's id in quotes", event_.id);
    }
  }

  bool ReadOp() {
    const std::size_t start = at_;
    std::string_view op;
    if (!ReadString("\"add\" or \"remove\"", op)) return false;
    if (op != "add" && op != "remove") {
      at_ = start;
      reason_ = "wrong fields";
      return Fail("\"add\" or \"remove\"");
    }
    event_.op = op == "remove" ? Event::Op::kRemove : Event::Op::kAdd;
    return true;
  }

  bool ReadWeight() {
    const std::size_t start = at_;
    const std::string_view text = ReadNumber();
    const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), event_.weight);
    // from_chars refuses what float32 cannot hold, JSON's grammar refuses nan and inf.
    if (!text.empty() && error == std::errc{} && rest == text.data() + text.size() && event_.weight > 0) return true;
    at_ = start;
    reason_ = "bad weight";
    return Fail("a weight (a finite number above 0, within float32)");
  }

  bool ReadTime() {
    const std::size_t start = at_;
    const std::string_view text = ReadNumber();
    const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), event_.time);
    if (!text.empty() && error == std::errc{} && rest == text.data() + text.size() && event_.time >= 0) return true;
    at_ = start;
    reason_ = "bad time";
    return Fail("a time in whole unix seconds of 0 or more");
  }

  /// A number by JSON's grammar, or nothing.
  std::string_view ReadNumber() {
    const std::size_t start = at_;
    const auto digits = [this] {
      const std::size_t first = at_;
      while (Peek() >= '0' && Peek() <= '9') ++at_;
      return at_ - first;
    };
    Take('-');
    const bool zero = Peek() == '0';
    const std::size_t whole = digits();
    if (whole == 0 || (zero && whole > 1)) return {};
    if (Take('.') && digits() == 0) return {};
    if (Take('e') || Take('E')) {
      if (!Take('+')) Take('-');
      if (digits() == 0) return {};
    }
    return line_.substr(start, at_ - start);
  }

  bool ReadString(std::string_view what, std::string_view& value) {
    SkipSpace();
    if (Peek() != '"') return Fail(what);
    const std::size_t start = at_ + 1;
    std::size_t end = start;
    while (end < line_.size() && line_[end] != '"' && line_[end] != '\\' && !IsControl(line_[end])) ++end;
    if (end < line_.size() && line_[end] == '"') {
      value = line_.substr(start, end - start);
      at_ = end + 1;
      return true;
    }
    std::string& text = unescaped_.emplace_back(line_.substr(start, end - start));
    at_ = end;
    while (Peek() != '"') {
      if (at_ >= line_.size()) return Fail("a closing quote");
      if (IsControl(line_[at_])) return Fail("control characters as \\u00XX");
      if (line_[at_] != '\\') {
        text += line_[at_++];
      } else if (!ReadEscape(text)) {
        return false;
      }
    }
    ++at_;
    value = text;
    return true;
  }

  bool ReadEscape(std::string& text) {
    constexpr std::string_view kLetters = "\"\\/bfnrt", kMeanings = "\"\\/\b\f\n\r\t";
    const std::size_t start = at_++;
    const std::size_t letter = at_ < line_.size() ? kLetters.find(line_[at_]) : std::string_view::npos;
    if (letter != std::string_view::npos) {
      text += kMeanings[letter];
      ++at_;
      return true;
    }
    std::optional<std::uint32_t> code = ReadCodeUnit();
    if (code && *code >= 0xD800 && *code <= 0xDBFF) {
      const std::optional<std::uint32_t> low = Take('\\') ? ReadCodeUnit() : std::nullopt;
      if (low && *low >= 0xDC00 && *low <= 0xDFFF) {
        code = 0x10000U + ((*code - 0xD800U) << 10) + (*low - 0xDC00U);
      } else {
        code.reset();
      }
    } else if (code && *code >= 0xDC00 && *code <= 0xDFFF) {
      code.reset();
    }
    if (!code) {
      at_ = start;
      return Fail("an escape that JSON knows (surrogates in pairs)");
    }
    AppendUtf8(*code, text);
    return true;
  }

  /// uXXXX
  std::optional<std::uint32_t> ReadCodeUnit() {
    if (!Take('u') || line_.size() - at_ < 4) return std::nullopt;
    std::uint32_t value = 0;
    const char* const first = line_.data() + at_;
    const auto [rest, error] = std::from_chars(first, first + 4, value, 16);
    if (error != std::errc{} || rest != first + 4) return std::nullopt;
    at_ += 4;
    return value;
  }

  /// What no single member can tell.
  Status CheckWhole() const {
    const auto seen = [this](Field field) { return (seen_ & (1U << field)) != 0; };
    if (!seen(kUser)) return BadInput("expected the key \"user\", found an event without it");
    if (seen(kItem) && seen(kFriend))
      return BadInput("expected \"item\" or \"friend\", found both; make two events of them");
    if (!seen(kItem) && !seen(kFriend)) return BadInput("expected \"item\" or \"friend\", found neither");
    if (seen(kId) && event_.id.empty())
      return BadInput("event id: expected 1 to 512 bytes of UTF-8, found an empty id");
    return OkStatus();
  }

  static bool IsControl(char c) noexcept { return static_cast<unsigned char>(c) < 0x20; }
  char Peek() const noexcept { return at_ < line_.size() ? line_[at_] : '\0'; }
  bool Take(char c) noexcept {
    if (at_ >= line_.size() || line_[at_] != c) return false;
    ++at_;
    return true;
  }
  void SkipSpace() noexcept {
    while (Peek() == ' ' || Peek() == '\t' || Peek() == '\r') ++at_;
  }
  bool Expect(char c, std::string_view what) {
    SkipSpace();
    return Take(c) || Fail(what);
  }
  static std::string Place(std::size_t at) { return " at byte " + std::to_string(at + 1); }
  bool Fail(std::string_view what) {
    fault_ = "expected " + std::string(what) + ", found ";
    fault_ += at_ >= line_.size() ? "the end of the line" : FoundText(line_.substr(at_)) + Place(at_);
    return false;
  }

  std::string_view line_;
  UnescapedStrings& unescaped_;
  std::size_t at_ = 0;
  std::uint32_t seen_ = 0;  ///< a bit a field
  Event event_ = {};
  std::string fault_;
  std::string_view reason_ = "not an event";
};

void AppendJsonString(std::string_view text, std::string& out) {
  constexpr std::string_view kHex = "0123456789abcdef";
  out += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20) {
      out += "\\u00";
      out += kHex[byte >> 4];
      out += kHex[byte & 15U];
    } else {
      if (c == '"' || c == '\\') out += '\\';
      out += c;
    }
  }
  out += '"';
}

template <class T>
void AppendNumber(T number, std::string& out) {
  char digits[32];
  out.append(digits, std::to_chars(digits, digits + sizeof digits, number).ptr);
}

}  // namespace

Result<Event> ParseEventJson(std::string_view line, UnescapedStrings& unescaped, std::string_view* reason) {
  EventParser parser(line, unescaped);
  Result<Event> event = parser.Parse();
  if (!event.ok() && reason != nullptr) *reason = parser.reason();
  return event;
}

void AppendEventJson(const Event& event, std::string& out) {
  out += "{\"user\":";
  AppendJsonString(event.user, out);
  out += event.relation == Relation::kTrusts ? ",\"friend\":" : ",\"item\":";
  AppendJsonString(event.target, out);
  if (event.op == Event::Op::kRemove) out += ",\"op\":\"remove\"";
  if (event.weight != 1.0F) {
    out += ",\"weight\":";
    AppendNumber(event.weight, out);
  }
  if (event.time != kNoTime) {
    out += ",\"time\":";
    AppendNumber(event.time, out);
  }
  if (!event.id.empty()) {
    out += ",\"id\":";
    AppendJsonString(event.id, out);
  }
  out += '}';
}

}  // namespace kith::tools
