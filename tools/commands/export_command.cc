#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "command.h"
#include "event_json.h"
#include "kith/storage/graph_store.h"

namespace kith::tools {
namespace {

constexpr std::size_t kChunkBytes = std::size_t{256} << 10;

Status RunExport(const Globals& globals) {
  KITH_ASSIGN_OR_RETURN(const std::string path, globals.Store());
  KITH_ASSIGN_OR_RETURN(const auto store,
                        GraphStore::Open(path, {.access = StoreOptions::Access::kReadOnly, .log = StderrLog()}));
  std::string chunk;
  const auto write_event = [&chunk](const StoredEvent& stored) -> Status {
    AppendEventJson(stored.event, chunk);
    chunk += '\n';
    if (chunk.size() < kChunkBytes) return OkStatus();
    if (Interrupted()) return Cancelled("export was interrupted; what was written is the beginning of the log");
    const Status written = WriteStdout(chunk);
    chunk.clear();
    return written;
  };
  KITH_RETURN_IF_ERROR(store->ScanEvents(write_event));
  return WriteStdout(chunk);
}

}  // namespace

void AddExportCommand(CLI::App& root, Invocation& invocation) {
  CLI::App* const command =
      root.add_subcommand("export", "Write every stored event, in order, as one line of canonical JSON");
  command->footer(ExampleFooter("kith export --store a | kith ingest --store b -"));
  command->callback([&invocation] { invocation.run = [&invocation] { return RunExport(invocation.globals); }; });
}

}  // namespace kith::tools
