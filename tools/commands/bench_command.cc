#include <CLI/CLI.hpp>
#include <charconv>
#include <cstdlib>
#include <memory>
#include <sstream>
#include <string>
#include <variant>
#include <vector>

#include "bench/kernel_bench.h"
#include "bench/query_bench.h"
#include "bench/sampler_bench.h"
#include "bench/sampler_check.h"
#include "bench/store_bench.h"
#include "bench/train_bench.h"
#include "bench_graph.h"
#include "command.h"
#include "json_writer.h"
#include "kith/kernels/isa.h"
#include "number_option.h"
#include "quantities.h"
#include "serving.h"
#include "suggest.h"
#include "table.h"

namespace kith::tools {
namespace {

struct BenchOptions {
  std::string what;
  std::string data;
  std::string scratch;
  std::uint32_t repeats = 5;
  std::vector<std::string> graphs, fanouts;
  std::vector<std::uint64_t> edges;
  std::string memory;
  std::string kind = "uniform", dump, dump_graph, cache;
};

using Cell = std::variant<std::string, double, std::uint64_t, bool>;

/// Rows of named cells, the same names in every row.
class Report {
 public:
  void AddRow(std::vector<std::pair<std::string, Cell>> row) { rows_.push_back(std::move(row)); }

  void WriteJson(JsonWriter& json) const {
    json.BeginArray();
    for (const auto& row : rows_) {
      json.BeginObject();
      for (const auto& [name, cell] : row) {
        json.Key(name);
        std::visit([&json](const auto& value) { json.Value(value); }, cell);
      }
      json.EndObject();
    }
    json.EndArray();
  }

  [[nodiscard]] std::string ToText() const {
    if (rows_.empty()) return "";
    std::string alignment;
    std::vector<std::string> header;
    for (const auto& [name, cell] : rows_.front()) {
      alignment += std::holds_alternative<std::string>(cell) ? 'l' : 'r';
      header.push_back(name);
    }
    Table table(alignment, header);
    for (const auto& row : rows_) {
      std::vector<std::string> cells;
      for (const auto& [name, cell] : row) cells.push_back(Text(cell));
      table.AddRow(std::move(cells));
    }
    return table.ToString();
  }

 private:
  static std::string Text(const Cell& cell) {
    if (const auto* text = std::get_if<std::string>(&cell)) return *text;
    if (const auto* number = std::get_if<double>(&cell))
      return *number == 0 ? "" : Fixed(*number, *number < 100 ? 3 : 0);
    if (const auto* count = std::get_if<std::uint64_t>(&cell)) return Grouped(*count);
    return std::get<bool>(cell) ? "yes" : "NO";
  }

  std::vector<std::vector<std::pair<std::string, Cell>>> rows_;
};

/// A bench adds its rows and says whether all its answers were right.
using Bench = Result<bool> (*)(const Runtime&, const Globals&, const BenchOptions&, const BenchGraph&, Report&);

Result<bool> BenchKernels(const Runtime& runtime, const Globals& globals, const BenchOptions& options,
                          const BenchGraph& data, Report& report) {
  Csr csr;
  if (data.graph != nullptr) {
    KITH_ASSIGN_OR_RETURN(csr, BothDirections(runtime, *data.graph));
  }
  const KernelBenchOptions bench = {.repeats = options.repeats, .seed = globals.seed};
  KITH_ASSIGN_OR_RETURN(const auto rows, RunKernelBench(runtime, bench, data.graph == nullptr ? nullptr : &csr));
  bool right = true;
  for (const KernelBenchRow& row : rows) {
    report.AddRow({{"name", row.name},
                   {"size", row.size},
                   {"milliseconds", row.milliseconds},
                   {"floor", row.floor},
                   {"floor_milliseconds", row.floor_milliseconds},
                   {"ratio", row.ratio},
                   {"gigaflops", row.gigaflops},
                   {"verified", row.verified}});
    right &= row.verified;
  }
  return right;
}

Result<bool> BenchQuery(const Runtime& runtime, const Globals& globals, const BenchOptions& options,
                        const BenchGraph& data, Report& report) {
  const QueryBenchOptions bench = {.repeats = options.repeats, .seed = globals.seed};
  KITH_ASSIGN_OR_RETURN(const auto rows, RunQueryBench(runtime, bench, data.graph.get()));
  bool right = true;
  for (const QueryBenchRow& row : rows) {
    report.AddRow({{"name", row.name},
                   {"value", row.value},
                   {"unit", row.unit},
                   {"low", row.low},
                   {"high", row.high},
                   {"samples", std::uint64_t{row.samples}},
                   {"threads", std::uint64_t{row.threads}},
                   {"verified", row.verified}});
    right &= row.verified;
  }
  return right;
}

Result<bool> BenchStore(const Runtime& runtime, const Globals& globals, const BenchOptions& options,
                        const BenchGraph& data, Report& report) {
  StoreBenchOptions bench;
  bench.repeats = options.repeats;
  bench.seed = globals.seed;
  bench.folder = options.scratch;
  KITH_ASSIGN_OR_RETURN(const auto rows, RunStoreBench(runtime, bench, data.graph.get()));
  bool right = true;
  for (const StoreBenchRow& row : rows) {
    report.AddRow({{"name", row.name},
                   {"value", row.value},
                   {"unit", row.unit},
                   {"low", row.low},
                   {"high", row.high},
                   {"size", row.size},
                   {"threads", std::uint64_t{row.threads}},
                   {"verified", row.verified}});
    right &= row.verified;
  }
  return right;
}

/// "15,10,5" as numbers.
Result<std::vector<std::uint32_t>> ParseFanouts(const std::string& text) {
  std::vector<std::uint32_t> fanouts;
  std::istringstream parts(text);
  for (std::string part; std::getline(parts, part, ',');) {
    std::uint32_t keep = 0;
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), keep);
    if (error != std::errc() || end != part.data() + part.size() || keep == 0) {
      return InvalidArgument("--fanouts: expected numbers like 15,10,5, found \"" + text + "\"");
    }
    fanouts.push_back(keep);
  }
  if (fanouts.empty()) return InvalidArgument("--fanouts: expected numbers like 15,10,5, found none");
  return fanouts;
}

