/// The project's pages as their tests read them: text, fenced blocks, links and headings.
#pragma once

#include <gtest/gtest.h>

#include <cctype>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace kith::testing {

/// A file of the source tree, by its path from the root.
inline std::string ReadSource(const std::string& path) {
  std::ifstream file(std::string(KITH_SOURCE_DIR) + "/" + path, std::ios::binary);
  if (!file) throw std::runtime_error("no file " + path);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline std::vector<std::string> Lines(std::string_view text) {
  std::vector<std::string> lines;
  std::istringstream stream{std::string(text)};
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

/// A fenced block: the words after its opening fence, and its lines.
struct Fence {
  std::string info;
  std::vector<std::string> lines = {};

  [[nodiscard]] std::string Text() const {
    std::string text;
    for (const std::string& line : lines) text += line + '\n';
    return text;
  }
};

inline std::vector<Fence> Fences(std::string_view page) {
  std::vector<Fence> fences;
  bool inside = false;
  for (const std::string& line : Lines(page)) {
    if (line.starts_with("```")) {
      if (!inside) fences.push_back({.info = line.substr(3)});
      inside = !inside;
    } else if (inside) {
      fences.back().lines.push_back(line);
    }
  }
  return fences;
}

/// The page without its fenced blocks.
inline std::string Prose(std::string_view page) {
  std::string prose;
  bool inside = false;
  for (const std::string& line : Lines(page)) {
    if (line.starts_with("```")) {
      inside = !inside;
    } else if (!inside) {
      prose += line + '\n';
    }
  }
  return prose;
}

/// Every first group of `pattern` in `text`.
inline std::vector<std::string> AllMatches(const std::string& text, const char* pattern) {
  const std::regex regex(pattern);
  std::vector<std::string> found;
  for (std::sregex_iterator match(text.begin(), text.end(), regex), end; match != end; ++match)
    found.push_back((*match)[1]);
  return found;
}

/// README.md, CHANGELOG.md and docs/*.md, by their paths from the root.
inline std::vector<std::string> AllPages() {
  std::vector<std::string> pages = {"README.md", "CHANGELOG.md"};
  for (const auto& entry : std::filesystem::directory_iterator(std::string(KITH_SOURCE_DIR) + "/docs"))
    if (entry.path().extension() == ".md") pages.push_back("docs/" + entry.path().filename().string());
  return pages;
}

}  // namespace kith::testing
