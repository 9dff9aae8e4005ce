#include <CLI/CLI.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "command.h"
#include "commands/input_options.h"
#include "json_writer.h"
#include "kith/storage/graph_store.h"
#include "number_option.h"
#include "publish.h"
#include "readers/core_filter.h"
#include "readers/item_file.h"
#include "table.h"

namespace kith::tools {
namespace {

struct ImportOptions {
  std::vector<std::string> interactions, social;
  std::string items, format = "auto", columns, on_error = "fail";
  std::uint32_t k_core = 0;
  float min_weight = 0;
};

/// One import: reads the files in their order and hands their rows to the loader.
class Importer {
 public:
  Importer(BulkLoader& loader, const ImportOptions& options, OnError on_error)
      : loader_(loader), options_(options), on_error_(on_error) {}

  Status ReadInteractions(EdgeFileOptions file) {
    file.kind = EdgeKind::kInteractions;
    file.on_error = on_error_;
    const auto edge = [this](const Event& event) -> Status {
      KITH_RETURN_IF_ERROR(Count());
      if (event.weight < options_.min_weight) return Drop("below --min-weight");
      if (options_.k_core == 0) return loader_.Add(event);
      core_.Add(event);
      return OkStatus();
    };
    const auto lone_user = [this](std::string_view user) -> Status {
      return options_.k_core == 0 ? loader_.AddUser(user) : Drop("lone user outside the k-core");
    };
    for (const std::string& path : options_.interactions) {
      KITH_RETURN_IF_ERROR(ReadEdgeFile(path, file, {.edge = edge, .lone_user = lone_user}, wrong_edges_));
    }
    if (options_.k_core == 0) return OkStatus();
    KITH_RETURN_IF_ERROR(core_.Visit(options_.k_core, [this](const Event& event) { return loader_.Add(event); }));
    if (core_.left_out() > 0) left_out_["outside the k-core"] += core_.left_out();
    return OkStatus();
  }

  Status ReadFriendships(EdgeFileOptions file) {
    file.kind = EdgeKind::kFriendships;
    file.on_error = on_error_;
    // Columns that say nothing of friends describe the interactions.
    if (!file.columns.contains("friend")) file.columns.clear();
    const auto edge = [this](const Event& event) -> Status {
      KITH_RETURN_IF_ERROR(Count());
      return loader_.Add(event);
    };
    const auto lone_user = [this](std::string_view user) { return loader_.AddUser(user); };
    for (const std::string& path : options_.social) {
      KITH_RETURN_IF_ERROR(ReadEdgeFile(path, file, {.edge = edge, .lone_user = lone_user}, wrong_edges_));
    }
    return OkStatus();
  }

  Status ReadItems() {
    if (options_.items.empty()) return OkStatus();
    const auto visit = [this](std::string_view item, std::string_view name) -> Status {
      if (options_.k_core > 0 && !core_.HasItem(item)) return Drop("name of an item outside the k-core");
      return name.empty() ? OkStatus() : loader_.NameItem(item, name);
    };
    return ReadItemFile(options_.items, on_error_, visit, wrong_names_);
  }

  /// Interactions and friendships read, those dropped included.
  [[nodiscard]] std::uint64_t rows() const {
    std::uint64_t rows = rows_;
    for (const auto& [reason, count] : wrong_edges_) rows += count;
    return rows;
  }
  /// Rows of all files that were dropped, by reason.
  [[nodiscard]] DroppedRows dropped() const {
    DroppedRows all = left_out_;
    for (const DroppedRows* wrong : {&wrong_edges_, &wrong_names_}) {
      for (const auto& [reason, count] : *wrong) all[reason] += count;
    }
    return all;
  }

 private:
  Status Count() {
    constexpr std::uint64_t kRowsBetweenLooks = 1U << 14;
    if (++rows_ % kRowsBetweenLooks == 0 && Interrupted())
      return Cancelled("import was interrupted; the store is as it was");
    return OkStatus();
  }
  Status Drop(const char* reason) {
    ++left_out_[reason];
    return OkStatus();
  }

