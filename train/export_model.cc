#include "export_model.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "kith/kernels/kernels.h"

namespace kith {
namespace {

constexpr std::size_t kRowGrain = 512;

Matrix Rows(const Matrix& from, std::size_t begin, std::size_t count) {
  Matrix rows(count, from.cols());
  if (rows.size() != 0) std::memcpy(rows.data(), from.row(begin), rows.size() * sizeof(float));
  return rows;
}

/// Scales rows to length 1; rows of nodes without edges become zero, so that they neither rank nor attract.
void MakeUnitRows(const SocialGraph& graph, Relation relation, Matrix& rows) {
  for (std::size_t r = 0; r < rows.rows(); ++r) {
    const float norm = std::sqrt(kernels::Dot(rows.row(r), rows.row(r), rows.cols()));
    const bool alive = norm > 0 && !graph.neighbors(relation, static_cast<std::uint32_t>(r)).empty();
    for (std::size_t c = 0; c < rows.cols(); ++c) rows(r, c) = alive ? rows(r, c) / norm : 0.0F;
  }
}

/// Rows of users without items become zero: nothing was learned there beyond the random start.
void ForgetUsersWithoutItems(const SocialGraph& graph, Matrix& rows) {
  for (std::uint32_t u = 0; u < rows.rows(); ++u) {
    if (graph.items(UserId{u}).empty()) std::fill_n(rows.row(u), rows.cols(), 0.0F);
  }
}

/// x [n x in] W [in x out] -> [n x out].
Matrix Times(const Runtime& runtime, const Matrix& x, const Matrix& w) {
  Matrix y(x.rows(), w.cols());
  ParallelFor(runtime, x.rows(), kRowGrain, [&](std::size_t begin, std::size_t end) {
    std::vector<float> workspace(kernels::GemmWorkspace());
    kernels::Gemm(end - begin, w.cols(), x.cols(), {x.row(begin), x.cols(), 1}, {w.data(), w.cols(), 1}, y.row(begin),
                  y.cols(), /*accumulate=*/false, workspace.data());
  });
  return y;
}

/// out(r, h) = <attention_h, x_r's h-th group of columns>.
Matrix HeadDots(const Matrix& x, const Matrix& attention, std::size_t heads) {
  const std::size_t group = x.cols() / heads;
  Matrix out(x.rows(), heads);
  for (std::size_t r = 0; r < x.rows(); ++r) {
    for (std::size_t h = 0; h < heads; ++h) {
      out(r, h) = kernels::Dot(x.row(r) + h * group, attention.data() + h * group, group);
    }
  }
  return out;
}

Result<const Matrix*> Find(Layer& layer, std::string_view name) {
  for (const Parameter* parameter : layer.Parameters()) {
    if (parameter->name == name) return &parameter->value;
  }
  return Corruption("a layer lacks its parameter \"" + std::string(name) + "\"");
}

/// The last layer's rule, its keys and queries, and its messages in place of the plain t_{L-1}.
Status ExportAttention(const Runtime& runtime, const SocialGraph& graph, Encoder& encoder, Model& model) {
  const std::size_t users = graph.num_users(), items = graph.num_items();
  const Matrix& t = encoder.last_input();
  Layer& layer = encoder.last_layer();
  model.heads = static_cast<std::uint32_t>(encoder.options().heads);
  switch (encoder.options().kind) {
    case LayerKind::kLightGcn:
      model.rule = AttentionRule::kDegree;
      model.heads = 1;
      return OkStatus();
    case LayerKind::kHouse: {
      model.rule = AttentionRule::kHouse;
      model.heads = 1;
      KITH_ASSIGN_OR_RETURN(const Matrix* bias, Find(layer, "bias"));
      model.user_queries = Rows(*bias, 0, users);
      model.item_keys = Rows(*bias, users, items);
      return OkStatus();
    }
    case LayerKind::kGcn: {
      model.rule = AttentionRule::kDegree;
      model.heads = 1;
      KITH_ASSIGN_OR_RETURN(const Matrix* weight, Find(layer, "weight"));
      model.item_messages = Times(runtime, model.item_messages, *weight);
      return OkStatus();
    }
    case LayerKind::kSage: {
      model.rule = AttentionRule::kMean;
      model.heads = 1;
      KITH_ASSIGN_OR_RETURN(const Matrix* neighbour, Find(layer, "neighbour"));
      KITH_ASSIGN_OR_RETURN(const Matrix* self, Find(layer, "self"));
      model.item_messages = Times(runtime, model.item_messages, *neighbour);
      // What a user's own vector gives needs no neighbour: it is part of the base.
      const Matrix own = Times(runtime, Rows(t, 0, users), *self);
      for (std::size_t i = 0; i < own.size(); ++i) model.user_base.data()[i] += own.data()[i];
      return OkStatus();
    }
    case LayerKind::kGat: {
      model.rule = AttentionRule::kGat;
      KITH_ASSIGN_OR_RETURN(const Matrix* weight, Find(layer, "weight"));
      KITH_ASSIGN_OR_RETURN(const Matrix* source, Find(layer, "att_src"));
      KITH_ASSIGN_OR_RETURN(const Matrix* destination, Find(layer, "att_dst"));
      model.item_messages = Times(runtime, model.item_messages, *weight);
      model.item_keys = HeadDots(model.item_messages, *source, model.heads);
      model.user_queries = HeadDots(Times(runtime, Rows(t, 0, users), *weight), *destination, model.heads);
      return OkStatus();
    }
    case LayerKind::kGatv2: {
      model.rule = AttentionRule::kGatv2;
      KITH_ASSIGN_OR_RETURN(const Matrix* left, Find(layer, "left"));
      KITH_ASSIGN_OR_RETURN(const Matrix* right, Find(layer, "right"));
      KITH_ASSIGN_OR_RETURN(const Matrix* attention, Find(layer, "attention"));
      model.item_messages = Times(runtime, model.item_messages, *right);
      model.item_keys = model.item_messages;
      model.user_queries = Times(runtime, Rows(t, 0, users), *left);
      model.attention = *attention;
      return OkStatus();
    }
  }
  return OkStatus();
}

}  // namespace

Result<std::shared_ptr<Model>> ExportModel(const Runtime& runtime, const SocialGraph& graph, Encoder& encoder,
                                           float item_own_weight) {
  const std::size_t users = graph.num_users(), items = graph.num_items();
  auto model = std::make_shared<Model>();
  model->info.architecture = std::string(ToString(encoder.options().kind));
  model->info.store_id = graph.store_id();
  model->info.log_sequence = graph.log_sequence();
  model->info.num_users = graph.num_users();
  model->info.num_items = graph.num_items();
  model->info.seed = encoder.options().seed;
  model->user_base = Rows(encoder.table(), 0, users);
  model->item_messages = Rows(encoder.last_input(), users, items);
  model->users = Rows(encoder.output(), 0, users);
  MakeUnitRows(graph, Relation::kInteracts, model->users);
  model->items = Rows(encoder.output(), users, items);
  for (std::size_t i = 0; i < items; ++i) {
    kernels::Axpy(item_own_weight - 1.0F, encoder.table().row(users + i), model->items.row(i), model->items.cols());
  }
  MakeUnitRows(graph, Relation::kInteractedBy, model->items);
  model->item_degrees.resize(items);
  for (std::uint32_t i = 0; i < items; ++i) model->item_degrees[i] = graph.degree(Relation::kInteractedBy, i);
  KITH_RETURN_IF_ERROR(ExportAttention(runtime, graph, encoder, *model));
  ForgetUsersWithoutItems(graph, model->user_base);
  ForgetUsersWithoutItems(graph, model->user_queries);
  return model;
}

}  // namespace kith
