#include "kith/graph/social_graph.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <utility>

#include "graph/random_graph.h"
#include "testing/toy_graph.h"

namespace kith {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::array kRelations = {Relation::kInteracts, Relation::kInteractedBy, Relation::kTrusts,
                                   Relation::kTrustedBy};

/// The edges of a row, read through its accessors.
std::vector<Edge> Row(const SocialGraph& graph, Relation relation, std::uint32_t row) {
  const Neighbors live = graph.neighbors(relation, row);
  std::vector<Edge> edges;
  for (std::size_t i = 0; i < live.size(); ++i) edges.push_back({row, live.targets[i], live.weight(i), live.time(i)});
  return edges;
}

void ExpectSameRows(const SocialGraph& a, const SocialGraph& b) {
  ASSERT_EQ(a.num_users(), b.num_users());
  ASSERT_EQ(a.num_items(), b.num_items());
  EXPECT_EQ(a.num_interactions(), b.num_interactions());
  EXPECT_EQ(a.num_friendships(), b.num_friendships());
  for (Relation relation : kRelations) {
    for (std::uint32_t row = 0; row < a.num_rows(relation); ++row) {
      ASSERT_EQ(Row(a, relation, row), Row(b, relation, row)) << "relation " << static_cast<int>(relation);
      ASSERT_EQ(a.degree(relation, row), b.degree(relation, row));
    }
  }
}

TEST(SocialGraph, OfTheToyIsTheOneDrawn) {
  const Runtime runtime(2);
  const auto graph = testing::ToyGraph(runtime);
  EXPECT_EQ(graph->num_users(), 5U);
  EXPECT_EQ(graph->num_items(), 6U);
  EXPECT_EQ(graph->num_nodes(), 11U);
  EXPECT_EQ(graph->num_interactions(), 11U);
  EXPECT_EQ(graph->num_friendships(), 4U);
  EXPECT_EQ(graph->store_id(), "toy");
  EXPECT_EQ(graph->log_sequence(), 15U);
  EXPECT_EQ(index(graph->node(UserId{4})), 4U);
  EXPECT_EQ(index(graph->node(ItemId{0})), 5U);
  EXPECT_THAT(graph->items(UserId{2}).targets, ElementsAre(1, 2, 3));
  EXPECT_THAT(graph->users(ItemId{0}).targets, ElementsAre(0, 1));
  EXPECT_THAT(graph->users(ItemId{5}).targets, ElementsAre(4));
  EXPECT_THAT(graph->friends(UserId{4}).targets, ElementsAre(2));
  EXPECT_THAT(graph->friends(UserId{3}).targets, IsEmpty());
  EXPECT_THAT(graph->neighbors(Relation::kTrustedBy, 2).targets, ElementsAre(4));
  EXPECT_THAT(graph->neighbors(Relation::kTrustedBy, 3).targets, ElementsAre(2));
}

TEST(SocialGraph, KeepsEveryEdgeInBothDirections) {
  const Runtime runtime(2);
  const auto graph = testing::RandomGraph(runtime, 5, 80, 60, 900, 400);
  for (Relation relation : {Relation::kInteracts, Relation::kTrusts}) {
    std::map<std::pair<std::uint32_t, std::uint32_t>, Edge> reversed;
    for (const Edge& edge : graph->Edges(relation)) {
      reversed[{edge.target, edge.source}] = {edge.target, edge.source, edge.weight, edge.time};
    }
    std::vector<Edge> expected;
    for (const auto& [ends, edge] : reversed) expected.push_back(edge);
    EXPECT_EQ(graph->Edges(Reverse(relation)), expected);
    CheckOk(graph->frozen(relation).Check());
    CheckOk(graph->frozen(Reverse(relation)).Check());
  }
}

TEST(SocialGraph, WithOneNewEdgeSharesTheFrozenPartAndLeavesTheOldSnapshotAlone) {
  const Runtime runtime(1);
  const auto before = testing::ToyGraph(runtime);
  const EdgeChange change{Relation::kInteracts, {0, 4, 2.0F, 100}};
  const auto after = before->WithEdges({&change, 1}, 5, 6, 16);
  EXPECT_THAT(after->items(UserId{0}).targets, ElementsAre(0, 1, 4));
  EXPECT_THAT(after->items(UserId{0}).weights, ElementsAre(1.0F, 1.0F, 2.0F));
  EXPECT_THAT(after->items(UserId{0}).times, ElementsAre(kNoTime, kNoTime, 100));
  EXPECT_THAT(after->users(ItemId{4}).targets, ElementsAre(0, 3, 4));
  EXPECT_EQ(after->num_interactions(), 12U);
  EXPECT_EQ(after->log_sequence(), 16U);
  EXPECT_EQ(after->store_id(), "toy");
  EXPECT_EQ(after->overlay_rows(), 2U);
  for (Relation relation : kRelations) EXPECT_EQ(&after->frozen(relation), &before->frozen(relation));
  EXPECT_THAT(before->items(UserId{0}).targets, ElementsAre(0, 1));
  EXPECT_EQ(before->num_interactions(), 11U);
  EXPECT_EQ(before->overlay_rows(), 0U);
}

TEST(SocialGraph, HoldsUsersAndItemsLaterThanItsFrozenPart) {
  const Runtime runtime(1);
  const auto toy = testing::ToyGraph(runtime);
  const std::vector<EdgeChange> changes = {{Relation::kInteracts, {6, 7}}, {Relation::kTrusts, {6, 0}}};
  const auto grown = toy->WithEdges(changes, 7, 8, 17);
  EXPECT_EQ(grown->num_nodes(), 15U);
  EXPECT_EQ(index(grown->node(ItemId{7})), 14U);
  EXPECT_THAT(grown->items(UserId{6}).targets, ElementsAre(7));
  EXPECT_THAT(grown->users(ItemId{7}).targets, ElementsAre(6));
  EXPECT_THAT(grown->users(ItemId{6}).targets, IsEmpty());
  EXPECT_THAT(grown->items(UserId{5}).targets, IsEmpty());
  EXPECT_THAT(grown->neighbors(Relation::kTrustedBy, 0).targets, ElementsAre(1, 6));
  EXPECT_EQ(toy->WithEdges({}, 6, 6, 16)->overlay_rows(), 3U) << "user 5 is later than three frozen relations";
}

TEST(SocialGraph, ForgetsARemovedEdgeAndIgnoresTheRemovalOfNone) {
  const Runtime runtime(1);
  const auto toy = testing::ToyGraph(runtime);
  const std::vector<EdgeChange> changes = {{Relation::kTrusts, {0, 1}, true}, {Relation::kTrusts, {3, 4}, true}};
  const auto graph = toy->WithEdges(changes, 5, 6, 17);
  EXPECT_THAT(graph->friends(UserId{0}).targets, IsEmpty());
  EXPECT_THAT(graph->friends(UserId{1}).targets, ElementsAre(0)) << "friendships are directed";
  EXPECT_THAT(graph->neighbors(Relation::kTrustedBy, 1).targets, IsEmpty());
  EXPECT_EQ(graph->num_friendships(), 3U);
  EXPECT_EQ(graph->overlay_rows(), 2U);
}

/// The second way: the final edge set in a map, built anew.
TEST(SocialGraph, WithAnySequenceOfChangesEqualsARebuildAndItsCompaction) {
  const Runtime runtime(2);
  for (std::uint64_t seed = 0; seed < 12; ++seed) {
    const Rng rng(seed, Purpose::kTest, /*step=*/1);
    std::uint32_t users = 12, items = 9, draw = 0;
    auto graph = testing::RandomGraph(runtime, seed, users, items, 40, 20);
    std::map<std::pair<std::uint32_t, std::uint32_t>, Edge> facts[2];
    const std::array forward = {Relation::kInteracts, Relation::kTrusts};
    for (std::size_t r : {0U, 1U}) {
      for (const Edge& edge : graph->Edges(forward[r])) facts[r][{edge.source, edge.target}] = edge;
    }

    for (std::uint64_t batch = 1; batch <= 8; ++batch) {
      users += rng.bounded(draw++, 3);
      items += rng.bounded(draw++, 3);
      std::vector<EdgeChange> changes(rng.bounded(draw++, 25));
      for (EdgeChange& change : changes) {
        const std::size_t r = rng.bounded(draw++, 2);
        change.relation = forward[r];
        change.edge.source = rng.bounded(draw++, users);
        change.edge.target = rng.bounded(draw++, r == 0 ? items : users);
        if (rng.bounded(draw++, 3) == 0) change.edge.weight = 3.0F;
        if (rng.bounded(draw++, 3) == 0) change.edge.time = rng.bounded(draw++, 50);
        change.removed = rng.bounded(draw++, 2) == 0;
        const std::pair ends{change.edge.source, change.edge.target};
        change.removed ? void(facts[r].erase(ends)) : void(facts[r][ends] = change.edge);
      }
      graph = graph->WithEdges(changes, users, items, batch);

      std::vector<Edge> edges[2];
      for (std::size_t r : {0U, 1U}) {
        for (const auto& [ends, edge] : facts[r]) edges[r].push_back(edge);
      }
      const auto rebuilt = SocialGraph::Build(runtime, users, items, edges[0], edges[1]).value();
      ExpectSameRows(*graph, *rebuilt);
      EXPECT_EQ(graph->Edges(Relation::kInteracts), edges[0]);
      std::set<std::uint32_t> active;
      for (const Edge& edge : edges[0]) active.insert(edge.source);
      EXPECT_EQ(graph->users_with_items(), active.size());
      EXPECT_EQ(rebuilt->users_with_items(), active.size());

      const auto compact = graph->Compact(runtime).value();
      EXPECT_EQ(compact->overlay_rows(), 0U);
      EXPECT_EQ(compact->log_sequence(), batch);
      ExpectSameRows(*compact, *rebuilt);
      EXPECT_EQ(compact->users_with_items(), active.size());
      for (Relation relation : kRelations) {
        CheckOk(compact->frozen(relation).Check());
        EXPECT_EQ(compact->frozen(relation).num_rows(), compact->num_rows(relation));
        EXPECT_EQ(compact->frozen(relation).num_targets(), compact->num_targets(relation));
        EXPECT_EQ(compact->frozen(relation).weighted(), rebuilt->frozen(relation).weighted());
        EXPECT_EQ(compact->frozen(relation).timed(), rebuilt->frozen(relation).timed());
      }
      if (batch == 4) graph = compact;
    }
  }
}

TEST(SocialGraph, NeverChangesASnapshotThatIsStillRead) {
  const Runtime runtime(1);
  const auto toy = testing::ToyGraph(runtime);
  const EdgeChange first{Relation::kInteracts, {0, 4}};
  const auto middle = toy->WithEdges({&first, 1}, 5, 6, 16);
  const Neighbors held = middle->items(UserId{0});
  const std::vector<EdgeChange> more = {
      {Relation::kInteracts, {0, 5}}, {Relation::kInteracts, {0, 3}}, {Relation::kInteracts, {0, 0}, true}};
  const auto last = middle->WithEdges(more, 5, 6, 19);
  EXPECT_THAT(held.targets, ElementsAre(0, 1, 4));
  EXPECT_THAT(middle->items(UserId{0}).targets, ElementsAre(0, 1, 4));
  EXPECT_THAT(last->items(UserId{0}).targets, ElementsAre(1, 3, 4, 5));
}

TEST(SocialGraph, KeepsWhatDidNotChangeWhenItIsCompacted) {
  const Runtime runtime(1);
  const auto toy = testing::ToyGraph(runtime);
  const EdgeChange change{Relation::kInteracts, {0, 4}};
  const auto compact = toy->WithEdges({&change, 1}, 5, 6, 16)->Compact(runtime).value();
  EXPECT_EQ(&compact->frozen(Relation::kTrusts), &toy->frozen(Relation::kTrusts));
  EXPECT_NE(&compact->frozen(Relation::kInteracts), &toy->frozen(Relation::kInteracts));
}

TEST(SocialGraph, RefusesEdgesOutOfRangeAndTooManyNodes) {
  const Runtime runtime(1);
  const std::vector<Edge> edge = {{0, 6}};
  const Status interaction = SocialGraph::Build(runtime, 5, 6, edge, {}).status();
  EXPECT_THAT(std::string(interaction.message()), HasSubstr("interactions: edge 0 (0 -> 6)"));
  const Status friendship = SocialGraph::Build(runtime, 5, 6, {}, edge).status();
  EXPECT_THAT(std::string(friendship.message()), HasSubstr("friendships: edge 0 (0 -> 6)"));
  EXPECT_EQ(SocialGraph::Build(runtime, 0xFFFFFFFFU, 1, {}, {}).status().code(), StatusCode::kInvalidArgument);
}

/// The frozen parts of a graph, as a file or a generator would hand them over.
GraphParts PartsOf(const SocialGraph& graph) {
  GraphParts parts{graph.num_users(), graph.num_items(), {}, graph.store_id(), graph.log_sequence()};
  for (Relation relation : kRelations) {
    parts.relations[static_cast<std::size_t>(relation)] = std::make_shared<const Csr>(graph.frozen(relation));
  }
  return parts;
}

TEST(SocialGraph, AssembledFromItsPartsIsTheGraphThatWasBuilt) {
  const Runtime runtime(2);
  const auto built = testing::RandomGraph(runtime, 80, 60, 900, 400, 5);
  const auto assembled = SocialGraph::Assemble(PartsOf(*built)).value();
  ExpectSameRows(*assembled, *built);
  EXPECT_EQ(assembled->users_with_items(), built->users_with_items());
  EXPECT_EQ(assembled->store_id(), built->store_id());
  EXPECT_EQ(assembled->log_sequence(), built->log_sequence());
}

TEST(SocialGraph, RefusesPartsThatDoNotFitTogether) {
  const Runtime runtime(1);
  const auto toy = testing::ToyGraph(runtime);
  const auto message = [](GraphParts parts) {
    return std::string(SocialGraph::Assemble(std::move(parts)).status().message());
  };
  GraphParts parts = PartsOf(*toy);
  parts.num_items = 7;
  EXPECT_THAT(message(parts), HasSubstr("expected 5 rows, 7 targets and 11 edges in \"interacts\", found 5, 6 and 11"));
  parts = PartsOf(*toy);
  std::swap(parts.relations[0], parts.relations[1]);
  EXPECT_THAT(message(parts), HasSubstr("interacts"));
  parts = PartsOf(*toy);
  parts.relations[3] = std::make_shared<const Csr>(BuildCsr(runtime, 5, 5, {}).value());
  EXPECT_THAT(message(parts), HasSubstr("and 0 edges in \"trusts\", found 5, 5 and 4"));
}

TEST(SocialGraph, HoldsASymmetricRelationOnce) {
  const Runtime runtime(1);
  const std::vector<Edge> mutual = {{0, 1}, {1, 0}, {2, 1, 2.0F}, {1, 2, 2.0F}};
  const auto graph = SocialGraph::Build(runtime, 3, 0, {}, mutual).value();
  EXPECT_EQ(&graph->frozen(Relation::kTrusts), &graph->frozen(Relation::kTrustedBy));

  const std::vector<Edge> weighed_differently = {{0, 1, 2.0F}, {1, 0, 3.0F}};
  const auto other = SocialGraph::Build(runtime, 2, 0, {}, weighed_differently).value();
  EXPECT_NE(&other->frozen(Relation::kTrusts), &other->frozen(Relation::kTrustedBy));
  EXPECT_THAT(other->neighbors(Relation::kTrustedBy, 0).weights, ElementsAre(3.0F));

  const EdgeChange one_way{Relation::kTrusts, {0, 2}};
  const auto changed = graph->WithEdges({&one_way, 1}, 3, 0, 5)->Compact(runtime).value();
  EXPECT_THAT(changed->friends(UserId{2}).targets, ElementsAre(1)) << "the news is in one direction alone";
  EXPECT_THAT(changed->neighbors(Relation::kTrustedBy, 2).targets, ElementsAre(0, 1));
}

TEST(SocialGraph, OfNobodyHasNoRows) {
  const Runtime runtime(1);
  const auto graph = SocialGraph::Build(runtime, 0, 0, {}, {}).value();
  EXPECT_EQ(graph->num_nodes(), 0U);
  EXPECT_THAT(graph->Edges(Relation::kInteracts), IsEmpty());
  EXPECT_EQ(graph->overlay_rows(), 0U);
}

}  // namespace
}  // namespace kith
