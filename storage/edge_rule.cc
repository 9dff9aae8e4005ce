#include "edge_rule.h"

namespace kith::storage {

std::optional<EdgeRecord> ApplyEvent(const std::optional<EdgeRecord>& edge, const EventRecord& event,
                                     std::uint64_t sequence) noexcept {
  const std::int64_t met = edge ? edge->order_time : kNoTime;
  const std::int64_t order_time = event.time == kNoTime ? met : event.time;
  if (order_time < met) return std::nullopt;
  return EdgeRecord{.removed = event.op == Event::Op::kRemove,
                    .weight = event.weight,
                    .time = event.time,
                    .order_time = order_time,
                    .sequence = sequence};
}

}  // namespace kith::storage
