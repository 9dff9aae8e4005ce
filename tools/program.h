/// The `kith` program: parses the command line, the configuration file and the environment, runs one command, and says
/// how it went.
#pragma once

#include "kith/base/status.h"

namespace kith::tools {

/// The exit status of the command line contract: 0 done, 1 runtime, 2 usage, 3 input file, 4 memory, 5 damage,
/// 130 interrupted.
[[nodiscard]] int ExitStatus(StatusCode code) noexcept;

/// Never throws; a failure is one sentence on standard error.
[[nodiscard]] int RunProgram(int argc, char** argv) noexcept;

}  // namespace kith::tools
