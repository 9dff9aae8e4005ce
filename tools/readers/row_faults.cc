#include "readers/row_faults.h"

#include <string>

namespace kith::tools {

Status RowFaults::Refuse(std::string_view reason, const Status& fault, std::string_view where) {
  if (fault.code() != StatusCode::kInvalidArgument && fault.code() != StatusCode::kBadInput) return fault;
  if (on_error_ == OnError::kFail) return BadInput(std::string(where) + ": " + std::string(fault.message()));
  const auto counted = dropped_.find(reason);
  if (counted == dropped_.end()) {
    dropped_.emplace(reason, 1);
  } else {
    ++counted->second;
  }
  return OkStatus();
}

}  // namespace kith::tools
