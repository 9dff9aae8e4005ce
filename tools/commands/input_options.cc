#include "commands/input_options.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "readers/found_text.h"
#include "suggest.h"

namespace kith::tools {
namespace {

constexpr std::array<std::pair<std::string_view, EdgeFormat>, 6> kFormats = {{{"auto", EdgeFormat::kAuto},
                                                                              {"lightgcn", EdgeFormat::kLightGcn},
                                                                              {"csv", EdgeFormat::kCsv},
                                                                              {"tsv", EdgeFormat::kTsv},
                                                                              {"recbole", EdgeFormat::kRecBole},
                                                                              {"movielens", EdgeFormat::kMovieLens}}};

Status Unknown(std::string_view option, std::string_view expected, std::string_view found,
               const std::vector<std::string>& known) {
  return InvalidArgument(std::string(option) + ": expected " + std::string(expected) + ", found " + FoundText(found) +
                         DidYouMean(found.substr(0, 64), known));
}

}  // namespace

Result<EdgeFormat> ParseEdgeFormat(std::string_view text) {
  std::vector<std::string> known;
  for (const auto& [name, format] : kFormats) {
    if (text == name) return format;
    known.emplace_back(name);
  }
  return Unknown("--format", "auto, lightgcn, csv, tsv, recbole or movielens", text, known);
}

Result<OnError> ParseOnError(std::string_view text) {
  if (text == "fail") return OnError::kFail;
  if (text == "skip") return OnError::kSkip;
  return Unknown("--on-error", "fail or skip", text, {"fail", "skip"});
}

Result<std::map<std::string, std::string, std::less<>>> ParseColumns(std::string_view text) {
  const std::vector<std::string> roles = {"user", "item", "friend", "weight", "time"};
  std::map<std::string, std::string, std::less<>> columns;
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    const std::string_view assignment = text.substr(0, comma);
    text.remove_prefix(std::min(comma + 1, text.size()));
    const std::size_t equals = assignment.find('=');
    if (equals == std::string_view::npos || equals + 1 == assignment.size()) {
      return InvalidArgument("--columns: expected role=COL such as user=1 or weight=rating, found " +
                             FoundText(assignment));
    }
    const std::string role(assignment.substr(0, equals));
    if (std::find(roles.begin(), roles.end(), role) == roles.end()) {
      return Unknown("--columns", "the roles user, item, friend, weight, time", role, roles);
    }
    if (!columns.emplace(role, assignment.substr(equals + 1)).second) {
      return InvalidArgument("--columns: expected each role once, found " + role + " again");
    }
  }
  return columns;
}

std::string DroppedText(const DroppedRows& dropped) {
  if (dropped.empty()) return "none dropped";
  std::uint64_t total = 0;
  std::string reasons;
  for (const auto& [reason, count] : dropped) {
    total += count;
    reasons += (reasons.empty() ? "" : ", ") + std::to_string(count) + " " + reason;
  }
  return std::to_string(total) + " dropped (" + reasons + ")";
}

}  // namespace kith::tools
