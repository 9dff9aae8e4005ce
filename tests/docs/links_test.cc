#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "docs/pages.h"

namespace kith::testing {
namespace {

using ::testing::Contains;

/// The anchor that a heading gets: lower case, spaces to hyphens, without other signs.
std::string Anchor(std::string_view heading) {
  std::string anchor;
  for (const char c : heading) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0 || c == '-' || c == '_') anchor += static_cast<char>(std::tolower(byte));
    if (c == ' ') anchor += '-';
  }
  return anchor;
}

std::vector<std::string> Anchors(const std::string& page) {
  std::vector<std::string> anchors;
  for (const std::string& line : Lines(Prose(ReadSource(page)))) {
    const std::size_t hashes = line.find_first_not_of('#');
    if (hashes != 0 && hashes != std::string::npos && line[hashes] == ' ')
      anchors.push_back(Anchor(line.substr(hashes + 1)));
  }
  return anchors;
}

TEST(Links, LeadFromEveryPageToAFileOrAHeadingThatIsThere) {
  std::size_t followed = 0;
  for (const std::string& page : AllPages()) {
    for (const std::string& link : AllMatches(Prose(ReadSource(page)), R"(\]\(([^)\s]+)\))")) {
      if (link.find("://") != std::string::npos) continue;
      ++followed;
      const std::string file = link.substr(0, link.find('#'));
      const auto folder = std::filesystem::path(page).parent_path();
      const std::string target = file.empty() ? page : (folder / file).lexically_normal().string();
      EXPECT_TRUE(std::filesystem::exists(std::string(KITH_SOURCE_DIR) + "/" + target)) << page << " links to " << link;
      EXPECT_FALSE(target.starts_with("..")) << page << " links out of the project: " << link;
      if (file.size() != link.size()) {
        EXPECT_THAT(Anchors(target), Contains(link.substr(file.size() + 1))) << page;
      }
    }
  }
  EXPECT_GT(followed, 20U) << "the pages should be linked to each other";
}

TEST(Links, LeadFromTheReadmeToEveryPage) {
  const std::string readme = ReadSource("README.md");
  for (const std::string& page : AllPages()) {
    if (page == "README.md") continue;
    EXPECT_NE(readme.find("](" + page + ")"), std::string::npos) << page;
  }
}

}  // namespace
}  // namespace kith::testing
