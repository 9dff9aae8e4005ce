#include "test_set.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "command.h"
#include "readers/edge_file.h"
#include "table.h"

namespace kith::tools {
namespace {

/// Removes repeats; returns how many are left.
std::uint32_t SortUnique(std::vector<std::string>& keys) {
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  return static_cast<std::uint32_t>(keys.size());
}

}  // namespace

Result<TestSet> ReadTestSet(const std::string& path, const KeyTable& keys, const SocialGraph& graph) {
  std::vector<std::pair<std::uint32_t, std::uint32_t>> pairs;              // of the store's users and items
  std::map<std::uint32_t, std::vector<std::string>> unknown_items;         // by user of the store
  std::map<std::string, std::vector<std::string>, std::less<>> strangers;  // users the store does not know
  const auto edge = [&](const Event& event) -> Status {
    KITH_RETURN_IF_ERROR(ValidateEvent(event));
    const auto user = keys.FindUser(event.user);
    const auto item = keys.FindItem(event.target);
    if (!user) {
      strangers[std::string(event.user)].emplace_back(event.target);
    } else if (!item) {
      unknown_items[index(*user)].emplace_back(event.target);
    } else {
      pairs.emplace_back(index(*user), index(*item));
    }
    return OkStatus();
  };
  const auto lone_user = [](std::string_view) { return OkStatus(); };  // nothing is held out of them
  DroppedRows dropped;
  KITH_RETURN_IF_ERROR(ReadEdgeFile(path, {}, {.edge = edge, .lone_user = lone_user}, dropped));
  std::sort(pairs.begin(), pairs.end());
  pairs.erase(std::unique(pairs.begin(), pairs.end()), pairs.end());

  TestSet test;
  auto unknown = unknown_items.begin();
  for (auto pair = pairs.begin(); pair != pairs.end() || unknown != unknown_items.end();) {
    const bool pairs_first = pair != pairs.end() && (unknown == unknown_items.end() || pair->first <= unknown->first);
    const std::uint32_t user = pairs_first ? pair->first : unknown->first;
    std::vector<std::uint32_t> items;
    for (; pair != pairs.end() && pair->first == user; ++pair) items.push_back(pair->second);
    std::uint32_t missing = 0;
    if (unknown != unknown_items.end() && unknown->first == user) missing = SortUnique((unknown++)->second);
    const auto seen = graph.items(UserId{user}).targets;
    test.already_there += static_cast<std::uint64_t>(std::count_if(
        items.begin(), items.end(), [&](std::uint32_t i) { return std::binary_search(seen.begin(), seen.end(), i); }));
    test.unknown_items += missing;
    test.held_out.users.push_back(UserId{user});
    test.held_out.items.push_back(std::move(items));
    test.held_out.unknown.push_back(missing);
  }
  for (auto& [user, items] : strangers) {
    test.unknown_users.push_back(user);
    test.unknown_user_rows.push_back(SortUnique(items));
  }
  test.held_out.unknown_users = static_cast<std::uint32_t>(test.unknown_users.size());
  if (test.held_out.users.empty() && test.unknown_users.empty()) {
    return BadInput(path + ": expected at least one interaction to test on, found none");
  }
  return test;
}

void WriteNotes(const TestSet& test) {
  if (!test.unknown_users.empty()) {
    WriteStderr("note: " + Grouped(test.unknown_users.size()) +
                " users of the test file are not in the store and score 0\n");
  }
  if (test.unknown_items != 0) {
    WriteStderr("note: " + Grouped(test.unknown_items) +
                " test interactions name items that are not in the store: misses\n");
  }
  if (test.already_there != 0) {
    WriteStderr("note: " + Grouped(test.already_there) +
                " test interactions are in the store already: misses, since what a "
                "user has is not recommended\n");
  }
}

}  // namespace kith::tools
