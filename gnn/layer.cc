#include "kith/gnn/layer.h"

#include <array>
#include <cmath>
#include <stdexcept>
#include <string>
#include <utility>

#include "layers.h"

namespace kith {
namespace {

constexpr std::array<std::pair<LayerKind, std::string_view>, 6> kNames = {{{LayerKind::kGcn, "gcn"},
                                                                           {LayerKind::kLightGcn, "lightgcn"},
                                                                           {LayerKind::kGat, "gat"},
                                                                           {LayerKind::kGatv2, "gatv2"},
                                                                           {LayerKind::kSage, "sage"},
                                                                           {LayerKind::kHouse, "kith"}}};

Status Validate(LayerKind kind, const LayerOptions& options) {
  const std::string name(ToString(kind));
  if (options.in == 0 || options.out == 0) {
    return InvalidArgument("layer " + name + ": widths must be positive, found in " + std::to_string(options.in) +
                           ", out " + std::to_string(options.out));
  }
  if ((kind == LayerKind::kLightGcn || kind == LayerKind::kHouse) && options.in != options.out) {
    return InvalidArgument("layer " + name + ": has no projection and keeps the width; found in " +
                           std::to_string(options.in) + ", out " + std::to_string(options.out) + ", set them equal");
  }
  if (kind == LayerKind::kGat || kind == LayerKind::kGatv2) {
    if (options.heads == 0 || options.out % options.heads != 0) {
      return InvalidArgument("layer " + name + ": heads must divide out; found heads " + std::to_string(options.heads) +
                             ", out " + std::to_string(options.out));
    }
    if (!(options.leaky_slope > 0.0) || !std::isfinite(options.leaky_slope)) {
      return InvalidArgument("layer " + name + ": leaky_slope must be positive and finite, found " +
                             std::to_string(options.leaky_slope));
    }
  }
  if (kind == LayerKind::kHouse && options.num_nodes == 0) {
    return InvalidArgument("layer kith: num_nodes must be the nodes of the whole graph, found 0");
  }
  return OkStatus();
}

}  // namespace

namespace gnn {

void CheckForward(const Block& block, std::size_t x_rows, std::size_t x_cols, std::size_t in) {
  if (x_rows == block.num_sources() && x_cols == in) return;
  throw std::invalid_argument("layer forward: expected x [" + std::to_string(block.num_sources()) + " x " +
                              std::to_string(in) + "], found [" + std::to_string(x_rows) + " x " +
                              std::to_string(x_cols) + "]");
}

void CheckBackward(const Block& block, std::size_t edges_seen, std::size_t dy_rows, std::size_t dy_cols,
                   std::size_t out) {
  if (edges_seen != block.num_edges()) {
    throw std::invalid_argument("layer backward: the last Forward saw " + std::to_string(edges_seen) +
                                " edges, this block has " + std::to_string(block.num_edges()));
  }
  if (dy_rows != block.num_destinations() || dy_cols != out) {
    throw std::invalid_argument("layer backward: expected dy [" + std::to_string(block.num_destinations()) + " x " +
                                std::to_string(out) + "], found [" + std::to_string(dy_rows) + " x " +
                                std::to_string(dy_cols) + "]");
  }
  if (block.transpose_offsets.size() != block.num_sources() + 1) {
    throw std::invalid_argument("layer backward: the block has no transpose; call Block::BuildTranspose first");
  }
}

}  // namespace gnn

std::string_view ToString(LayerKind kind) noexcept {
  for (const auto& [value, name] : kNames) {
    if (value == kind) return name;
  }
  return "unknown";
}

Result<LayerKind> ParseLayerKind(std::string_view name) {
  for (const auto& [value, known] : kNames) {
    if (known == name) return value;
  }
  return InvalidArgument("unknown layer \"" + std::string(name) +
                         "\"; expected gcn, lightgcn, sage, gat, gatv2 or kith");
}

template <class T>
Result<std::unique_ptr<LayerOf<T>>> MakeLayer(LayerKind kind, const LayerOptions& options, const Runtime& runtime) {
  KITH_RETURN_IF_ERROR(Validate(kind, options));
  switch (kind) {
    case LayerKind::kGcn:
      return gnn::MakeGcnLayer<T>(options, runtime);
    case LayerKind::kLightGcn:
      return gnn::MakeLightGcnLayer<T>(options, runtime);
    case LayerKind::kGat:
      return gnn::MakeGatLayer<T>(options, runtime);
    case LayerKind::kGatv2:
      return gnn::MakeGatv2Layer<T>(options, runtime);
    case LayerKind::kSage:
      return gnn::MakeSageLayer<T>(options, runtime);
    case LayerKind::kHouse:
      return gnn::MakeHouseLayer<T>(options, runtime);
  }
  return InvalidArgument("unknown layer kind " + std::to_string(static_cast<int>(kind)));
}

template Result<std::unique_ptr<LayerOf<float>>> MakeLayer<float>(LayerKind, const LayerOptions&, const Runtime&);
template Result<std::unique_ptr<LayerOf<double>>> MakeLayer<double>(LayerKind, const LayerOptions&, const Runtime&);

}  // namespace kith
