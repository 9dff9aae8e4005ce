#include "encoder.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "kith/gnn/init.h"

namespace kith {
namespace {

constexpr std::size_t kRowGrain = 1024;

/// y += x over the first `rows` rows of both.
void AddRows(const Runtime& runtime, const Matrix& x, std::size_t rows, Matrix& y) {
  ParallelFor(runtime, rows, kRowGrain, [&](std::size_t begin, std::size_t end) {
    const float* from = x.row(begin);
    float* to = y.row(begin);
    for (std::size_t i = 0; i < (end - begin) * x.cols(); ++i) to[i] += from[i];
  });
}

}  // namespace

Result<std::unique_ptr<Encoder>> Encoder::Make(const EncoderOptions& options, const Runtime& runtime) {
  std::unique_ptr<Encoder> encoder(new Encoder(options, runtime));
  encoder->table_.name = "table";
  encoder->table_.value.resize(options.num_nodes, options.width);
  encoder->table_.gradient.resize(options.num_nodes, options.width);
  InitNormal(options.seed, options.deviation, encoder->table_.value);
  for (std::size_t k = 0; k < options.layers; ++k) {
    const LayerOptions layer{.in = options.width,
                             .out = options.width,
                             .heads = options.heads,
                             .num_nodes = options.num_nodes,
                             .seed = options.seed + k + 1};
    KITH_ASSIGN_OR_RETURN(auto made, MakeLayer<float>(options.kind, layer, runtime));
    encoder->layers_.push_back(std::move(made));
  }
  encoder->layer_adams_.resize(encoder->LayerParameters().size());
  encoder->states_.resize(options.layers);
  return encoder;
}

std::vector<Parameter*> Encoder::LayerParameters() {
  std::vector<Parameter*> all;
  for (const auto& layer : layers_) {
    for (Parameter* parameter : layer->Parameters()) all.push_back(parameter);
  }
  return all;
}

void Encoder::StoreMessages(MessageStorage storage) {
  for (const auto& layer : layers_) layer->StoreMessages(storage);
}

void Encoder::Forward(FunctionRef<const Block&(std::size_t)> hop, const Matrix& input) {
  for (std::size_t k = 0; k < layers_.size(); ++k) {
    layers_[k]->Forward(hop(k), k == 0 ? input : states_[k - 1], states_[k]);
    AddRows(runtime_, input, states_[k].rows(), states_[k]);
  }
}

void Encoder::Backward(FunctionRef<const Block&(std::size_t)> hop, const Matrix& input, const Matrix& dz,
                       Matrix& input_gradient) {
  AddRows(runtime_, dz, dz.rows(), input_gradient);
  const Matrix* gradient = &dz;
  for (std::size_t k = layers_.size(); k-- > 0;) {
    layers_[k]->Backward(hop(k), k == 0 ? input : states_[k - 1], *gradient, next_gradient_);
    AddRows(runtime_, next_gradient_, next_gradient_.rows(), input_gradient);
    std::swap(gradient_, next_gradient_);
    gradient = &gradient_;
  }
}

void Encoder::ForwardFull(const Block& block) {
  Forward([&](std::size_t) -> const Block& { return block; }, table_.value);
}

void Encoder::BackwardFull(const Block& block, const Matrix& dz) {
  Backward([&](std::size_t) -> const Block& { return block; }, table_.value, dz, table_.gradient);
}

void Encoder::ForwardFull(std::span<const Block> hops) {
  Forward([&](std::size_t k) -> const Block& { return hops[k]; }, table_.value);
}

void Encoder::BackwardFull(std::span<const Block> hops, const Matrix& dz) {
  Backward([&](std::size_t k) -> const Block& { return hops[k]; }, table_.value, dz, table_.gradient);
}

void Encoder::ForwardSampled(std::span<const Block> blocks) {
  const std::span<const NodeId> nodes = blocks.front().nodes;
  input_.resize(nodes.size(), options_.width);
  ParallelFor(runtime_, nodes.size(), kRowGrain, [&](std::size_t begin, std::size_t end) {
    for (std::size_t r = begin; r < end; ++r) {
      std::memcpy(input_.row(r), table_.value.row(index(nodes[r])), options_.width * sizeof(float));
    }
  });
  Forward([&](std::size_t k) -> const Block& { return blocks[k]; }, input_);
}

void Encoder::BackwardSampled(std::span<const Block> blocks, const Matrix& dz) {
  const std::span<const NodeId> nodes = blocks.front().nodes;
  input_gradient_.resize(nodes.size(), options_.width);
  input_gradient_.fill(0.0F);
  Backward([&](std::size_t k) -> const Block& { return blocks[k]; }, input_, dz, input_gradient_);
  // Nodes of a block are distinct: every row of the table's gradient has one owner.
  ParallelFor(runtime_, nodes.size(), kRowGrain, [&](std::size_t begin, std::size_t end) {
    for (std::size_t r = begin; r < end; ++r) {
      const float* from = input_gradient_.row(r);
      float* to = table_.gradient.row(index(nodes[r]));
      for (std::size_t c = 0; c < options_.width; ++c) to[c] += from[c];
    }
  });
}

void Encoder::Step(double learning_rate, std::uint64_t step) {
  table_adam_.Step(runtime_, learning_rate, step, table_);
  const std::vector<Parameter*> parameters = LayerParameters();
  for (std::size_t p = 0; p < parameters.size(); ++p) {
    layer_adams_[p].Step(runtime_, learning_rate, step, *parameters[p]);
  }
}

void Encoder::StepRows(double learning_rate, std::uint64_t step, std::span<const std::uint32_t> rows) {
  table_adam_.Step(runtime_, learning_rate, step, table_, rows, /*all_rows=*/false);
  const std::vector<Parameter*> parameters = LayerParameters();
  for (std::size_t p = 0; p < parameters.size(); ++p) {
    layer_adams_[p].Step(runtime_, learning_rate, step, *parameters[p]);
  }
}

namespace {

void SaveParameter(const std::string& name, const Matrix& value, Adam& adam, TensorFile& file) {
  file.tensors[name + ".value"] = Tensor::Of(value);
  file.tensors[name + ".first"] = Tensor::Of(adam.first_moment());
  file.tensors[name + ".second"] = Tensor::Of(adam.second_moment());
}

Status LoadParameter(const std::string& name, const TensorFile& file, Matrix& value, Adam& adam) {
  const auto find = [&](const char* part, bool may_be_empty) -> Result<Matrix> {
    KITH_ASSIGN_OR_RETURN(const Tensor* stored, file.Find(name + part));
    KITH_ASSIGN_OR_RETURN(Matrix loaded, stored->AsMatrix());
    const bool fits = loaded.rows() == value.rows() && loaded.cols() == value.cols();
    if (fits || (may_be_empty && loaded.size() == 0)) return loaded;
    return FailedPrecondition("checkpoint: tensor \"" + name + part +
                              "\" has another shape than this run; start without --resume");
  };
  KITH_ASSIGN_OR_RETURN(Matrix loaded, find(".value", false));
  KITH_ASSIGN_OR_RETURN(adam.first_moment(), find(".first", true));
  KITH_ASSIGN_OR_RETURN(adam.second_moment(), find(".second", true));
  value = std::move(loaded);
  return OkStatus();
}

}  // namespace

bool Encoder::Finite() {
  const auto finite = [](const Matrix& matrix) {
    // NaN and the infinities alone times 0 are not 0.
    float sum = 0;
    for (const float value : matrix.span()) sum += value * 0.0F;
    return sum == 0.0F;
  };
  if (!finite(table_.value)) return false;
  const std::vector<Parameter*> parameters = LayerParameters();
  return std::all_of(parameters.begin(), parameters.end(), [&](const Parameter* p) { return finite(p->value); });
}

void Encoder::Save(std::string_view prefix, TensorFile& file) {
  const std::string base(prefix);
  SaveParameter(base + "table", table_.value, table_adam_, file);
  const std::vector<Parameter*> parameters = LayerParameters();
  for (std::size_t p = 0; p < parameters.size(); ++p) {
    SaveParameter(base + "layer." + std::to_string(p) + "." + parameters[p]->name, parameters[p]->value,
                  layer_adams_[p], file);
  }
}

Status Encoder::Load(std::string_view prefix, const TensorFile& file) {
  const std::string base(prefix);
  KITH_RETURN_IF_ERROR(LoadParameter(base + "table", file, table_.value, table_adam_));
  const std::vector<Parameter*> parameters = LayerParameters();
  for (std::size_t p = 0; p < parameters.size(); ++p) {
    KITH_RETURN_IF_ERROR(LoadParameter(base + "layer." + std::to_string(p) + "." + parameters[p]->name, file,
                                       parameters[p]->value, layer_adams_[p]));
  }
  return OkStatus();
}

}  // namespace kith
