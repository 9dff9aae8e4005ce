/// Layer: one hop of message passing over a Block, forward and backward. Six architectures, one interface.
///
///   GcnLayer       y = (A x) W                       A = D^-1/2 M D^-1/2     Kipf and Welling 2017, eq. 2
///   LightGcnLayer  y = A x                                                   He et al. 2020, eq. 3
///   SageLayer      y_v = x_v Ws + mean_u x_u Wn                              Hamilton et al. 2017, algorithm 1
///   GatLayer       y_v = ||_h sum_u alpha^h_vu W^h x_u                       Velickovic et al. 2018, eq. 1-5
///   Gatv2Layer     the same with dynamic attention                           Brody et al. 2022, eq. 7
///   HouseLayer     y_v = sum_u A_vu exp(a_vu) x_u    a learned, 0 at start   ours (docs/model.md)
/// Differences from the papers: no self-loops (the model's readout keeps a node's own vector), no activation after
/// the aggregation, no dropout.  A destination without edges gets
/// zeros (SAGE: its own vector's part).
/// Shapes that do not fit throw std::invalid_argument: the caller is wrong, and no file or user can make it so.
/// T is float for work and double for gradient checks.
/// Threads: one call at a time per layer; a call splits rows over the Runtime and gives the same bits for any number.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "kith/base/parallel.h"
#include "kith/base/status.h"
#include "kith/gnn/matrix.h"
#include "kith/graph/block.h"

namespace kith {

/// A learned tensor and its gradient, which accumulates until the optimizer clears it.
template <class T>
struct ParameterOf {
  std::string name;
  MatrixOf<T> value;
  MatrixOf<T> gradient;
};
using Parameter = ParameterOf<float>;

enum class LayerKind : std::uint8_t { kGcn, kLightGcn, kGat, kGatv2, kHouse, kSage };
[[nodiscard]] std::string_view ToString(
    LayerKind kind) noexcept;  ///< "gcn", "lightgcn", "gat", "gatv2", "kith", "sage"
[[nodiscard]] Result<LayerKind> ParseLayerKind(std::string_view name);

/// How a layer holds the rows that neighbours read, forward and backward; sums are float32.
enum class MessageStorage : std::uint8_t {
  kFloat32,
  kBfloat16,  ///< half the bytes, rounded by 2^-9 at most; of GCN, LightGCN, GraphSAGE and the house layer, in float
};

struct LayerOptions {
  std::size_t in = 64;
  std::size_t out = 64;  ///< LightGCN and the house layer REQUIRE out == in; GAT's REQUIRE heads divides out
  std::size_t heads = 4;
  double leaky_slope = 0.2;   ///< of LeakyReLU in GAT and GATv2; > 0
  std::size_t num_nodes = 0;  ///< house layer: nodes of the whole graph, for its scalar per node
  std::uint64_t seed = 1;     ///< of the initial weights (Glorot uniform)
};

template <class T>
class LayerOf {
 public:
  virtual ~LayerOf() = default;

  /// x [S x in] -> y [D x out]; keeps what Backward needs.
  virtual void Forward(const Block& block, const MatrixOf<T>& x, MatrixOf<T>& y) = 0;
  /// dy [D x out] -> dx [S x in] (written, not added) and the parameters' gradients (added), for the last Forward.
  /// REQUIRES: the block has its transpose, and x is what Forward was given.
  virtual void Backward(const Block& block, const MatrixOf<T>& x, const MatrixOf<T>& dy, MatrixOf<T>& dx) = 0;
  /// For the Forwards to come and their Backwards; GAT and GATv2, and layers of double, stay with kFloat32.
  virtual void StoreMessages(MessageStorage /*storage*/) {}
  /// gcn "weight";  sage "self", "neighbour";  gat "weight", "att_dst", "att_src";  gatv2 "left", "right", "attention";
  /// kith "bias" [num_nodes x 1].
  [[nodiscard]] virtual std::vector<ParameterOf<T>*> Parameters() { return {}; }
  /// Attention (or weight) of every edge in the last Forward, [E x heads or 1]: what an explanation reads.  Computed
  /// here, on one thread: no pass keeps an array as long as the edges.  REQUIRES: the last Forward's block.
  [[nodiscard]] virtual MatrixOf<T> EdgeWeights(const Block& block) const = 0;
};
using Layer = LayerOf<float>;

/// Fails where the options do not fit the kind.  The Runtime must outlive the layer.
template <class T>
[[nodiscard]] Result<std::unique_ptr<LayerOf<T>>> MakeLayer(LayerKind kind, const LayerOptions& options,
                                                            const Runtime& runtime);
extern template Result<std::unique_ptr<LayerOf<float>>> MakeLayer<float>(LayerKind, const LayerOptions&,
                                                                         const Runtime&);
extern template Result<std::unique_ptr<LayerOf<double>>> MakeLayer<double>(LayerKind, const LayerOptions&,
                                                                           const Runtime&);

}  // namespace kith
