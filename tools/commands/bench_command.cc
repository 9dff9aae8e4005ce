#include <CLI/CLI.hpp>
#include <cstdlib>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "bench/kernel_bench.h"
#include "bench/query_bench.h"
#include "bench/sampler_bench.h"
#include "bench/store_bench.h"
#include "bench_graph.h"
#include "command.h"
#include "json_writer.h"
#include "kith/kernels/isa.h"
#include "number_option.h"
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

Result<bool> BenchSampler(const Runtime& runtime, const Globals& globals, const BenchOptions& options,
                          const BenchGraph& data, Report& report) {
  SamplerBenchOptions bench;
  bench.repeats = options.repeats;
  bench.seed = globals.seed;
  KITH_ASSIGN_OR_RETURN(const auto rows, RunSamplerBench(runtime, bench, {data.name, data.graph}));
  bool right = true;
  for (const SamplerBenchRow& row : rows) {
    report.AddRow({{"graph", row.graph},
                   {"fanouts", row.fanouts},
                   {"nodes", row.nodes},
                   {"graph_edges", row.graph_edges},
                   {"edges", row.edges},
                   {"threads", std::uint64_t{row.threads}},
                   {"edges_per_core_second", row.edges_per_core_second},
                   {"hash", row.hash},
                   {"verified", row.verified}});
    right &= row.verified;
  }
  return right;
}

struct NamedBench {
  const char* name;
  Bench run;
};
constexpr NamedBench kBenches[] = {
    {"kernels", BenchKernels}, {"sampler", BenchSampler}, {"store", BenchStore}, {"query", BenchQuery}};

Status RunBench(const Globals& globals, const BenchOptions& options) {
  std::vector<std::string> names;
  Bench run = nullptr;
  for (const NamedBench& bench : kBenches) {
    names.emplace_back(bench.name);
    if (options.what == bench.name) run = bench.run;
  }
  if (options.what.empty()) return InvalidArgument("nothing to measure; name kernels, sampler, store or query");
  if (run == nullptr) {
    return InvalidArgument("unknown bench \"" + options.what + "\"" + DidYouMean(options.what, names) +
                           "; see kith bench --help");
  }
  if (options.repeats == 0) return InvalidArgument("--repeats: expected at least 1, found 0");
  const Runtime runtime(globals.threads);
  BenchGraph data;
  if (!options.data.empty()) {
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
      root.add_subcommand("bench", "Measure kernels, sampler, store or queries; every answer is checked");
  const auto options = std::make_shared<BenchOptions>();
  command->add_option("what", options->what, "kernels, sampler, store or query")->type_name("WHAT");
  command
      ->add_option(
          "--data", options->data,
          "Run on real interactions: a folder with train.txt, train.tsv or ratings.tsv (or KITH_DATA); otherwise a "
          "synthetic graph")
      ->envname("KITH_DATA")
      ->type_name("DIR");
  command->add_option("--scratch", options->scratch, "Where bench store makes its stores: the disk that is measured")
      ->type_name("DIR");
  command->add_option("--repeats", options->repeats, "Times each figure is measured; the median counts, of kernels the least")
      ->check(WholeNumber())
      ->type_name("N")
      ->capture_default_str();
  command->footer(ExampleFooter("kith bench kernels --threads 1 --json"));
  command->callback([&invocation, options] {
    invocation.run = [&invocation, options] { return RunBench(invocation.globals, *options); };
  });
}

}  // namespace kith::tools
