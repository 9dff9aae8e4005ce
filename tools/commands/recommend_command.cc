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
#include "whole_file.h"

namespace kith::tools {
namespace {

struct RecommendCommandOptions {
  std::vector<std::string> users;
  bool all_users = false;
  std::size_t k = 20;
  std::string use = "default";
  bool explain = false;
  std::string out;
};

std::string ToTsv(const Answer& answer) {
  std::string rows;
  for (const Recommendation& hit : answer.items) {
    rows += answer.user + '\t' + std::to_string(hit.rank) + '\t' + hit.item + '\t' + ShortestFloat(hit.score) + '\n';
  }
  return rows;
}

std::string ToJson(const Answer& answer) {
  JsonWriter json;
  json.BeginObject().Member("user", answer.user).Member("model", answer.model).Key("fallback");
  answer.popular_fallback ? json.Value("popular") : json.Value(nullptr);
  json.Key("items").BeginArray();
  for (const Recommendation& hit : answer.items) {
    json.BeginObject().Member("rank", hit.rank).Member("item", hit.item).Member("name", hit.name);
    json.Member("score", hit.score).Key("reasons");
    WriteReasons(hit.reasons, json);
    json.EndObject();
  }
  json.EndArray().EndObject();
  return json.Take() + "\n";
}

Result<std::string> ToText(const Engine& engine, const Answer& answer, bool explain) {
  std::string text =
      "for " + answer.user + (answer.popular_fallback ? ", of whom nothing is known yet: popular items" : "") + "\n";
  Table table("rlrl", {"rank", "item", "score", explain ? "why" : ""});
  for (const Recommendation& hit : answer.items) {
    std::string why;
    if (explain && !answer.popular_fallback) {
      KITH_ASSIGN_OR_RETURN(const Explanation explanation, engine.Explain(answer.user, hit.item));
      why = ReasonsInWords(explanation.contributions);
    } else if (explain) {
      why = ReasonsInWords(hit.reasons);
    }
    table.AddRow({std::to_string(hit.rank), Titled(hit.name, hit.item), ShortestFloat(hit.score), why});
  }
  if (answer.items.empty()) return text + "  nothing left to recommend: the user has every item the model knows\n";
  return text + table.ToString();
}

/// Calls `visit` with the answer of every wanted user.
Status Visit(const Engine& engine, const RecommendCommandOptions& options, bool reasons,
             FunctionRef<Status(const Answer&)> visit) {
  const RecommendOptions how = {.k = options.k, .reasons = reasons};
  const auto watched = [&](const Answer& answer) -> Status {
    KITH_RETURN_IF_ERROR(CheckInterrupted());
    return visit(answer);
  };
  if (options.all_users) return engine.RecommendAll(how, watched);
  for (const std::string& user : options.users) {
    KITH_ASSIGN_OR_RETURN(const Answer answer, engine.Recommend(user, how));
    KITH_RETURN_IF_ERROR(watched(answer));
  }
  return OkStatus();
}

Status WriteTsv(const Globals& globals, const Engine& engine, const RecommendCommandOptions& options) {
  WholeFile file;
  KITH_RETURN_IF_ERROR(file.Open(options.out));
  KITH_RETURN_IF_ERROR(file.Write("user\trank\titem\tscore\n"));
  std::uint64_t users = 0, rows = 0;
  KITH_RETURN_IF_ERROR(Visit(engine, options, /*reasons=*/false, [&](const Answer& answer) {
    ++users;
    rows += answer.items.size();
    return file.Write(ToTsv(answer));
  }));
  KITH_RETURN_IF_ERROR(file.Close());
  KITH_RETURN_IF_ERROR(file.Publish());
  if (!globals.json) {
    WriteStderr("wrote " + Grouped(rows) + " recommendations for " + Grouped(users) + " users to " + options.out +
                "\n");
    return OkStatus();
  }
  JsonWriter json;
  json.BeginObject().Member("out", options.out).Member("users", users).Member("rows", rows).EndObject();
  return WriteStdout(json.Take() + "\n");
}

Status RunRecommend(const Globals& globals, const RecommendCommandOptions& options) {
  if (options.users.empty() && !options.all_users) {
    return InvalidArgument("nobody to recommend to; pass --user KEY or --all-users");
  }
  if (options.k == 0) return InvalidArgument("-k: expected at least 1, found 0");
  for (const std::string& user : options.users) KITH_RETURN_IF_ERROR(CheckKeyOption("--user", user));
  const Runtime runtime(globals.threads);
  KITH_ASSIGN_OR_RETURN(const auto engine, OpenEngine(globals, options.use, runtime));
  if (!options.out.empty()) return WriteTsv(globals, *engine, options);

  std::string pending;
  constexpr std::size_t kBatch = 1 << 16;
  const auto print = [&](const Answer& answer) -> Status {
    if (globals.json) {
      pending += ToJson(answer);
    } else {
      KITH_ASSIGN_OR_RETURN(const std::string text, ToText(*engine, answer, options.explain));
      pending += text;
    }
    if (pending.size() < kBatch) return OkStatus();
    KITH_RETURN_IF_ERROR(WriteStdout(pending));
    pending.clear();
    return OkStatus();
  };
  KITH_RETURN_IF_ERROR(Visit(*engine, options, globals.json || options.explain, print));
  return WriteStdout(pending);
}

}  // namespace

void AddRecommendCommand(CLI::App& root, Invocation& invocation) {
  CLI::App* command = root.add_subcommand("recommend", "Items for users, best first, without those they have");
  const auto options = std::make_shared<RecommendCommandOptions>();
  CLI::Option* users = command->add_option("--user", options->users, "Keys of users")->type_name("KEY...");
  command->add_flag("--all-users", options->all_users, "Every user the store knows")->excludes(users);
  command->add_option("-k,--k", options->k, "Items a user")
      ->check(WholeNumber())
      ->type_name("N")
      ->capture_default_str();
  command->add_option("--use", options->use, "Name of the published model")->type_name("NAME")->capture_default_str();
  command->add_flag("--explain", options->explain, "Say why, in words (JSON always carries the reasons)");
  command->add_option("--out", options->out, "Write user, rank, item, score as TSV to a file")->type_name("FILE.tsv");
  command->footer(ExampleFooter("kith recommend --store s --user 42 -k 10 --explain"));
  command->callback([&invocation, options] {
    invocation.run = [&invocation, options] { return RunRecommend(invocation.globals, *options); };
  });
}

}  // namespace kith::tools
