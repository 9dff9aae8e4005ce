#include "bench/sampler_bench.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <tuple>
#include <vector>

#include "bench/rmat.h"
#include "bench/sampler_check.h"
#include "kith/storage/graph_snapshot.h"
#include "scratch_folder.h"
#include "testing/random_graph.h"
#include "testing/toy_graph.h"

namespace kith::tools {
namespace {

TEST(Rmat, IsSymmetricWithoutRepeatsOrLoopsAndTheSameOnAnyNumberOfThreads) {
  const Runtime one(1), eight(8);
  const RmatOptions options{.nodes = 1000, .edges = 6000};
  const auto graph = MakeRmatGraph(one, options).value();
  EXPECT_EQ(graph->num_users(), 1000U);
  for (int r = 0; r < kNumRelations; ++r) EXPECT_TRUE(graph->frozen(static_cast<Relation>(r)).Check().ok());
  const std::vector<Edge> edges = graph->Edges(Relation::kTrusts);
  std::set<std::pair<std::uint32_t, std::uint32_t>> pairs;
  for (const Edge& edge : edges) {
    EXPECT_NE(edge.source, edge.target);
    EXPECT_TRUE(pairs.emplace(edge.source, edge.target).second);
  }
  for (const auto& [source, target] : pairs) EXPECT_TRUE(pairs.contains({target, source}));
  EXPECT_EQ(MakeRmatGraph(eight, options).value()->Edges(Relation::kTrusts), edges);
  RmatOptions other = options;
  other.seed = 2;
  EXPECT_NE(MakeRmatGraph(one, other).value()->Edges(Relation::kTrusts), edges);
}

TEST(Rmat, HasHubsAndManyNodesOfFewEdges) {
  const Runtime runtime(2);
  const auto graph = MakeRmatGraph(runtime, {.nodes = 8192, .edges = 65536}).value();
  std::vector<std::uint32_t> degrees;
  for (std::uint32_t u = 0; u < graph->num_users(); ++u) degrees.push_back(graph->degree(Relation::kTrusts, u));
  std::sort(degrees.begin(), degrees.end());
  const double mean = static_cast<double>(graph->num_friendships()) / graph->num_users();
  EXPECT_GT(mean, 8);
  EXPECT_LT(mean, 16) << "two directions of eight draws, less repeats";
  EXPECT_GT(degrees.back(), 20 * mean);
  EXPECT_LT(degrees[degrees.size() / 2], mean / 2);
}

TEST(Rmat, RefusesSizesThatItCannotMake) {
  EXPECT_FALSE(RmatOptions{.nodes = 1}.Validate().ok());
  EXPECT_FALSE((RmatOptions{.nodes = 10, .edges = 0}.Validate().ok()));
  EXPECT_FALSE(RmatByName("rmat-2m", 1).has_value());
  EXPECT_EQ(RmatByName("rmat-5m", 7)->nodes, 5'000'000U);
}

constexpr SamplerKind kKinds[] = {SamplerKind::kUniform, SamplerKind::kWeighted, SamplerKind::kTemporal,
                                  SamplerKind::kRecent, SamplerKind::kImportance};

/// Small enough for a test, with hops enough to relabel.
SamplerBenchOptions Small(SamplerKind kind = SamplerKind::kUniform) {
  return {.fanouts = {{5, 3}, {4, 3, 2}}, .kind = kind, .seeds_per_batch = 64, .batches = 9, .repeats = 2};
}

std::vector<NamedGraph> Graphs(const Runtime& runtime) {
  return {{"random", testing::RandomGraph(runtime, 300, 200, 4000, 0, 3)},
          {"rmat", MakeRmatGraph(runtime, {.nodes = 1000, .edges = 8000}).value()}};
}

TEST(SamplerBench, GivesVerifiedRowsOfEveryKindWithOneHashForAnyNumberOfThreads) {
  const Runtime one(1), two(2), eight(8);
  for (const NamedGraph& graph : Graphs(one)) {
    for (const SamplerKind kind : kKinds) {
      const auto alone = RunSamplerBench(one, graph, Small(kind)).value();
      ASSERT_EQ(alone.size(), kind == SamplerKind::kImportance ? 1U : 2U);
      for (const SamplerBenchRow& row : alone) {
        EXPECT_TRUE(row.verified) << row.graph << " " << row.kind << " " << row.fanouts;
        EXPECT_EQ(row.graph, graph.name);
        EXPECT_GT(row.edges, 9U * 64);
        EXPECT_GT(row.edges_per_core_second, 0);
        EXPECT_GE(row.best, row.edges_per_core_second);
        EXPECT_GT(row.lines.prefetched, 0);
        EXPECT_EQ(row.share_of_floor > 0, kind != SamplerKind::kImportance);
      }
      for (const Runtime* runtime : {&two, &eight}) {
        const auto rows = RunSamplerBench(*runtime, graph, Small(kind)).value();
        for (std::size_t i = 0; i < rows.size(); ++i) {
          EXPECT_TRUE(rows[i].verified);
          EXPECT_EQ(rows[i].hash, alone[i].hash);
          EXPECT_EQ(rows[i].edges, alone[i].edges);
        }
      }
      SamplerBenchOptions other = Small(kind);
      other.seed = 2;
      EXPECT_NE(RunSamplerBench(one, graph, other).value()[0].hash, alone[0].hash);
    }
  }
}

TEST(SamplerBench, CountsTheBytesOfASymmetricRelationOnce) {
  const Runtime runtime(1);
  const auto graph = MakeRmatGraph(runtime, {.nodes = 1000, .edges = 8000}).value();
  const double edges = static_cast<double>(graph->num_friendships());
  EXPECT_DOUBLE_EQ(TopologyBytesPerEdge(*graph), (4 * edges + 4 * 1001 * 2 + 4) / edges);
}

TEST(SamplerBench, TakesGraphsOfFewerNodesThanABatchAndRefusesOnesWithoutEdges) {
  const Runtime runtime(1);
  SamplerBenchOptions options = Small();
  options.fanouts = {{2, 2}};
  const auto toy = RunSamplerBench(runtime, {"toy", testing::ToyGraph(runtime)}, options).value();
  EXPECT_TRUE(toy[0].verified);
  EXPECT_EQ(toy[0].nodes, 11U);
  EXPECT_EQ(toy[0].graph_edges, 22U);
  const NamedGraph empty = {"empty", SocialGraph::Build(runtime, 3, 3, {}, {}).value()};
  EXPECT_EQ(RunSamplerBench(runtime, empty, Small()).status().code(), StatusCode::kInvalidArgument);
  options.batches = 0;
  EXPECT_EQ(RunSamplerBench(runtime, empty, options).status().code(), StatusCode::kInvalidArgument);
  options = Small();
  options.fanouts = {{3, 0}};
  EXPECT_EQ(RunSamplerBench(runtime, empty, options).status().code(), StatusCode::kInvalidArgument);
}

std::string TextOf(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

/// Reads a dump back with the graph's own dump alone: counts, repeats and edges.
TEST(SamplerBench, DumpsTheSameLinesOnAnyNumberOfThreadsAndOnlyEdgesOfTheDumpedGraph) {
  const Runtime one(1), four(4);
  const testing::ScratchFolder folder;
  SamplerBenchOptions options = Small();
  options.fanouts = {{5, 3}};
  for (const NamedGraph& graph : Graphs(one)) {
    options.dump = folder.Path("alone");
    ASSERT_TRUE(RunSamplerBench(one, graph, options).ok());
    const std::string alone = TextOf(options.dump);
    options.dump = folder.Path("four");
    ASSERT_TRUE(RunSamplerBench(four, graph, options).ok());
    EXPECT_EQ(TextOf(options.dump), alone);

    ASSERT_TRUE(WriteGraph(graph, folder.Path("graph")).ok());
    std::map<std::pair<std::string, std::string>, std::set<std::string>> rows;
    std::istringstream lines(TextOf(folder.Path("graph")));
    std::string line;
    while (std::getline(lines, line)) {
      std::string relation, node, neighbour;
      if (line[0] != '#' && std::istringstream(line) >> relation >> node >> neighbour) {
        rows[{relation, node}].insert(neighbour);
      }
    }
    using Row = std::tuple<std::string, std::size_t, std::string, std::string>;
    std::map<Row, std::set<std::string>> drawn;
    std::istringstream dump(alone);
    std::set<std::string> batches;
    while (std::getline(dump, line)) {
      if (line[0] == '#') continue;
      std::string batch, relation, destination, source;
      std::size_t hop = 0;
      ASSERT_TRUE(std::istringstream(line) >> batch >> hop >> relation >> destination >> source);
      batches.insert(batch);
      EXPECT_TRUE((rows[{relation, destination}].contains(source)));
      EXPECT_TRUE((drawn[{batch, hop, relation, destination}].insert(source).second)) << "drawn twice: " << line;
    }
    EXPECT_EQ(batches.size(), 100U);
    for (const auto& [row, sources] : drawn) {
      const auto& [batch, hop, relation, destination] = row;
      EXPECT_EQ(sources.size(), std::min<std::size_t>(options.fanouts[0][hop], rows[{relation, destination}].size()));
    }
  }
}

TEST(SamplerBench, ReadsAGraphThatWasMadeBeforeFromItsCache) {
  const Runtime runtime(2);
  const testing::ScratchFolder folder;
  const auto kept = MakeRmatGraph(runtime, {.nodes = 500, .edges = 3000}).value();
  CheckOk(WriteGraphSnapshot(runtime, *kept, folder.Path("rmat-1m-seed-7.snapshot")));
  const NamedGraph read = LoadSamplerGraph(runtime, "rmat-1m", "", 7, folder.Path("")).value();
  EXPECT_EQ(read.graph->Edges(Relation::kTrusts), kept->Edges(Relation::kTrusts));
  EXPECT_GT(read.open_seconds, 0);
  std::ofstream(folder.Path("rmat-5m-seed-7.snapshot")) << "something else";
  EXPECT_EQ(LoadSamplerGraph(runtime, "rmat-5m", "", 7, folder.Path("")).status().code(), StatusCode::kCorruption);
}

TEST(SamplerBench, SaysWhereItCannotWriteAndWhichGraphsThereAre) {
  const Runtime runtime(1);
  SamplerBenchOptions options = Small();
  options.dump = "/no/such/folder/dump";
  EXPECT_EQ(RunSamplerBench(runtime, Graphs(runtime)[0], options).status().code(), StatusCode::kIoError);
  EXPECT_EQ(LoadSamplerGraph(runtime, "gowalla", "", 1).status().code(), StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace kith::tools
