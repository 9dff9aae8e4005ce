/// Every score of one view, as the ranker gives them.
#pragma once

#include <vector>

#include "kith/recommend/ranker.h"

namespace kith::testing {

[[nodiscard]] inline std::vector<float> AllScores(const Ranker& ranker, const UserView& view) {
  std::vector<float> scores(view.num_items());
  ranker.ScoreAll(view, scores);
  return scores;
}

}  // namespace kith::testing
