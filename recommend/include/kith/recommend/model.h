/// Model: everything training hands to serving, as one immutable value.
///
/// A user's vector is built from what serving sees live (docs/model.md):
///   z_u = base_u + sum over live items j of a_uj message_j,      cos(z_u, item_i) is the learned evidence.
/// base_u is what no neighbour carries; it is 0 for users later than the model or without items in it.  The vector of a
/// user without live items is the mean of the friends'.  a_uj is the
/// attention of the last layer, computed from live degrees (AttentionRule), so that an event counts in the next answer.
/// The item side (vectors, degrees, moments) is frozen at training; items later than the model rank as rows of zeros
/// with degree 0 would, and by the friends who have them.  Tensors and keys that this version does not know are kept
/// and written back. Threads: immutable after Finish; shared as std::shared_ptr<const Model>.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kith/base/status.h"
#include "kith/gnn/matrix.h"
#include "kith/gnn/safetensors.h"
#include "kith/graph/ids.h"

namespace kith {

/// How a live item's message is weighted.  d: degrees (the user's live, the item's frozen).
enum class AttentionRule : std::uint8_t {
  kDegree,  ///< scale / sqrt(d_u d_j):  LightGCN, GCN
  kHouse,   ///< the same times exp(clip(b_u + b_j, -3, 3)); b_u = 0 for users later than the model
  kGat,     ///< softmax over live items of LeakyReLU(query_u + key_j), per head
  kGatv2,   ///< softmax over live items of <attention_h, LeakyReLU(query_u + key_j)>, per head
  kMean,    ///< scale / d_u:  GraphSAGE
};

/// Gates of the ranker: score = learned * zc(u, i) + friends(u) * f(u, i) + popular(u) * log(1 + d_i), and so on.
/// A gate of 0 is closed: its evidence is not computed and the other terms keep their bits.
/// d_u, n_u: the user's live items, and live friends with items.
struct Gates {
  float learned = 1.0F;
  float kernel = 0.0F;      ///< own items through the item-item kernel
  float neighbours = 0.0F;  ///< users of like taste
  float friends = 0.0F;
  float friends_slope = 0.0F;  ///< friends(u) = friends * ((1 + n_u) / e^2)^slope
  float friends_of_friends = 0.0F;
  float popular = 0.0F;
  float popular_slope = 0.0F;  ///< popular(u) = popular * ((1 + d_u) / e^3)^slope
  /// For users without items (own items 0): the learned and kernel terms are empty, these decide,
  /// the learned one by the friends' vectors.
  float cold_learned = 0.0F;
  float cold_friends = 1.0F;
  float cold_friends_of_friends = 0.0F;
  float cold_popular = 0.1F;

  /// friends(u) of a user with so many live friends with items.
  [[nodiscard]] float FriendsOf(std::size_t friends_with_items) const noexcept;
  /// popular(u) of a user with so many live items.
  [[nodiscard]] float PopularOf(std::size_t items) const noexcept;
};

/// Sparse item-item rows read like a graph: item j offers targets[offsets[j]..offsets[j+1]) with values.
struct ItemKernel {
  std::vector<std::uint64_t> offsets;  ///< [I + 1]; empty: the model has none
  std::vector<std::uint32_t> targets;  ///< sorted within a row
  std::vector<float> values;
  [[nodiscard]] bool empty() const noexcept { return offsets.empty(); }
};

struct ModelInfo {
  std::string architecture = "kith";  ///< kith, lightgcn, ..., popularity, item-knn, user-knn, spectral
  std::string store_id;
  std::uint64_t log_sequence = 0;  ///< of the graph it was trained on
  std::uint32_t num_users = 0, num_items = 0;
  std::uint64_t seed = 1;
  std::uint32_t epochs = 0;
  std::string report_json = "{}";  ///< what training chose and measured, kept verbatim (one JSON object)
};

/// Attention over the user's own items inside the kernel: a(u, j) = d_j^-beta exp(theta . phi(u, j)), rescaled so that
/// its sum over j is that of d_j^-beta.  At theta = 0 it is the plain kernel.  kernel_attention.h defines phi.
using KernelAttention = std::array<float, 7>;

class Model {
 public:
  ModelInfo info;
  Gates gates;
  AttentionRule rule = AttentionRule::kDegree;
  float message_scale = 1.0F;  ///< factor of every a_uj under kDegree, kHouse and kMean
  std::uint32_t heads = 1;
  float leaky_slope = 0.2F;

  Matrix user_base;                ///< [U x d]; d = 0 for models without learned vectors
  Matrix item_messages;            ///< [I x d]
  Matrix items;                    ///< [I x d] unit rows (zero rows for items without edges)
  Matrix users;                    ///< [U x d] unit rows: z_u at training time, for embed, similar, friends' attention
  Matrix user_queries, item_keys;  ///< kHouse [U x 1], [I x 1]; kGat [U x heads], [I x heads]; kGatv2 [U x d], [I x d]
  Matrix attention;                ///< kGatv2 [heads x d / heads]
  std::vector<std::uint32_t> item_degrees;  ///< [I] at training time
  ItemKernel kernel;
  float kernel_degree_exponent = 0.0F;  ///< beta: a_uj of the kernel is d_j^-beta, the target's factor d_i^beta
  KernelAttention kernel_attention = {};
  float friend_sharpness = 0.0F;  ///< attention over friends: exp(sharpness * cos(z_u, z_f)), 0 is uniform
  std::vector<std::pair<std::string, Tensor>> unknown_tensors;
  std::string unknown_json = "{}";  ///< keys of model.json that this version does not know, as one object

  [[nodiscard]] std::size_t width() const noexcept { return items.cols(); }

  /// Derived once: item means and covariance for z-scores, log degrees.  Call after the fields are set; fails
  /// (kCorruption) where shapes do not fit the counts or a value is not finite.  Cost: O(I d^2), one thread.
  [[nodiscard]] Status Finish();
  struct Moments {
    float mean, deviation;
  };
  /// Mean and standard deviation of <z, items_i> over all items, zero rows too, from the items' mean vector and
  /// covariance: O(d^2).  REQUIRES: Finish succeeded, z [d].
  [[nodiscard]] Moments ScoreMoments(std::span<const float> z) const noexcept;
  [[nodiscard]] std::span<const double> item_mean() const noexcept { return item_mean_; }     ///< [d]
  [[nodiscard]] std::span<const float> log_degrees() const noexcept { return log_degrees_; }  ///< log(1 + d_i), [I]

  /// model.json and model.safetensors (docs/model.md).  REQUIRES: Finish succeeded.
  struct Encoded {
    std::string json, tensors;
  };
  [[nodiscard]] Encoded Encode() const;
  /// A finished model, bit for bit what was encoded.  Fails with kCorruption (damage, shapes that do not fit, values
  /// that are not finite) or kFailedPrecondition (a newer format).
  [[nodiscard]] static Result<std::shared_ptr<const Model>> Decode(std::string_view json, std::string_view tensors);

 private:
  std::vector<double> item_mean_;        ///< [d]
  std::vector<double> item_covariance_;  ///< [d x d], E[(x - mean)(x - mean)^T]: centred, so that nothing cancels later
  std::vector<float> log_degrees_;
};

}  // namespace kith
