#include "program.h"

#include <CLI/CLI.hpp>
#include <exception>
#include <memory>
#include <new>
#include <string>
#include <vector>

#include "command.h"
#include "config_file.h"
#include "kith/kernels/isa.h"
#include "number_option.h"
#include "suggest.h"

namespace kith::tools {
namespace {

constexpr int kUsage = 2;

void Declare(CLI::App& root, Invocation& invocation) {
  Globals& globals = invocation.globals;
  root.fallthrough();  // inherited by the commands: a global option may stand before or after the command's name
  root.require_subcommand(0, 1);
  root.set_version_flag("--version", "kith " KITH_VERSION, "Print the version and exit");
  root.set_help_flag("-h,--help", "Print this help and exit");
  root.add_option("--store", globals.store, "The store's folder (or KITH_STORE)")
      ->envname("KITH_STORE")
      ->type_name("DIR");
  root.add_option("--threads", globals.threads, "Threads; 0: the cores this process may use")
      ->check(WholeNumber())
      ->check(CLI::Range(0, 1024))
      ->type_name("N");
  root.add_option("--seed", globals.seed, "Seed of everything drawn by chance")
      ->check(WholeNumber())
      ->type_name("N")
      ->capture_default_str();
  root.add_flag("--json", globals.json, "One JSON object on standard output instead of text");
  root.set_config("--config", "", "TOML file of option values: globals at the top, a table per command")
      ->type_name("FILE");
  root.config_formatter(std::make_shared<ConfigFile>(root));
  root.allow_config_extras(CLI::config_extras_mode::error);
  root.footer(
      "Start here:\n  kith demo\nor with files of your own:\n"
      "  kith import --store s --interactions train.tsv --social social.tsv\n"
      "  kith train --store s\n  kith recommend --store s --user 42 --explain\n\n"
      "kith COMMAND --help says more about a command.");

  AddImportCommand(root, invocation);
  AddIngestCommand(root, invocation);
  AddExportCommand(root, invocation);
  AddStatsCommand(root, invocation);
  AddVerifyCommand(root, invocation);
  AddTrainCommand(root, invocation);
  AddEvaluateCommand(root, invocation);
  AddSplitCommand(root, invocation);
  AddRecommendCommand(root, invocation);
  AddSimilarCommand(root, invocation);
  AddExplainCommand(root, invocation);
  AddEmbedCommand(root, invocation);
  AddModelsCommand(root, invocation);
  AddBenchCommand(root, invocation);
  AddDemoCommand(root, invocation);
}

int Fail(int exit_status, std::string_view sentence) noexcept {
  WriteStderr("error: ");
  WriteStderr(sentence);
  WriteStderr("\n");
  return exit_status;
}

/// What is wrong with the first word that nobody took.
std::string DescribeUnknown(const CLI::App& root, const std::string& word) {
  const std::vector<CLI::App*> chosen = root.get_subcommands();
  if (word.starts_with('-') && word != "-") {
    const std::string option = word.substr(0, word.find('='));
    std::vector<std::string> known = OptionNames(root);
    if (!chosen.empty()) {
      const std::vector<std::string> own = OptionNames(*chosen.front());
      known.insert(known.end(), own.begin(), own.end());
    }
    const std::string where = chosen.empty() ? "" : " of kith " + chosen.front()->get_name();
    return "unknown option " + option + where + DidYouMean(option, known) + "; see kith " +
           (chosen.empty() ? "" : chosen.front()->get_name() + " ") + "--help";
  }
  if (!chosen.empty()) {
    return "unexpected argument \"" + word + "\" of kith " + chosen.front()->get_name() + "; see kith " +
           chosen.front()->get_name() + " --help";
  }
  return "unknown command \"" + word + "\"" + DidYouMean(word, CommandNames(root)) + "; see kith --help";
}

int Parse(CLI::App& root, int argc, char** argv, bool& done) {
  done = true;
  try {
    root.parse(argc, argv);
  } catch (const CLI::CallForVersion& version) {
    const Status status = WriteStdout(std::string(version.what()) + "\n");
    return status.ok() ? 0 : Fail(ExitStatus(status.code()), status.message());
  } catch (const CLI::CallForHelp&) {
    const Status status = WriteStdout(root.help());
    return status.ok() ? 0 : Fail(ExitStatus(status.code()), status.message());
  } catch (const CLI::ParseError& error) {
    // A misspelt option is the likelier reason for whatever else is missing.
    const std::vector<std::string> unknown = root.remaining(true);
    return Fail(kUsage, unknown.empty() ? std::string(error.what()) : DescribeUnknown(root, unknown.front()));
  }
  done = false;
  return 0;
}

int Run(const Invocation& invocation) {
  Status status = kernels::CheckIsa();
  if (status.ok()) status = invocation.run();
  if (status.ok()) return 0;
  // The sentence about an option or a row needs no heading; file:line comes first.
  const bool plain = status.code() == StatusCode::kInvalidArgument || status.code() == StatusCode::kBadInput;
  return Fail(ExitStatus(status.code()), plain ? std::string(status.message()) : status.ToString());
}

}  // namespace

int ExitStatus(StatusCode code) noexcept {
  switch (code) {
    case StatusCode::kOk:
      return 0;
    case StatusCode::kInvalidArgument:
      return kUsage;
    case StatusCode::kBadInput:
      return 3;
    case StatusCode::kOutOfMemory:
      return 4;
    case StatusCode::kCorruption:
      return 5;
    case StatusCode::kCancelled:
      return 130;
    case StatusCode::kNotFound:
    case StatusCode::kFailedPrecondition:
    case StatusCode::kLocked:
    case StatusCode::kIoError:
      return 1;
  }
  return 1;
}

int RunProgram(int argc, char** argv) noexcept {
  try {
    CLI::App root("Kith: recommendations from a graph of users, items and friends, with their reasons.", "kith");
    Invocation invocation;
    Declare(root, invocation);
    bool done = false;
    const int exit_status = Parse(root, argc, argv, done);
    if (done) return exit_status;
    if (!invocation.run) {
      WriteStderr(root.help());
      return Fail(kUsage, "no command is named");
    }
    CatchSignals();
    return Run(invocation);
  } catch (const std::bad_alloc&) {
    return Fail(ExitStatus(StatusCode::kOutOfMemory),
                "out of memory: the system gave no more; close programs or use --memory");
  } catch (const StatusError& error) {
    return Fail(ExitStatus(error.status().code()), error.what());
  } catch (const std::exception& error) {
    return Fail(1, error.what());
  } catch (...) {
    return Fail(1, "an unknown failure");
  }
}

}  // namespace kith::tools
