#include "kith/recommend/ranker.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "kith/base/buffer.h"

namespace kith {
namespace {

/// Users scored together: as many rows of scores as fit in 8 MiB, at most 64.
std::size_t BlockOf(std::size_t items) noexcept {
  constexpr std::size_t kFloats = (std::size_t{8} << 20) / sizeof(float);
  return std::clamp<std::size_t>(kFloats / std::max<std::size_t>(1, items), 1, 64);
}

/// Overwrites scores [views x items].  A user of whom nothing is known gets popularity itself, whatever the gates say,
/// and 0 for the items later than the model.
void ScoreViews(const Model& model, std::span<const std::unique_ptr<const Evidence>> evidences,
                std::span<const UserView> views, std::span<float> scores) {
  std::fill(scores.begin(), scores.end(), 0.0F);
  std::vector<float> gates(views.size());
  for (const auto& evidence : evidences) {
    std::transform(views.begin(), views.end(), gates.begin(),
                   [&](const UserView& view) { return evidence->Gate(view); });
    evidence->ScoreBlock(views, gates, scores);
  }
  const auto popular = model.log_degrees();
  for (std::size_t v = 0; v < views.size(); ++v) {
    if (!views[v].fallback()) continue;
    const std::size_t items = scores.size() / views.size();
    const auto row = scores.subspan(v * items, items);
    std::fill(std::copy(popular.begin(), popular.end(), row.begin()), row.end(), 0.0F);
  }
}

/// The best unseen items of one row of scores into `list` [k], best first; returns how many.
std::size_t TopK(const UserView& view, std::span<const float> scores, std::size_t k, ScoredItem* list) noexcept {
  const std::size_t size = kernels::OfferTopK(scores.data(), scores.size(), 0, view.seen, list, 0, k);
  kernels::SortTopK(list, size);
  return size;
}

/// One term per (via, key), ordered; attention as a share of its via; terms of 0 left out.
/// Two evidences may speak through one key (an own item through the kernel and through its vector): their terms add up,
/// and their attentions, each a share of 1, are averaged.
std::vector<Contribution> Merged(std::vector<Contribution> terms) {
  std::stable_sort(terms.begin(), terms.end(), [](const Contribution& a, const Contribution& b) {
    return std::tie(a.via, a.key) < std::tie(b.via, b.key);
  });
  std::vector<Contribution> merged;
  for (const Contribution& term : terms) {
    if (!merged.empty() && merged.back().via == term.via && merged.back().key == term.key) {
      merged.back().attention += term.attention;
      merged.back().contribution += term.contribution;
    } else {
      merged.push_back(term);
    }
  }
  for (const Via via : {Via::kItem, Via::kFriend, Via::kFriendOfFriend, Via::kNeighbour}) {
    double total = 0;
    for (const Contribution& term : merged) total += term.via == via ? term.attention : 0.0F;
    if (total == 0) continue;
    for (Contribution& term : merged) {
      if (term.via == via) term.attention = static_cast<float>(term.attention / total);
    }
  }
  std::erase_if(merged, [](const Contribution& term) { return term.contribution == 0; });
  return merged;
}

/// What one block of users needs from views to lists; used again block after block.
struct Slot {
  std::vector<UserView> views;
  AlignedBuffer<float> scores;       ///< [views x items]
  std::vector<ScoredItem> lists;     ///< [views x k]
  std::vector<std::size_t> sizes;    ///< [views]
  std::size_t begin = 0, count = 0;  ///< users[begin, begin + count)
};

}  // namespace

Ranker::Ranker(std::shared_ptr<const Model> model) : model_(std::move(model)), evidences_(MakeEvidences(*model_)) {}

void Ranker::ScoreAll(const UserView& view, std::span<float> scores) const {
  ScoreViews(*model_, evidences_, {&view, 1}, scores);
}

std::vector<ScoredItem> Ranker::Rank(const UserView& view, std::size_t k) const {
  const std::size_t items = view.num_items();
  std::vector<ScoredItem> list(std::min(k, items));
  if (list.empty()) return list;
  AlignedBuffer<float> scores(items);
  ScoreAll(view, scores.span());
  list.resize(TopK(view, scores.span(), list.size(), list.data()));
  return list;
}

void Ranker::RankAll(const Runtime& runtime, const SocialGraph& graph, std::span<const UserId> users, std::size_t k,
                     FunctionRef<void(std::size_t, std::span<const ScoredItem>)> visit) const {
  const std::size_t items = RankedItems(graph, *model_), block = BlockOf(items);
  k = std::min(k, items);
  if (k == 0) {
    for (std::size_t u = 0; u < users.size(); ++u) visit(u, {});
    return;
  }
  const std::size_t blocks = (users.size() + block - 1) / block;
  std::vector<Slot> slots(std::min(blocks, static_cast<std::size_t>(runtime.threads()) + 1));
  if (slots.empty()) return;

  const auto produce = [&](std::size_t b, std::size_t s) {
    if (b >= blocks) return false;
    slots[s].begin = b * block;
    slots[s].count = std::min(block, users.size() - b * block);
    return true;
  };
  const auto rank = [&](std::size_t, std::size_t s) {
    Slot& slot = slots[s];
    slot.views.resize(block);
    slot.scores.resize(block * items);
    slot.lists.resize(block * k);
    slot.sizes.resize(block);
    for (std::size_t v = 0; v < slot.count; ++v) {
      FillUserView(graph, *model_, users[slot.begin + v], slot.views[v]);
    }
    const std::span<const UserView> views(slot.views.data(), slot.count);
    const std::span<float> scores = slot.scores.span().first(slot.count * items);
    ScoreViews(*model_, evidences_, views, scores);
    for (std::size_t v = 0; v < slot.count; ++v) {
      slot.sizes[v] = TopK(views[v], scores.subspan(v * items, items), k, slot.lists.data() + v * k);
    }
  };
  const auto hand_over = [&](std::size_t, std::size_t s) {
    const Slot& slot = slots[s];
    for (std::size_t v = 0; v < slot.count; ++v) {
      visit(slot.begin + v, {slot.lists.data() + v * k, slot.sizes[v]});
    }
  };
  ParallelPipeline(runtime, slots.size(), produce, rank, hand_over);
}

std::vector<Contribution> Ranker::Explain(const UserView& view, std::uint32_t item) const {
  return std::move(Explain(view, std::span<const std::uint32_t>(&item, 1)).front());
}

std::vector<std::vector<Contribution>> Ranker::Explain(const UserView& view,
                                                       std::span<const std::uint32_t> items) const {
  std::vector<std::vector<Contribution>> terms(items.size());
  if (view.fallback()) {
    const auto popular = model_->log_degrees();
    for (std::size_t n = 0; n < items.size(); ++n) {
      terms[n] = {{Via::kPopular, 0, 0.0F, items[n] < popular.size() ? popular[items[n]] : 0.0F}};
    }
    return terms;
  }
  for (const auto& evidence : evidences_) {
    const float gate = evidence->Gate(view);
    if (gate != 0) evidence->Explain(view, gate, items, terms);
  }
  for (std::vector<Contribution>& list : terms) list = Merged(std::move(list));
  return terms;
}

}  // namespace kith
