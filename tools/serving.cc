#include "serving.h"

#include "kith/graph/event.h"
#include "kith/storage/model_store.h"
#include "table.h"

namespace kith::tools {

LogSink Warnings() { return StderrLog(LogLevel::kWarning); }

Status CheckKeyOption(std::string_view option, std::string_view key) {
  const Status status = ValidateKey(key, option);
  return status.ok() ? status : InvalidArgument(std::string(status.message()));
}

Result<std::unique_ptr<GraphStore>> OpenReadOnly(const Globals& globals) {
  KITH_ASSIGN_OR_RETURN(const std::string path, globals.Store());
  return GraphStore::Open(path, {.access = StoreOptions::Access::kReadOnly, .log = Warnings()});
}

Result<std::shared_ptr<const Model>> LoadModel(GraphStore& store, std::string_view name, const SocialGraph& graph) {
  KITH_ASSIGN_OR_RETURN(const StoredModel stored, ModelStore(store).Load(name));
  auto model = Model::Decode(stored.json, stored.tensors);
  if (!model.ok()) return model.status().WithContext("model \"" + std::string(name) + "\" of " + store.path());
  const ModelInfo& info = (*model)->info;
  if (info.store_id != graph.store_id()) {
    return FailedPrecondition("model \"" + std::string(name) + "\" was trained on store " + info.store_id +
                              ", this is store " + graph.store_id() +
                              "; train here, or copy the store together with its model");
  }
  if (info.log_sequence > graph.log_sequence() || info.num_users > graph.num_users() ||
      info.num_items > graph.num_items()) {
    return FailedPrecondition("model \"" + std::string(name) + "\" was trained at event " +
                              std::to_string(info.log_sequence) + ", the store ends at event " +
                              std::to_string(graph.log_sequence()) +
                              "; the store was replaced by an older copy: train again");
  }
  return std::move(*model);
}

Result<std::unique_ptr<Engine>> OpenEngine(const Globals& globals, const std::string& name, const Runtime& runtime) {
  KITH_ASSIGN_OR_RETURN(const std::string path, globals.Store());
  KITH_ASSIGN_OR_RETURN(auto engine, Engine::Open(path, {.model = name, .runtime = &runtime, .log = Warnings()}));
  if (engine->model() == nullptr) {
    return NotFound("store \"" + path + "\" has no published model \"" + name + "\"; run: kith train --store " +
                    ShellWord(path) + (name == "default" ? "" : " --name " + ShellWord(name)));
  }
  return engine;
}

Status CheckInterrupted() { return Interrupted().load() ? Cancelled("interrupted; nothing was changed") : OkStatus(); }

}  // namespace kith::tools
