/// Each number of docs/tour.md, computed again through the library.  A block of the page that opens with "```text NAME"
/// must hold exactly the lines that its test computes, so that neither can drift from the other.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "docs/pages.h"
#include "kith/gnn/layer.h"
#include "kith/graph/block.h"
#include "kith/graph/statistics.h"
#include "kith/recommend/engine.h"
#include "kith/sampler/neighbor_sampler.h"
#include "kith/storage/graph_store.h"
#include "store_format.h"
#include "testing/toy_graph.h"
#include "tools/scratch_folder.h"

namespace kith::testing {
namespace {

using ::testing::UnorderedElementsAre;
using Page = std::vector<std::string>;

/// The lines of the one block of the page that is called `name`.
Page OnThePage(const std::string& name) {
  Page lines;
  int found = 0;
  for (const Fence& fence : Fences(ReadSource("docs/tour.md"))) {
    if (fence.info != "text " + name) continue;
    ++found;
    lines = fence.lines;
  }
  EXPECT_EQ(found, 1) << "docs/tour.md: expected one block \"text " << name << "\"";
  return lines;
}

std::string Fixed(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.4f", value);
  return text;
}

/// "offsets: 0 2 4"
template <class Range>
std::string Listed(const std::string& what, const Range& numbers) {
  std::string line = what + ":";
  for (const auto number : numbers) line += " " + std::to_string(number);
  return line;
}

std::string Hex(std::string_view bytes) {
  std::string hex;
  for (const char byte : bytes) {
    char text[3];
    std::snprintf(text, sizeof text, "%02x", static_cast<unsigned char>(byte));
    hex += text;
  }
  return hex;
}

std::string Name(const SocialGraph& graph, NodeId node) {
  return std::string(index(node) < graph.num_users() ? kToyUsers[index(node)]
                                                     : kToyItems[index(node) - graph.num_users()]);
}

std::vector<Event> ToyLog() {
  std::vector<Event> events;
  for (const Edge& edge : kToyInteractions)
    events.push_back({.user = kToyUsers[edge.source], .target = kToyItems[edge.target]});
  for (const Edge& edge : kToyFriendships)
    events.push_back({.user = kToyUsers[edge.source], .target = kToyUsers[edge.target], .relation = Relation::kTrusts});
  return events;
}

/// "Far" and "old" of each book: the vectors of the page.
Matrix BookVectors() {
  constexpr float kVectors[6][2] = {{1, 0}, {0, 1}, {0.6F, 0.8F}, {0.8F, 0.6F}, {0, 1}, {0.8F, 0.6F}};
  Matrix vectors(6, 2);
  for (std::size_t i = 0; i < 6; ++i)
    for (std::size_t c = 0; c < 2; ++c) vectors(i, c) = kVectors[i][c];
  return vectors;
}

class Tour : public ::testing::Test {
 protected:
  Runtime runtime_{1};
  std::shared_ptr<const SocialGraph> graph_ = ToyGraph(runtime_);
};

TEST_F(Tour, DrawsTheToyGraph) {
  Page lines;
  for (std::uint32_t u = 0; u < graph_->num_users(); ++u) {
    std::string line = std::string(kToyUsers[u]) + " has";
    for (const std::uint32_t item : graph_->items(UserId{u}).targets) line += " " + std::string(kToyItems[item]);
    for (const std::uint32_t other : graph_->friends(UserId{u}).targets)
      line += ", trusts " + std::string(kToyUsers[other]);
    lines.push_back(line);
  }
  const GraphStatistics statistics = ComputeStatistics(runtime_, *graph_);
  lines.push_back("components: " + std::to_string(statistics.components));
  lines.push_back("largest core: " + std::to_string(statistics.max_core));
  EXPECT_EQ(OnThePage("graph"), lines);
}

TEST_F(Tour, NumbersEventsAndKeysAsTheStoreDoes) {
  const ScratchFolder folder;
  const auto store = GraphStore::Open(folder.Path("s"), {.access = StoreOptions::Access::kCreateOrWrite}).value();
  CheckOk(store->Append(ToyLog()).status());
  const KeyTable keys = store->LoadKeys().value();
  Page lines;
  CheckOk(store->ScanEvents([&](const StoredEvent& stored) {
    const Event& event = stored.event;
    const bool trusts = event.relation == Relation::kTrusts;
    lines.push_back(std::to_string(stored.sequence) + ": " + std::string(event.user) + (trusts ? " trusts " : " has ") +
                    std::string(event.target) + " -> user " + std::to_string(index(*keys.FindUser(event.user))) +
                    (trusts ? ", user " + std::to_string(index(*keys.FindUser(event.target)))
                            : ", item " + std::to_string(index(*keys.FindItem(event.target)))));
    return OkStatus();
  }));
  EXPECT_EQ(OnThePage("log"), lines);
  const auto loaded = store->LoadGraph(runtime_).value();
  EXPECT_EQ(loaded->log_sequence(), graph_->log_sequence());
  for (const Relation relation : {Relation::kInteracts, Relation::kTrusts})
    EXPECT_EQ(loaded->Edges(relation), graph_->Edges(relation)) << "the numbers below are those of the stored graph";
}

TEST_F(Tour, WritesAnEdgeUnderBothItsEnds) {
  Page lines;
  for (const auto& [relation, source, target] :
       {std::tuple{Relation::kInteracts, 2U, 3U}, std::tuple{Relation::kTrusts, 2U, 3U}}) {
    const storage::EdgeKey forward = {.relation = relation, .source = source, .target = target};
    for (const storage::EdgeKey& key : {forward, forward.Reversed()}) {
      const std::string bytes = Hex(storage::View(storage::EncodeEdgeKey(key)));
      lines.push_back(bytes.substr(0, 2) + " | " + bytes.substr(2, 8) + " | " + bytes.substr(10));
    }
  }
  Page shown = OnThePage("bytes");
  for (std::string& line : shown) line = line.substr(0, line.find("   "));
  EXPECT_EQ(shown, lines);
}

TEST_F(Tour, PacksEachRelationIntoRows) {
  Page lines;
  for (const auto& [relation, name] : {std::pair{Relation::kInteracts, "interacts (user to item)"},
                                       {Relation::kInteractedBy, "interacted by (item to user)"},
                                       {Relation::kTrusts, "trusts (user to friend)"},
                                       {Relation::kTrustedBy, "trusted by (friend to user)"}}) {
    lines.emplace_back(name);
    lines.push_back(Listed("offsets", graph_->frozen(relation).offsets()));
    lines.push_back(Listed("targets", graph_->frozen(relation).targets()));
  }
  EXPECT_EQ(OnThePage("csr"), lines);
}

TEST_F(Tour, WeighsEdgesByTheDegreesOfBothEnds) {
  const Block block = FullGraphBlock(runtime_, *graph_);
  std::vector<float> weights(block.num_edges());
  SymmetricWeights(runtime_, block, weights);
  const std::span<const std::uint32_t> degrees = block.degrees;
  Page lines = {Listed("degrees of users", degrees.first(5)), Listed("degrees of items", degrees.subspan(5))};
  for (const auto& [user, item] : {std::pair{0U, 0U}, {2U, 3U}, {4U, 5U}}) {
    const std::uint32_t source = index(graph_->node(ItemId{item}));
    for (EdgeOffset e = block.offsets[user]; e < block.offsets[user + 1]; ++e) {
      if (block.sources[e] != source) continue;
      lines.push_back(std::string(kToyItems[item]) + " -> " + std::string(kToyUsers[user]) + ": 1/sqrt(" +
                      std::to_string(degrees[source]) + " * " + std::to_string(degrees[user]) +
                      ") = " + Fixed(weights[e]));
    }
  }
  EXPECT_EQ(OnThePage("weights"), lines);
}

TEST_F(Tour, SamplesCemsNeighbourhood) {
  const NodeId cem = graph_->node(UserId{2});
  const auto sample = [&](std::uint32_t fanout) {
    const NeighborSampler sampler(graph_, {.fanouts = {{.items_per_user = fanout, .users_per_item = fanout}}});
    MiniBatch batch;
    const auto scratch = sampler.NewScratch();
    sampler.Sample({&cem, 1}, /*step=*/0, /*transpose=*/false, *scratch, batch);
    return batch.blocks.front();
  };
  const Block whole = sample(Fanout::kAll);
  std::string names = "nodes:";
  for (const NodeId node : whole.nodes) names += " " + Name(*graph_, node) + "=" + std::to_string(index(node));
  Page lines = {names, Listed("offsets", whole.offsets), Listed("sources", whole.sources),
                Listed("degrees", whole.degrees)};
  char scales[64];
  std::snprintf(scales, sizeof scales, "scale: %g (fan-out of 2: %g)", static_cast<double>(whole.scale[0]),
                static_cast<double>(sample(2).scale[0]));
  lines.emplace_back(scales);
  EXPECT_EQ(OnThePage("block"), lines);
}

/// y = A x of one LightGCN layer: the users' vectors from the books' alone.
TEST_F(Tour, PropagatesTheBooksVectorsToTheirReaders) {
  const Matrix books = BookVectors();
  Matrix x(graph_->num_nodes(), 2), y;
  Page lines;
  for (std::uint32_t i = 0; i < 6; ++i) {
    const std::uint32_t row = index(graph_->node(ItemId{i}));
    for (std::size_t c = 0; c < 2; ++c) x(row, c) = books(i, c);
    lines.push_back("x " + std::string(kToyItems[i]) + ": " + Fixed(x(row, 0)) + " " + Fixed(x(row, 1)));
  }
  const Block block = FullGraphBlock(runtime_, *graph_);
  const auto layer = MakeLayer<float>(LayerKind::kLightGcn, {.in = 2, .out = 2}, runtime_).value();
  layer->Forward(block, x, y);
  for (std::uint32_t u = 0; u < 5; ++u)
    lines.push_back("y " + std::string(kToyUsers[u]) + ": " + Fixed(y(u, 0)) + " " + Fixed(y(u, 1)));
  EXPECT_EQ(OnThePage("propagation"), lines);
}

/// The model of the page: the books' vectors are messages and targets, and three gates are open.
std::shared_ptr<const Model> TourModel(const SocialGraph& graph) {
  auto model = std::make_shared<Model>();
  model->info = {.architecture = "lightgcn",
                 .store_id = graph.store_id(),
                 .log_sequence = graph.log_sequence(),
                 .num_users = graph.num_users(),
                 .num_items = graph.num_items()};
  model->gates = {.learned = 1.0F, .friends = 0.5F, .popular = 0.2F};
  model->items = model->item_messages = BookVectors();
  model->users = model->user_base = Matrix(graph.num_users(), 2);
  for (std::uint32_t i = 0; i < graph.num_items(); ++i)
    model->item_degrees.push_back(graph.degree(Relation::kInteractedBy, i));
  CheckOk(model->Finish());
  return model;
}

TEST_F(Tour, RanksAndExplainsForAnn) {
  const ScratchFolder folder;
  const auto engine = Engine::Open(folder.Path("s"), {.writable = true, .runtime = &runtime_}).value();
  CheckOk(engine->Ingest(ToyLog()));
  CheckOk(engine->Publish(TourModel(*engine->graph())));

  Page scores;
  const Answer answer = engine->Recommend("ann").value();
  for (const Recommendation& hit : answer.items)
    scores.push_back(std::to_string(hit.rank) + ". " + hit.item + " " + Fixed(hit.score));
  EXPECT_EQ(OnThePage("scores"), scores);

  const auto explained = [&engine](std::string_view item) {
    const Explanation explanation = engine->Explain("ann", item).value();
    Page lines;
    double sum = 0;
    for (const Reason& reason : explanation.contributions) {
      sum += static_cast<double>(reason.contribution);
      lines.push_back(std::string(ToString(reason.via)) + (reason.key.empty() ? "" : " " + reason.key) + ": " +
                      Fixed(reason.contribution) +
                      (reason.key.empty() ? "" : " (attention " + Fixed(reason.attention) + ")"));
    }
    lines.push_back("sum: " + Fixed(explanation.score));
    EXPECT_NEAR(sum, explanation.score, 1e-5);
    return lines;
  };
  EXPECT_EQ(OnThePage("reasons"), explained("faust"));

  CheckOk(engine->Ingest({{.user = "ann", .target = "cem", .relation = Relation::kTrusts}}));
  EXPECT_EQ(OnThePage("live"), explained("faust")) << "the next answer counts the new friend";
}

TEST_F(Tour, HasNoNumbersThatNoTestComputes) {
  Page names;
  for (const Fence& fence : Fences(ReadSource("docs/tour.md")))
    if (fence.info.starts_with("text ")) names.push_back(fence.info.substr(5));
  EXPECT_THAT(names, UnorderedElementsAre("graph", "log", "bytes", "csr", "weights", "block", "propagation", "scores",
                                          "reasons", "live"));
}

}  // namespace
}  // namespace kith::testing
