/// The layer classes behind MakeLayer, one factory a file, and the checks they share.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "kith/base/rng.h"
#include "kith/gnn/init.h"
#include "kith/gnn/layer.h"

namespace kith::gnn {

template <class T>
[[nodiscard]] std::unique_ptr<LayerOf<T>> MakeGcnLayer(const LayerOptions& options, const Runtime& runtime);
template <class T>
[[nodiscard]] std::unique_ptr<LayerOf<T>> MakeLightGcnLayer(const LayerOptions& options, const Runtime& runtime);
template <class T>
[[nodiscard]] std::unique_ptr<LayerOf<T>> MakeGatLayer(const LayerOptions& options, const Runtime& runtime);
template <class T>
[[nodiscard]] std::unique_ptr<LayerOf<T>> MakeGatv2Layer(const LayerOptions& options, const Runtime& runtime);
template <class T>
[[nodiscard]] std::unique_ptr<LayerOf<T>> MakeSageLayer(const LayerOptions& options, const Runtime& runtime);
template <class T>
[[nodiscard]] std::unique_ptr<LayerOf<T>> MakeHouseLayer(const LayerOptions& options, const Runtime& runtime);

/// Throw std::invalid_argument naming both shapes where the caller broke Forward's or Backward's contract.
void CheckForward(const Block& block, std::size_t x_rows, std::size_t x_cols, std::size_t in);
void CheckBackward(const Block& block, std::size_t edges_seen, std::size_t dy_rows, std::size_t dy_cols,
                   std::size_t out);

/// Seed of the i-th tensor of a layer, so that two tensors of one layer never start from the same numbers.
[[nodiscard]] inline std::uint64_t TensorSeed(std::uint64_t seed, std::uint32_t i) noexcept {
  const Rng rng(seed, Purpose::kInit, /*step=*/1);
  return std::uint64_t{rng.bits(2 * i)} << 32 | rng.bits(2 * i + 1);
}

/// A named tensor with Glorot's initial values and a zero gradient.
template <class T>
void InitParameter(std::string name, std::size_t rows, std::size_t cols, std::uint64_t seed,
                   ParameterOf<T>& parameter) {
  parameter.name = std::move(name);
  parameter.value.resize(rows, cols);
  parameter.gradient.resize(rows, cols);
  InitGlorot(seed, parameter.value);
}

}  // namespace kith::gnn
