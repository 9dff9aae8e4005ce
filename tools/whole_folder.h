/// WholeFolder: a folder that appears with all its files or not at all.
///
///   WholeFolder folder;
///   KITH_RETURN_IF_ERROR(folder.Open("parts"));          // makes parts.tmp.<pid> beside it
///   ... write folder.File("train.tsv") ...
///   KITH_RETURN_IF_ERROR(folder.Publish());              // parts is there
///
/// Without Publish the destructor takes the temporary folder away.  All failures are kIoError and name the path.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "kith/base/status.h"

namespace kith::tools {

class WholeFolder {
 public:
  WholeFolder() = default;
  ~WholeFolder();
  WholeFolder(const WholeFolder&) = delete;
  WholeFolder& operator=(const WholeFolder&) = delete;

  /// Ok where nothing or an empty folder stands at the path; `option` named it.
  [[nodiscard]] static Status CheckFree(std::string_view option, const std::string& path);
  /// Makes the temporary folder, and the folders above it that are missing.
  [[nodiscard]] Status Open(const std::string& path);
  [[nodiscard]] std::string File(std::string_view name) const { return (staged_ / name).string(); }
  [[nodiscard]] Status Publish();

 private:
  std::filesystem::path path_, staged_;  ///< staged_: empty before Open and after Publish
};

}  // namespace kith::tools
