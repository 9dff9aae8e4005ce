#include <algorithm>
#include <iterator>
#include <string>

#include "kith/train/architectures.h"
#include "kith/train/trainer.h"

namespace kith {

Status TrainOptions::Validate() const {
  if (FindArchitecture(architecture) == nullptr) {
    return InvalidArgument("expected a model of " + ArchitectureNames() + ", found \"" + architecture + "\"");
  }
  constexpr const char* kIngredients[] = {"friends", "neighbours", "popular",  "popularity",
                                          "learned", "spectral",   "attention"};
  for (const std::string& ingredient : without) {
    if (std::find(std::begin(kIngredients), std::end(kIngredients), ingredient) == std::end(kIngredients)) {
      return InvalidArgument(
          "expected friends, neighbours, popularity, learned, spectral or attention to leave out, found \"" +
          ingredient + "\"");
    }
  }
  if (width > 1024) return InvalidArgument("expected a width of 1 to 1024, found " + std::to_string(width));
  if (layers > 8) return InvalidArgument("expected 1 to 8 layers, found " + std::to_string(layers));
  if (!(time_limit >= 0)) return InvalidArgument("expected a time limit of 0 or more seconds");
  return OkStatus();
}

std::uint32_t TrainOptions::ChosenWidth() const { return width != 0 ? width : FindArchitecture(architecture)->width; }

std::uint32_t TrainOptions::ChosenLayers() const {
  return layers != 0 ? layers : FindArchitecture(architecture)->layers;
}

}  // namespace kith
