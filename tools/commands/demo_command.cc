#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "command.h"
#include "demo/world.h"
#include "json_writer.h"
#include "kith/train/evaluator.h"
#include "kith/train/trainer.h"
#include "progress.h"
#include "publish.h"
#include "reasons.h"
#include "serving.h"
#include "table.h"

namespace kith::tools {
namespace {

constexpr const char* kDefaultStore = "kith-demo";
constexpr const char* kSetting = "demo";  ///< names the seed in a store that the demo made
constexpr std::uint32_t kLength = 20;
constexpr std::size_t kShown = 3;

/// A trained model and how it did on the held-out part.
struct Contender {
  std::string name;
  Metrics metrics;
};

class Demo {
 public:
  Demo(const Globals& globals, std::string path)
      : globals_(globals),
        path_(std::move(path)),
        runtime_(globals.threads),
        world_(MakeWorld({.seed = globals.seed})) {}

  Status Run() {
    KITH_RETURN_IF_ERROR(Say("1. A small world\n"));
    KITH_RETURN_IF_ERROR(DescribeWorld());
    KITH_RETURN_IF_ERROR(Say("\n2. Into the store " + path_ + "\n"));
    KITH_RETURN_IF_ERROR(Import());
    KITH_RETURN_IF_ERROR(Say("\n3. Training\n"));
    KITH_RETURN_IF_ERROR(TrainAll());
    KITH_RETURN_IF_ERROR(Say("\n4. Measured on the part that was held out\n"));
    KITH_RETURN_IF_ERROR(ShowContenders());
    KITH_RETURN_IF_ERROR(Say("\n5. Three recommendations, with their reasons\n"));
    return Recommend();
  }

 private:
  /// Headings and findings are the result for people; machines get one object at the end.
  [[nodiscard]] Status Say(const std::string& text) const { return globals_.json ? OkStatus() : WriteStdout(text); }

  [[nodiscard]] const std::string& guest() const { return world_.users[world_.guest]; }

  Status DescribeWorld() const {
    std::string tastes;
    for (const std::uint32_t taste : world_.user_tastes[world_.guest]) {
      tastes += (tastes.empty() ? "" : " and ") + world_.tastes[taste];
    }
    return Say("   " + Grouped(world_.users.size()) + " users with one to three of " +
               std::to_string(world_.tastes.size()) + " planted tastes, " + Grouped(world_.items.size()) +
               " items, seed " + std::to_string(globals_.seed) + ".\n   " + Grouped(world_.friendships.size()) +
               " friendships: people take over a third of what they like from friends.\n   " +
               Grouped(world_.interactions.size()) + " interactions are known, " + Grouped(world_.held_out.size()) +
               " more are held out to test on.\n   Our guest is " + guest() + ", who likes " + tastes + ".\n");
  }

  /// Loads the world into a new store; a store that an earlier demo filled is used as it is.
  Status Import() {
    KITH_ASSIGN_OR_RETURN(const auto store,
                          GraphStore::Open(path_, {.access = StoreOptions::Access::kCreateOrWrite, .log = Warnings()}));
    KITH_ASSIGN_OR_RETURN(const auto setting, store->GetSetting(kSetting));
    const std::string seed = std::to_string(globals_.seed);
    if (setting && *setting != seed) {
      return FailedPrecondition("store \"" + path_ + "\" holds the demo's world of seed " + *setting +
                                "; pass --seed " + *setting + ", another --store, or remove the folder");
    }
    if (!setting && store->last_sequence() != 0) {
      return FailedPrecondition("store \"" + path_ +
                                "\" was not made by the demo and is left alone; pass another --store");
    }
    if (setting && store->last_sequence() != 0) {
      return Say("   The store is there from an earlier demo and is used as it is.\n");
    }
    KITH_RETURN_IF_ERROR(store->PutSetting(kSetting, seed));
    KITH_ASSIGN_OR_RETURN(const auto loader, store->NewBulkLoader());
    for (const std::string& user : world_.users) KITH_RETURN_IF_ERROR(loader->AddUser(user));
    for (const auto& [key, name] : world_.items) KITH_RETURN_IF_ERROR(loader->NameItem(key, name));
    for (const auto& [user, item] : world_.interactions) {
      KITH_RETURN_IF_ERROR(loader->Add({.user = world_.users[user], .target = world_.items[item].first}));
    }
    for (const auto& [user, other] : world_.friendships) {
      KITH_RETURN_IF_ERROR(
          loader->Add({.user = world_.users[user], .target = world_.users[other], .relation = Relation::kTrusts}));
    }
    KITH_ASSIGN_OR_RETURN(const LoadReport report, loader->Finish());
    return Say("   " + Grouped(report.stored) + " events are stored durably.\n");
  }

  /// The held-out part in the ids of the store.
  [[nodiscard]] HeldOut HeldOutPart(const KeyTable& keys) const {
    HeldOut part;
    std::optional<std::uint32_t> last;
    for (const auto& [user, item] : world_.held_out) {
      const auto user_id = keys.FindUser(world_.users[user]);
      const auto item_id = keys.FindItem(world_.items[item].first);
      if (!user_id || !item_id) continue;  // unreachable in a store that the demo filled
      if (last != user) {
        part.users.push_back(*user_id);
        part.items.emplace_back();
        last = user;
      }
      part.items.back().push_back(index(*item_id));
    }
    for (auto& items : part.items) std::sort(items.begin(), items.end());
    return part;
  }

