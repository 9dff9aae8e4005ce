#include "export_model.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "encoder_world.h"
#include "kith/recommend/evidence.h"
#include "testing/random_graph.h"

namespace kith {
namespace {

using testing::kAllKinds;
using testing::RandomEncoder;

/// A graph in which some users and items have no edge.
std::shared_ptr<const SocialGraph> Graph(const Runtime& runtime) {
  return testing::RandomGraph(runtime, 60, 50, 150, 0, 16);
}

double Norm(const float* x, std::size_t d) {
  double squares = 0;
  for (std::size_t c = 0; c < d; ++c) squares += static_cast<double>(x[c]) * x[c];
  return std::sqrt(squares);
}

/// Serving computes a user's vector from live edges; with no news it must be what training computed.  Users without
/// items have no vector: to serve the random numbers that they started from would be to make up a taste.
TEST(ExportModel, LetsServingEncodeUnchangedUsersAsTheEncoderDid) {
  const Runtime runtime(2);
  const auto graph = Graph(runtime);
  for (const LayerKind kind : kAllKinds) {
    const auto encoder = RandomEncoder(kind, graph->num_nodes(), runtime);
    encoder->ForwardFull(FullGraphBlock(runtime, *graph));
    const auto model = ExportModel(runtime, *graph, *encoder).value();
    CheckOk(model->Finish());
    for (std::uint32_t u = 0; u < graph->num_users(); ++u) {
      const UserView view = MakeUserView(*graph, *model, UserId{u});
      ASSERT_EQ(view.z.size(), 8U);
      if (graph->degree(Relation::kInteracts, u) == 0) {
        EXPECT_EQ(Norm(view.z.data(), 8), 0) << ToString(kind) << ", user " << u << " without items";
        continue;
      }
      std::vector<float> difference = view.z;
      for (std::size_t c = 0; c < 8; ++c) difference[c] -= encoder->output()(u, c);
      EXPECT_LE(Norm(difference.data(), 8), 1e-4 * Norm(encoder->output().row(u), 8))
          << ToString(kind) << ", user " << u << " of " << graph->degree(Relation::kInteracts, u) << " items";
    }
  }
}

TEST(ExportModel, LetsUsersWhoHadNoItemsBeServedAsUsersLaterThanTheModel) {
  const Runtime runtime(2);
  const auto graph = Graph(runtime);
  const std::uint32_t later = graph->num_users();
  std::uint32_t idle = 0;
  while (graph->degree(Relation::kInteracts, idle) != 0) ++idle;
  std::vector<EdgeChange> likes;
  for (const std::uint32_t user : {idle, later}) {
    for (std::uint32_t item = 0; item < 5; ++item) likes.push_back({Relation::kInteracts, {user, item}, false});
  }
  const auto news = graph->WithEdges(likes, later + 1, graph->num_items(), graph->log_sequence() + 1);
  for (const LayerKind kind : kAllKinds) {
    const auto encoder = RandomEncoder(kind, graph->num_nodes(), runtime);
    encoder->ForwardFull(FullGraphBlock(runtime, *graph));
    const auto model = ExportModel(runtime, *graph, *encoder).value();
    CheckOk(model->Finish());
    const std::vector<float> z = MakeUserView(*news, *model, UserId{idle}).z;
    EXPECT_GT(Norm(z.data(), 8), 0);
    EXPECT_EQ(z, MakeUserView(*news, *model, UserId{later}).z) << ToString(kind);
  }
}

TEST(ExportModel, KeepsUnitRowsOfNodesWithEdgesAndZeroesTheOthers) {
  const Runtime runtime(2);
  const auto graph = Graph(runtime);
  const auto encoder = RandomEncoder(LayerKind::kHouse, graph->num_nodes(), runtime);
  encoder->ForwardFull(FullGraphBlock(runtime, *graph));
  const auto model = ExportModel(runtime, *graph, *encoder).value();
  std::size_t alone = 0;
  const auto check = [&](const Matrix& rows, Relation relation, std::size_t first_node) {
    ASSERT_EQ(rows.rows(), graph->num_rows(relation));
    for (std::uint32_t r = 0; r < rows.rows(); ++r) {
      const double length = Norm(rows.row(r), 8);
      if (graph->neighbors(relation, r).empty()) {
        EXPECT_EQ(length, 0);
        ++alone;
        continue;
      }
      EXPECT_NEAR(length, 1, 1e-5);
      const float* z = encoder->output().row(first_node + r);
      for (std::size_t c = 0; c < 8; ++c) EXPECT_NEAR(rows(r, c), z[c] / Norm(z, 8), 1e-5);
    }
  };
  check(model->users, Relation::kInteracts, 0);
  check(model->items, Relation::kInteractedBy, graph->num_users());
  EXPECT_GT(alone, 0U) << "the graph shows no node without edges";
}

TEST(ExportModel, NamesTheGraphItWasMadeFrom) {
  const Runtime runtime(1);
  const auto graph = Graph(runtime);
  for (const LayerKind kind : kAllKinds) {
    const auto encoder = RandomEncoder(kind, graph->num_nodes(), runtime);
    encoder->ForwardFull(FullGraphBlock(runtime, *graph));
    const auto model = ExportModel(runtime, *graph, *encoder).value();
    EXPECT_EQ(model->info.architecture, ToString(kind));
    EXPECT_EQ(model->info.store_id, graph->store_id());
    EXPECT_EQ(model->info.log_sequence, graph->log_sequence());
    EXPECT_EQ(model->info.num_users, graph->num_users());
    EXPECT_EQ(model->info.num_items, graph->num_items());
    for (std::uint32_t i = 0; i < graph->num_items(); ++i) {
      EXPECT_EQ(model->item_degrees[i], graph->degree(Relation::kInteractedBy, i));
    }
  }
}

}  // namespace
}  // namespace kith
