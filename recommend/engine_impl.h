/// The one Engine: a store, the keys, and a state that readers take as a whole.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "kith/recommend/engine.h"
#include "kith/recommend/ranker.h"
#include "kith/storage/graph_store.h"
#include "live_keys.h"

namespace kith {

class EngineImpl final : public Engine {
 public:
  /// What one answer sees: graph and model of one moment, never half of a change.
  struct State {
    std::shared_ptr<const SocialGraph> graph;
    std::shared_ptr<const Model> model;    ///< null before the first publish
    std::shared_ptr<const Ranker> ranker;  ///< of the model
  };

  EngineImpl(EngineOptions options, std::unique_ptr<GraphStore> store, std::unique_ptr<const Runtime> own_runtime,
             KeyTable keys, std::shared_ptr<const State> state);

  [[nodiscard]] Status Ingest(std::span<const Event> events) override;
  [[nodiscard]] Status Publish(std::shared_ptr<const Model> model) override;
  [[nodiscard]] Result<Answer> Recommend(std::string_view user, const RecommendOptions& options) const override;
  [[nodiscard]] Status RecommendAll(const RecommendOptions& options,
                                    FunctionRef<Status(const Answer&)> visit) const override;
  [[nodiscard]] Result<std::vector<Similar>> SimilarItems(std::string_view item, std::size_t k) const override;
  [[nodiscard]] Result<std::vector<Similar>> SimilarUsers(std::string_view user, std::size_t k) const override;
  [[nodiscard]] Result<Explanation> Explain(std::string_view user, std::string_view item) const override;
  [[nodiscard]] std::shared_ptr<const SocialGraph> graph() const override { return Snapshot()->graph; }
  [[nodiscard]] std::shared_ptr<const Model> model() const override { return Snapshot()->model; }

 private:
  [[nodiscard]] std::shared_ptr<const State> Snapshot() const;
  void Swap(std::shared_ptr<const State> state);
  /// The snapshot, or kNotFound where no model is published.
  [[nodiscard]] Result<std::shared_ptr<const State>> Ready() const;
  /// The id of a user (item) that the snapshot's graph knows, or kNotFound.
  [[nodiscard]] Result<UserId> KnownUser(const State& state, std::string_view key) const;
  [[nodiscard]] Result<ItemId> KnownItem(const State& state, std::string_view key) const;
  /// The list with keys, names and, if asked for, reasons.
  [[nodiscard]] Answer MakeAnswer(const State& state, const UserView& view, std::string_view user,
                                  std::span<const ScoredItem> list, const RecommendOptions& options) const;

  const EngineOptions options_;
  const std::unique_ptr<const Runtime> own_runtime_;
  const Runtime& runtime_;
  const std::unique_ptr<GraphStore> store_;
  LiveKeys keys_;

  std::mutex writing_;              ///< serialises Ingest and Publish
  mutable std::mutex state_mutex_;  ///< held for a pointer copy
  std::shared_ptr<const State> state_;
};

}  // namespace kith