  Status TrainAll() {
    std::shared_ptr<const SocialGraph> graph;
    HeldOut held_out;
    {
      KITH_ASSIGN_OR_RETURN(const auto store, GraphStore::Open(path_, {.log = Warnings()}));
      KITH_ASSIGN_OR_RETURN(graph, store->LoadGraph(runtime_));
      KITH_ASSIGN_OR_RETURN(const KeyTable keys, store->LoadKeys());
      held_out = HeldOutPart(keys);
    }
    const std::vector<std::pair<std::string, std::string>> wanted = {
        {"kith", "default"}, {"popularity", "popularity"}, {"item-knn", "item-knn"}};
    for (const auto& [architecture, name] : wanted) {
      TrainOptions options = {.architecture = architecture, .seed = globals_.seed};
      options.cancelled = &Interrupted();
      std::optional<ProgressPrinter> printer(StderrIsTerminal());
      auto result = Train(
          graph, options, runtime_, [&](const TrainProgress& progress) { printer->Show(progress); }, Warnings());
      printer.reset();
      if (!result.ok()) return result.status();
      KITH_ASSIGN_OR_RETURN(const std::uint64_t number, PublishModel(path_, name, *result->model));
      KITH_RETURN_IF_ERROR(Say("   " + architecture + ": model " + std::to_string(number) + ", published as \"" + name +
                               "\", " + Fixed(result->report.seconds, 1) + " s\n"));
      const std::uint32_t ks[] = {kLength};
      const Evaluation evaluation = Evaluate(runtime_, *graph, Ranker(result->model), held_out, ks);
      contenders_.push_back({architecture, evaluation.at.front()});
      KITH_RETURN_IF_ERROR(CheckInterrupted());
    }
    return OkStatus();
  }

  Status ShowContenders() const {
    Table table("lrr", {"   model", "Recall@20", "NDCG@20"});
    for (const Contender& contender : contenders_) {
      table.AddRow({"   " + contender.name, Fixed(contender.metrics.recall, 4), Fixed(contender.metrics.ndcg, 4)});
    }
    return Say(table.ToString());
  }

  Status Recommend() const {
    KITH_ASSIGN_OR_RETURN(const auto engine, Engine::Open(path_, {.runtime = &runtime_, .log = Warnings()}));
    KITH_ASSIGN_OR_RETURN(const Answer answer, engine->Recommend(guest(), {.k = kShown, .reasons = true}));
    JsonWriter json;
    json.BeginObject().Member("store", path_).Member("seed", globals_.seed);
    for (const Contender& contender : contenders_) {
      json.Key(contender.name).BeginObject().Member("recall@20", contender.metrics.recall);
      json.Member("ndcg@20", contender.metrics.ndcg).EndObject();
    }
    json.Member("user", answer.user).Key("items").BeginArray();
    for (const Recommendation& hit : answer.items) {
      KITH_ASSIGN_OR_RETURN(const Explanation explanation, engine->Explain(answer.user, hit.item));
      const std::string words = ReasonsInWords(explanation.contributions);
      KITH_RETURN_IF_ERROR(Say("   " + std::to_string(hit.rank) + ". " + hit.name + "\n      " + words + "\n"));
      json.BeginObject().Member("rank", hit.rank).Member("item", hit.item).Member("name", hit.name);
      json.Member("score", hit.score).Key("reasons");
      WriteReasons(hit.reasons, json);
      json.EndObject();
    }
    json.EndArray().EndObject();
    if (globals_.json) return WriteStdout(json.Take() + "\n");
    return SayWhatNext(answer.items.empty() ? world_.items.front().first : answer.items.front().item);
  }

  Status SayWhatNext(const std::string& item) const {
    const std::string store = " --store " + ShellWord(path_);
    const std::string stranger = world_.users[(world_.guest + world_.users.size() / 2) % world_.users.size()];
    return Say("\nThe store stays in " + path_ + "; try next:\n" +                           //
               "  kith explain" + store + " --user " + guest() + " --item " + item + "\n" +  //
               "  kith similar" + store + " --item " + item + " -k 5\n" +                    //
               "  echo '{\"user\":\"" + guest() + "\",\"friend\":\"" + stranger + "\"}' | kith ingest" + store +
               " - && kith recommend" + store + " --user " + guest() + " --explain\n");
  }

  const Globals& globals_;
  std::string path_;
  Runtime runtime_;
  World world_;
  std::vector<Contender> contenders_;
};

}  // namespace

void AddDemoCommand(CLI::App& root, Invocation& invocation) {
  CLI::App* command = root.add_subcommand(
      "demo", "Make a small world, import it, train, measure, recommend and explain; the store stays (./kith-demo)");
  command->footer(ExampleFooter("kith demo --store kith-demo"));
  command->callback([&invocation] {
    invocation.run = [&invocation] {
      const Globals& globals = invocation.globals;
      return Demo(globals, globals.store.empty() ? kDefaultStore : globals.store).Run();
    };
  });
}

}  // namespace kith::tools
