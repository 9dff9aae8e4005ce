#include "attention_fit.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "kith/recommend/kernel_attention.h"

namespace kith {
namespace {

constexpr std::size_t kListed = 60;       ///< items of a list that the loss sees
constexpr std::size_t kMostOwn = 512;     ///< own items of a user; those with more are left out
constexpr std::size_t kMostUsers = 4000;  ///< that are learned from
constexpr std::size_t kUserGrain = 64;
constexpr int kSteps = 80;
constexpr double kRate = 0.08, kPenalty = 2e-3;
/// Standard errors that the gain on users it was not learned from must exceed, as a gate's.
constexpr double kToPay = 2.0;
constexpr std::size_t kTheta = std::tuple_size_v<KernelAttention>;
constexpr std::size_t kScaleAt = kTheta, kParameters = std::tuple_size_v<AttentionParameters>;

AttentionLesson MakeLesson(const SocialGraph& graph, const Model& model, const KernelReader& reader, UserId user,
                           const GateList& list, GateSetting setting) {
  AttentionLesson lesson;
  const UserView view = MakeUserView(graph, model, user);
  if (view.items.empty() || view.items.size() > kMostOwn || list.held_out.empty()) return lesson;
  std::vector<float> scores(list.items.size());
  ScoreGateList(list, setting, scores);
  std::vector<std::uint32_t> order(list.items.size());
  std::iota(order.begin(), order.end(), 0U);
  const std::size_t listed = std::min(kListed, order.size());
  std::partial_sort(
      order.begin(), order.begin() + static_cast<std::ptrdiff_t>(listed), order.end(),
      [&](std::uint32_t a, std::uint32_t b) { return scores[a] != scores[b] ? scores[a] > scores[b] : a < b; });
  order.resize(listed);
  setting.gates.kernel = 0;
  ScoreGateList(list, setting, scores);
  reader.Read(view, /*with_keys=*/true, lesson.kernel);
  if (!(lesson.kernel.deviation > 1e-12)) return lesson;
  for (const std::uint32_t place : order) {
    lesson.rest.push_back(scores[place]);
    const bool held_out = std::binary_search(list.held_out.begin(), list.held_out.end(), list.items[place]);
    lesson.positive.push_back(held_out ? 1 : 0);
    lesson.positives += lesson.positive.back();
  }
  lesson.at.push_back(0);
  for (const std::uint32_t own : view.items) {
    for (std::uint32_t i = 0; i < order.size(); ++i) {
      const double value = reader.Value(own, list.items[order[i]]);
      if (value == 0) continue;
      lesson.places.push_back(i);
      lesson.values.push_back(static_cast<float>(value / lesson.kernel.deviation));
    }
    lesson.at.push_back(static_cast<std::uint32_t>(lesson.places.size()));
  }
  lesson.kernel.plain = {};
  lesson.weight = static_cast<double>(lesson.positives) / static_cast<double>(list.held_out.size() + list.unknown);
  return lesson;
}

/// theta learned from the lessons whose number leaves `remainder` by `modulus`.
KernelAttention Learn(const Runtime& runtime, const std::vector<AttentionLesson>& lessons, double gate,
                      std::size_t modulus, std::size_t remainder) {
  std::vector<const AttentionLesson*> mine;
  for (std::size_t n = 0; n < lessons.size(); ++n) {
    if (n % modulus == remainder && lessons[n].positives != 0) mine.push_back(&lessons[n]);
  }
  AttentionParameters p{}, first{}, second{};
  if (mine.empty()) return {};
  const std::size_t blocks = (mine.size() + kUserGrain - 1) / kUserGrain;
  std::vector<AttentionParameters> partial(blocks);
  for (int step = 1; step <= kSteps; ++step) {
    ParallelFor(runtime, blocks, 1, [&](std::size_t begin, std::size_t end) {
      for (std::size_t b = begin; b < end; ++b) {
        partial[b] = {};
        for (std::size_t n = b * kUserGrain; n < std::min(mine.size(), (b + 1) * kUserGrain); ++n) {
          (void)AttentionLoss(*mine[n], p, gate, partial[b]);
        }
      }
    });
    const double rate = kRate * (1.0 - 0.95 * (step - 1) / kSteps);
    for (std::size_t k = 0; k < kParameters; ++k) {
      double gradient = 2 * kPenalty * p[k];
      for (const AttentionParameters& part : partial) gradient += part[k] / static_cast<double>(mine.size());
      first[k] = 0.9 * first[k] + 0.1 * gradient;
      second[k] = 0.99 * second[k] + 0.01 * gradient * gradient;
      const double m = first[k] / (1 - std::pow(0.9, step)), v = second[k] / (1 - std::pow(0.99, step));
      p[k] -= rate * m / (std::sqrt(v) + 1e-8);
    }
  }
  KernelAttention theta;
  for (std::size_t k = 0; k < kTheta; ++k) theta[k] = static_cast<float>(p[k]);
  return theta;
}

}  // namespace

double AttentionLoss(const AttentionLesson& lesson, const AttentionParameters& p, double gate,
                     AttentionParameters& gradient) {
  if (lesson.positives == 0) return 0.0;
  KernelReader::Theta theta;
  std::copy_n(p.begin(), kTheta, theta.begin());
  const std::vector<double> attention = KernelReader::Attention(lesson.kernel, theta);
  const std::size_t n = lesson.rest.size(), own = attention.size();
  std::vector<double> t(n, 0.0), raw(n), score(n);
  for (std::size_t j = 0; j < own; ++j) {
    for (std::uint32_t e = lesson.at[j]; e < lesson.at[j + 1]; ++e)
      t[lesson.places[e]] += attention[j] * lesson.values[e];
  }
  const double scale = std::exp(p[kScaleAt]);
  double largest = -INFINITY;
  for (std::size_t i = 0; i < n; ++i) {
    score[i] = raw[i] = scale * (lesson.rest[i] + gate * KernelReader::Root(t[i]));
    largest = std::max(largest, score[i]);
  }
  double total = 0;
  for (double& value : score) total += value = std::exp(value - largest);
  double loss = 0;
  // d loss / d score_i = weight (softmax_i - [positive] / positives).
  std::vector<double> dt(n);
  for (std::size_t i = 0; i < n; ++i) {
    const double target = lesson.positive[i] != 0 ? 1.0 / static_cast<double>(lesson.positives) : 0.0;
    loss -= lesson.weight * target * (raw[i] - largest - std::log(total));
    const double d = lesson.weight * (score[i] / total - target);
    gradient[kScaleAt] += d * raw[i];
    dt[i] = d * scale * gate * KernelReader::RootSlope(t[i]);
  }
  // a_j = P p_j e^l_j / sum_m p_m e^l_m:  da_j / dtheta = a_j (phi_j - mean of phi under a).
  double sum = 0;
  std::array<double, kTheta> mean{};
  for (std::size_t j = 0; j < own; ++j) {
    sum += attention[j];
    for (std::size_t k = 0; k < kTheta; ++k) mean[k] += attention[j] * lesson.kernel.keys[j][k];
  }
  for (double& value : mean) value /= sum;
  for (std::size_t j = 0; j < own; ++j) {
    double d = 0;
    for (std::uint32_t e = lesson.at[j]; e < lesson.at[j + 1]; ++e) d += dt[lesson.places[e]] * lesson.values[e];
    d *= attention[j];
    for (std::size_t k = 0; k < kTheta; ++k) gradient[k] += d * (lesson.kernel.keys[j][k] - mean[k]);
  }
  return loss;
}

bool FitKernelAttention(const Runtime& runtime, const SocialGraph& graph, const HeldOut& held_out,
                        const GateSetting& setting, std::vector<GateList>& lists, Model& model) {
  const KernelReader reader(model);
  std::vector<AttentionLesson> lessons(std::min(lists.size(), kMostUsers));
  ParallelFor(runtime, lessons.size(), 8, [&](std::size_t begin, std::size_t end) {
    for (std::size_t n = begin; n < end; ++n) {
      lessons[n] = MakeLesson(graph, model, reader, held_out.users[n], lists[n], setting);
    }
  });
  const double gate = setting.gates.kernel;
  const PerUser before = MeasureGateLists(runtime, lists, setting);
  PerUser after = before;
  for (std::size_t half = 0; half < 2; ++half) {
    model.kernel_attention = Learn(runtime, lessons, gate, 2, half);
    RefreshKernelColumn(runtime, graph, held_out, model, lists);
    const PerUser measured = MeasureGateLists(runtime, lists, setting);
    for (std::size_t n = 1 - half; n < lists.size(); n += 2) {
      after.recall[n] = measured.recall[n];
      after.ndcg[n] = measured.ndcg[n];
    }
  }
  const Gain gain = PairedGain(before, after);
  const bool pays = gain.mean > kToPay * gain.error;
  model.kernel_attention = pays ? Learn(runtime, lessons, gate, 1, 0) : KernelAttention{};
  RefreshKernelColumn(runtime, graph, held_out, model, lists);
  return pays;
}

}  // namespace kith