  BulkLoader& loader_;
  const ImportOptions& options_;
  OnError on_error_;
  CoreFilter core_;
  DroppedRows wrong_edges_, wrong_names_;  ///< by the readers
  DroppedRows left_out_;                   ///< by the options
  std::uint64_t rows_ = 0;                 ///< edges that the readers handed over
};

struct Summary {
  LoadReport load = {};
  std::uint64_t rows = 0;
  DroppedRows dropped = {};
  double seconds = 0;
};

Result<Summary> Import(GraphStore& store, const ImportOptions& options, const EdgeFileOptions& file, OnError on_error) {
  KITH_ASSIGN_OR_RETURN(const auto loader, store.NewBulkLoader());
  Importer importer(*loader, options, on_error);
  KITH_RETURN_IF_ERROR(importer.ReadInteractions(file));
  KITH_RETURN_IF_ERROR(importer.ReadFriendships(file));
  KITH_RETURN_IF_ERROR(importer.ReadItems());
  if (Interrupted()) return Cancelled("import was interrupted; the store is as it was");
  KITH_ASSIGN_OR_RETURN(const LoadReport report, loader->Finish());
  return Summary{.load = report, .rows = importer.rows(), .dropped = importer.dropped()};
}

std::string ToJson(const Summary& summary) {
  JsonWriter json;
  json.BeginObject()
      .Member("rows", summary.rows)
      .Member("stored", summary.load.stored)
      .Member("repeats", summary.load.repeats)
      .Key("dropped")
      .BeginObject();
  for (const auto& [reason, count] : summary.dropped) json.Member(reason, count);
  json.EndObject()
      .Member("new_users", summary.load.new_users)
      .Member("new_items", summary.load.new_items)
      .Member("seconds", summary.seconds)
      .EndObject();
  return json.Take() + "\n";
}

std::string ToText(const Summary& summary) {
  return "read " + Grouped(summary.rows) + " rows in " + Fixed(summary.seconds, 2) +
         " s: " + Grouped(summary.load.stored) + " events stored, " + Grouped(summary.load.repeats) +
         " repeats left out, " + DroppedText(summary.dropped) + "\n" + Grouped(summary.load.new_users) +
         " new users, " + Grouped(summary.load.new_items) + " new items\n";
}

Status RunImport(const Globals& globals, const ImportOptions& options) {
  const auto start = std::chrono::steady_clock::now();
  KITH_ASSIGN_OR_RETURN(const std::string path, globals.Store());
  if (options.interactions.empty() && options.social.empty() && options.items.empty()) {
    return InvalidArgument("nothing to import; name files with --interactions, --social or --items");
  }
  if (options.k_core > 0 && options.interactions.empty()) {
    return InvalidArgument("--k-core counts the interactions of this import; name them with --interactions");
  }
  KITH_ASSIGN_OR_RETURN(const OnError on_error, ParseOnError(options.on_error));
  EdgeFileOptions file;
  KITH_ASSIGN_OR_RETURN(file.format, ParseEdgeFormat(options.format));
  KITH_ASSIGN_OR_RETURN(file.columns, ParseColumns(options.columns));

  // A store that is made here and stays empty, because the import fails, is taken away again as it closes.
  KITH_ASSIGN_OR_RETURN(const auto store,
                        GraphStore::Open(path, {.access = StoreOptions::Access::kCreateOrWrite, .log = StderrLog()}));
  Result<Summary> summary = Import(*store, options, file, on_error);
  if (!summary.ok()) return summary.status();
  RefreshSnapshot(*store, Runtime(globals.threads));
  summary->seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  KITH_RETURN_IF_ERROR(WriteStdout(globals.json ? ToJson(*summary) : ToText(*summary)));
  // Where every row was dropped, no store may be there to train on.
  const LoadReport& load = summary->load;
  if (load.stored + load.repeats + load.new_users + load.new_items > 0) {
    WriteStderr("next: kith train --store " + ShellWord(path) + "\n");
  }
  return OkStatus();
}

}  // namespace

void AddImportCommand(CLI::App& root, Invocation& invocation) {
  const auto options = std::make_shared<ImportOptions>();
  CLI::App* const command = root.add_subcommand(
      "import", "Load interactions, friendships and item names from files, all or nothing; makes the store if need be");
  command
      ->add_option("--interactions", options->interactions,
                   "Files of user and item, with weight and time if they have them")
      ->expected(1, -1)
      ->type_name("FILE");
  command->add_option("--social", options->social, "Files of user and friend; user trusts friend")
      ->expected(1, -1)
      ->type_name("FILE");
  command->add_option("--items", options->items, "Table with the columns item and name")->type_name("FILE");
  command->add_option("--format", options->format, "auto (per file), lightgcn, csv, tsv, recbole or movielens")
      ->capture_default_str();
  command->add_option("--columns", options->columns,
                      "user=COL,item=COL,friend=COL,weight=COL,time=COL; COL: a header's name or a number from 1");
  command
      ->add_option("--k-core", options->k_core,
                   "Drop users and items with fewer than N interactions in this import, repeatedly")
      ->check(WholeNumber())
      ->type_name("N");
  command
      ->add_option("--min-weight", options->min_weight,
                   "Drop interactions of a smaller weight, such as ratings below 4")
      ->check(FiniteNumber())
      ->type_name("X");
  command
      ->add_option("--on-error", options->on_error,
                   "What a wrong row does: fail (nothing is imported) or skip (it is counted)")
      ->capture_default_str();
  command->footer(
      ExampleFooter("kith import --store s --interactions train.tsv --social social.tsv --items names.tsv"));
  command->callback([&invocation, options] {
    invocation.run = [&invocation, options] { return RunImport(invocation.globals, *options); };
  });
}

}  // namespace kith::tools
