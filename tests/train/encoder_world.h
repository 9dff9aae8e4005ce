/// Encoders whose every parameter is known to the test: set and read through what a checkpoint holds.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "encoder.h"
#include "kith/base/rng.h"

namespace kith::testing {

inline constexpr LayerKind kAllKinds[] = {LayerKind::kGcn, LayerKind::kLightGcn, LayerKind::kGat, LayerKind::kGatv2,
                                          LayerKind::kHouse, LayerKind::kSage};

/// The encoder's parameters and moments by name: "table.value", "table.first", "layer.0.weight.value", ...
[[nodiscard]] inline TensorFile Tensors(Encoder& encoder) {
  TensorFile file;
  encoder.Save("", file);
  return file;
}

[[nodiscard]] inline bool IsValue(std::string_view name) { return name.ends_with(".value"); }

/// Calls change(name, matrix) for every parameter and puts the changed values back; the moments stay.
template <class Change>
void ChangeParameters(Encoder& encoder, Change change) {
  TensorFile file = Tensors(encoder);
  for (auto& [name, tensor] : file.tensors) {
    if (!IsValue(name)) continue;
    Matrix value = tensor.AsMatrix().value();
    change(name, value);
    tensor = Tensor::Of(value);
  }
  CheckOk(encoder.Load("", file));
}

/// Normal numbers of this deviation, different for every name.
inline void FillNormal(std::string_view name, double deviation, std::uint64_t seed, Matrix& matrix) {
  std::uint32_t place = 0;
  for (const char letter : name) place = 31 * place + static_cast<unsigned char>(letter);
  const Rng rng(seed, Purpose::kTest, 77, place);
  for (std::size_t i = 0; i < matrix.size(); ++i) {
    matrix.data()[i] = static_cast<float>(deviation * static_cast<double>(rng.normal(static_cast<std::uint32_t>(i))));
  }
}

/// Two layers over `num_nodes` nodes with every parameter random, also those that start at zero.
[[nodiscard]] inline std::unique_ptr<Encoder> RandomEncoder(LayerKind kind, std::size_t num_nodes,
                                                            const Runtime& runtime, std::size_t width = 8) {
  auto encoder =
      Encoder::Make({.kind = kind, .num_nodes = num_nodes, .width = width, .layers = 2, .heads = 2, .seed = 4}, runtime)
          .value();
  ChangeParameters(*encoder, [](const std::string& name, Matrix& value) { FillNormal(name, 0.4, 9, value); });
  return encoder;
}

}  // namespace kith::testing
