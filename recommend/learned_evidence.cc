#include <algorithm>
#include <array>
#include <cmath>

#include "evidences.h"
#include "kith/kernels/kernels.h"

namespace kith {
namespace {

/// zc(u, i) = (<z, items_i> - mean) / deviation, with mean and deviation over all items of the model.  The cosine's
/// division by |z| cancels in the z-score, so z needs no normalisation.  Items later than the model have rows of zeros.
class LearnedEvidence final : public Evidence {
 public:
  explicit LearnedEvidence(const Model& model) : model_(model) {}

  [[nodiscard]] float Gate(const UserView& view) const override {
    return view.has_items() ? model_.gates.learned : model_.gates.cold_learned;
  }

  void Score(const UserView& view, float gate, std::span<float> scores) const override {
    ScoreBlock({&view, 1}, {&gate, 1}, scores);
  }

  /// Tiles of items stay in the second-level cache while every user of the block meets them.
  void ScoreBlock(std::span<const UserView> views, std::span<const float> gates,
                  std::span<float> scores) const override {
    if (views.empty()) return;
    const std::size_t d = model_.width(), stride = scores.size() / views.size();
    const std::size_t known = model_.items.rows();
    for (std::size_t first = 0; first < views.size(); first += kBlock) {
      const std::size_t count = std::min(kBlock, views.size() - first);
      std::array<Standard, kBlock> standards;
      for (std::size_t v = 0; v < count; ++v) standards[v] = Standardise(views[first + v], gates[first + v]);
      for (std::size_t begin = 0; begin < known; begin += kTile) {
        const std::size_t n = std::min(kTile, known - begin);
        for (std::size_t v = 0; v < count; ++v) {
          const Standard& standard = standards[v];
          if (standard.scale == 0) continue;
          std::array<float, kTile> raw;
          kernels::Scores(views[first + v].z.data(), model_.items.row(begin), n, d, raw.data());
          float* row = scores.data() + (first + v) * stride + begin;
          for (std::size_t i = 0; i < n; ++i) row[i] += (raw[i] - standard.mean) * standard.scale;
        }
      }
      for (std::size_t v = 0; v < count; ++v) {
        if (standards[v].scale == 0) continue;
        const float of_zeros = (0.0F - standards[v].mean) * standards[v].scale;
        for (float& score : scores.subspan((first + v) * stride + known, stride - known)) score += of_zeros;
      }
    }
  }

  /// zc is linear in z, so item j's share is a_uj <message_j, items_i - mean vector> / deviation, base_u has the rest;
  /// and of a user without items, friend f's is a_uf <users_f, items_i - mean vector> / deviation.
  void Explain(const UserView& view, float gate, std::span<const std::uint32_t> items,
               std::span<std::vector<Contribution>> terms) const override {
    const Standard standard = Standardise(view, gate);
    if (standard.scale == 0) return;
    double attention = 0;
    for (const float weight : view.item_weights) attention += std::abs(weight);
    for (std::size_t n = 0; n < items.size(); ++n) ExplainOne(view, items[n], standard.scale, attention, terms[n]);
  }

 private:
  void ExplainOne(const UserView& view, std::uint32_t item, double scale, double total_attention,
                  std::vector<Contribution>& terms) const {
    const std::size_t d = model_.width(), heads = model_.heads, width = d / heads;
    std::vector<double> target(d);
    const float* row = item < model_.items.rows() ? model_.items.row(item) : nullptr;
    for (std::size_t c = 0; c < d; ++c) target[c] = ((row != nullptr ? row[c] : 0.0F) - model_.item_mean()[c]) * scale;
    if (!view.has_items()) {
      for (std::size_t n = 0; n < view.friends.size(); ++n) {
        if (view.friends[n] >= model_.users.rows() || view.friend_weights[n] == 0) continue;
        const float* vector = model_.users.row(view.friends[n]);
        double contribution = 0;
        for (std::size_t c = 0; c < d; ++c) contribution += view.friend_weights[n] * vector[c] * target[c];
        terms.push_back({Via::kFriend, view.friends[n], view.friend_weights[n], static_cast<float>(contribution)});
      }
      return;
    }
    for (std::size_t n = 0; n < view.items.size(); ++n) {
      const float* message = model_.item_messages.row(view.items[n]);
      const float* weights = view.item_weights.data() + n * heads;
      double contribution = 0, attention = 0;
      for (std::size_t head = 0; head < heads; ++head) {
        attention += std::abs(weights[head]);
        for (std::size_t c = head * width; c < (head + 1) * width; ++c) {
          contribution += static_cast<double>(weights[head]) * message[c] * target[c];
        }
      }
      const double share = total_attention > 0 ? attention / total_attention : 0.0;
      terms.push_back({Via::kItem, view.items[n], static_cast<float>(share), static_cast<float>(contribution)});
    }
    if (view.user >= model_.info.num_users) return;
    double rest = 0;
    for (std::size_t c = 0; c < d; ++c) rest += static_cast<double>(model_.user_base(view.user, c)) * target[c];
    terms.push_back({Via::kModel, 0, 0.0F, static_cast<float>(rest)});
  }

  static constexpr std::size_t kBlock = 64;  ///< users
  static constexpr std::size_t kTile = 512;  ///< items: 128 KiB of vectors at 64 columns

  /// zc = (<z, x> - mean) * scale with the gate in the scale; a scale of 0 adds nothing.
  struct Standard {
    float mean = 0.0F, scale = 0.0F;
  };
  [[nodiscard]] Standard Standardise(const UserView& view, float gate) const noexcept {
    const Model::Moments moments = model_.ScoreMoments(view.z);
    if (!(moments.deviation > 1e-12F)) return {};
    return {moments.mean, gate / moments.deviation};
  }

  const Model& model_;
};

}  // namespace

std::unique_ptr<const Evidence> MakeLearnedEvidence(const Model& model) {
  return std::make_unique<LearnedEvidence>(model);
}

}  // namespace kith
