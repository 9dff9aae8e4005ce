#include "command.h"

#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace kith::tools {
namespace {

// A signal handler can reach nothing else than an object of static storage; it is written here alone.
std::atomic<bool> interrupted{false};
static_assert(std::atomic<bool>::is_always_lock_free);

void Interrupt(int) { interrupted.store(true); }

}  // namespace

Result<std::string> Globals::Store() const {
  if (store.empty()) return InvalidArgument("no store is named; pass --store DIR or set KITH_STORE");
  return store;
}

const std::atomic<bool>& Interrupted() noexcept { return interrupted; }

void CatchSignals() noexcept {
  struct sigaction action = {};
  action.sa_handler = Interrupt;
  action.sa_flags = static_cast<int>(SA_RESETHAND);  // the second signal finds the default action and ends the process
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  struct sigaction ignore = {};
  ignore.sa_handler = SIG_IGN;
  sigaction(SIGPIPE, &ignore, nullptr);
}

bool StderrIsTerminal() noexcept { return isatty(STDERR_FILENO) == 1; }

Status WriteStdout(std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(STDOUT_FILENO, text.data(), text.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      return IoError(std::string("writing to standard output: ") + std::strerror(errno));
    }
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return OkStatus();
}

void WriteStderr(std::string_view text) noexcept {
  while (!text.empty()) {
    const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      return;
    }
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

std::string ExampleFooter(std::string_view example) {
  return "Example:\n  " + std::string(example) +
         "\n\nEvery command takes --store DIR, --threads N, --seed N, --json and --config FILE; see kith --help.";
}

}  // namespace kith::tools
