#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "command.h"
#include "json_writer.h"
#include "kith/base/log.h"
#include "kith/kernels/isa.h"
#include "kith/train/architectures.h"
#include "kith/train/trainer.h"
#include "number_option.h"
#include "progress.h"
#include "publish.h"
#include "quantities.h"
#include "serving.h"
#include "suggest.h"
#include "table.h"
#include "whole_file.h"

namespace kith::tools {
namespace {

struct TrainCommandOptions {
  TrainOptions train;
  std::string name = "default";
  std::string mode = "auto";
  std::string time_limit, memory;
  std::uint64_t sequence = 0;  ///< 0: wherever the store stands
};

/// The options as the trainer takes them, with what the command line writes as text read.
Result<TrainOptions> Resolve(const Globals& globals, const TrainCommandOptions& options) {
  TrainOptions train = options.train;
  train.seed = globals.seed;
  train.cancelled = &Interrupted();
  const std::vector<std::string> modes = {"auto", "full", "sampled"};
  const auto mode = std::find(modes.begin(), modes.end(), options.mode);
  if (mode == modes.end()) {
    return InvalidArgument("--mode: expected auto, full or sampled, found \"" + options.mode + "\"" +
                           DidYouMean(options.mode, modes));
  }
  train.mode = static_cast<TrainMode>(mode - modes.begin());
  if (!options.time_limit.empty()) {
    auto seconds = ParseDuration(options.time_limit);
    if (!seconds.ok()) return seconds.status().WithContext("--time-limit");
    train.time_limit = *seconds;
  }
  if (!options.memory.empty()) {
    auto bytes = ParseBytes(options.memory);
    if (!bytes.ok()) return bytes.status().WithContext("--memory");
    train.memory_limit = *bytes;
  }
  KITH_RETURN_IF_ERROR(CheckModelName(options.name));
  KITH_RETURN_IF_ERROR(train.Validate());
  return train;
}

struct GateName {
  const char* name;
  float Gates::*gate;
};
constexpr GateName kGates[] = {{"learned", &Gates::learned},
                               {"kernel", &Gates::kernel},
                               {"neighbour", &Gates::neighbours},
                               {"friend", &Gates::friends},
                               {"friend_slope", &Gates::friends_slope},
                               {"friend_of_friend", &Gates::friends_of_friends},
                               {"popular", &Gates::popular},
                               {"popular_slope", &Gates::popular_slope},
                               {"cold_learned", &Gates::cold_learned},
                               {"cold_friend", &Gates::cold_friends},
                               {"cold_friend_of_friend", &Gates::cold_friends_of_friends},
                               {"cold_popular", &Gates::cold_popular}};

void WriteMeasured(const char* name, double value, JsonWriter& json) {
  value < 0 ? json.Member(name, nullptr) : json.Member(name, value);
}

std::string ToJson(const TrainResult& result, const std::string& name, std::uint64_t number, std::uint64_t seed) {
  const TrainReport& report = result.report;
  JsonWriter json;
  json.BeginObject().Member("model", result.model->info.architecture).Member("name", name);
  json.Member("mode", report.mode).Member("epochs", report.epochs).Member("seconds", report.seconds);
  report.stopped.empty() ? json.Member("stopped", nullptr) : json.Member("stopped", report.stopped);
  json.Key("validation").BeginObject();
  WriteMeasured("recall@20", report.validation_recall, json);
  WriteMeasured("ndcg@20", report.validation_ndcg, json);
  json.EndObject().Key("gates").BeginObject();
  for (const GateName& gate : kGates) json.Member(gate.name, result.model->gates.*gate.gate);
  json.EndObject().Member("sampler_wait_share", report.sampler_wait_share);
  json.Member("peak_memory_bytes", report.peak_memory_bytes).Member("number", number).Member("seed", seed).EndObject();
  return json.Take() + "\n";
}

std::string ToText(const TrainResult& result, const std::string& name, std::uint64_t number, std::uint64_t seed) {
  const TrainReport& report = result.report;
  std::string text = "published model " + std::to_string(number) + " as \"" + name + "\"\n";
  text += "  " + result.model->info.architecture + ", " + report.mode + " mode, " + std::to_string(report.epochs) +
          " epochs, seed " + std::to_string(seed) + ", " + Fixed(report.seconds, 1) + " s, peak memory " +
          Bytes(report.peak_memory_bytes) + "\n";
  if (!report.stopped.empty()) text += "  cut short by --time-limit: the best state so far is published\n";
  if (report.validation_recall >= 0) {
    text += "  validation: recall@20 " + Fixed(report.validation_recall, 4) + ", ndcg@20 " +
            Fixed(report.validation_ndcg, 4) + "\n";
  } else if (report.epochs != 0) {
    text += "  too few interactions to hold any out: the defaults are used, nothing was measured\n";
  }
  text += "  gates:";
  for (const GateName& gate : kGates)
    text += std::string(" ") + gate.name + " " + ShortestFloat(result.model->gates.*gate.gate);
  return text + "\n";
}

/// A user of the store, for the example to try next.
std::string SomeUser(const GraphStore& store) {
  std::string user = "KEY";
  const Status ended = store.ScanEvents([&](const StoredEvent& stored) {
    user = stored.event.user;
    return Cancelled("one is enough");
  });
  return ended.ok() ? "KEY" : ShellWord(user);
}

/// What repeats a run: its options by their names on the command line, the seed and where the log stood.
std::string RunAsToml(const TrainCommandOptions& options, const TrainOptions& train, const std::string& store,
                      const SocialGraph& graph) {
  std::string text = "# kith train --config THIS_FILE trains again: the same bytes on the instruction set " +
                     std::string(kernels::ActiveIsa()) + ", for any number of threads.\n";
  const auto quoted = [](std::string_view word) { return JsonWriter().Value(word).Take(); };
  const auto line = [&](const char* name, const std::string& value) {
    text += std::string(name) + " = " + value + "\n";
  };
  line("store", quoted(std::filesystem::absolute(store).string()));
  line("seed", std::to_string(train.seed));
  text += "\n[train]\n";
  line("sequence", std::to_string(graph.log_sequence()));
  line("model", quoted(train.architecture));
  line("name", quoted(options.name));
  line("mode", quoted(options.mode));
  if (train.epochs != 0) line("epochs", std::to_string(train.epochs));
  if (train.width != 0) line("width", std::to_string(train.width));
  if (train.layers != 0) line("layers", std::to_string(train.layers));
  if (!options.time_limit.empty()) line("time-limit", quoted(options.time_limit));
  if (!options.memory.empty()) line("memory", quoted(options.memory));
  line("run", quoted(std::filesystem::absolute(train.run_directory).string()));
  std::string without;
  for (const std::string& ingredient : train.without) without += (without.empty() ? "" : ", ") + quoted(ingredient);
  if (!without.empty()) line("without", "[" + without + "]");
  return text;
}

/// kith.toml in the run's folder.
Status WriteRun(const std::string& directory, const std::string& toml) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error) return IoError("making the run's folder " + directory + ": " + error.message());
  WholeFile file;
  KITH_RETURN_IF_ERROR(file.Open(directory + "/kith.toml"));
  KITH_RETURN_IF_ERROR(file.Write(toml));
  KITH_RETURN_IF_ERROR(file.Close());
  return file.Publish();
}

