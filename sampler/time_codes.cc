#include "time_codes.h"

#include "kith/graph/ids.h"

namespace kith {

TimeCodes::TimeCodes(std::span<const std::span<const std::int64_t>> times) {
  std::int64_t earliest = kNoTime, latest = kNoTime;
  for (const std::span<const std::int64_t> some : times) {
    for (const std::int64_t time : some) {
      earliest = std::min(earliest, time);
      latest = std::max(latest, time);
    }
  }
  earliest_ = earliest;
  // One code is left for what is later than all times.
  if (static_cast<std::uint64_t>(latest) - static_cast<std::uint64_t>(earliest) < kLargest) return;
  ranked_.push_back(kNoTime);
  for (const std::span<const std::int64_t> some : times) ranked_.insert(ranked_.end(), some.begin(), some.end());
  std::sort(ranked_.begin(), ranked_.end());
  ranked_.erase(std::unique(ranked_.begin(), ranked_.end()), ranked_.end());
  ranked_.shrink_to_fit();
}

}  // namespace kith
