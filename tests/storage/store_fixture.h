/// What the tests of the store share: a folder that goes away, short ways to open, and events written as a line each.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "kith/storage/graph_store.h"

namespace kith::testing {

/// A folder of its own under the system's temporary folder, deleted at the end.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "kith_storage_XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
    path_ = name;
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

using Access = StoreOptions::Access;

inline std::unique_ptr<GraphStore> OpenStore(const std::string& path, Access access) {
  return GraphStore::Open(path, {.access = access}).value();
}

/// "u", 7 -> "u7".
inline std::string Named(std::string_view prefix, std::uint64_t number) {
  std::string name(prefix);
  name += std::to_string(number);
  return name;
}

inline Event Likes(std::string_view user, std::string_view item, float weight = 1.0F, std::int64_t time = kNoTime) {
  Event event;
  event.user = user;
  event.target = item;
  event.weight = weight;
  event.time = time;
  return event;
}
inline Event Trusts(std::string_view user, std::string_view other) {
  Event event = Likes(user, other);
  event.relation = Relation::kTrusts;
  return event;
}
inline Event Removed(Event event) {
  event.op = Event::Op::kRemove;
  return event;
}
inline Event WithId(Event event, std::string_view id) {
  event.id = id;
  return event;
}

/// "1 ann likes dune 2.5 @1600000000 #e7": every fact of an event, comparable and readable.
inline std::string Describe(const StoredEvent& stored) {
  const Event& event = stored.event;
  std::string text = std::to_string(stored.sequence) + " " + std::string(event.user);
  text += event.relation == Relation::kTrusts ? " trusts " : " likes ";
  if (event.op == Event::Op::kRemove) text += "no more ";
  text += std::string(event.target) + " " + std::to_string(event.weight);
  if (event.time != kNoTime) text += " @" + std::to_string(event.time);
  if (!event.id.empty()) text += " #" + std::string(event.id);
  return text;
}

inline std::vector<std::string> AllEvents(const GraphStore& store) {
  std::vector<std::string> events;
  CheckOk(store.ScanEvents([&](const StoredEvent& event) {
    events.push_back(Describe(event));
    return OkStatus();
  }));
  return events;
}

inline std::vector<std::string> Violations(const GraphStore& store) {
  const Runtime runtime(1);
  return store.Verify(runtime).value().violations;
}

/// Runs `body` in a forked child and returns its wait status; the child ends with what `body` returns.
inline int InChild(const std::function<int()>& body) {
  const pid_t child = ::fork();
  if (child == 0) {
    int code = 99;
    try {
      code = body();
    } catch (const std::exception& error) {
      std::fprintf(stderr, "in child: %s\n", error.what());
    }
    ::_exit(code);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return status;
}

}  // namespace kith::testing
