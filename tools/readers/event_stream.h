/// EventStream: NDJSON events as they arrive, in batches ready to be appended and acknowledged.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "event_json.h"
#include "kith/base/status.h"
#include "kith/graph/event.h"
#include "readers/edge_file.h"
#include "readers/line_batcher.h"

namespace kith::tools {

struct EventBatch {
  std::vector<Event> events = {};  ///< valid until the next Next
  std::uint64_t last_line = 0;     ///< input lines up to this one are in this batch or in earlier ones, or dropped
  Status fault = {};               ///< OnError::kFail: what is wrong with line last_line + 1; the stream ends there
};

class EventStream {
 public:
  /// `name` stands for the stream in messages; `stop_fd` as in LineBatcher.
  EventStream(std::string name, int fd, int stop_fd, OnError on_error)
      : name_(std::move(name)), lines_(fd, stop_fd), on_error_(on_error) {}

  /// Waits for input; then the events of up to 1000 lines that are there.  Blank lines count as lines and hold no
  /// event.
  [[nodiscard]] Result<LineBatcher::Outcome> Next(EventBatch& batch);

  /// Whether Next would find something at once; see LineBatcher.
  [[nodiscard]] bool Ready() const noexcept { return lines_.Ready(); }

  /// Lines dropped under OnError::kSkip, by reason.
  [[nodiscard]] const DroppedRows& dropped() const noexcept { return dropped_; }

 private:
  std::string name_;
  LineBatcher lines_;
  OnError on_error_;
  std::vector<std::string_view> arrived_;
  UnescapedStrings unescaped_;
  DroppedRows dropped_;
  std::uint64_t line_ = 0;
};

}  // namespace kith::tools
