#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "command.h"
#include "json_writer.h"
#include "kith/recommend/evidence.h"
#include "npy.h"
#include "serving.h"
#include "table.h"
#include "whole_file.h"

namespace kith::tools {
namespace {

struct EmbedOptions {
  std::string out;
  std::string use = "default";
};

std::string_view RowBytes(const float* row, std::size_t width) {
  return {reinterpret_cast<const char*>(row), width * sizeof(float)};
}

/// The live vector of a user whom the model has none of, scaled to length 1; zeros where there is none.
std::vector<float> LiveRow(const SocialGraph& graph, const Model& model, std::uint32_t user) {
  std::vector<float> row = MakeUserView(graph, model, UserId{user}).z;
  row.resize(model.width(), 0.0F);
  double square = 0;
  for (const float x : row) square += static_cast<double>(x) * static_cast<double>(x);
  if (square > 0) {
    const double scale = 1.0 / std::sqrt(square);
    for (float& x : row) x = static_cast<float>(static_cast<double>(x) * scale);
  }
  return row;
}

Status WriteUsers(const SocialGraph& graph, const Model& model, const KeyTable& keys, WholeFile& vectors,
                  WholeFile& ids) {
  KITH_RETURN_IF_ERROR(vectors.Write(NpyHeader(graph.num_users(), model.width())));
  for (std::uint32_t user = 0; user < graph.num_users(); ++user) {
    const bool known = user < model.info.num_users;
    const auto row = known ? model.users.row_span(user) : std::span<const float>{};
    if (std::any_of(row.begin(), row.end(), [](float x) { return x != 0; })) {
      KITH_RETURN_IF_ERROR(vectors.Write(RowBytes(row.data(), model.width())));
    } else {
      KITH_RETURN_IF_ERROR(vectors.Write(RowBytes(LiveRow(graph, model, user).data(), model.width())));
    }
    KITH_RETURN_IF_ERROR(ids.Write(std::string(keys.user_key(UserId{user})) + "\n"));
  }
  return CheckInterrupted();
}

Status WriteItems(const SocialGraph& graph, const Model& model, const KeyTable& keys, WholeFile& vectors,
                  WholeFile& ids) {
  KITH_RETURN_IF_ERROR(vectors.Write(NpyHeader(graph.num_items(), model.width())));
  const std::vector<float> zeros(model.width(), 0.0F);
  for (std::uint32_t item = 0; item < graph.num_items(); ++item) {
    const float* row = item < model.info.num_items ? model.items.data() + item * model.width() : zeros.data();
    KITH_RETURN_IF_ERROR(vectors.Write(RowBytes(row, model.width())));
    KITH_RETURN_IF_ERROR(ids.Write(std::string(keys.item_key(ItemId{item})) + "\n"));
  }
  return CheckInterrupted();
}

/// Writes all four files beside their places, and only then lets them appear.
Status WriteFiles(const std::string& folder, const SocialGraph& graph, const Model& model, const KeyTable& keys) {
  std::array<WholeFile, 4> files;
  constexpr std::array<const char*, 4> kNames = {"users.npy", "users.txt", "items.npy", "items.txt"};
  for (std::size_t i = 0; i < files.size(); ++i) {
    KITH_RETURN_IF_ERROR(files[i].Open((std::filesystem::path(folder) / kNames[i]).string()));
  }
  KITH_RETURN_IF_ERROR(WriteUsers(graph, model, keys, files[0], files[1]));
  KITH_RETURN_IF_ERROR(WriteItems(graph, model, keys, files[2], files[3]));
  for (WholeFile& file : files) KITH_RETURN_IF_ERROR(file.Close());
  for (WholeFile& file : files) KITH_RETURN_IF_ERROR(file.Publish());
  return OkStatus();
}

Status RunEmbed(const Globals& globals, const EmbedOptions& options) {
  KITH_ASSIGN_OR_RETURN(const auto store, OpenReadOnly(globals));
  const Runtime runtime(globals.threads);
  KITH_ASSIGN_OR_RETURN(const auto graph, store->LoadGraph(runtime));
  KITH_ASSIGN_OR_RETURN(const auto model, LoadModel(*store, options.use, *graph));
  if (model->width() == 0) {
    return FailedPrecondition("model \"" + options.use + "\" (" + model->info.architecture +
                              ") has no learned vectors; run: kith train --store " + ShellWord(store->path()));
  }
  KITH_ASSIGN_OR_RETURN(const KeyTable keys, store->LoadKeys());
  std::error_code error;
  const bool made = std::filesystem::create_directories(options.out, error);
  if (error) return IoError("creating folder " + options.out + ": " + error.message());
  if (const Status status = WriteFiles(options.out, *graph, *model, keys); !status.ok()) {
    if (made) std::filesystem::remove(options.out, error);
    return status;
  }
  if (globals.json) {
    JsonWriter json;
    json.BeginObject().Member("out", options.out).Member("model", options.use).Member("users", graph->num_users());
    json.Member("items", graph->num_items()).Member("width", model->width()).EndObject();
    return WriteStdout(json.Take() + "\n");
  }
  return WriteStdout("wrote users.npy [" + std::to_string(graph->num_users()) + " x " + std::to_string(model->width()) +
                     "], items.npy [" + std::to_string(graph->num_items()) + " x " + std::to_string(model->width()) +
                     "], users.txt and items.txt to " + options.out + "\n");
}

}  // namespace

void AddEmbedCommand(CLI::App& root, Invocation& invocation) {
  CLI::App* command = root.add_subcommand("embed", "Write the learned vectors of users and items as NumPy files");
  const auto options = std::make_shared<EmbedOptions>();
  command->add_option("--out", options->out, "Folder for users.npy, users.txt, items.npy, items.txt")
      ->required()
      ->type_name("DIR");
  command->add_option("--use", options->use, "Name of the published model")->type_name("NAME")->capture_default_str();
  command->footer(ExampleFooter("kith embed --store s --out vectors"));
  command->callback([&invocation, options] {
    invocation.run = [&invocation, options] { return RunEmbed(invocation.globals, *options); };
  });
}

}  // namespace kith::tools
