#include "readers/event_stream.h"

#include "readers/line_reader.h"
#include "readers/row_faults.h"

namespace kith::tools {
namespace {

constexpr std::size_t kBatchLines = 1000;

Result<Event> ParseLine(std::string_view line, UnescapedStrings& unescaped, std::string_view& reason) {
  if (line.size() > LineBatcher::kMaxLineBytes) {
    reason = "long line";
    return BadInput("expected lines of at most 1 MiB, found a longer one; one event a line");
  }
  return ParseEventJson(line, unescaped, &reason);
}

}  // namespace

Result<LineBatcher::Outcome> EventStream::Next(EventBatch& batch) {
  batch.events.clear();
  batch.fault = {};
  unescaped_.clear();
  Result<LineBatcher::Outcome> outcome = lines_.Next(kBatchLines, arrived_);
  if (!outcome.ok()) return outcome.status().WithContext(name_);
  RowFaults faults(on_error_, dropped_);
  for (const std::string_view line : arrived_) {
    // A line that was cut is wrong, whatever its beginning.
    if (line.size() > LineBatcher::kMaxLineBytes || !IsBlank(line)) {
      std::string_view reason;
      const Result<Event> event = ParseLine(line, unescaped_, reason);
      if (event.ok()) {
        batch.events.push_back(*event);
      } else {
        batch.fault = faults.Refuse(reason, event.status(), name_ + ":" + std::to_string(line_ + 1));
        if (!batch.fault.ok()) break;
      }
    }
    ++line_;
  }
  batch.last_line = line_;
  return outcome;
}

}  // namespace kith::tools