/// "128, of bpr-mf and lightgcn-bpr 64": the first architecture's, then those of the learned ones that differ.
std::string DefaultsOf(std::uint32_t Architecture::*setting) {
  std::string text = std::to_string(kArchitectures[0].*setting);
  for (const Architecture& known : kArchitectures) {
    if (known.*setting == kArchitectures[0].*setting || known.*setting == 0) continue;
    text += "; of " + std::string(known.name) + " " + std::to_string(known.*setting);
  }
  return text;
}

Status CheckSequence(std::uint64_t wanted, const SocialGraph& graph, const std::string& path) {
  if (wanted == 0 || wanted == graph.log_sequence()) return OkStatus();
  const std::string copy = "kith export --store " + ShellWord(path) + " | head -n " + std::to_string(wanted) +
                           " | kith ingest --store COPY -";
  return FailedPrecondition("--sequence: expected a store of " + std::to_string(wanted) + " events, found " +
                            std::to_string(graph.log_sequence()) +
                            (wanted < graph.log_sequence() ? "; make one of the first of them: " + copy : ""));
}

Status RunTrain(const Globals& globals, const TrainCommandOptions& options) {
  const auto start = std::chrono::steady_clock::now();
  KITH_ASSIGN_OR_RETURN(TrainOptions train, Resolve(globals, options));
  const Runtime runtime(globals.threads);
  std::shared_ptr<const SocialGraph> graph;
  std::string path, user;
  {
    // The store is let go of before training, so that events can be ingested meanwhile.
    KITH_ASSIGN_OR_RETURN(const auto store, OpenReadOnly(globals));
    path = store->path();
    if (train.run_directory.empty()) train.run_directory = path + "/runs/" + options.name;
    if (::access(path.c_str(), W_OK) != 0) {
      return IoError("store \"" + path + "\" is read-only, the model could not be published; change its permissions");
    }
    KITH_ASSIGN_OR_RETURN(graph, store->LoadGraph(runtime));
    KITH_RETURN_IF_ERROR(CheckSequence(options.sequence, *graph, path));
    user = SomeUser(*store);
  }
  if (!train.resume) KITH_RETURN_IF_ERROR(WriteRun(train.run_directory, RunAsToml(options, train, path, *graph)));
  WriteStderr("training on " + Grouped(graph->num_users()) + " users, " + Grouped(graph->num_items()) + " items, " +
              Grouped(graph->num_interactions()) + " interactions, " + Grouped(graph->num_friendships()) +
              " friendships; seed " + std::to_string(train.seed) + ", " + std::to_string(runtime.threads()) +
              " threads\n");
  if (train.time_limit > 0) {
    // The limit is the whole command's: what loading took and publishing will take is not the trainer's.
    const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - start;
    train.time_limit = std::max(0.5 * train.time_limit, 0.97 * train.time_limit - spent.count());
  }
  std::optional<ProgressPrinter> printer(StderrIsTerminal());
  auto result = Train(
      graph, train, runtime, [&](const TrainProgress& progress) { printer->Show(progress); }, StderrLog());
  printer.reset();
  if (!result.ok()) return result.status();
  KITH_ASSIGN_OR_RETURN(const std::uint64_t number, PublishModel(path, options.name, *result->model));
  ForgetCheckpoint(train.run_directory);
  KITH_RETURN_IF_ERROR(WriteStdout(globals.json ? ToJson(*result, options.name, number, train.seed)
                                                : ToText(*result, options.name, number, train.seed)));
  WriteStderr("next: kith recommend --store " + ShellWord(path) + " --user " + user +
              (options.name == "default" ? "" : " --use " + options.name) + " --explain\n");
  return OkStatus();
}

}  // namespace

