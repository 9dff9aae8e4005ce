#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "command.h"
#include "json_writer.h"
#include "kith/storage/model_store.h"
#include "serving.h"
#include "table.h"

namespace kith::tools {
namespace {

struct ModelsOptions {
  bool rollback = false;
  std::string name = "default";
};

/// Architecture and log sequence as model.json says them; a listing stays readable where it says neither.
std::pair<std::string, std::uint64_t> Origin(const std::string& model_json) {
  const nlohmann::json json = nlohmann::json::parse(model_json, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return {"", 0};
  const auto architecture = json.find("architecture"), sequence = json.find("log_sequence");
  return {architecture != json.end() && architecture->is_string() ? architecture->get<std::string>() : "",
          sequence != json.end() && sequence->is_number_unsigned() ? sequence->get<std::uint64_t>() : 0};
}

Status List(const Globals& globals, GraphStore& store) {
  KITH_ASSIGN_OR_RETURN(const auto entries, ModelStore(store).List());
  if (globals.json) {
    JsonWriter json;
    json.BeginObject().Key("models").BeginArray();
    for (const ModelEntry& entry : entries) {
      const auto [architecture, sequence] = Origin(entry.json);
      json.BeginObject().Member("number", entry.number).Member("name", entry.name).Member("model", architecture);
      json.Member("log_sequence", sequence).Member("current", entry.current).EndObject();
    }
    json.EndArray().EndObject();
    return WriteStdout(json.Take() + "\n");
  }
  if (entries.empty()) {
    return WriteStdout("no model is published; run: kith train --store " + ShellWord(store.path()) + "\n");
  }
  Table table("rllrl", {"number", "name", "model", "trained at event", ""});
  for (const ModelEntry& entry : entries) {
    const auto [architecture, sequence] = Origin(entry.json);
    table.AddRow(
        {std::to_string(entry.number), entry.name, architecture, Grouped(sequence), entry.current ? "current" : ""});
  }
  return WriteStdout(table.ToString());
}

Status RunModels(const Globals& globals, const ModelsOptions& options) {
  if (!options.rollback) {
    KITH_ASSIGN_OR_RETURN(const auto store, OpenReadOnly(globals));
    return List(globals, *store);
  }
  KITH_ASSIGN_OR_RETURN(const std::string path, globals.Store());
  KITH_ASSIGN_OR_RETURN(const auto store,
                        GraphStore::Open(path, {.access = StoreOptions::Access::kWrite, .log = Warnings()}));
  KITH_ASSIGN_OR_RETURN(const std::uint64_t number, ModelStore(*store).Rollback(options.name));
  WriteStderr("model " + std::to_string(number) + " is the current \"" + options.name + "\" again\n");
  return List(globals, *store);
}

}  // namespace

void AddModelsCommand(CLI::App& root, Invocation& invocation) {
  CLI::App* command =
      root.add_subcommand("models", "What is published, and which is current; --rollback goes one back");
  const auto options = std::make_shared<ModelsOptions>();
  command->add_flag("--rollback", options->rollback, "Make the model before the current one current again");
  command->add_option("--name", options->name, "Whose models to roll back")->type_name("NAME")->capture_default_str();
  command->footer(ExampleFooter("kith models --store s --rollback"));
  command->callback([&invocation, options] {
    invocation.run = [&invocation, options] { return RunModels(invocation.globals, *options); };
  });
}

}  // namespace kith::tools