Result<SamplerKind> ParseSamplerKind(const std::string& text) {
  std::vector<std::string> names;
  for (const SamplerKind kind : {SamplerKind::kUniform, SamplerKind::kWeighted, SamplerKind::kTemporal,
                                 SamplerKind::kRecent, SamplerKind::kImportance}) {
    names.emplace_back(NameOf(kind));
    if (text == names.back()) return kind;
  }
  return InvalidArgument("--kind: expected uniform, weighted, temporal, recent or importance, found \"" + text + "\"" +
                         DidYouMean(text, names));
}

void AddSamplerRow(const SamplerBenchRow& row, const NamedGraph& graph, Report& report) {
  report.AddRow({{"graph", row.graph},
                 {"kind", row.kind},
                 {"fanouts", row.fanouts},
                 {"threads", std::uint64_t{row.threads}},
                 {"edges_per_core_second", row.edges_per_core_second},
                 {"best", row.best},
                 {"floor", row.floor},
                 {"share_of_floor", row.share_of_floor},
                 {"prefetched_lines_per_second", row.lines.prefetched},
                 {"dependent_lines_per_second", row.lines.dependent},
                 {"topology_bytes_per_edge", row.topology_bytes_per_edge},
                 {"open_seconds", graph.open_seconds},
                 {"nodes", row.nodes},
                 {"graph_edges", row.graph_edges},
                 {"edges", row.edges},
                 {"met_nodes", row.met_nodes},
                 {"hash", row.hash},
                 {"verified", row.verified}});
}

Result<bool> BenchSampler(const Runtime& runtime, const Globals& globals, const BenchOptions& options,
                          const BenchGraph& data, Report& report) {
  SamplerBenchOptions bench;
  bench.repeats = options.repeats;
  bench.seed = globals.seed;
  bench.dump = options.dump;
  KITH_ASSIGN_OR_RETURN(bench.kind, ParseSamplerKind(options.kind));
  if (!options.fanouts.empty()) bench.fanouts.clear();
  for (const std::string& text : options.fanouts) {
    KITH_ASSIGN_OR_RETURN(bench.fanouts.emplace_back(), ParseFanouts(text));
  }
  std::vector<std::string> graphs = options.graphs;
  if (graphs.empty() && data.graph != nullptr) graphs.push_back(data.name);
  if (options.graphs.empty()) graphs.emplace_back("rmat-1m");
  if (!bench.dump.empty() && graphs.size() > 1) {
    return InvalidArgument("--dump: one file for one graph; name it with --graph");
  }
  bool right = true;
  for (const std::string& name : graphs) {
    KITH_ASSIGN_OR_RETURN(const NamedGraph graph,
                          LoadSamplerGraph(runtime, name, options.data, globals.seed, options.cache));
    if (!options.dump_graph.empty()) KITH_RETURN_IF_ERROR(WriteGraph(graph, options.dump_graph));
    KITH_ASSIGN_OR_RETURN(const auto rows, RunSamplerBench(runtime, graph, bench));
    for (const SamplerBenchRow& row : rows) {
      AddSamplerRow(row, graph, report);
      right &= row.verified;
    }
  }
  return right;
}

Result<bool> BenchTrain(const Runtime& runtime, const Globals& globals, const BenchOptions& options, const BenchGraph&,
                        Report& report) {
  TrainBenchOptions bench;
  bench.seed = globals.seed;
  if (!options.edges.empty()) bench.edges = options.edges;
  if (!options.memory.empty()) {
    auto bytes = ParseBytes(options.memory);
    if (!bytes.ok()) return bytes.status().WithContext("--memory");
    bench.memory_limit = *bytes;
  }
  KITH_ASSIGN_OR_RETURN(const auto rows, RunTrainBench(runtime, bench));
  bool right = true;
  for (const TrainBenchRow& row : rows) {
    report.AddRow({{"users", std::uint64_t{row.users}},
                   {"items", std::uint64_t{row.items}},
                   {"interactions", row.interactions},
                   {"epoch_seconds", row.seconds},
                   {"edges_per_second", row.edges_per_second},
                   {"over_linear", row.over_linear},
                   {"peak_memory_bytes", row.peak_memory_bytes},
                   {"recall@20", row.recall},
                   {"verified", row.verified}});
    right &= row.verified;
  }
  return right;
}

