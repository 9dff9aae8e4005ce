/// WholeFile: a file that appears whole or not at all, whatever happens while it is written.
///
///   WholeFile file;
///   KITH_RETURN_IF_ERROR(file.Open("recs.tsv"));   // writes recs.tsv.tmp.<pid> beside it
///   KITH_RETURN_IF_ERROR(file.Write(text));
///   KITH_RETURN_IF_ERROR(file.Close());            // all of it is on disk
///   KITH_RETURN_IF_ERROR(file.Publish());          // recs.tsv is there
///
/// Without Publish the destructor takes the temporary file away.  A path that is no regular file (a link such as
/// /dev/stdout, a pipe) is written directly.  All failures are kIoError and name the path.
#pragma once

#include <string>
#include <string_view>

#include "kith/base/status.h"

namespace kith::tools {

class WholeFile {
 public:
  WholeFile() = default;
  ~WholeFile();
  WholeFile(const WholeFile&) = delete;
  WholeFile& operator=(const WholeFile&) = delete;

  [[nodiscard]] Status Open(const std::string& path);
  [[nodiscard]] Status Write(std::string_view bytes);
  [[nodiscard]] Status Close();
  [[nodiscard]] Status Publish();

 private:
  [[nodiscard]] Status Flush();
  [[nodiscard]] Status Failure(std::string_view action) const;

  std::string path_, temporary_;  ///< temporary_: empty where the path is written directly
  std::string buffer_;
  int descriptor_ = -1;
  bool published_ = false;
};

}  // namespace kith::tools
