#include "bench/store_bench.h"

#include <stdlib.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <filesystem>
#include <memory>
#include <system_error>
#include <utility>

#include "kith/base/rng.h"
#include "kith/storage/graph_store.h"

namespace kith::tools {
namespace {

namespace fs = std::filesystem;

/// An edge by the numbers in its keys.
using Pair = std::pair<std::uint32_t, std::uint32_t>;

/// A folder that is deleted with what is in it.
class ScratchFolder {
 public:
  [[nodiscard]] static Result<std::unique_ptr<ScratchFolder>> Make(const std::string& parent) {
    std::error_code error;
    std::string path = parent.empty() ? fs::temp_directory_path(error).string() : parent;
    path += "/kith_bench_XXXXXX";
    if (::mkdtemp(path.data()) == nullptr) {
      return IoError("making a folder " + path + ": " + std::generic_category().message(errno) + "; name another one");
    }
    return std::unique_ptr<ScratchFolder>(new ScratchFolder(std::move(path)));
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  ~ScratchFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  [[nodiscard]] std::string operator/(const char* name) const { return path_ + "/" + name; }

 private:
  explicit ScratchFolder(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

std::vector<Pair> SyntheticEdges(std::uint64_t count, std::uint64_t seed) {
  const auto users = static_cast<std::uint32_t>(count / 27 + 1), items = static_cast<std::uint32_t>(count / 20 + 1);
  std::vector<Pair> edges;
  edges.reserve(count);
  for (std::uint64_t i = 0; i < count; ++i) {
    const Rng rng(seed, Purpose::kBench, i);
    const float u = rng.uniform(1);  // squared and cubed: few are popular, most are not
    const auto popular = static_cast<std::uint32_t>(static_cast<float>(items) * u * u * u);
    edges.emplace_back(rng.bounded(0, users), std::min(popular, items - 1));
  }
  std::sort(edges.begin(), edges.end());
  edges.erase(std::unique(edges.begin(), edges.end()), edges.end());
  return edges;
}

std::vector<Pair> EdgesOf(const SocialGraph& graph) {
  std::vector<Pair> edges;
  for (const Edge& edge : graph.Edges(Relation::kInteracts)) edges.emplace_back(edge.source, edge.target);
  return edges;
}

/// "user0", "user1", ...
std::vector<std::string> Keys(std::string_view prefix, std::uint32_t count) {
  std::vector<std::string> keys;
  keys.reserve(count);
  for (std::uint32_t i = 0; i < count; ++i) keys.push_back(std::string(prefix).append(std::to_string(i)));
  return keys;
}

std::uint32_t NumberIn(std::string_view key) {
  std::uint32_t number = 0;
  std::from_chars(key.data() + 4, key.data() + key.size(), number);
  return number;
}

/// What stands in the store, by the numbers in its keys, sorted.
Result<std::vector<Pair>> ReadBack(const GraphStore& store, const SocialGraph& graph) {
  KITH_ASSIGN_OR_RETURN(const KeyTable keys, store.LoadKeys());
  std::vector<Pair> edges = EdgesOf(graph);
  for (auto& [user, item] : edges) {
    user = NumberIn(keys.user_key(UserId{user}));
    item = NumberIn(keys.item_key(ItemId{item}));
  }
  std::sort(edges.begin(), edges.end());
  return edges;
}

double Since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// Rates of one kind over the repeats.
struct Series {
  std::vector<double> rates = {};
  std::uint64_t size = 0;
  bool verified = true;

  [[nodiscard]] StoreBenchRow Row(std::string name, std::string unit, int threads) {
    std::sort(rates.begin(), rates.end());
    return {.name = std::move(name),
            .value = rates[rates.size() / 2],
            .unit = std::move(unit),
            .low = rates.front(),
            .high = rates.back(),
            .size = size,
            .threads = static_cast<std::uint32_t>(threads),
            .verified = verified};
  }
};

/// The parts that every repeat works with and adds to.
struct Bench {
  const Runtime& runtime;
  const StoreBenchOptions& options;
  std::vector<Pair> edges;
  std::vector<std::string> users = {}, items = {};
  Series load = {}, graph = {}, append = {};
};

Status Load(Bench& bench, GraphStore& store) {
  const auto start = std::chrono::steady_clock::now();
  KITH_ASSIGN_OR_RETURN(const auto loader, store.NewBulkLoader());
  Event event;
  for (const auto& [user, item] : bench.edges) {
    event.user = bench.users[user];
    event.target = bench.items[item];
    KITH_RETURN_IF_ERROR(loader->Add(event));
  }
  KITH_ASSIGN_OR_RETURN(const LoadReport report, loader->Finish());
  bench.load.size = bench.edges.size();
  bench.load.rates.push_back(static_cast<double>(bench.edges.size()) / Since(start));
  bench.load.verified = bench.load.verified && report.stored == bench.edges.size();
  return OkStatus();
}

Status LoadTheGraph(Bench& bench, const GraphStore& store) {
  const auto start = std::chrono::steady_clock::now();
  KITH_ASSIGN_OR_RETURN(const auto graph, store.LoadGraph(bench.runtime));
  bench.graph.size = graph->num_interactions();
  bench.graph.rates.push_back(static_cast<double>(graph->num_interactions()) / Since(start));
  KITH_ASSIGN_OR_RETURN(const std::vector<Pair> back, ReadBack(store, *graph));
  bench.graph.verified = bench.graph.verified && back == bench.edges;
  return OkStatus();
}

Status Append(Bench& bench, GraphStore& store, std::uint64_t repeat) {
  const std::uint64_t count = std::uint64_t{bench.options.batches} * bench.options.batch_events;
  std::vector<Event> events(count);
  std::vector<Pair> expected = bench.edges;
  for (std::uint64_t i = 0; i < count; ++i) {
    const Rng rng(bench.options.seed + 1 + repeat, Purpose::kBench, i);
    const std::uint32_t user = rng.bounded(0, static_cast<std::uint32_t>(bench.users.size()));
    const std::uint32_t item = rng.bounded(1, static_cast<std::uint32_t>(bench.items.size()));
    events[i].user = bench.users[user];
    events[i].target = bench.items[item];
    expected.emplace_back(user, item);
  }
  const auto start = std::chrono::steady_clock::now();
  for (std::uint64_t done = 0; done < count; done += bench.options.batch_events) {
    KITH_RETURN_IF_ERROR(store.Append(std::span(events).subspan(done, bench.options.batch_events)).status());
  }
  bench.append.size = count;
  bench.append.rates.push_back(static_cast<double>(count) / Since(start));

  std::sort(expected.begin(), expected.end());
  expected.erase(std::unique(expected.begin(), expected.end()), expected.end());
  KITH_ASSIGN_OR_RETURN(const auto graph, store.LoadGraph(bench.runtime));
  KITH_ASSIGN_OR_RETURN(const std::vector<Pair> back, ReadBack(store, *graph));
  KITH_ASSIGN_OR_RETURN(const VerifyReport report, store.Verify(bench.runtime));
  bench.append.verified = bench.append.verified && back == expected && report.violations.empty() &&
                          report.events == bench.edges.size() + count;
  return OkStatus();
}

}  // namespace

Status StoreBenchOptions::Validate() const {
  if (edges == 0 || batches == 0 || batch_events == 0 || repeats == 0) {
    return InvalidArgument("store bench: expected edges, batches, events a batch and repeats of at least 1, found 0");
  }
  return OkStatus();
}

Result<std::vector<StoreBenchRow>> RunStoreBench(const Runtime& runtime, const StoreBenchOptions& options,
                                                 const SocialGraph* graph) {
  KITH_RETURN_IF_ERROR(options.Validate());
  Bench bench{.runtime = runtime,
              .options = options,
              .edges = graph != nullptr ? EdgesOf(*graph) : SyntheticEdges(options.edges, options.seed)};
  if (bench.edges.empty()) return InvalidArgument("store bench: expected a graph with interactions, found none");
  std::uint32_t most_user = 0, most_item = 0;
  for (const auto& [user, item] : bench.edges) {
    most_user = std::max(most_user, user);
    most_item = std::max(most_item, item);
  }
  bench.users = Keys("user", most_user + 1);
  bench.items = Keys("item", most_item + 1);

  for (std::uint32_t repeat = 0; repeat < options.repeats; ++repeat) {
    KITH_ASSIGN_OR_RETURN(const auto folder, ScratchFolder::Make(options.folder));
    KITH_ASSIGN_OR_RETURN(const auto store,
                          GraphStore::Open(*folder / "s", {.access = StoreOptions::Access::kCreateOrWrite}));
    KITH_RETURN_IF_ERROR(Load(bench, *store));
    KITH_RETURN_IF_ERROR(LoadTheGraph(bench, *store));
    KITH_RETURN_IF_ERROR(Append(bench, *store, repeat));
  }
  std::vector<StoreBenchRow> rows;
  rows.push_back(bench.load.Row("store/load", "edges/s", 1));
  rows.push_back(bench.graph.Row("store/graph", "edges/s", runtime.threads()));
  rows.push_back(bench.append.Row("store/append", "events/s", 1));
  return rows;
}

}  // namespace kith::tools