struct NamedBench {
  const char* name;
  Bench run;
};
constexpr NamedBench kBenches[] = {{"kernels", BenchKernels},
                                   {"sampler", BenchSampler},
                                   {"store", BenchStore},
                                   {"query", BenchQuery},
                                   {"train", BenchTrain}};

Status RunBench(const Globals& globals, const BenchOptions& options) {
  std::vector<std::string> names;
  Bench run = nullptr;
  for (const NamedBench& bench : kBenches) {
    names.emplace_back(bench.name);
    if (options.what == bench.name) run = bench.run;
  }
  if (options.what.empty()) return InvalidArgument("nothing to measure; name kernels, sampler, store, query or train");
  if (run == nullptr) {
    return InvalidArgument("unknown bench \"" + options.what + "\"" + DidYouMean(options.what, names) +
                           "; see kith bench --help");
  }
  if (options.repeats == 0) return InvalidArgument("--repeats: expected at least 1, found 0");
  const Runtime runtime(globals.threads);
  BenchGraph data;
  if (!options.data.empty() && options.graphs.empty()) {  // bench sampler --graph loads what it is told
    KITH_ASSIGN_OR_RETURN(data, ReadBenchGraph(runtime, options.data));
  }
  Report report;
  KITH_ASSIGN_OR_RETURN(const bool right, run(runtime, globals, options, data, report));
  KITH_RETURN_IF_ERROR(CheckInterrupted());
  const std::string isa(kernels::ActiveIsa());
  if (globals.json) {
    JsonWriter json;
    json.BeginObject().Member("bench", options.what).Key("rows");
    report.WriteJson(json);
    json.Member("isa", isa).Member("threads", runtime.threads()).Member("seed", globals.seed).EndObject();
    KITH_RETURN_IF_ERROR(WriteStdout(json.Take() + "\n"));
  } else {
    KITH_RETURN_IF_ERROR(WriteStdout(report.ToText() + "isa " + isa + ", " + std::to_string(runtime.threads()) +
                                     " threads, seed " + std::to_string(globals.seed) + "\n"));
  }
  if (right) return OkStatus();
  return FailedPrecondition("bench " + options.what +
                            ": an answer was wrong (verified: no); the times above mean nothing");
}

}  // namespace

void AddBenchCommand(CLI::App& root, Invocation& invocation) {
  CLI::App* command =
      root.add_subcommand("bench", "Measure kernels, sampler, store, queries or training; every answer is checked");
  const auto options = std::make_shared<BenchOptions>();
  command->add_option("what", options->what, "kernels, sampler, store, query or train")->type_name("WHAT");
  command
      ->add_option(
          "--data", options->data,
          "Run on real interactions: a folder with train.txt, train.tsv or ratings.tsv (or KITH_DATA); otherwise a "
          "synthetic graph")
      ->envname("KITH_DATA")
      ->type_name("DIR");
  command->add_option("--scratch", options->scratch, "Where bench store makes its stores: the disk that is measured")
      ->type_name("DIR");
  command
      ->add_option("--graph", options->graphs,
                   "bench sampler on rmat-1m (1 M nodes, 21 M edges), rmat-5m (5 M, 109 M) or a folder of --data")
      ->type_name("NAME...");
  command->add_option("--fanouts", options->fanouts, "bench sampler with these, seeds outward: 15,10,5")
      ->type_name("N,N...");
  command
      ->add_option("--kind", options->kind,
                   "bench sampler: uniform, weighted, temporal, recent (weights and times made up) or importance")
      ->type_name("KIND")
      ->capture_default_str();
  command
      ->add_option("--cache", options->cache,
                   "bench sampler keeps the rmat graphs it has made in this folder, and reads them from there")
      ->check(CLI::ExistingDirectory)
      ->type_name("DIR");
  command->add_option("--dump", options->dump, "bench sampler writes the edges of its first 100 batches here")
      ->type_name("FILE");
  command->add_option("--dump-graph", options->dump_graph, "bench sampler writes the edges of the graph here")
      ->type_name("FILE");
  command
      ->add_option("--repeats", options->repeats,
                   "Times each figure is measured; the median counts, of kernels the least")
      ->check(WholeNumber())
      ->type_name("N")
      ->capture_default_str();
  command->add_option("--edges", options->edges, "bench train on synthetic graphs with so many interactions")
      ->delimiter(',')
      ->check(WholeNumber())
      ->type_name("N,...");
  command->add_option("--memory", options->memory, "bench train within so much memory: 6GiB")->type_name("SIZE");
  command->footer(ExampleFooter("kith bench kernels --threads 1 --json"));
  command->callback([&invocation, options] {
    invocation.run = [&invocation, options] { return RunBench(invocation.globals, *options); };
  });
}

}  // namespace kith::tools
