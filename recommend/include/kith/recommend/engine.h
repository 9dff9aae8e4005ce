/// Engine: Kith inside a C++ service. Open a store, ingest events, ask for recommendations with reasons.
///
///   auto engine = kith::Engine::Open("s", {.writable = true}).value();
///   kith::CheckOk(engine->Ingest({{.user = "ann", .target = "dune"}}));
///   const kith::Answer answer = engine->Recommend("ann").value();
///   for (const auto& hit : answer.items) std::cout << hit.item << '\n';
///
/// Threads: Recommend, Similar*, Explain, graph() and keys are const and run together from any number of threads, each
///          on one snapshot of graph and model; Ingest and Publish are serialised inside and never block them for
///          longer than a pointer swap.  Results own their strings.
/// An acknowledged Ingest counts in every call that starts after it returned.  An item later than the model has no
/// vector before the next Publish: it is recommended through the friends and, where their gate
/// is open, the users of like taste who have it, and SimilarItems fails for it.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kith/base/log.h"
#include "kith/base/parallel.h"
#include "kith/base/status.h"
#include "kith/graph/event.h"
#include "kith/graph/social_graph.h"
#include "kith/recommend/evidence.h"
#include "kith/recommend/model.h"

namespace kith {

struct EngineOptions {
  /// Opens the store for writing (and creates it): Ingest and Publish work, other writers are kept out.
  bool writable = false;
  /// The published model to serve.
  std::string model = "default";
  /// Borrowed, must outlive the engine; by default the engine makes one.
  const Runtime* runtime = nullptr;
  LogSink log = {};
};

struct Reason {
  Via via = Via::kModel;
  std::string key;         ///< external key; empty for kPopular and kModel
  std::string name;        ///< readable name of an item, or empty
  float attention = 0.0F;  ///< the key's share within its via
  float contribution = 0.0F;
};

struct Recommendation {
  std::uint32_t rank = 0;  ///< from 1
  std::string item;
  std::string name;
  float score = 0.0F;
  std::vector<Reason> reasons;  ///< the three largest, if asked for
};

struct RecommendOptions {
  std::size_t k = 20;
  bool reasons = false;
};

struct Answer {
  std::string user;
  std::string model;              ///< name of the model
  bool popular_fallback = false;  ///< the user is unknown or has no edge: popular items
  std::vector<Recommendation> items;
};

struct Explanation {
  std::string user, item;
  float score = 0.0F;
  std::vector<Reason> contributions;  ///< all of them, largest first; they sum to the score
};

struct Similar {
  std::string key, name;
  float score = 0.0F;  ///< cosine of the learned vectors
};

class Engine {
 public:
  /// A store without a published model opens; questions then fail with kNotFound until Publish.
  /// Fails as GraphStore::Open does, and with kFailedPrecondition where the model belongs to another store or a newer
  /// log.
  [[nodiscard]] static Result<std::unique_ptr<Engine>> Open(const std::string& store,
                                                            const EngineOptions& options = {});
  virtual ~Engine() = default;

  /// Durable when it returns; the very next answer counts it.  All or nothing.
  [[nodiscard]] virtual Status Ingest(std::span<const Event> events) = 0;
  [[nodiscard]] Status Ingest(std::initializer_list<Event> events) {
    return Ingest(std::span<const Event>(events.begin(), events.size()));
  }
  /// Stores the model under options.model and serves it from now on.
  [[nodiscard]] virtual Status Publish(std::shared_ptr<const Model> model) = 0;

  [[nodiscard]] virtual Result<Answer> Recommend(std::string_view user, const RecommendOptions& options = {}) const = 0;
  /// Every user the store knows, in id order, from one thread at a time.
  [[nodiscard]] virtual Status RecommendAll(const RecommendOptions& options,
                                            FunctionRef<Status(const Answer&)> visit) const = 0;
  [[nodiscard]] virtual Result<std::vector<Similar>> SimilarItems(std::string_view item, std::size_t k = 20) const = 0;
  [[nodiscard]] virtual Result<std::vector<Similar>> SimilarUsers(std::string_view user, std::size_t k = 20) const = 0;
  [[nodiscard]] virtual Result<Explanation> Explain(std::string_view user, std::string_view item) const = 0;

  [[nodiscard]] virtual std::shared_ptr<const SocialGraph> graph() const = 0;
  /// Null before the first publish.
  [[nodiscard]] virtual std::shared_ptr<const Model> model() const = 0;
};

}  // namespace kith
