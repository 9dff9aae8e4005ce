/// The one rule by which events add up to edges: the last event by (time, sequence) wins.
///
/// An event without a time counts as not older than the edge it meets, so it always wins and takes over the edge's
/// order time.  A timed event that is older than the order time stays in the log and changes nothing.
/// A removal leaves a tombstone, so that an older add that comes later loses.
#pragma once

#include <optional>

#include "store_format.h"

namespace kith::storage {

/// The edge after `event`, or nothing where the event is older than `edge` and changes nothing.
[[nodiscard]] std::optional<EdgeRecord> ApplyEvent(const std::optional<EdgeRecord>& edge, const EventRecord& event,
                                                   std::uint64_t sequence) noexcept;

[[nodiscard]] inline bool IsLive(const std::optional<EdgeRecord>& edge) noexcept { return edge && !edge->removed; }

}  // namespace kith::storage
