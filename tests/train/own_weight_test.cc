#include "own_weight.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "encoder_world.h"
#include "export_model.h"
#include "kith/recommend/evidence.h"
#include "testing/planted_world.h"
#include "testing/random_graph.h"

namespace kith {
namespace {

using testing::kAllKinds;
using testing::RandomEncoder;

std::vector<double> Unit(const std::vector<double>& x) {
  double squares = 0;
  for (const double value : x) squares += value * value;
  std::vector<double> unit = x;
  for (double& value : unit) value = squares > 0 ? value / std::sqrt(squares) : 0;
  return unit;
}

/// z + (weight - 1) E, the row that the definition names, from the encoder's own numbers.
std::vector<double> Weighed(const Encoder& encoder, std::size_t node, double weight) {
  std::vector<double> z;
  for (std::size_t c = 0; c < encoder.output().cols(); ++c) {
    z.push_back(encoder.output()(node, c) + (weight - 1) * encoder.table()(node, c));
  }
  return z;
}

void ExpectRow(const std::vector<double>& expected, const float* row, const std::string& what) {
  for (std::size_t c = 0; c < expected.size(); ++c) ASSERT_NEAR(expected[c], row[c], 2e-5) << what << ", column " << c;
}

TEST(OwnWeight, MultipliesWhatTheDefinitionNamesForUsersAndItems) {
  const Runtime runtime(2);
  const auto graph = testing::RandomGraph(runtime, 60, 50, 150, 0, 16);
  for (const LayerKind kind : kAllKinds) {
    if (kind == LayerKind::kSage) continue;  // there base_u is more than the row E_u
    const auto encoder = RandomEncoder(kind, graph->num_nodes(), runtime);
    encoder->ForwardFull(FullGraphBlock(runtime, *graph));
    const auto model = ExportModel(runtime, *graph, *encoder, 0.25F).value();
    WeighOwnRows(runtime, *graph, 1.75F, *model);
    for (std::uint32_t i = 0; i < graph->num_items(); ++i) {
      const bool alive = graph->degree(Relation::kInteractedBy, i) != 0;
      const std::vector<double> z = Weighed(*encoder, graph->num_users() + i, 0.25);
      ExpectRow(alive ? Unit(z) : std::vector<double>(8), model->items.row(i),
                std::string(ToString(kind)) + ", item " + std::to_string(i));
    }
    for (std::uint32_t u = 0; u < graph->num_users(); ++u) {
      const bool alive = graph->degree(Relation::kInteracts, u) != 0;
      const std::vector<double> z = Weighed(*encoder, u, 1.75);
      ExpectRow(alive ? Unit(z) : std::vector<double>(8), model->users.row(u),
                std::string(ToString(kind)) + ", user " + std::to_string(u));
    }
  }
}

TEST(OwnWeight, LeavesUsersAsServingWillMakeThem) {
  const Runtime runtime(2);
  const auto graph = testing::RandomGraph(runtime, 60, 50, 150, 0, 16);
  for (const LayerKind kind : kAllKinds) {
    const auto encoder = RandomEncoder(kind, graph->num_nodes(), runtime);
    encoder->ForwardFull(FullGraphBlock(runtime, *graph));
    const auto model = ExportModel(runtime, *graph, *encoder).value();
    const Matrix before = model->users;
    WeighOwnRows(runtime, *graph, 3.0F, *model);
    CheckOk(model->Finish());
    double moved = 0;
    for (std::uint32_t u = 0; u < graph->num_users(); ++u) {
      const std::vector<float> z = MakeUserView(*graph, *model, UserId{u}).z;
      ExpectRow(Unit({z.begin(), z.end()}), model->users.row(u), std::string(ToString(kind)));
      for (std::size_t c = 0; c < 8; ++c) moved = std::max<double>(moved, std::abs(before(u, c) - model->users(u, c)));
    }
    EXPECT_GT(moved, 0.1) << ToString(kind);
  }
}

/// Own rows that say `length` times the taste group `off` places from the user's; items know their groups.
std::shared_ptr<Model> OwnRows(const Runtime& runtime, const testing::PlantedWorld& world, const SocialGraph& graph,
                               float length, std::uint32_t off) {
  const auto encoder =
      Encoder::Make({.kind = LayerKind::kLightGcn, .num_nodes = graph.num_nodes(), .width = world.groups, .layers = 1},
                    runtime)
          .value();
  Matrix& table = encoder->mutable_table();
  testing::FillNormal("taste", 0.05, 1, table);
  for (std::uint32_t u = 0; u < graph.num_users(); ++u) {
    std::fill_n(table.row(u), table.cols(), 0.0F);
    table(u, (world.group(UserId{u}) + off) % world.groups) = length;
  }
  for (std::uint32_t i = 0; i < graph.num_items(); ++i) table(graph.num_users() + i, world.group(ItemId{i})) += 1;
  encoder->ForwardFull(FullGraphBlock(runtime, graph));
  auto model = ExportModel(runtime, graph, *encoder).value();
  CheckOk(model->Finish());
  return model;
}

TEST(ChooseOwnWeight, ListensToOwnRowsAsFarAsTheyKnowTheHeldOutItems) {
  const Runtime runtime(2);
  const testing::PlantedWorld world = testing::MakePlantedWorld(runtime, {.users = 1200});
  const Split split = HoldOut(runtime, *world.graph, {.ratio = 0.2, .seed = 2}).value();
  const auto chosen = [&](float length, std::uint32_t off) {
    const auto model = OwnRows(runtime, world, *split.graph, length, off);
    const Matrix base = model->user_base;
    const float weight = ChooseOwnWeight(runtime, *split.graph, split.held_out, true, {}, *model);
    for (std::size_t n = 0; n < base.size(); ++n) {
      EXPECT_FLOAT_EQ(base.data()[n] * weight / kUserOwnWeight, model->user_base.data()[n]);
    }
    return weight;
  };
  EXPECT_EQ(chosen(0.05F, 0), 3.0F) << "own rows know the taste, items tell it less clearly";
  EXPECT_EQ(chosen(0.2F, 1), 1.0F) << "own rows name another taste";
  EXPECT_EQ(chosen(0.0F, 0), kUserOwnWeight) << "own rows say nothing";
}

}  // namespace
}  // namespace kith
