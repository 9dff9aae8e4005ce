/// What every command of the `kith` program shares: global options, and how a command is added and run.
///
/// A command is one file in tools/commands/: AddXCommand(root, invocation) declares its options on a subcommand of
/// `root` whose callback sets `invocation.run`.  RunProgram (program.h) parses, then runs it, and maps the Status to
/// the exit status of the command line contract (docs/cli.md).
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "kith/base/log.h"
#include "kith/base/parallel.h"
#include "kith/base/status.h"

namespace CLI {
class App;
}

namespace kith::tools {

/// --store, --threads, --seed, --json hold for every command; flag before file before environment before default.
struct Globals {
  std::string store;  ///< --store, or KITH_STORE
  int threads = 0;    ///< 0: the cores this process may use
  std::uint64_t seed = 1;
  bool json = false;

  /// The store's folder, or a usage error (kInvalidArgument) that names --store and KITH_STORE.
  [[nodiscard]] Result<std::string> Store() const;
};

struct Invocation {
  Globals globals;
  std::function<Status()> run;  ///< set by the chosen subcommand's callback
};

/// Set by SIGINT and SIGTERM; commands that run long look at it.
[[nodiscard]] const std::atomic<bool>& Interrupted() noexcept;
/// From now on SIGINT and SIGTERM set Interrupted() (the second of a kind ends the process) and SIGPIPE is ignored.
void CatchSignals() noexcept;
/// Whether standard error is a terminal: bars are drawn there only.
[[nodiscard]] bool StderrIsTerminal() noexcept;
/// Writes to standard output; kIoError where it cannot (disk full, closed pipe).
[[nodiscard]] Status WriteStdout(std::string_view text);
/// Writes to standard error, where progress and notes go; a failure has nowhere left to be said.
void WriteStderr(std::string_view text) noexcept;

/// The end of every `kith COMMAND --help`: an example, and where the global options are listed.
[[nodiscard]] std::string ExampleFooter(std::string_view example);

void AddImportCommand(CLI::App& root, Invocation& invocation);
void AddIngestCommand(CLI::App& root, Invocation& invocation);
void AddExportCommand(CLI::App& root, Invocation& invocation);
void AddStatsCommand(CLI::App& root, Invocation& invocation);
void AddVerifyCommand(CLI::App& root, Invocation& invocation);
void AddTrainCommand(CLI::App& root, Invocation& invocation);
void AddEvaluateCommand(CLI::App& root, Invocation& invocation);
void AddSplitCommand(CLI::App& root, Invocation& invocation);
void AddRecommendCommand(CLI::App& root, Invocation& invocation);
void AddSimilarCommand(CLI::App& root, Invocation& invocation);
void AddExplainCommand(CLI::App& root, Invocation& invocation);
void AddEmbedCommand(CLI::App& root, Invocation& invocation);
void AddModelsCommand(CLI::App& root, Invocation& invocation);
void AddBenchCommand(CLI::App& root, Invocation& invocation);
void AddDemoCommand(CLI::App& root, Invocation& invocation);

}  // namespace kith::tools
