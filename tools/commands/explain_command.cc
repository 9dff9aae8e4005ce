#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "command.h"
#include "json_writer.h"
#include "reasons.h"
#include "serving.h"
#include "table.h"

namespace kith::tools {
namespace {

struct ExplainOptions {
  std::string user, item;
  std::string use = "default";
};

std::string ToText(const Explanation& explanation) {
  std::string text =
      explanation.item + " for " + explanation.user + ": score " + ShortestFloat(explanation.score) + "\n";
  if (const std::string words = ReasonsInWords(explanation.contributions); !words.empty()) text += words + "\n";
  Table table("llrr", {"via", "key", "attention", "contribution"});
  double sum = 0;
  for (const Reason& reason : explanation.contributions) {
    const bool keyed = !reason.key.empty();
    table.AddRow({std::string(ToString(reason.via)), keyed ? Titled(reason.name, reason.key) : "",
                  keyed ? Fixed(static_cast<double>(reason.attention), 4) : "",
                  Fixed(static_cast<double>(reason.contribution), 6)});
    sum += static_cast<double>(reason.contribution);
  }
  table.AddRow({"sum", "", "", Fixed(sum, 6)});
  return text + table.ToString();
}

Status RunExplain(const Globals& globals, const ExplainOptions& options) {
  KITH_RETURN_IF_ERROR(CheckKeyOption("--user", options.user));
  KITH_RETURN_IF_ERROR(CheckKeyOption("--item", options.item));
  const Runtime runtime(globals.threads);
  KITH_ASSIGN_OR_RETURN(const auto engine, OpenEngine(globals, options.use, runtime));
  KITH_ASSIGN_OR_RETURN(const Explanation explanation, engine->Explain(options.user, options.item));
  if (!globals.json) return WriteStdout(ToText(explanation));
  JsonWriter json;
  json.BeginObject().Member("user", explanation.user).Member("item", explanation.item);
  json.Member("score", explanation.score).Key("contributions");
  WriteReasons(explanation.contributions, json);
  json.EndObject();
  return WriteStdout(json.Take() + "\n");
}

}  // namespace

void AddExplainCommand(CLI::App& root, Invocation& invocation) {
  CLI::App* command =
      root.add_subcommand("explain", "Every term of one score: which items and friends carried how much");
  const auto options = std::make_shared<ExplainOptions>();
  command->add_option("--user", options->user, "Key of a user")->required()->type_name("KEY");
  command->add_option("--item", options->item, "Key of an item")->required()->type_name("KEY");
  command->add_option("--use", options->use, "Name of the published model")->type_name("NAME")->capture_default_str();
  command->footer(ExampleFooter("kith explain --store s --user 42 --item dune"));
  command->callback([&invocation, options] {
    invocation.run = [&invocation, options] { return RunExplain(invocation.globals, *options); };
  });
}

}  // namespace kith::tools
