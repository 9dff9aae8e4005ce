#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <vector>

#include "command.h"
#include "json_writer.h"
#include "number_option.h"
#include "reasons.h"
#include "serving.h"
#include "table.h"

namespace kith::tools {
namespace {

struct SimilarOptions {
  std::string item, user;
  std::size_t k = 20;
  std::string use = "default";
};

Status RunSimilar(const Globals& globals, const SimilarOptions& options) {
  const bool of_item = options.user.empty();
  if (of_item && options.item.empty()) return InvalidArgument("similar to what? pass --item KEY or --user KEY");
  if (options.k == 0) return InvalidArgument("-k: expected at least 1, found 0");
  const std::string& key = of_item ? options.item : options.user;
  const std::string kind = of_item ? "item" : "user";
  KITH_RETURN_IF_ERROR(CheckKeyOption("--" + kind, key));
  const Runtime runtime(globals.threads);
  KITH_ASSIGN_OR_RETURN(const auto engine, OpenEngine(globals, options.use, runtime));
  KITH_ASSIGN_OR_RETURN(const std::vector<Similar> similar,
                        of_item ? engine->SimilarItems(key, options.k) : engine->SimilarUsers(key, options.k));
  if (globals.json) {
    JsonWriter json;
    json.BeginObject().Member(kind, key).Member("model", options.use).Key("similar").BeginArray();
    std::uint32_t rank = 0;
    for (const Similar& hit : similar) {
      json.BeginObject().Member("rank", ++rank).Member(kind, hit.key);
      if (of_item) json.Member("name", hit.name);
      json.Member("score", hit.score).EndObject();
    }
    json.EndArray().EndObject();
    return WriteStdout(json.Take() + "\n");
  }
  Table table("rlr", {"rank", kind, "cosine"});
  std::uint32_t rank = 0;
  for (const Similar& hit : similar) {
    table.AddRow({std::to_string(++rank), Titled(hit.name, hit.key), Fixed(static_cast<double>(hit.score), 4)});
  }
  return WriteStdout("similar to " + key + "\n" + table.ToString());
}

}  // namespace

void AddSimilarCommand(CLI::App& root, Invocation& invocation) {
  CLI::App* command = root.add_subcommand("similar", "Items like an item, or users like a user, by learned vectors");
  const auto options = std::make_shared<SimilarOptions>();
  CLI::Option* item = command->add_option("--item", options->item, "Key of an item")->type_name("KEY");
  command->add_option("--user", options->user, "Key of a user")->type_name("KEY")->excludes(item);
  command->add_option("-k,--k", options->k, "How many")->check(WholeNumber())->type_name("N")->capture_default_str();
  command->add_option("--use", options->use, "Name of the published model")->type_name("NAME")->capture_default_str();
  command->footer(ExampleFooter("kith similar --store s --item dune -k 5"));
  command->callback([&invocation, options] {
    invocation.run = [&invocation, options] { return RunSimilar(invocation.globals, *options); };
  });
}

}  // namespace kith::tools
