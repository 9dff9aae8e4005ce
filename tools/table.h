/// Text for people: tables with aligned columns, numbers, shell words.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kith::tools {

/// Rows of cells under a header; a column is as wide as its widest cell, counted in code points.
class Table {
 public:
  /// `alignment` has a letter a column: 'l' or 'r'.
  Table(std::string alignment, std::vector<std::string> header);
  void AddRow(std::vector<std::string> cells);
  [[nodiscard]] std::string ToString() const;

 private:
  std::string alignment_;
  std::vector<std::vector<std::string>> rows_;
};

/// "0.1234" with so many digits after the point.
[[nodiscard]] std::string Fixed(double number, int digits);
/// The shortest decimal that reads back the same float32.
[[nodiscard]] std::string ShortestFloat(float number);
/// "1 234 567".
[[nodiscard]] std::string Grouped(std::uint64_t number);
/// "3.4 MiB".
[[nodiscard]] std::string Bytes(std::uint64_t bytes);
/// The word as a shell reads it: as it is, or in single quotes.
[[nodiscard]] std::string ShellWord(std::string_view word);

}  // namespace kith::tools
