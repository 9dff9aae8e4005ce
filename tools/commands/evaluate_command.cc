#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "command.h"
#include "json_writer.h"
#include "kith/train/evaluator.h"
#include "number_option.h"
#include "readers/edge_file.h"
#include "serving.h"
#include "table.h"

namespace kith::tools {
namespace {

struct EvaluateOptions {
  std::string test;
  std::vector<std::uint32_t> ks = {20};
  std::string use = "default";
  std::string against;
};

/// One figure of an evaluation: its name in JSON ("recall@20") and its value.
struct Figure {
  std::string name;
  double value = 0;
};

std::vector<Figure> Figures(const Evaluation& evaluation) {
  std::vector<Figure> figures;
  for (std::size_t i = 0; i < evaluation.at.size(); ++i) {
    const Metrics& metrics = evaluation.at[i];
    const std::string at = "@" + std::to_string(metrics.k);
    figures.insert(figures.end(), {{"recall" + at, metrics.recall},
                                   {"ndcg" + at, metrics.ndcg},
                                   {"precision" + at, metrics.precision},
                                   {"hit_rate" + at, metrics.hit_rate},
                                   {"mrr" + at, metrics.mrr},
                                   {"map" + at, metrics.map},
                                   {"coverage" + at, evaluation.coverage[i]}});
  }
  return figures;
}

/// The test file in dense ids, and how much of it the store cannot answer.
struct TestSet {
  HeldOut held_out;
  std::uint64_t unknown_items = 0;  ///< pairs of known users with items the store does not know
  std::uint64_t already_there = 0;  ///< pairs that are edges of the store
};

Result<TestSet> ReadTest(const std::string& path, const KeyTable& keys, const SocialGraph& graph) {
  struct Wanted {
    std::set<std::uint32_t> items;
    std::set<std::string, std::less<>> unknown;
  };
  std::map<std::uint32_t, Wanted> users;
  std::unordered_set<std::string> unknown_users;
  const auto edge = [&](const Event& event) -> Status {
    KITH_RETURN_IF_ERROR(ValidateEvent(event));
    const auto user = keys.FindUser(event.user);
    if (!user) {
      unknown_users.emplace(event.user);
      return OkStatus();
    }
    Wanted& wanted = users[index(*user)];
    if (const auto item = keys.FindItem(event.target)) {
      wanted.items.insert(index(*item));
    } else {
      wanted.unknown.emplace(event.target);
    }
    return OkStatus();
  };
  const auto lone_user = [](std::string_view) { return OkStatus(); };  // nothing is held out of them
  DroppedRows dropped;
  KITH_RETURN_IF_ERROR(ReadEdgeFile(path, {}, {.edge = edge, .lone_user = lone_user}, dropped));

  TestSet test;
  for (const auto& [user, wanted] : users) {
    test.held_out.users.push_back(UserId{user});
    test.held_out.items.emplace_back(wanted.items.begin(), wanted.items.end());
    test.held_out.unknown.push_back(static_cast<std::uint32_t>(wanted.unknown.size()));
    test.unknown_items += wanted.unknown.size();
    const auto seen = graph.items(UserId{user}).targets;
    test.already_there +=
        static_cast<std::uint64_t>(std::count_if(wanted.items.begin(), wanted.items.end(), [&](std::uint32_t item) {
          return std::binary_search(seen.begin(), seen.end(), item);
        }));
  }
  test.held_out.unknown_users = static_cast<std::uint32_t>(unknown_users.size());
  if (test.held_out.users.empty() && unknown_users.empty()) {
    return BadInput(path + ": expected at least one interaction to test on, found none");
  }
  return test;
}

void WriteNotes(const TestSet& test) {
  if (test.held_out.unknown_users != 0) {
    WriteStderr("note: " + Grouped(test.held_out.unknown_users) +
                " users of the test file are not in the store and score 0\n");
  }
  if (test.unknown_items != 0) {
    WriteStderr("note: " + Grouped(test.unknown_items) +
                " test interactions name items that are not in the store: misses\n");
  }
  if (test.already_there != 0) {
    WriteStderr("note: " + Grouped(test.already_there) +
                " test interactions are in the store already: misses, since what a "
                "user has is not recommended\n");
  }
}

std::string ToJson(const std::string& use, const Evaluation& evaluation, const std::string& against,
                   const Evaluation* other) {
  JsonWriter json;
  json.BeginObject().Member("model", use).Member("users", evaluation.users);
  const std::vector<Figure> figures = Figures(evaluation);
  for (const Figure& figure : figures) json.Member(figure.name, figure.value);
  if (other != nullptr) {
    const std::vector<Figure> others = Figures(*other);
    json.Key("against").BeginObject().Member("model", against).Member("users", other->users);
    for (const Figure& figure : others) json.Member(figure.name, figure.value);
    json.EndObject().Key("difference").BeginObject();
    for (std::size_t i = 0; i < figures.size(); ++i) json.Member(figures[i].name, figures[i].value - others[i].value);
    json.EndObject();
  }
  json.EndObject();
  return json.Take() + "\n";
}

void AddRows(Table& table, const std::string& name, const Evaluation& evaluation) {
  for (std::size_t i = 0; i < evaluation.at.size(); ++i) {
    const Metrics& m = evaluation.at[i];
    table.AddRow({name, std::to_string(m.k), Fixed(m.recall, 4), Fixed(m.ndcg, 4), Fixed(m.precision, 4),
                  Fixed(m.hit_rate, 4), Fixed(m.mrr, 4), Fixed(m.map, 4), Fixed(evaluation.coverage[i], 4)});
  }
}

std::string Signed(double difference) { return (std::signbit(difference) ? "" : "+") + Fixed(difference, 4); }

std::string ToText(const std::string& use, const Evaluation& evaluation, const std::string& against,
                   const Evaluation* other) {
  Table table("lrrrrrrrr", {"model", "k", "recall", "ndcg", "precision", "hit rate", "mrr", "map", "coverage"});
  AddRows(table, use, evaluation);
  if (other != nullptr) {
    AddRows(table, against, *other);
    for (std::size_t i = 0; i < evaluation.at.size(); ++i) {
      const Metrics &a = evaluation.at[i], &b = other->at[i];
      table.AddRow({"difference", std::to_string(a.k), Signed(a.recall - b.recall), Signed(a.ndcg - b.ndcg),
                    Signed(a.precision - b.precision), Signed(a.hit_rate - b.hit_rate), Signed(a.mrr - b.mrr),
                    Signed(a.map - b.map), Signed(evaluation.coverage[i] - other->coverage[i])});
    }
  }
  return table.ToString() + "over " + Grouped(evaluation.users) + " users, all items ranked\n";
}

Status RunEvaluate(const Globals& globals, const EvaluateOptions& options) {
  for (const std::uint32_t k : options.ks) {
    if (k == 0) return InvalidArgument("--k: expected list lengths of at least 1, found 0");
  }
  KITH_ASSIGN_OR_RETURN(const auto store, OpenReadOnly(globals));
  const Runtime runtime(globals.threads);
  KITH_ASSIGN_OR_RETURN(const auto graph, store->LoadGraph(runtime));
  KITH_ASSIGN_OR_RETURN(const KeyTable keys, store->LoadKeys());
  KITH_ASSIGN_OR_RETURN(const auto model, LoadModel(*store, options.use, *graph));
  KITH_ASSIGN_OR_RETURN(const TestSet test, ReadTest(options.test, keys, *graph));
  WriteNotes(test);
  const Evaluation evaluation = Evaluate(runtime, *graph, Ranker(model), test.held_out, options.ks);
  KITH_RETURN_IF_ERROR(CheckInterrupted());
  if (options.against.empty()) {
    return WriteStdout(globals.json ? ToJson(options.use, evaluation, "", nullptr)
                                    : ToText(options.use, evaluation, "", nullptr));
  }
  KITH_ASSIGN_OR_RETURN(const auto rival, LoadModel(*store, options.against, *graph));
  const Evaluation other = Evaluate(runtime, *graph, Ranker(rival), test.held_out, options.ks);
  KITH_RETURN_IF_ERROR(CheckInterrupted());
  return WriteStdout(globals.json ? ToJson(options.use, evaluation, options.against, &other)
                                  : ToText(options.use, evaluation, options.against, &other));
}

}  // namespace

void AddEvaluateCommand(CLI::App& root, Invocation& invocation) {
  CLI::App* command =
      root.add_subcommand("evaluate", "Measure a model against held-out interactions, all items ranked");
  const auto options = std::make_shared<EvaluateOptions>();
  command->add_option("--test", options->test, "Held-out interactions, in any format that import reads")
      ->required()
      ->type_name("FILE");
  command->add_option("-k,--k", options->ks, "Lengths of the lists, separated by commas")
      ->delimiter(',')
      ->check(WholeNumber())
      ->type_name("N,...")
      ->capture_default_str();
  command->add_option("--use", options->use, "Name of the published model")->type_name("NAME")->capture_default_str();
  command->add_option("--against", options->against, "Name of a second model to compare with")->type_name("NAME");
  command->footer(ExampleFooter("kith evaluate --store s --test test.tsv --k 10,20 --against popularity"));
  command->callback([&invocation, options] {
    invocation.run = [&invocation, options] { return RunEvaluate(invocation.globals, *options); };
  });
}

}  // namespace kith::tools
