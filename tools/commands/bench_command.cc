#include <CLI/CLI.hpp>

#include "command.h"

namespace kith::tools {

void AddBenchCommand(CLI::App&, Invocation&) {}

}  // namespace kith::tools
