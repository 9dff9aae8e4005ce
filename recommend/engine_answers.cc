#include <algorithm>
#include <limits>
#include <utility>

#include "engine_impl.h"

namespace kith {
namespace {

constexpr std::size_t kReasonsShown = 3;

/// Largest first; equal ones in the order of via, then key.
void OrderByContribution(std::vector<Contribution>& terms) {
  std::stable_sort(terms.begin(), terms.end(),
                   [](const Contribution& a, const Contribution& b) { return a.contribution > b.contribution; });
}

Reason ToReason(const KeyTable& keys, const Contribution& term) {
  Reason reason;
  reason.via = term.via;
  reason.attention = term.attention;
  reason.contribution = term.contribution;
  switch (term.via) {
    case Via::kItem:
      reason.key = keys.item_key(ItemId{term.key});
      reason.name = keys.item_name(ItemId{term.key});
      break;
    case Via::kFriend:
    case Via::kFriendOfFriend:
    case Via::kNeighbour:
      reason.key = keys.user_key(UserId{term.key});
      break;
    case Via::kPopular:
    case Via::kModel:
      break;
  }
  return reason;
}

}  // namespace

Result<std::shared_ptr<const EngineImpl::State>> EngineImpl::Ready() const {
  std::shared_ptr<const State> state = Snapshot();
  if (state->model != nullptr) return state;
  const bool named = options_.model != "default";
  return NotFound("store \"" + store_->path() + "\" has no published model" +
                  (named ? " \"" + options_.model + "\"" : "") + "; run: kith train --store " + store_->path() +
                  (named ? " --name " + options_.model : ""));
}

Result<UserId> EngineImpl::KnownUser(const State& state, std::string_view key) const {
  const std::optional<UserId> user = keys_.FindUser(key);
  if (user && index(*user) < state.graph->num_users()) return *user;
  return NotFound("store \"" + store_->path() + "\" knows no user \"" + std::string(key) +
                  "\"; check the key, or ingest an event of this user first");
}

Result<ItemId> EngineImpl::KnownItem(const State& state, std::string_view key) const {
  const std::optional<ItemId> item = keys_.FindItem(key);
  if (item && index(*item) < state.graph->num_items()) return *item;
  return NotFound("store \"" + store_->path() + "\" knows no item \"" + std::string(key) +
                  "\"; check the key, or ingest an event with this item first");
}

Answer EngineImpl::MakeAnswer(const State& state, const UserView& view, std::string_view user,
                              std::span<const ScoredItem> list, const RecommendOptions& options) const {
  Answer answer;
  answer.user = user;
  answer.model = options_.model;
  answer.popular_fallback = view.fallback();
  answer.items.resize(list.size());
  std::vector<std::vector<Contribution>> reasons;
  if (options.reasons) {
    std::vector<std::uint32_t> items;
    for (const ScoredItem& hit : list) items.push_back(hit.id);
    reasons = state.ranker->Explain(view, items);
  }
  for (std::vector<Contribution>& terms : reasons) {
    OrderByContribution(terms);
    if (terms.size() > kReasonsShown) terms.resize(kReasonsShown);
  }
  keys_.With([&](const KeyTable& keys) {
    for (std::size_t n = 0; n < list.size(); ++n) {
      Recommendation& hit = answer.items[n];
      hit.rank = static_cast<std::uint32_t>(n + 1);
      hit.item = keys.item_key(ItemId{list[n].id});
      hit.name = keys.item_name(ItemId{list[n].id});
      hit.score = list[n].score;
      if (!options.reasons) continue;
      for (const Contribution& term : reasons[n]) hit.reasons.push_back(ToReason(keys, term));
    }
  });
  return answer;
}

Result<Answer> EngineImpl::Recommend(std::string_view user, const RecommendOptions& options) const {
  KITH_ASSIGN_OR_RETURN(const std::shared_ptr<const State> state, Ready());
  // A key that the snapshot does not know yet gets an id beyond every graph: a view without edges.
  const UserId id = keys_.FindUser(user).value_or(UserId{std::numeric_limits<std::uint32_t>::max()});
  const UserView view = MakeUserView(*state->graph, *state->model, id);
  return MakeAnswer(*state, view, user, state->ranker->Rank(view, options.k), options);
}

Status EngineImpl::RecommendAll(const RecommendOptions& options, FunctionRef<Status(const Answer&)> visit) const {
  KITH_ASSIGN_OR_RETURN(const std::shared_ptr<const State> state, Ready());
  // In parts, so that a visitor that fails is not followed by the ranking of everyone else.
  constexpr std::uint32_t kPart = 8192;
  std::vector<UserId> users;
  std::string key;
  UserView view;
  for (std::uint32_t begin = 0; begin < state->graph->num_users(); begin += kPart) {
    users.clear();
    const std::uint32_t end = std::min(state->graph->num_users(), begin + kPart);
    for (std::uint32_t user = begin; user < end; ++user) users.push_back(UserId{user});
    Status status;
    state->ranker->RankAll(runtime_, *state->graph, users, options.k,
                           [&](std::size_t position, std::span<const ScoredItem> list) {
                             if (!status.ok()) return;
                             FillUserView(*state->graph, *state->model, users[position], view);
                             keys_.With([&](const KeyTable& keys) { key = keys.user_key(users[position]); });
                             status = visit(MakeAnswer(*state, view, key, list, options));
                           });
    KITH_RETURN_IF_ERROR(status);
  }
  return OkStatus();
}

Result<Explanation> EngineImpl::Explain(std::string_view user, std::string_view item) const {
  KITH_ASSIGN_OR_RETURN(const std::shared_ptr<const State> state, Ready());
  KITH_ASSIGN_OR_RETURN(const UserId user_id, KnownUser(*state, user));
  KITH_ASSIGN_OR_RETURN(const ItemId item_id, KnownItem(*state, item));
  const UserView view = MakeUserView(*state->graph, *state->model, user_id);
  std::vector<float> scores(view.num_items());
  state->ranker->ScoreAll(view, scores);
  std::vector<Contribution> terms = state->ranker->Explain(view, index(item_id));
  OrderByContribution(terms);
  Explanation explanation;
  explanation.user = user;
  explanation.item = item;
  explanation.score = scores[index(item_id)];
  keys_.With([&](const KeyTable& keys) {
    for (const Contribution& term : terms) explanation.contributions.push_back(ToReason(keys, term));
  });
  return explanation;
}

}  // namespace kith
