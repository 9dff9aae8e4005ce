#include <fcntl.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <memory>
#include <string>

#include "command.h"
#include "commands/input_options.h"
#include "kith/base/parallel.h"
#include "kith/storage/graph_store.h"
#include "publish.h"
#include "readers/event_stream.h"

namespace kith::tools {
namespace {

/// SIGINT and SIGTERM as something to wait for beside the input, from construction on.
/// Made before any other thread, so that every thread leaves them to it.
class StopSignals {
 public:
  StopSignals() {
    sigemptyset(&stops_);
    sigaddset(&stops_, SIGINT);
    sigaddset(&stops_, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &stops_, &before_);
    fd_ = ::signalfd(-1, &stops_, SFD_CLOEXEC | SFD_NONBLOCK);
  }
  ~StopSignals() {
    if (fd_ >= 0) ::close(fd_);
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  [[nodiscard]] int fd() const noexcept { return fd_; }
  /// The signal that made fd() readable.
  [[nodiscard]] int Take() const noexcept {
    signalfd_siginfo info = {};
    return ::read(fd_, &info, sizeof info) == static_cast<ssize_t>(sizeof info) ? static_cast<int>(info.ssi_signo) : 0;
  }

 private:
  sigset_t stops_ = {}, before_ = {};
  int fd_ = -1;
};

/// Standard input, or a file that is closed at the end.
class Input {
 public:
  static Result<std::unique_ptr<Input>> Open(const std::string& file) {
    if (file == "-") return std::unique_ptr<Input>(new Input(STDIN_FILENO, "stdin"));
    const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
      return BadInput(file + ": " +
                      (errno == ENOENT ? "no such file" : std::string("cannot be opened: ") + std::strerror(errno)));
    }
    std::unique_ptr<Input> input(new Input(fd, file));
    struct stat entry = {};
    if (::fstat(fd, &entry) == 0 && S_ISDIR(entry.st_mode))
      return BadInput(file + ": expected a file, found a directory");
    return input;
  }
  ~Input() {
    if (fd_ != STDIN_FILENO) ::close(fd_);
  }
  Input(const Input&) = delete;
  Input& operator=(const Input&) = delete;

  [[nodiscard]] int fd() const noexcept { return fd_; }
  [[nodiscard]] const std::string& name() const noexcept { return name_; }

 private:
  Input(int fd, std::string name) : fd_(fd), name_(std::move(name)) {}
  int fd_;
  std::string name_;
};

struct Counts {
  std::uint64_t lines = 0, stored = 0, known = 0;
};

/// Appends batch after batch and acknowledges each once it is durable.  While the disk is busy with one, the next are
/// appended, and the sync after that is for all of them.  Nothing is in flight while we wait for input: a failure is
/// told at once, and who sends a line and waits is answered.
class Ingestion {
 public:
  Ingestion(GraphStore& store, const Runtime& runtime, EventStream& stream)
      : store_(store), runtime_(runtime), stream_(stream) {}

  [[nodiscard]] Result<LineBatcher::Outcome> Run() {
    while (!ended_ && !failed_) {
      ParallelPipeline(
          runtime_, in_flight_.size(),
          [&](std::size_t i, std::size_t slot) { return Append(i == 0, in_flight_[slot]); },
          [](std::size_t, std::size_t) {}, [&](std::size_t, std::size_t slot) { Acknowledge(in_flight_[slot]); });
    }
    KITH_RETURN_IF_ERROR(input_);
    KITH_RETURN_IF_ERROR(output_);
    return outcome_;
  }
  [[nodiscard]] const Counts& counts() const noexcept { return counts_; }

 private:
  struct Appended {
    std::uint64_t last_line = 0, sequence = 0;
  };

