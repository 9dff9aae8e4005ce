#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <vector>

#include "command.h"
#include "evaluation_report.h"
#include "number_option.h"
#include "serving.h"
#include "test_set.h"

namespace kith::tools {
namespace {

struct EvaluateCommandOptions {
  std::string test;
  std::vector<std::uint32_t> ks = {20};
  std::string use = "default";
  std::string against, per_user;
  std::uint32_t resamples = 1000, block = 0;
  bool slices = false;
};

/// Ranks with the model and measures it; `by_user` gets each user's metrics.
Result<Measured> Measure(const Runtime& runtime, GraphStore& store, const SocialGraph& graph, const TestSet& test,
                         const EvaluateCommandOptions& options, const std::string& name,
                         const BootstrapOptions& bootstrap, std::vector<double>& by_user) {
  KITH_ASSIGN_OR_RETURN(const auto model, LoadModel(store, name, graph));
  Measured measured{name, Evaluate(runtime, graph, Ranker(model), test.held_out, options.ks,
                                   {.block = options.block, .seed = bootstrap.seed, .cancelled = &Interrupted()})};
  KITH_RETURN_IF_ERROR(CheckInterrupted());
  by_user = MetricsByUser(test.held_out, measured.evaluation);
  measured.estimates = BootstrapMeans(runtime, by_user, options.ks.size() * kMetrics.size(), bootstrap);
  KITH_RETURN_IF_ERROR(CheckInterrupted());
  return measured;
}

Status RunEvaluate(const Globals& globals, const EvaluateCommandOptions& options) {
  for (const std::uint32_t k : options.ks) {
    if (k == 0) return InvalidArgument("--k: expected list lengths of at least 1, found 0");
  }
  KITH_ASSIGN_OR_RETURN(const auto store, OpenReadOnly(globals));
  const Runtime runtime(globals.threads);
  KITH_ASSIGN_OR_RETURN(const auto graph, store->LoadGraph(runtime));
  KITH_ASSIGN_OR_RETURN(const KeyTable keys, store->LoadKeys());
  if (!options.against.empty()) {  // a name that is not there is said before the ranking
    KITH_RETURN_IF_ERROR(LoadModel(*store, options.against, *graph).status());
  }
  KITH_ASSIGN_OR_RETURN(const TestSet test, ReadTestSet(options.test, keys, *graph));
  WriteNotes(test);

  const BootstrapOptions bootstrap{.resamples = options.resamples, .seed = globals.seed};
  std::vector<double> ours, theirs;
  KITH_ASSIGN_OR_RETURN(Measured model, Measure(runtime, *store, *graph, test, options, options.use, bootstrap, ours));
  EvaluationReport report{.graph = *graph, .test = test, .bootstrap = bootstrap, .model = std::move(model)};
  if (!options.against.empty()) {
    KITH_ASSIGN_OR_RETURN(report.rival,
                          Measure(runtime, *store, *graph, test, options, options.against, bootstrap, theirs));
    for (std::size_t i = 0; i < ours.size(); ++i) ours[i] -= theirs[i];
    report.differences = BootstrapMeans(runtime, ours, options.ks.size() * kMetrics.size(), bootstrap);
  }
  if (!options.per_user.empty()) KITH_RETURN_IF_ERROR(WritePerUser(report, keys, options.per_user));
  return WriteStdout(globals.json ? report.ToJson() : report.ToText(options.slices));
}

}  // namespace

void AddEvaluateCommand(CLI::App& root, Invocation& invocation) {
  CLI::App* command =
      root.add_subcommand("evaluate", "Measure a model against held-out interactions, all items ranked");
  const auto options = std::make_shared<EvaluateCommandOptions>();
  command->add_option("--test", options->test, "Held-out interactions, in any format that import reads")
      ->required()
      ->type_name("FILE");
  command->add_option("-k,--k", options->ks, "Lengths of the lists, separated by commas")
      ->delimiter(',')
      ->check(WholeNumber())
      ->type_name("N,...")
      ->capture_default_str();
  command->add_option("--use", options->use, "Name of the published model")->type_name("NAME")->capture_default_str();
  command->add_option("--against", options->against, "Name of a second model to compare with, user by user")
      ->type_name("NAME");
  command->add_flag("--slices", options->slices,
                    "Also by the users' items and friends and by the items' popularity (always in --json)");
  command->add_option("--per-user", options->per_user, "Write every user's figures to this file")
      ->type_name("FILE.tsv");
  command->add_option("--resamples", options->resamples, "Draws of the users for the 95 % intervals; 0: none")
      ->check(WholeNumber())
      ->check(CLI::Range(0, 100000))
      ->type_name("N")
      ->capture_default_str();
  command->add_option("--block", options->block, "Users ranked together; 0: as suits. Never changes a figure")
      ->check(WholeNumber())
      ->type_name("N");
  command->footer(ExampleFooter("kith evaluate --store s --test test.tsv --k 10,20 --against popularity --slices"));
  command->callback([&invocation, options] {
    invocation.run = [&invocation, options] { return RunEvaluate(invocation.globals, *options); };
  });
}

}  // namespace kith::tools
