#include "checkpoint.h"

#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

namespace kith {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

Status WriteFile(const fs::path& path, std::string_view bytes) {
  const fs::path beside = path.string() + ".tmp";
  {
    std::ofstream out(beside, std::ios::binary | std::ios::trunc);
    out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    out.flush();
    if (!out) return IoError("writing " + beside.string() + ": " + std::strerror(errno));
  }
  std::error_code error;
  fs::rename(beside, path, error);
  return error ? IoError("renaming " + beside.string() + ": " + error.message()) : OkStatus();
}

Result<std::string> ReadFile(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return NotFound("reading " + path.string() + ": " + std::strerror(errno));
  std::ostringstream bytes;
  bytes << in.rdbuf();
  return std::move(bytes).str();
}

std::string Encode(const RunState& state) {
  const Gates& g = state.gates;
  return json{{"phase", static_cast<int>(state.phase)},
              {"next_epoch", state.next_epoch},
              {"best_epoch", state.best_epoch},
              {"tau", state.tau},
              {"best_recall", state.best_recall},
              {"best_ndcg", state.best_ndcg},
              {"user_own_weight", state.user_own_weight},
              {"gates",
               {g.learned, g.kernel, g.neighbours, g.friends, g.friends_slope, g.friends_of_friends, g.popular,
                g.popular_slope, g.cold_learned, g.cold_friends, g.cold_friends_of_friends, g.cold_popular}},
              {"kernel_attention", state.kernel_attention},
              {"friend_sharpness", state.friend_sharpness}}
      .dump();
}

/// A file of the run that the checkpoint needs is missing or wrong: only a new run helps.
Status Damaged(const fs::path& path, const Status& status) {
  return Corruption("cannot resume from " + path.string() + " (" + std::string(status.message()) +
                    "); start without --resume");
}

bool Exists(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

Result<RunState> DecodeState(const std::string& text) {
  try {
    const json j = json::parse(text);
    const int phase = j.at("phase");
    if (phase != static_cast<int>(TrainPhase::kSearch) && phase != static_cast<int>(TrainPhase::kRefit)) {
      return Corruption("checkpoint: expected phase 0 or 1, found " + std::to_string(phase) +
                        "; start without --resume");
    }
    const auto gates = j.at("gates").get<std::vector<float>>();
    const RunState state{.phase = static_cast<TrainPhase>(phase),
                         .next_epoch = j.at("next_epoch"),
                         .best_epoch = j.at("best_epoch"),
                         .tau = j.at("tau"),
                         .best_recall = j.at("best_recall"),
                         .best_ndcg = j.at("best_ndcg"),
                         .user_own_weight = j.at("user_own_weight"),
                         .gates = {gates.at(0), gates.at(1), gates.at(2), gates.at(3), gates.at(4), gates.at(5),
                                   gates.at(6), gates.at(7), gates.at(8), gates.at(9), gates.at(10), gates.at(11)},
                         .kernel_attention = j.at("kernel_attention").get<KernelAttention>(),
                         .friend_sharpness = j.at("friend_sharpness")};
    return state;
  } catch (const std::exception& error) {
    return Corruption(std::string("checkpoint: the run's state cannot be read (") + error.what() +
                      "); start without --resume");
  }
}

/// Bytes of the metrics that the checkpoint knows of.
Result<std::uintmax_t> MetricsSize(const TensorFile& file) {
  const auto found = file.metadata.find("metrics_bytes");
  std::uintmax_t size = 0;
  if (found != file.metadata.end()) {
    const std::string& text = found->second;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), size);
    if (error == std::errc() && end == text.data() + text.size()) return size;
  }
  return Corruption("checkpoint: expected metrics_bytes, a number; start without --resume");
}

}  // namespace

