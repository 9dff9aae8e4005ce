/// JsonWriter: JSON text, written front to back. The caller nests; commas and escapes are made here.
///
///   JsonWriter json;
///   json.BeginObject().Member("user", "ann").Key("items").BeginArray().Value(1).EndArray().EndObject();
///   json.Take()  // {"user":"ann","items":[1]}
///
/// Numbers are the shortest decimals that read back the same float or double; NaN and infinities become null.
/// Strings must be UTF-8.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace kith::tools {

class JsonWriter {
 public:
  JsonWriter& BeginObject() { return Open('{'); }
  JsonWriter& EndObject() { return Close('}'); }
  JsonWriter& BeginArray() { return Open('['); }
  JsonWriter& EndArray() { return Close(']'); }
  JsonWriter& Key(std::string_view key);

  JsonWriter& Value(std::string_view text);
  JsonWriter& Value(const char* text) { return Value(std::string_view(text)); }
  JsonWriter& Value(const std::string& text) { return Value(std::string_view(text)); }
  JsonWriter& Value(std::nullptr_t) { return Raw("null"); }
  JsonWriter& Value(float number);
  JsonWriter& Value(double number);
  JsonWriter& Value(std::same_as<bool> auto flag) { return Raw(flag ? "true" : "false"); }
  JsonWriter& Value(std::integral auto number) requires(!std::same_as<decltype(number), bool>) {
    return Raw(std::to_string(number));
  }

  template <class T>
  JsonWriter& Member(std::string_view key, const T& value) {
    return Key(key).Value(value);
  }
  /// A value that is JSON already.
  JsonWriter& Raw(std::string_view json);

  /// The text so far, which leaves the writer empty.
  [[nodiscard]] std::string Take();

 private:
  JsonWriter& Open(char bracket);
  JsonWriter& Close(char bracket);
  void Separate();

  std::string text_;
  bool comma_ = false;  ///< a value stands before the next one on this level
};

}  // namespace kith::tools
