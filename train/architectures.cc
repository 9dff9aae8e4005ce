#include "kith/train/architectures.h"

#include <algorithm>
#include <iterator>

namespace kith {

const Architecture* FindArchitecture(std::string_view name) noexcept {
  const auto* const found = std::find_if(std::begin(kArchitectures), std::end(kArchitectures),
                                         [&](const Architecture& known) { return known.name == name; });
  return found == std::end(kArchitectures) ? nullptr : found;
}

std::string ArchitectureNames() {
  std::string names;
  for (const Architecture& known : kArchitectures) {
    if (!names.empty()) names += &known == std::end(kArchitectures) - 1 ? " or " : ", ";
    names += known.name;
  }
  return names;
}

}  // namespace kith
