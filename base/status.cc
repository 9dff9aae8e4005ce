#include "kith/base/status.h"

namespace kith {

std::string_view ToString(StatusCode code) noexcept {
  switch (code) {
    case StatusCode::kOk:
      return "ok";
    case StatusCode::kInvalidArgument:
      return "invalid argument";
    case StatusCode::kBadInput:
      return "bad input";
    case StatusCode::kNotFound:
      return "not found";
    case StatusCode::kFailedPrecondition:
      return "failed precondition";
    case StatusCode::kLocked:
      return "locked";
    case StatusCode::kIoError:
      return "input/output error";
    case StatusCode::kOutOfMemory:
      return "out of memory";
    case StatusCode::kCorruption:
      return "corruption";
    case StatusCode::kCancelled:
      return "cancelled";
  }
  return "unknown status";
}

Status::Status(StatusCode code, std::string message)
    : rep_(code == StatusCode::kOk ? nullptr : std::make_shared<const Rep>(Rep{code, std::move(message)})) {}

std::string Status::ToString() const {
  std::string text(kith::ToString(code()));
  if (rep_ && !rep_->message.empty()) text.append(": ").append(rep_->message);
  return text;
}

Status Status::WithContext(std::string_view context) const {
  if (ok()) return *this;
  return {rep_->code, std::string(context).append(": ").append(rep_->message)};
}

Status InvalidArgument(std::string message) { return {StatusCode::kInvalidArgument, std::move(message)}; }
Status BadInput(std::string message) { return {StatusCode::kBadInput, std::move(message)}; }
Status NotFound(std::string message) { return {StatusCode::kNotFound, std::move(message)}; }
Status FailedPrecondition(std::string message) { return {StatusCode::kFailedPrecondition, std::move(message)}; }
Status Locked(std::string message) { return {StatusCode::kLocked, std::move(message)}; }
Status IoError(std::string message) { return {StatusCode::kIoError, std::move(message)}; }
Status OutOfMemory(std::string message) { return {StatusCode::kOutOfMemory, std::move(message)}; }
Status Corruption(std::string message) { return {StatusCode::kCorruption, std::move(message)}; }
Status Cancelled(std::string message) { return {StatusCode::kCancelled, std::move(message)}; }

StatusError::StatusError(Status status) : std::runtime_error(status.ToString()), status_(std::move(status)) {}

void CheckOk(const Status& status) {
  if (!status.ok()) throw StatusError(status);
}

}  // namespace kith
