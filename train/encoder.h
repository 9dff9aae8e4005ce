/// Encoder: a table of node vectors and the layers that pass messages over it, forward, backward and step.
///
/// t_0 = E,  t_k = E + Layer_k(t_{k-1}),  z = t_L.  With LightGCN layers z is (L+1) times the mean of E, AE, A^2 E, ...
/// (He et al. 2020, eq. 8 with equal alphas; the factor does not matter to a cosine).  Written this way the last
/// layer's messages t_{L-1} carry everything that reaches a user through neighbours, so serving needs one hop of live
/// edges. A full graph is L times the same Block; a sampled batch brings its own. Threads: one call at a time; rows are
/// split over the Runtime, same bits for any number of threads.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "kith/base/parallel.h"
#include "kith/base/status.h"
#include "kith/gnn/adam.h"
#include "kith/gnn/layer.h"
#include "kith/gnn/matrix.h"
#include "kith/gnn/safetensors.h"
#include "kith/graph/block.h"

namespace kith {

struct EncoderOptions {
  LayerKind kind = LayerKind::kHouse;
  std::size_t num_nodes = 0;
  std::size_t width = 64;
  std::size_t layers = 2;
  std::size_t heads = 4;
  std::uint64_t seed = 1;
  double deviation = 0.1;  ///< of the initial vectors
};

class Encoder {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Encoder>> Make(const EncoderOptions& options, const Runtime& runtime);

  /// How the layers hold what neighbours read, from the next forward on; float32 at first.
  void StoreMessages(MessageStorage storage);
  /// Over the whole graph: every node is a source and a destination of `block`.
  void ForwardFull(const Block& block);
  void BackwardFull(const Block& block, const Matrix& dz);
  /// The same where each hop has but those rows that the last one's are made of (needed_hops.h), outermost hop first:
  /// the rows of z that the last hop has come out to the bit, the others are their own row of the table.
  void ForwardFull(std::span<const Block> hops);
  /// REQUIRES: dz is 0 in the rows that the last hop has not.
  void BackwardFull(std::span<const Block> hops, const Matrix& dz);
  /// Over sampled blocks, outermost first.
  void ForwardSampled(std::span<const Block> blocks);
  void BackwardSampled(std::span<const Block> blocks, const Matrix& dz);

  /// z of the last forward, [destinations of the last block x width]; without layers the table.
  [[nodiscard]] const Matrix& output() const noexcept { return states_.empty() ? table_.value : states_.back(); }
  /// t_{L-1} of the last forward: what the last layer's messages are made of.
  [[nodiscard]] const Matrix& last_input() const noexcept {
    return states_.size() == 1 ? table_.value : states_[states_.size() - 2];
  }
  [[nodiscard]] const Matrix& table() const noexcept { return table_.value; }
  [[nodiscard]] Matrix& mutable_table() noexcept { return table_.value; }
  /// What the next step takes and clears; a caller may add to it.
  [[nodiscard]] Matrix& table_gradient() noexcept { return table_.gradient; }
  [[nodiscard]] Layer& last_layer() noexcept { return *layers_.back(); }
  [[nodiscard]] const EncoderOptions& options() const noexcept { return options_; }

  /// One Adam step of every parameter; `rows` are the table's rows that a sampled batch touched.
  void Step(double learning_rate, std::uint64_t step);
  void StepRows(double learning_rate, std::uint64_t step, std::span<const std::uint32_t> rows);

  /// Whether every weight is a finite number.
  [[nodiscard]] bool Finite();

  /// Parameters and optimizer state under "<prefix>...": a checkpoint.
  void Save(std::string_view prefix, TensorFile& file);
  [[nodiscard]] Status Load(std::string_view prefix, const TensorFile& file);

 private:
  Encoder(const EncoderOptions& options, const Runtime& runtime) : options_(options), runtime_(runtime) {}
  [[nodiscard]] std::vector<Parameter*> LayerParameters();
  /// t_k = input + Layer_k(t_{k-1}) over hop(k - 1), for every k; and from dz the gradient of the input, added.
  void Forward(FunctionRef<const Block&(std::size_t)> hop, const Matrix& input);
  void Backward(FunctionRef<const Block&(std::size_t)> hop, const Matrix& input, const Matrix& dz,
                Matrix& input_gradient);

  EncoderOptions options_;
  const Runtime& runtime_;
  Parameter table_;
  Adam table_adam_;
  std::vector<std::unique_ptr<Layer>> layers_;
  std::vector<Adam> layer_adams_;  ///< one a parameter, in the order of LayerParameters
  Matrix input_, input_gradient_;  ///< [S0 x width] of a sampled batch
  std::vector<Matrix> states_;     ///< t_1 .. t_L
  Matrix gradient_, next_gradient_;
};

}  // namespace kith
