/// Status and Result: how a call that can fail says so.
///
/// A failure carries a code (what kind, so that a program can decide) and one sentence (what was expected, what was
/// found, what to do next, for a person).  Success carries nothing and costs one pointer.
/// Threads: values, free to copy and move.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace kith {

/// What kind of failure; the command line maps each to an exit status (docs/cli.md).
enum class StatusCode : std::uint8_t {
  kOk = 0,
  kInvalidArgument,     ///< an option or an argument of the caller is wrong (exit 2)
  kBadInput,            ///< a file or a row handed in is wrong; the message names file:line (exit 3)
  kNotFound,            ///< a store, model, user or item that is not there (exit 1)
  kFailedPrecondition,  ///< newer format, other store, no model yet (exit 1)
  kLocked,              ///< another process writes to the store (exit 1)
  kIoError,             ///< the system refused: permission, disk full (exit 1)
  kOutOfMemory,         ///< a memory budget cannot be met (exit 4)
  kCorruption,          ///< damage found in a store or a model (exit 5)
  kCancelled,           ///< interrupted by the caller (exit 130)
};

/// "invalid argument", "not found", ...: the words an error sentence begins with.
[[nodiscard]] std::string_view ToString(StatusCode code) noexcept;

/// Success, or a code and a sentence.
class [[nodiscard]] Status {
 public:
  Status() noexcept = default;
  Status(StatusCode code, std::string message);

  [[nodiscard]] bool ok() const noexcept { return rep_ == nullptr; }
  [[nodiscard]] StatusCode code() const noexcept { return rep_ ? rep_->code : StatusCode::kOk; }
  /// The sentence without the code's words; empty on success.
  [[nodiscard]] std::string_view message() const noexcept { return rep_ ? std::string_view(rep_->message) : ""; }
  /// "not found: store "s" has no published model; run: kith train --store s", or "ok".
  [[nodiscard]] std::string ToString() const;
  /// The same failure with `context: ` before its sentence; success stays success.
  [[nodiscard]] Status WithContext(std::string_view context) const;

 private:
  struct Rep {
    StatusCode code;
    std::string message;
  };
  std::shared_ptr<const Rep> rep_;
};

[[nodiscard]] inline Status OkStatus() { return {}; }
[[nodiscard]] Status InvalidArgument(std::string message);
[[nodiscard]] Status BadInput(std::string message);
[[nodiscard]] Status NotFound(std::string message);
[[nodiscard]] Status FailedPrecondition(std::string message);
[[nodiscard]] Status Locked(std::string message);
[[nodiscard]] Status IoError(std::string message);
[[nodiscard]] Status OutOfMemory(std::string message);
[[nodiscard]] Status Corruption(std::string message);
[[nodiscard]] Status Cancelled(std::string message);

/// Thrown by Result::value() and CheckOk, for scripts and tests; the library itself never throws it at its boundary.
class StatusError : public std::runtime_error {
 public:
  explicit StatusError(Status status);
  [[nodiscard]] const Status& status() const noexcept { return status_; }

 private:
  Status status_;
};

/// A T, or the Status that says why there is none.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)) {}  // NOLINT(google-explicit-constructor): `return value;` is the point
  Result(Status status) : status_(std::move(status)) {}  // NOLINT(google-explicit-constructor)

  [[nodiscard]] bool ok() const noexcept { return value_.has_value(); }
  [[nodiscard]] const Status& status() const noexcept { return status_; }

  /// The value; throws StatusError where there is none.
  [[nodiscard]] T& value() & { return Checked(), *value_; }
  [[nodiscard]] const T& value() const& { return Checked(), *value_; }
  /// By value, so that `for (auto& x : f().value().items)` reads something that is still there.
  [[nodiscard]] T value() && {
    Checked();
    return std::move(*value_);
  }

  /// REQUIRES: ok().
  [[nodiscard]] T& operator*() & noexcept { return *value_; }
  [[nodiscard]] const T& operator*() const& noexcept { return *value_; }
  [[nodiscard]] T&& operator*() && noexcept { return std::move(*value_); }
  [[nodiscard]] T* operator->() noexcept { return &*value_; }
  [[nodiscard]] const T* operator->() const noexcept { return &*value_; }

 private:
  void Checked() const {
    if (!value_) throw StatusError(status_);
  }
  Status status_;
  std::optional<T> value_;
};

/// Throws StatusError unless `status` is ok, for scripts and tests.
void CheckOk(const Status& status);

}  // namespace kith

/// Returns from the enclosing function with the Status of `expression` where it is a failure.
#define KITH_RETURN_IF_ERROR(expression)                                                     \
  do {                                                                                       \
    if (::kith::Status kith_status_ = (expression); !kith_status_.ok()) return kith_status_; \
  } while (false)

#define KITH_CONCAT_INNER_(a, b) a##b
#define KITH_CONCAT_(a, b) KITH_CONCAT_INNER_(a, b)

/// KITH_ASSIGN_OR_RETURN(auto graph, store.LoadGraph(runtime));
#define KITH_ASSIGN_OR_RETURN(declaration, expression) \
  KITH_ASSIGN_OR_RETURN_(KITH_CONCAT_(kith_result_, __LINE__), declaration, expression)
#define KITH_ASSIGN_OR_RETURN_(result, declaration, expression) \
  auto result = (expression);                                   \
  if (!result.ok()) return result.status();                     \
  declaration = std::move(*result)
