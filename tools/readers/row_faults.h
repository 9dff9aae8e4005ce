/// What becomes of a wrong row: the end of the reading, with file:line, or a count by reason.
#pragma once

#include <string_view>

#include "kith/base/status.h"
#include "readers/edge_file.h"

namespace kith::tools {

class RowFaults {
 public:
  /// Borrows `dropped`.
  RowFaults(OnError on_error, DroppedRows& dropped) : on_error_(on_error), dropped_(dropped) {}

  /// Under kSkip the row is counted under `reason` and the result is ok; under kFail it is kBadInput, "`where`: ...".
  /// A failure that is not the row's (neither kBadInput nor kInvalidArgument) is returned as it is.
  [[nodiscard]] Status Refuse(std::string_view reason, const Status& fault, std::string_view where);

 private:
  OnError on_error_;
  DroppedRows& dropped_;
};

}  // namespace kith::tools
