#include "own_weight.h"

#include <algorithm>
#include <cmath>

#include "fusion.h"
#include "kith/kernels/kernels.h"
#include "kith/recommend/evidence.h"

namespace kith {
namespace {

constexpr std::size_t kUserGrain = 256;
/// Standard errors of its gain above which another value than the default is taken.
constexpr double kToLeaveDefault = 2.0;

}  // namespace

void WeighOwnRows(const Runtime& runtime, const SocialGraph& graph, float factor, Model& model) {
  for (float& value : model.user_base.span()) value *= factor;
  Matrix users(model.users.rows(), model.users.cols());
  users.fill(0.0F);
  const std::size_t d = users.cols();
  ParallelFor(runtime, users.rows(), kUserGrain, [&](std::size_t begin, std::size_t end) {
    UserView view;
    for (std::size_t u = begin; u < end; ++u) {
      FillUserView(graph, model, UserId{static_cast<std::uint32_t>(u)}, view);
      const float norm = view.has_items() ? std::sqrt(kernels::Dot(view.z.data(), view.z.data(), d)) : 0.0F;
      if (!(norm > 0)) continue;
      std::transform(view.z.begin(), view.z.end(), users.row(u), [norm](float value) { return value / norm; });
    }
  });
  model.users = std::move(users);
}

float ChooseOwnWeight(const Runtime& runtime, const SocialGraph& graph, const HeldOut& held_out, bool popular,
                      const std::function<bool()>& stop, Model& model) {
  const Matrix base = model.user_base;
  const PerUser by_default = MeasureVectors(runtime, graph, model, held_out, popular);
  float chosen = kUserOwnWeight;
  double most = 0;
  for (const float weight : kOtherUserOwnWeights) {
    if (stop && stop()) break;
    model.user_base = base;
    WeighOwnRows(runtime, graph, weight / kUserOwnWeight, model);
    const Gain gain = PairedGain(by_default, MeasureVectors(runtime, graph, model, held_out, popular));
    if (gain.mean <= std::max(most, kToLeaveDefault * gain.error)) continue;
    most = gain.mean;
    chosen = weight;
  }
  model.user_base = base;
  WeighOwnRows(runtime, graph, chosen / kUserOwnWeight, model);
  return chosen;
}

}  // namespace kith
