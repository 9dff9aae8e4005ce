/// Users met around one user, each with what weighs them there.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace kith {

struct CloseUser {
  std::uint32_t user;
  double weight;
};

/// The heaviest `most`, ties by smaller id; by id.
inline void KeepHeaviest(std::size_t most, std::vector<CloseUser>& users) {
  const std::size_t keep = std::min(most, users.size());
  std::nth_element(users.begin(), users.begin() + static_cast<std::ptrdiff_t>(keep), users.end(),
                   [](const CloseUser& a, const CloseUser& b) {
                     return a.weight != b.weight ? a.weight > b.weight : a.user < b.user;
                   });
  users.resize(keep);
  std::sort(users.begin(), users.end(), [](const CloseUser& a, const CloseUser& b) { return a.user < b.user; });
}

}  // namespace kith