void AddTrainCommand(CLI::App& root, Invocation& invocation) {
  CLI::App* command = root.add_subcommand("train", "Learn a model from a store's graph and publish it there");
  const auto options = std::make_shared<TrainCommandOptions>();
  TrainOptions& train = options->train;
  command->add_option("--model", train.architecture, ArchitectureNames())->type_name("ARCH")->capture_default_str();
  command->add_option("--name", options->name, "Publish under this name")->type_name("NAME")->capture_default_str();
  command->add_option("--mode", options->mode, "full (whole graph a step), sampled (mini-batches), or auto: by size")
      ->type_name("MODE")
      ->capture_default_str();
  command->add_option("--epochs", train.epochs, "Exactly so many; default: planned, and stopped early")
      ->check(WholeNumber())
      ->type_name("N");
  command->add_option("--width", train.width, "Numbers in a vector; default: " + DefaultsOf(&Architecture::width))
      ->check(WholeNumber())
      ->type_name("N");
  command
      ->add_option("--layers", train.layers, "Hops that messages travel; default: " + DefaultsOf(&Architecture::layers))
      ->check(WholeNumber())
      ->type_name("N");
  command->add_option("--time-limit", options->time_limit, "Stop in time and publish the best so far: 60s, 2m, 1h")
      ->type_name("TIME");
  command->add_option("--memory", options->memory, "Fail before starting where this will not do: 512MiB, 4GiB")
      ->type_name("SIZE");
  command
      ->add_option("--run", train.run_directory,
                   "Folder for checkpoints, metrics.jsonl, and kith.toml, which repeats the run; default: runs/NAME in "
                   "the store")
      ->type_name("DIR");
  command
      ->add_option("--sequence", options->sequence,
                   "Fail unless the store holds so many events, as a run's kith.toml asks")
      ->check(WholeNumber())
      ->type_name("N");
  command->add_flag("--resume", train.resume, "Go on from the last checkpoint of the run's folder");
  command
      ->add_option("--without", train.without,
                   "Leave out: friends, neighbours, popularity, learned, spectral, attention")
      ->delimiter(',')
      ->type_name("X,...");
  command->footer(ExampleFooter("kith train --store s --time-limit 2m --run runs/first"));
  command->callback([&invocation, options] {
    invocation.run = [&invocation, options] { return RunTrain(invocation.globals, *options); };
  });
}

}  // namespace kith::tools
