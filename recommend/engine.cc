#include "kith/recommend/engine.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "engine_impl.h"
#include "kith/storage/model_store.h"

namespace kith {
namespace {

/// Ok where the model may serve this store: same store, no newer log, no ids that the store does not know.
Status CheckServes(const Model& model, const std::string& name, const GraphStore& store, const SocialGraph& graph) {
  const std::string subject = "model \"" + name + "\" ";
  if (model.info.store_id != store.store_id()) {
    return FailedPrecondition(subject + "was trained on store " + model.info.store_id + ", this is store " +
                              store.store_id() + "; train here, or copy the store together with its model");
  }
  if (model.info.log_sequence > store.last_sequence()) {
    return FailedPrecondition(subject + "was trained at event " + std::to_string(model.info.log_sequence) +
                              ", this store ends at event " + std::to_string(store.last_sequence()) +
                              "; train here, or copy the store together with its model");
  }
  if (model.info.num_users > graph.num_users() || model.info.num_items > graph.num_items()) {
    return FailedPrecondition(subject + "knows " + std::to_string(model.info.num_users) + " users and " +
                              std::to_string(model.info.num_items) + " items, this store " +
                              std::to_string(graph.num_users()) + " and " + std::to_string(graph.num_items()) +
                              "; train here");
  }
  return OkStatus();
}

std::shared_ptr<const EngineImpl::State> MakeState(std::shared_ptr<const SocialGraph> graph,
                                                   std::shared_ptr<const Model> model) {
  auto state = std::make_shared<EngineImpl::State>();
  state->graph = std::move(graph);
  if (model != nullptr) state->ranker = std::make_shared<const Ranker>(model);
  state->model = std::move(model);
  return state;
}

/// The published model; null where there is none yet.
Result<std::shared_ptr<const Model>> LoadModel(GraphStore& store, const std::string& name, const SocialGraph& graph) {
  auto stored = ModelStore(store).Load(name);
  if (!stored.ok()) {
    if (stored.status().code() == StatusCode::kNotFound) return std::shared_ptr<const Model>();
    return stored.status();
  }
  auto model = Model::Decode(stored->json, stored->tensors);
  if (!model.ok()) return model.status().WithContext("model \"" + name + "\" of store \"" + store.path() + "\"");
  KITH_RETURN_IF_ERROR(CheckServes(**model, name, store, graph));
  return model;
}

}  // namespace

Result<std::unique_ptr<Engine>> Engine::Open(const std::string& path, const EngineOptions& options) {
  StoreOptions store_options;
  store_options.access = options.writable ? StoreOptions::Access::kCreateOrWrite : StoreOptions::Access::kReadOnly;
  store_options.log = options.log;
  KITH_ASSIGN_OR_RETURN(std::unique_ptr<GraphStore> store, GraphStore::Open(path, store_options));
  std::unique_ptr<const Runtime> own_runtime;
  if (options.runtime == nullptr) own_runtime = std::make_unique<const Runtime>();
  const Runtime& runtime = options.runtime != nullptr ? *options.runtime : *own_runtime;
  KITH_ASSIGN_OR_RETURN(std::shared_ptr<const SocialGraph> graph, store->LoadGraph(runtime));
  KITH_ASSIGN_OR_RETURN(KeyTable keys, store->LoadKeys());
  KITH_ASSIGN_OR_RETURN(std::shared_ptr<const Model> model, LoadModel(*store, options.model, *graph));
  return std::unique_ptr<Engine>(std::make_unique<EngineImpl>(options, std::move(store), std::move(own_runtime),
                                                              std::move(keys),
                                                              MakeState(std::move(graph), std::move(model))));
}

EngineImpl::EngineImpl(EngineOptions options, std::unique_ptr<GraphStore> store,
                       std::unique_ptr<const Runtime> own_runtime, KeyTable keys, std::shared_ptr<const State> state)
    : options_(std::move(options)),
      own_runtime_(std::move(own_runtime)),
      runtime_(options_.runtime != nullptr ? *options_.runtime : *own_runtime_),
      store_(std::move(store)),
      keys_(std::move(keys)),
      state_(std::move(state)) {}

std::shared_ptr<const EngineImpl::State> EngineImpl::Snapshot() const {
  const std::lock_guard lock(state_mutex_);
  return state_;
}

void EngineImpl::Swap(std::shared_ptr<const State> state) {
  const std::lock_guard lock(state_mutex_);
  state_.swap(state);
}

Status EngineImpl::Ingest(std::span<const Event> events) {
  if (!options_.writable) {
    return FailedPrecondition("store \"" + store_->path() +
                              "\" is open for reading; open the engine with .writable = true");
  }
  const std::lock_guard lock(writing_);
  KITH_ASSIGN_OR_RETURN(const AppendResult appended, store_->Append(events));
  const auto [num_users, num_items] = keys_.Add(appended.new_users, appended.new_items);
  const std::shared_ptr<const State> before = Snapshot();
  auto graph = before->graph->WithEdges(appended.changes, num_users, num_items, appended.last_sequence);

  // An ingest copies the overlay (its cost grows with the overlay's rows r), a fold costs the graph (its edges E) and
  // comes every r ingests at worst: r about sqrt(E) keeps the two equal.
  const double edges = static_cast<double>(graph->num_interactions() + graph->num_friendships());
  if (static_cast<double>(graph->overlay_rows()) > std::max(1024.0, 2 * std::sqrt(edges))) {
    auto compacted = graph->Compact(runtime_);
    if (compacted.ok()) {
      graph = std::move(*compacted);
    } else {
      Log(options_.log, LogLevel::kWarning, "the live graph stays unfolded: " + compacted.status().ToString());
    }
  }
  auto after = std::make_shared<State>(*before);
  after->graph = std::move(graph);
  Swap(std::move(after));
  return OkStatus();
}

Status EngineImpl::Publish(std::shared_ptr<const Model> model) {
  if (model == nullptr) return InvalidArgument("publish: expected a model, found none");
  if (!options_.writable) {
    return FailedPrecondition("store \"" + store_->path() +
                              "\" is open for reading; open the engine with .writable = true");
  }
  const std::lock_guard lock(writing_);
  const std::shared_ptr<const State> before = Snapshot();
  KITH_RETURN_IF_ERROR(CheckServes(*model, options_.model, *store_, *before->graph));
  const Model::Encoded encoded = model->Encode();
  auto number = ModelStore(*store_).Publish(options_.model, encoded.json, encoded.tensors);
  if (!number.ok()) return number.status();
  Swap(MakeState(before->graph, std::move(model)));
  return OkStatus();
}

}  // namespace kith
