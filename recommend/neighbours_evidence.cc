#include <algorithm>
#include <cmath>

#include "close_users.h"
#include "evidences.h"
#include "kith/recommend/kernel_attention.h"

namespace kith {
namespace {

constexpr std::size_t kNeighbours = 200;
/// Edges of the user's items that are looked at for one answer, the rarest items first: a bound on what a user of many
/// popular items may cost.
constexpr std::size_t kMostEdges = std::size_t{1} << 19;

using Neighbour = CloseUser;  ///< with the weight of each of their items

/// Users of like taste (user-based nearest neighbours, Herlocker et al. 1999), all live:
///   sim(u, v) = sum over items j of both of (1 + d_j)^-1/2 / sqrt(d_v);   the 200 largest are kept, ties by smaller id
///   t(u, i)   = sum over kept v of sim(u, v) / sqrt(d_v) x_vi, over its standard deviation over the model's items
/// and by its root, as the kernel's.  d_j: users of j at training (rare items say more), d_v: live items of v.
class NeighboursEvidence final : public Evidence {
 public:
  explicit NeighboursEvidence(const Model& model) : model_(model) {}

  [[nodiscard]] float Gate(const UserView& view) const override {
    return view.has_items() ? model_.gates.neighbours : 0.0F;
  }

  void Score(const UserView& view, float gate, std::span<float> scores) const override {
    std::vector<float> sums;
    const double inverse = Sum(view, Find(view), sums);
    if (inverse == 0) return;
    const auto scale = static_cast<float>(inverse);
    for (std::size_t i = 0; i < sums.size(); ++i) {
      if (sums[i] != 0) scores[i] += gate * 2.0F * (std::sqrt(1.0F + sums[i] * scale) - 1.0F);
    }
  }

  void Explain(const UserView& view, float gate, std::span<const std::uint32_t> items,
               std::span<std::vector<Contribution>> terms) const override {
    const std::vector<Neighbour> neighbours = Find(view);
    std::vector<float> sums;
    const double inverse = Sum(view, neighbours, sums);
    if (inverse == 0) return;
    double total = 0;
    for (const Neighbour& neighbour : neighbours) total += neighbour.weight;
    for (std::size_t n = 0; n < items.size(); ++n) {
      const double t = sums[items[n]] * inverse;
      const double factor = t == 0 ? 0.0 : gate * KernelReader::Root(t) / t * inverse;
      for (const Neighbour& neighbour : neighbours) {
        const auto theirs = view.graph->items(UserId{neighbour.user}).targets;
        const bool has = std::binary_search(theirs.begin(), theirs.end(), items[n]);
        terms[n].push_back({Via::kNeighbour, neighbour.user, static_cast<float>(neighbour.weight / total),
                            has ? static_cast<float>(factor * neighbour.weight) : 0.0F});
      }
    }
  }

 private:
  /// The kept neighbours by id.
  [[nodiscard]] std::vector<Neighbour> Find(const UserView& view) const {
    std::vector<std::uint32_t> order = view.items;
    std::stable_sort(order.begin(), order.end(),
                     [&](std::uint32_t a, std::uint32_t b) { return model_.item_degrees[a] < model_.item_degrees[b]; });
    std::vector<float> overlap(view.graph->num_users(), 0.0F);
    std::vector<std::uint32_t> met;
    std::size_t edges = 0;
    for (const std::uint32_t item : order) {
      const auto users = view.graph->users(ItemId{item}).targets;
      edges += users.size();
      if (edges > kMostEdges && !met.empty()) break;
      const auto weight = static_cast<float>(1.0 / std::sqrt(1.0 + model_.item_degrees[item]));
      for (const std::uint32_t other : users) {
        if (overlap[other] == 0 && other != view.user) met.push_back(other);
        overlap[other] += weight;
      }
    }
    std::vector<Neighbour> neighbours;
    neighbours.reserve(met.size());
    for (const std::uint32_t other : met) {
      const auto items = static_cast<double>(view.graph->degree(Relation::kInteracts, other));
      neighbours.push_back({other, overlap[other] / std::sqrt(items)});
    }
    KeepHeaviest(kNeighbours, neighbours);
    for (Neighbour& neighbour : neighbours) {
      neighbour.weight /= std::sqrt(static_cast<double>(view.graph->degree(Relation::kInteracts, neighbour.user)));
    }
    return neighbours;
  }

  /// sums [all ranked items]; returns 1 over their deviation, or 0 where there is none.
  static double Sum(const UserView& view, std::span<const Neighbour> neighbours, std::vector<float>& sums) {
    sums.assign(view.num_items(), 0.0F);
    if (neighbours.empty()) return 0.0;
    for (const Neighbour& neighbour : neighbours) {
      const auto weight = static_cast<float>(neighbour.weight);
      for (const std::uint32_t item : view.graph->items(UserId{neighbour.user}).targets) sums[item] += weight;
    }
    // Over the model's items: a newer one changes nobody else's score.
    const std::span<const float> known = std::span<const float>(sums).first(view.model->info.num_items);
    double mean = 0, squares = 0;
    for (const float value : known) mean += value;
    mean /= static_cast<double>(known.size());
    for (const float value : known) squares += (value - mean) * (value - mean);
    const double deviation = std::sqrt(squares / static_cast<double>(known.size()));
    return deviation > 1e-12 ? 1.0 / deviation : 0.0;
  }

  const Model& model_;
};

}  // namespace

std::unique_ptr<const Evidence> MakeNeighboursEvidence(const Model& model) {
  return std::make_unique<NeighboursEvidence>(model);
}

}  // namespace kith
