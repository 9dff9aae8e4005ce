#include <CLI/CLI.hpp>

#include "command.h"
#include "json_writer.h"
#include "serving.h"
#include "table.h"

namespace kith::tools {
namespace {

std::string ToJson(const VerifyReport& report) {
  JsonWriter json;
  json.BeginObject().Member("sound", report.violations.empty()).Member("events", report.events);
  json.Member("edges", report.edges).Member("users", report.users).Member("items", report.items);
  json.Member("models", report.models).Key("violations").BeginArray();
  for (const std::string& violation : report.violations) json.Value(violation);
  json.EndArray().EndObject();
  return json.Take() + "\n";
}

std::string ToText(const VerifyReport& report) {
  std::string text;
  for (const std::string& violation : report.violations) text += "damage: " + violation + "\n";
  return text + "checked " + Grouped(report.events) + " events, " + Grouped(report.edges) + " edges, " +
         Grouped(report.users) + " users, " + Grouped(report.items) + " items, " + Grouped(report.models) +
         " models: " +
         (report.violations.empty() ? "sound" : std::to_string(report.violations.size()) + " violations") + "\n";
}

Status RunVerify(const Globals& globals) {
  KITH_ASSIGN_OR_RETURN(const auto store, OpenReadOnly(globals));
  const Runtime runtime(globals.threads);
  KITH_ASSIGN_OR_RETURN(const VerifyReport report, store->Verify(runtime));
  KITH_RETURN_IF_ERROR(WriteStdout(globals.json ? ToJson(report) : ToText(report)));
  if (report.violations.empty()) return OkStatus();
  return Corruption("store \"" + store->path() + "\" breaks " + std::to_string(report.violations.size()) +
                    " of its invariants; restore a backup, or export what is readable and ingest it into a new store");
}

}  // namespace

void AddVerifyCommand(CLI::App& root, Invocation& invocation) {
  CLI::App* command = root.add_subcommand("verify", "Check every invariant of a store; exit 5 where one is broken");
  command->footer(ExampleFooter("kith verify --store s"));
  command->callback([&invocation] { invocation.run = [&invocation] { return RunVerify(invocation.globals); }; });
}

}  // namespace kith::tools
