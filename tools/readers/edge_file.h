/// Text files in, events out: interactions and friendships in the formats people have.
///
/// lightgcn   `user item item ...` a line; a lone user is legal and makes the user known
/// csv, tsv   a header row, or positions (--columns); extra columns are ignored
/// recbole    tsv with typed headers (`user_id:token`)
/// movielens  `user::item::rating::time` (.dat), u.data (tab separated) and ratings.csv
/// .gz and .zst are read through; CRLF and a byte order mark are fine.
/// An error names file:line, what was expected, what was found.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "kith/base/parallel.h"
#include "kith/base/status.h"
#include "kith/graph/event.h"

namespace kith::tools {

enum class EdgeFormat : std::uint8_t { kAuto, kLightGcn, kCsv, kTsv, kRecBole, kMovieLens };
enum class EdgeKind : std::uint8_t { kInteractions, kFriendships };
enum class OnError : std::uint8_t { kFail, kSkip };

struct EdgeFileOptions {
  EdgeKind kind = EdgeKind::kInteractions;
  EdgeFormat format = EdgeFormat::kAuto;
  /// Role (user, item, friend, weight, time) -> header name or position from 1.
  std::map<std::string, std::string, std::less<>> columns = {};
  OnError on_error = OnError::kFail;
};

/// Rows dropped under OnError::kSkip, by reason ("short row", "bad weight", ...).
using DroppedRows = std::map<std::string, std::uint64_t, std::less<>>;

/// What is done with a row. A failure of kind kInvalidArgument or kBadInput is the row's fault (reported with file:line
/// as kBadInput, or counted under kSkip); any other failure ends the reading and is returned as it is.
struct EdgeVisitor {
  FunctionRef<Status(const Event&)> edge;
  FunctionRef<Status(std::string_view user)> lone_user;
};

/// Reads a whole file.  kBadInput: missing, a directory, without rows, truncated, a wrong row; kCancelled:
/// Interrupted(). Keys are valid, weights and times checked, when a row reaches the visitor.
[[nodiscard]] Status ReadEdgeFile(const std::string& path, const EdgeFileOptions& options, const EdgeVisitor& visitor,
                                  DroppedRows& dropped);

}  // namespace kith::tools
