#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <charconv>
#include <memory>
#include <string>
#include <vector>

#include "command.h"
#include "commands/input_options.h"
#include "json_writer.h"
#include "kith/storage/graph_store.h"
#include "kith/train/split.h"
#include "number_option.h"
#include "serving.h"
#include "suggest.h"
#include "table.h"
#include "whole_file.h"
#include "whole_folder.h"

namespace kith::tools {
namespace {

struct SplitCommandOptions {
  std::vector<std::string> interactions;
  std::string by = "ratio", out, format = "auto", columns, on_error = "fail";
  std::string at;
  DealOptions deal;
};

/// Interactions in the dense ids of their keys.
struct Interactions {
  KeyTable keys;
  std::vector<Edge> edges = {};
  DroppedRows dropped = {};
};

Result<Interactions> ReadFiles(const SplitCommandOptions& options) {
  EdgeFileOptions file;
  KITH_ASSIGN_OR_RETURN(file.format, ParseEdgeFormat(options.format));
  KITH_ASSIGN_OR_RETURN(file.columns, ParseColumns(options.columns));
  KITH_ASSIGN_OR_RETURN(file.on_error, ParseOnError(options.on_error));
  Interactions read;
  const auto edge = [&](const Event& event) -> Status {
    auto user = read.keys.FindUser(event.user);
    if (!user) {
      user = UserId{read.keys.num_users()};
      read.keys.AddUser(event.user);
    }
    auto item = read.keys.FindItem(event.target);
    if (!item) {
      item = ItemId{read.keys.num_items()};
      read.keys.AddItem(event.target);
    }
    read.edges.push_back({index(*user), index(*item), event.weight, event.time});
    return OkStatus();
  };
  const auto lone_user = [](std::string_view) { return OkStatus(); };  // has nothing to part
  for (const std::string& path : options.interactions) {
    KITH_RETURN_IF_ERROR(ReadEdgeFile(path, file, {.edge = edge, .lone_user = lone_user}, read.dropped));
  }
  return read;
}

Result<Interactions> ReadStore(const Globals& globals) {
  KITH_ASSIGN_OR_RETURN(const auto store, OpenReadOnly(globals));
  Interactions read;
  KITH_ASSIGN_OR_RETURN(read.keys, store->LoadKeys());
  KITH_ASSIGN_OR_RETURN(const auto graph, store->LoadGraph(Runtime(globals.threads)));
  read.edges = graph->Edges(Relation::kInteracts);
  return read;
}

struct PartSummary {
  std::uint64_t interactions = 0, users = 0, items = 0;
  std::uint64_t new_items = 0;  ///< of them, those that training never sees
};

struct SplitSummary {
  std::array<PartSummary, 3> parts = {};  ///< train, test, cold
  std::uint64_t repeats = 0;
};

SplitSummary Summarize(const Interactions& read, const Deal& deal) {
  SplitSummary summary;
  std::array<std::vector<bool>, 3> users, items;
  for (std::size_t p = 0; p < 3; ++p) {
    users[p].resize(read.keys.num_users());
    items[p].resize(read.keys.num_items());
  }
  for (std::size_t e = 0; e < read.edges.size(); ++e) {
    if (deal.parts[e] == Part::kRepeat) {
      ++summary.repeats;
      continue;
    }
    const auto p = static_cast<std::size_t>(deal.parts[e]);
    ++summary.parts[p].interactions;
    users[p][read.edges[e].source] = true;
    items[p][read.edges[e].target] = true;
  }
  for (std::size_t p = 0; p < 3; ++p) {
    PartSummary& part = summary.parts[p];
    for (const bool there : users[p]) part.users += there ? 1 : 0;
    for (std::size_t i = 0; i < items[p].size(); ++i) {
      part.items += items[p][i] ? 1 : 0;
      part.new_items += items[p][i] && !items[0][i] ? 1 : 0;
    }
  }
  return summary;
}

/// One part as a table that import and evaluate read: columns that say nothing anywhere are left out.
Status WritePart(const Interactions& read, const Deal& deal, Part part, const std::string& path) {
  bool weighted = false, dated = false;
  for (const Edge& edge : read.edges) {
    weighted = weighted || edge.weight != 1.0F;
    dated = dated || edge.time != kNoTime;
  }
  WholeFile file;
  KITH_RETURN_IF_ERROR(file.Open(path));
  KITH_RETURN_IF_ERROR(
      file.Write(std::string("user\titem") + (weighted ? "\tweight" : "") + (dated ? "\ttime" : "") + "\n"));
  std::string line;
  for (std::size_t e = 0; e < read.edges.size(); ++e) {
    if (deal.parts[e] != part) continue;
    const Edge& edge = read.edges[e];
    line = std::string(read.keys.user_key(UserId{edge.source})) + "\t" +
           std::string(read.keys.item_key(ItemId{edge.target}));
    if (weighted) line += "\t" + ShortestFloat(edge.weight);
    if (dated) line += "\t" + (edge.time == kNoTime ? std::string() : std::to_string(edge.time));
    KITH_RETURN_IF_ERROR(file.Write(line + "\n"));
  }
  KITH_RETURN_IF_ERROR(file.Close());
  return file.Publish();
}

constexpr std::array<const char*, 3> kPartNames = {"train", "test", "cold"};

std::string ToJson(const SplitCommandOptions& options, const Globals& globals, const Deal& deal,
                   const SplitSummary& summary) {
  JsonWriter json;
  json.BeginObject().Member("by", options.by).Member("seed", options.deal.seed);
  options.by == "leave-one-out" || options.deal.at != kNoTime ? json.Member("ratio", nullptr)
                                                              : json.Member("ratio", options.deal.ratio);
  deal.at == kNoTime ? json.Member("at", nullptr) : json.Member("at", deal.at);
  json.Member("min_items", options.deal.least).Member("cold_users", options.deal.cold_users);
  json.Key("from").BeginArray();
  if (options.interactions.empty()) json.Value(globals.store);
  for (const std::string& path : options.interactions) json.Value(path);
  json.EndArray();
  for (std::size_t p = 0; p < kPartNames.size(); ++p) {
    const PartSummary& part = summary.parts[p];
    json.Key(kPartNames[p]).BeginObject().Member("interactions", part.interactions).Member("users", part.users);
    json.Member("items", part.items);
    if (p != 0) json.Member("new_items", part.new_items);
    json.EndObject();
  }
  json.Member("repeats", summary.repeats).Member("out", options.out).EndObject();
  return json.Take() + "\n";
}

std::string ToText(const SplitCommandOptions& options, const Deal& deal, const SplitSummary& summary,
                   const DroppedRows& dropped) {
  Table table("lrrrr", {"part", "interactions", "users", "items", "not in train"});
  for (std::size_t p = 0; p < kPartNames.size(); ++p) {
    const PartSummary& part = summary.parts[p];
    if (p == 2 && options.deal.cold_users == 0) continue;
    table.AddRow({std::string(kPartNames[p]) + ".tsv", Grouped(part.interactions), Grouped(part.users),
                  Grouped(part.items), p == 0 ? "" : Grouped(part.new_items)});
  }
  std::string text = table.ToString();
  if (deal.at != kNoTime) text += "held out from unix time " + std::to_string(deal.at) + " on\n";
  if (summary.repeats != 0) text += Grouped(summary.repeats) + " repeats of a user and item left out\n";
  if (!dropped.empty()) text += DroppedText(dropped) + "\n";
  return text;
}

Status Resolve(const Globals& globals, SplitCommandOptions& options) {
  constexpr std::array<std::pair<const char*, SplitBy>, 3> kWays = {
      {{"ratio", SplitBy::kRatio}, {"leave-one-out", SplitBy::kLeaveOneOut}, {"time", SplitBy::kTime}}};
  const auto way = std::find_if(kWays.begin(), kWays.end(), [&](const auto& w) { return options.by == w.first; });
  if (way == kWays.end()) {
    return InvalidArgument("--by: expected ratio, leave-one-out or time, found \"" + options.by + "\"" +
                           DidYouMean(options.by, std::vector<std::string>{"ratio", "leave-one-out", "time"}));
  }
  options.deal.by = way->second;
  options.deal.seed = globals.seed;
  if (!options.at.empty()) {
    if (options.deal.by != SplitBy::kTime) return InvalidArgument("--at is a moment; it goes with --by time");
    const char* const end = options.at.data() + options.at.size();
    const auto [rest, error] = std::from_chars(options.at.data(), end, options.deal.at);
    if (error != std::errc() || rest != end || options.deal.at < 0) {
      return InvalidArgument("--at: expected unix seconds of 0 or more, found \"" + options.at + "\"");
    }
  }
  if (options.interactions.empty() && globals.store.empty()) {
    return InvalidArgument("nothing to split; name files with --interactions, or a store with --store");
  }
  return WholeFolder::CheckFree("--out", options.out);
}

Status RunSplit(const Globals& globals, SplitCommandOptions options) {
  KITH_RETURN_IF_ERROR(Resolve(globals, options));
  auto found = options.interactions.empty() ? ReadStore(globals) : ReadFiles(options);
  if (!found.ok()) return found.status();
  const Interactions& read = *found;
  if (read.edges.empty()) return BadInput("split: expected at least one interaction, found none");
  KITH_ASSIGN_OR_RETURN(const Deal deal, DealOut(read.edges, read.keys.num_users(), options.deal));
  KITH_RETURN_IF_ERROR(CheckInterrupted());
  const SplitSummary summary = Summarize(read, deal);
  if (summary.parts[0].interactions == 0) {
    return InvalidArgument("split: nothing is left to train on; hold out less, or choose a later --at");
  }
  if (summary.parts[1].interactions + summary.parts[2].interactions == 0) {
    return InvalidArgument("split: nothing is held out, since no user has " + std::to_string(options.deal.least) +
                           " items; lower --min-items or --ratio");
  }

  WholeFolder folder;
  KITH_RETURN_IF_ERROR(folder.Open(options.out));
  for (const Part part : {Part::kTrain, Part::kTest, Part::kCold}) {
    if (part == Part::kCold && options.deal.cold_users == 0) continue;
    const std::string name = std::string(kPartNames[static_cast<std::size_t>(part)]) + ".tsv";
    KITH_RETURN_IF_ERROR(WritePart(read, deal, part, folder.File(name)));
    KITH_RETURN_IF_ERROR(CheckInterrupted());
  }
  const std::string json = ToJson(options, globals, deal, summary);
  WholeFile description;
  KITH_RETURN_IF_ERROR(description.Open(folder.File("split.json")));
  KITH_RETURN_IF_ERROR(description.Write(json));
  KITH_RETURN_IF_ERROR(description.Close());
  KITH_RETURN_IF_ERROR(description.Publish());
  KITH_RETURN_IF_ERROR(folder.Publish());
  KITH_RETURN_IF_ERROR(WriteStdout(globals.json ? json : ToText(options, deal, summary, read.dropped)));
  WriteStderr("next: kith import --store s --interactions " + ShellWord(options.out + "/train.tsv") + "\n");
  return OkStatus();
}

}  // namespace

void AddSplitCommand(CLI::App& root, Invocation& invocation) {
  CLI::App* command = root.add_subcommand(
      "split", "Part interactions into train.tsv and test.tsv, from files or from a store; nothing stands in both");
  const auto options = std::make_shared<SplitCommandOptions>();
  command
      ->add_option("--interactions", options->interactions, "Files that import reads; without them: those of --store")
      ->expected(1, -1)
      ->type_name("FILE");
  command
      ->add_option("--by", options->by,
                   "ratio (of each user's, by chance), leave-one-out (each user's last) or time (one moment for all)")
      ->capture_default_str();
  command->add_option("--ratio", options->deal.ratio, "Share kept to train on: of each user's, or of all by time")
      ->check(FiniteNumber())
      ->type_name("X")
      ->capture_default_str();
  command->add_option("--at", options->at, "With --by time: hold out from this moment on, in the place of the ratio")
      ->type_name("SECONDS");
  command->add_option("--min-items", options->deal.least, "Users with fewer items are kept whole (not by time)")
      ->check(WholeNumber())
      ->type_name("N")
      ->capture_default_str();
  command
      ->add_option("--cold-users", options->deal.cold_users,
                   "Share of the users whose every interaction goes to cold.tsv; what --social says of them stays")
      ->check(FiniteNumber())
      ->type_name("X")
      ->capture_default_str();
  command->add_option("--out", options->out, "Folder to make")->required()->type_name("DIR");
  command->add_option("--format", options->format, "auto (per file), lightgcn, csv, tsv, recbole or movielens")
      ->capture_default_str();
  command->add_option("--columns", options->columns,
                      "user=COL,item=COL,weight=COL,time=COL; COL: a header's name or a number from 1");
  command->add_option("--on-error", options->on_error, "What a wrong row does: fail or skip")->capture_default_str();
  command->footer(ExampleFooter("kith split --interactions ratings.tsv --by time --ratio 0.8 --out parts"));
  command->callback([&invocation, options] {
    invocation.run = [&invocation, options] { return RunSplit(invocation.globals, *options); };
  });
}

}  // namespace kith::tools