Result<RunFolder> RunFolder::Open(const std::string& path, const std::string& fingerprint, bool resume) {
  RunFolder folder;
  folder.path_ = path;
  folder.resume_ = resume;
  if (path.empty()) return folder;
  std::error_code error;
  fs::create_directories(path, error);
  if (error) return IoError("making the run's folder " + path + ": " + error.message());
  const fs::path options = fs::path(path) / "options.json";
  if (resume && !Exists(options) && Exists(fs::path(path) / "checkpoint.safetensors")) {
    return FailedPrecondition("cannot resume " + path +
                              ": it has a checkpoint but no options.json that says of which run; "
                              "put the file back, or start without --resume");
  }
  if (resume && Exists(options)) {
    KITH_ASSIGN_OR_RETURN(const std::string before, ReadFile(options));
    if (before != fingerprint) {
      return FailedPrecondition("cannot resume " + path + ": it was begun with " + before + ", this run asks for " +
                                fingerprint + "; use the same options and store, or start without --resume");
    }
    return folder;
  }
  for (const char* stale : {"checkpoint.safetensors", "best.json", "best.safetensors", "metrics.jsonl"}) {
    fs::remove(fs::path(path) / stale, error);
  }
  KITH_RETURN_IF_ERROR(WriteFile(options, fingerprint));
  return folder;
}

Result<std::optional<RunState>> RunFolder::Load(TensorFile& file) const {
  const fs::path path = fs::path(path_) / "checkpoint.safetensors";
  if (path_.empty() || !resume_) return std::optional<RunState>{};
  if (!Exists(path)) {
    KITH_RETURN_IF_ERROR(CutMetrics(0));
    return std::optional<RunState>{};
  }
  KITH_ASSIGN_OR_RETURN(const std::string bytes, ReadFile(path));
  auto decoded_file = DecodeSafetensors(bytes);
  if (!decoded_file.ok()) return Damaged(path, decoded_file.status());
  file = *std::move(decoded_file);
  const auto state = file.metadata.find("state");
  if (state == file.metadata.end()) return Corruption(path.string() + " lacks the run's state; start without --resume");
  KITH_ASSIGN_OR_RETURN(const RunState decoded, DecodeState(state->second));
  KITH_ASSIGN_OR_RETURN(const std::uintmax_t metrics, MetricsSize(file));
  KITH_RETURN_IF_ERROR(CutMetrics(metrics));
  return std::optional<RunState>(decoded);
}

Status RunFolder::Save(const RunState& state, TensorFile file) const {
  if (path_.empty()) return OkStatus();
  file.metadata["state"] = Encode(state);
  std::error_code none;
  const std::uintmax_t metrics = fs::file_size(fs::path(path_) / "metrics.jsonl", none);
  file.metadata["metrics_bytes"] = std::to_string(none ? 0 : metrics);
  return WriteFile(fs::path(path_) / "checkpoint.safetensors", EncodeSafetensors(file));
}

Status RunFolder::SaveBest(const Model& model) const {
  if (path_.empty()) return OkStatus();
  const Model::Encoded encoded = model.Encode();
  KITH_RETURN_IF_ERROR(WriteFile(fs::path(path_) / "best.safetensors", encoded.tensors));
  return WriteFile(fs::path(path_) / "best.json", encoded.json);
}

Result<std::shared_ptr<Model>> RunFolder::LoadBest() const {
  const fs::path json_path = fs::path(path_) / "best.json", tensors_path = fs::path(path_) / "best.safetensors";
  const auto text = ReadFile(json_path);
  if (!text.ok()) return Damaged(json_path, text.status());
  const auto tensors = ReadFile(tensors_path);
  if (!tensors.ok()) return Damaged(tensors_path, tensors.status());
  const auto model = Model::Decode(*text, *tensors);
  if (!model.ok()) return Damaged(tensors_path, model.status());
  return std::make_shared<Model>(**model);
}

Status RunFolder::AppendMetrics(const std::string& line) const {
  if (path_.empty()) return OkStatus();
  const fs::path path = fs::path(path_) / "metrics.jsonl";
  std::ofstream out(path, std::ios::app);
  out << line << '\n';
  out.flush();
  return out ? OkStatus() : IoError("writing " + path.string() + ": " + std::strerror(errno));
}

Status RunFolder::CutMetrics(std::uintmax_t size) const {
  const fs::path path = fs::path(path_) / "metrics.jsonl";
  std::error_code error;
  const std::uintmax_t found = fs::file_size(path, error);
  if (error || found <= size) return OkStatus();  // not there, or cut by someone else: what is left is as good
  fs::resize_file(path, size, error);
  return error ? IoError("shortening " + path.string() + ": " + error.message()) : OkStatus();
}

void RunFolder::Forget(const std::string& path) {
  if (path.empty()) return;
  std::error_code ignored;
  for (const char* stale : {"checkpoint.safetensors", "best.json", "best.safetensors"}) {
    fs::remove(fs::path(path) / stale, ignored);
  }
}

}  // namespace kith
