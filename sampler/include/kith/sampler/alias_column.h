/// AliasColumn: one column of an alias table, from which a number is drawn in proportion to its weight by one look.
#pragma once

#include <cstdint>

namespace kith {

/// Column c of n is taken by c with probability accept / 2^32 and else by `other` (Walker 1977).
struct AliasColumn {
  std::uint32_t accept = 0;
  std::uint32_t other = 0;
};

}  // namespace kith
