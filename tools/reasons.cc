#include "reasons.h"

#include <algorithm>
#include <cmath>

namespace kith::tools {
namespace {

constexpr std::size_t kShownOfAKind = 2;  ///< items, friends
constexpr std::size_t kShownUnkeyed = 3;  ///< popularity and the rest are named where they are among so many largest

bool HasKey(Via via) { return via != Via::kPopular && via != Via::kModel; }

std::string Percent(double share) {
  const int percent = static_cast<int>(std::lround(100 * share));
  return percent == 0 ? "(below 1 %)" : "(" + std::to_string(percent) + " %)";
}

/// How a sentence about reasons of one kind begins.
std::string Opening(Via via, bool several) {
  switch (via) {
    case Via::kItem:
      return "you have ";
    case Via::kFriend:
      return several ? "your friends " : "your friend ";
    case Via::kFriendOfFriend:
      return several ? "friends of your friends have it: " : "a friend of your friends has it: ";
    case Via::kNeighbour:
      return "people of your taste have it: ";
    case Via::kPopular:
      return "many have it ";
    case Via::kModel:
      return "what else is known of your taste ";
  }
  return "";
}

}  // namespace

void WriteReasons(std::span<const Reason> reasons, JsonWriter& json) {
  json.BeginArray();
  for (const Reason& reason : reasons) {
    json.BeginObject().Member("via", ToString(reason.via));
    if (HasKey(reason.via)) {
      json.Member("key", reason.key).Member("attention", reason.attention);
    } else {
      json.Member("key", nullptr).Member("attention", nullptr);
    }
    json.Member("contribution", reason.contribution).EndObject();
  }
  json.EndArray();
}

std::string ReasonsInWords(std::span<const Reason> contributions) {
  std::vector<Reason> largest(contributions.begin(), contributions.end());
  std::erase_if(largest, [](const Reason& reason) { return !(reason.contribution > 0); });
  std::stable_sort(largest.begin(), largest.end(),
                   [](const Reason& a, const Reason& b) { return a.contribution > b.contribution; });
  double total = 0;
  for (const Reason& reason : largest) total += static_cast<double>(reason.contribution);
  std::vector<std::string> groups;
  bool pairs = false;
  for (const Via via : {Via::kItem, Via::kFriend, Via::kFriendOfFriend, Via::kNeighbour, Via::kPopular, Via::kModel}) {
    std::vector<std::string> shown;
    for (std::size_t i = 0; i < largest.size() && shown.size() < kShownOfAKind; ++i) {
      if (largest[i].via != via || (!HasKey(via) && i >= kShownUnkeyed)) continue;
      const std::string who = !HasKey(via) ? "" : (largest[i].name.empty() ? largest[i].key : largest[i].name) + " ";
      shown.push_back(who + Percent(static_cast<double>(largest[i].contribution) / total));
    }
    if (shown.empty()) continue;
    pairs |= shown.size() > 1;
    groups.push_back(Opening(via, shown.size() > 1) + shown.front() + (shown.size() > 1 ? " and " + shown.back() : ""));
  }
  std::string words;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    const bool last = i + 1 == groups.size();
    words += i == 0 ? "because " : !last ? ", " : pairs || i > 1 ? ", and " : " and ";
    words += groups[i];
  }
  return words;
}

std::string Titled(const std::string& name, const std::string& key) {
  return name.empty() ? key : name + " [" + key + "]";
}

}  // namespace kith::tools