  /// False where nothing more comes, or nothing that is there already.
  bool Append(bool may_wait, Appended& appended) {
    if (ended_ || failed_ || (!may_wait && !stream_.Ready())) return false;
    input_ = AppendNext(appended);
    ended_ = ended_ || !input_.ok();
    return appended.last_line != 0;
  }
  [[nodiscard]] Status AppendNext(Appended& appended) {
    appended = {};
    KITH_ASSIGN_OR_RETURN(outcome_, stream_.Next(batch_));
    ended_ = outcome_ != LineBatcher::Outcome::kLines;
    if (ended_) return OkStatus();
    if (!batch_.events.empty()) {
      KITH_ASSIGN_OR_RETURN(const AppendResult result, store_.AppendUnsynced(batch_.events));
      counts_.stored += result.stored;
      counts_.known += result.known_ids;
      sequence_ = result.last_sequence;
    }
    appended = {batch_.last_line, sequence_};
    return batch_.fault;  // what stands before the wrong line is appended, and will be acknowledged
  }
  void Acknowledge(const Appended& appended) {
    if (failed_) return;
    output_ = store_.Sync(appended.sequence);
    if (output_.ok() && appended.last_line > counts_.lines) {
      counts_.lines = appended.last_line;
      output_ = WriteStdout("ACK " + std::to_string(counts_.lines) + "\n");
    }
    if (!output_.ok()) failed_ = true;
  }

  GraphStore& store_;
  const Runtime& runtime_;
  EventStream& stream_;
  EventBatch batch_;
  std::array<Appended, 64> in_flight_ = {};
  Counts counts_;  ///< lines: acknowledged
  std::uint64_t sequence_ = 0;
  LineBatcher::Outcome outcome_ = LineBatcher::Outcome::kLines;
  Status input_, output_;
  bool ended_ = false;                ///< by the input's side
  std::atomic<bool> failed_ = false;  ///< by the disk's side
};

std::string Summary(const Counts& counts, const DroppedRows& dropped) {
  return "ingested " + std::to_string(counts.lines) + " lines: " + std::to_string(counts.stored) + " events stored, " +
         std::to_string(counts.known) + " known by their id, " + DroppedText(dropped) + "\n";
}

Status RunIngest(const Globals& globals, const std::string& file, const std::string& on_error,
                 const StopSignals& stop) {
  KITH_ASSIGN_OR_RETURN(const std::string path, globals.Store());
  KITH_ASSIGN_OR_RETURN(const OnError mode, ParseOnError(on_error));
  KITH_ASSIGN_OR_RETURN(const auto input, Input::Open(file));
  KITH_ASSIGN_OR_RETURN(const auto store,
                        GraphStore::Open(path, {.access = StoreOptions::Access::kCreateOrWrite, .log = StderrLog()}));
  EventStream stream(input->name(), input->fd(), stop.fd(), mode);
  // One thread at least appends while another waits for the disk.
  const Runtime runtime(std::max(2, Runtime(globals.threads).threads()));
  Ingestion ingestion(*store, runtime, stream);
  const Result<LineBatcher::Outcome> outcome = ingestion.Run();
  const Counts& counts = ingestion.counts();
  WriteStderr(Summary(counts, stream.dropped()));
  if (!outcome.ok()) return outcome.status();
  // SIGTERM asks a service to drain and leave, which is success; SIGINT is a person who gives up.
  if (*outcome == LineBatcher::Outcome::kStopped && stop.Take() == SIGINT) {
    return Cancelled("interrupted after line " + std::to_string(counts.lines) + "; what was acknowledged is stored");
  }
  if (*outcome != LineBatcher::Outcome::kStopped) RefreshSnapshot(*store, runtime);
  return OkStatus();
}

}  // namespace

void AddIngestCommand(CLI::App& root, Invocation& invocation) {
  struct Options {
    std::string file = "-", on_error = "fail";
  };
  const auto options = std::make_shared<Options>();
  CLI::App* const command = root.add_subcommand(
      "ingest", "Store events, one JSON object a line, as they arrive; print `ACK <n>` once line n is durable");
  command->add_option("file", options->file, "File of events, or - for standard input")->type_name("FILE|-");
  command->add_option("--on-error", options->on_error, "What a wrong line does: fail or skip")->capture_default_str();
  command->footer(ExampleFooter(R"(echo '{"user":"ann","item":"tea","weight":2}' | kith ingest --store s -)"));
  command->callback([&invocation, options] {
    // Here, not in `run`: a signal either ends the process before it has begun, or is drained.
    const auto stop = std::make_shared<StopSignals>();
    invocation.run = [&invocation, options, stop] {
      return RunIngest(invocation.globals, options->file, options->on_error, *stop);
    };
  });
}

}  // namespace kith::tools
