/// Attention fit: theta of the kernel's attention over own items (recommend/kernel_attention.h), learned on held-out
/// interactions.
///
/// A held-out user's list is cut to the items that the present gates rank first; the loss is the softmax of the list
/// with the held-out items in it as positives,
///   loss_u = -(hits_u / held_out_u) mean over positives i of log softmax(score(u, .))_i   + lambda |theta|^2
/// where score = e^c ((the other evidences) + gate * root(s(u, .) / n_u)), minimised by Adam over theta and c.  The
/// gates were chosen for the order of the items and not for how far apart their scores are: the free scale keeps theta
/// from making up for that.  Attention learned on the edges that it is scored on prefers what the user lacks: hence
/// held-out ones.
#pragma once

#include <array>
#include <cstdint>
#include <tuple>
#include <vector>

#include "gate_lists.h"
#include "kith/base/parallel.h"
#include "kith/graph/social_graph.h"
#include "kith/recommend/kernel_attention.h"
#include "kith/recommend/model.h"
#include "kith/train/evaluator.h"

namespace kith {

/// One user's part of the loss.
struct AttentionLesson {
  KernelView kernel;                   ///< keys and prior of own items; `plain` is not needed
  std::vector<std::uint32_t> at;       ///< [own + 1] into places and values
  std::vector<std::uint32_t> places;   ///< positions in the list
  std::vector<float> values;           ///< K(j, i) d_i^beta / n_u
  std::vector<float> rest;             ///< [list] the other evidences
  std::vector<std::uint8_t> positive;  ///< [list]
  double weight = 0;                   ///< hits_u / held_out_u
  std::size_t positives = 0;
};

/// theta, then c.
using AttentionParameters = std::array<double, std::tuple_size_v<KernelAttention> + 1>;

/// loss_u without its penalty; its gradient is added to `gradient`.
double AttentionLoss(const AttentionLesson& lesson, const AttentionParameters& parameters, double gate,
                     AttentionParameters& gradient);

/// Sets model.kernel_attention and returns true where it pays: learned on each half of the users and measured on the
/// other, the mean gain in recall@20 + ndcg@20 must be above two of its standard errors.  The lists' kernel column is
/// that of the model in the end.  The same bits for any number of threads.
bool FitKernelAttention(const Runtime& runtime, const SocialGraph& graph, const HeldOut& held_out,
                        const GateSetting& setting, std::vector<GateList>& lists, Model& model);

}  // namespace kith
