#include <CLI/CLI.hpp>
#include <chrono>
#include <ctime>
#include <string>

#include "command.h"
#include "json_writer.h"
#include "kith/graph/statistics.h"
#include "reasons.h"
#include "serving.h"
#include "table.h"

namespace kith::tools {
namespace {

/// "2020-09-13 12:26:40 UTC", or the seconds where the calendar ends.
std::string Date(std::int64_t seconds) {
  const std::time_t time = seconds;
  std::tm fields = {};
  char text[64];
  if (gmtime_r(&time, &fields) == nullptr) return std::to_string(seconds);
  return {text, std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S UTC", &fields)};
}

std::string ToJson(const GraphStore& store, const GraphStatistics& statistics, const KeyTable& keys) {
  JsonWriter json;
  json.BeginObject().Member("users", statistics.users).Member("items", statistics.items);
  json.Member("interactions", statistics.interactions).Member("social_edges", statistics.social_edges);
  json.Member("components", statistics.components).Member("max_core", statistics.max_core).Key("time_range");
  if (statistics.time_range) {
    json.BeginArray().Value(statistics.time_range->first).Value(statistics.time_range->second).EndArray();
  } else {
    json.Value(nullptr);
  }
  json.Member("largest_component", statistics.largest_component);
  const auto degrees = [&](const char* name, const DegreeSummary& summary) {
    json.Key(name).BeginObject().Member("mean", summary.mean).Member("max", summary.max).EndObject();
  };
  degrees("items_per_user", statistics.user_items);
  degrees("users_per_item", statistics.item_users);
  degrees("friends_per_user", statistics.user_friends);
  json.Member("mean_clustering", statistics.mean_clustering).Key("top_items").BeginArray();
  for (const RankedItem& top : statistics.top_items) {
    json.BeginObject().Member("item", keys.item_key(top.item)).Member("rank", top.rank).EndObject();
  }
  json.EndArray().Member("events", store.last_sequence()).Member("store_id", store.store_id()).EndObject();
  return json.Take() + "\n";
}

std::string ToText(const GraphStore& store, const GraphStatistics& statistics, const KeyTable& keys) {
  Table table("lrl", {"store " + store.store_id(), "", ""});
  const auto degrees = [](const DegreeSummary& summary, const std::string& what) {
    return Fixed(summary.mean, 1) + " " + what + " on average, at most " + Grouped(summary.max);
  };
  table.AddRow({"users", Grouped(statistics.users), degrees(statistics.user_items, "items")});
  table.AddRow({"items", Grouped(statistics.items), degrees(statistics.item_users, "users")});
  table.AddRow({"interactions", Grouped(statistics.interactions), ""});
  table.AddRow({"social edges", Grouped(statistics.social_edges),
                degrees(statistics.user_friends, "friends") + ", clustering " + Fixed(statistics.mean_clustering, 3)});
  table.AddRow({"components", Grouped(statistics.components),
                "the largest has " + Grouped(statistics.largest_component) + " users and items"});
  table.AddRow({"max core", Grouped(statistics.max_core), ""});
  table.AddRow({"events", Grouped(store.last_sequence()), ""});
  std::string text = table.ToString();
  text += statistics.time_range
              ? "times from " + Date(statistics.time_range->first) + " to " + Date(statistics.time_range->second) + "\n"
              : "no edge carries a time\n";
  if (!statistics.top_items.empty()) {
    text += "central items:";
    for (std::size_t i = 0; i < statistics.top_items.size() && i < 5; ++i) {
      const ItemId item = statistics.top_items[i].item;
      text += (i == 0 ? " " : ", ") + Titled(std::string(keys.item_name(item)), std::string(keys.item_key(item)));
    }
    text += "\n";
  }
  return text;
}

Status RunStats(const Globals& globals) {
  KITH_ASSIGN_OR_RETURN(const auto store, OpenReadOnly(globals));
  const Runtime runtime(globals.threads);
  KITH_ASSIGN_OR_RETURN(const auto graph, store->LoadGraph(runtime));
  KITH_ASSIGN_OR_RETURN(const KeyTable keys, store->LoadKeys());
  KITH_RETURN_IF_ERROR(CheckInterrupted());
  const GraphStatistics statistics = ComputeStatistics(runtime, *graph);
  KITH_RETURN_IF_ERROR(CheckInterrupted());
  return WriteStdout(globals.json ? ToJson(*store, statistics, keys) : ToText(*store, statistics, keys));
}

}  // namespace

void AddStatsCommand(CLI::App& root, Invocation& invocation) {
  CLI::App* command = root.add_subcommand("stats", "Counts, degrees, components, cores and times of a store's graph");
  command->footer(ExampleFooter("kith stats --store s"));
  command->callback([&invocation] { invocation.run = [&invocation] { return RunStats(invocation.globals); }; });
}

}  // namespace kith::tools
