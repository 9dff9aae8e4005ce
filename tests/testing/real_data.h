/// The folder of the public data sets, which no test has to have.
#pragma once

#include <cstdlib>
#include <string>

namespace kith::testing {

/// What KITH_DATA names, or empty where it is not set or set to nothing: skip then, with a word.
///   const std::string data = RealData();
///   if (data.empty()) GTEST_SKIP() << kNoRealData;
[[nodiscard]] inline std::string RealData() {
  const char* const folder = std::getenv("KITH_DATA");
  return folder == nullptr ? "" : folder;
}
inline constexpr const char* kNoRealData = "set KITH_DATA to the folder of the public data sets";

}  // namespace kith::testing
