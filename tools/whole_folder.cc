#include "whole_folder.h"

#include <unistd.h>

namespace kith::tools {

namespace fs = std::filesystem;

WholeFolder::~WholeFolder() {
  std::error_code ignored;
  if (!staged_.empty()) fs::remove_all(staged_, ignored);
}

Status WholeFolder::CheckFree(std::string_view option, const std::string& path) {
  std::error_code error;
  if (!fs::exists(path, error)) return OkStatus();
  if (fs::is_directory(path, error) && fs::is_empty(path, error)) return OkStatus();
  return IoError(std::string(option) + " " + path +
                 ": expected a folder that is not there yet, or an empty one; name another, or remove it");
}

Status WholeFolder::Open(const std::string& path) {
  path_ = fs::path(path).lexically_normal();
  if (!path_.has_filename()) path_ = path_.parent_path();  // "parts/" is "parts"
  std::error_code error;
  if (path_.has_parent_path()) fs::create_directories(path_.parent_path(), error);
  if (error) return IoError("making " + path_.parent_path().string() + ": " + error.message());
  const fs::path staged = path_.string() + ".tmp." + std::to_string(::getpid());
  fs::create_directory(staged, error);
  if (error) return IoError("making " + staged.string() + ": " + error.message());
  staged_ = staged;
  return OkStatus();
}

Status WholeFolder::Publish() {
  std::error_code error;
  fs::rename(staged_, path_, error);
  if (error) return IoError("renaming to " + path_.string() + ": " + error.message());
  staged_.clear();
  return OkStatus();
}

}  // namespace kith::tools
