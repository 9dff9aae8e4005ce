/// Events as NDJSON: what `kith ingest` reads and `kith export` writes.
///
///   event  := {"user":KEY, "item":KEY or "friend":KEY, "op":"add"|"remove", "weight":W, "time":T, "id":KEY}
///   "ann played i7 at noon"  ->  {"user":"ann","item":"i7","weight":2.5,"time":1600000000,"id":"e7"}
///
/// Canonical: this key order, no spaces, weights as the shortest decimal that reads back the same float32 (fixed or
/// scientific, whichever is shorter; fixed where they tie), defaults (add, weight 1, no time, no id) left out, only the
/// escapes that JSON requires.  An event given in canonical form comes back byte for byte.
/// Threads: pure functions.   Cost: parsing 0.2-0.3 us, writing 0.1 us an event.
#pragma once

#include <deque>
#include <string>
#include <string_view>

#include "kith/base/status.h"
#include "kith/graph/event.h"

namespace kith::tools {

/// Keeps the strings whose escapes had to be resolved; strings without any are views of the line.
using UnescapedStrings = std::deque<std::string>;

/// Parses one event; white space between tokens and any order of keys are fine.  The event's views borrow from `line`
/// and `unescaped`.
/// kBadInput ("expected ..., found ..."; the place is the caller's): not one JSON object, an unknown or repeated key, a
/// wrong type, or an event that ValidateEvent refuses; `reason` then gets the word to count it under: not an event,
/// wrong fields, bad key, bad weight, bad time, self-friendship.
[[nodiscard]] Result<Event> ParseEventJson(std::string_view line, UnescapedStrings& unescaped,
                                           std::string_view* reason = nullptr);

/// Appends the event in canonical form, without a line end.
void AppendEventJson(const Event& event, std::string& out);

}  // namespace kith::tools
