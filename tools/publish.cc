#include "publish.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "command.h"
#include "kith/storage/model_store.h"
#include "serving.h"

namespace kith::tools {

Status CheckModelName(std::string_view name) {
  const bool fits = !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '-';
  });
  if (fits) return OkStatus();
  return InvalidArgument("--name: expected 1 to 64 of A-Z a-z 0-9 . _ -, found \"" + std::string(name) + "\"");
}

void RefreshSnapshot(GraphStore& store, const Runtime& runtime) {
  const Status fresh = store.RefreshSnapshot(runtime);
  if (!fresh.ok()) Log(Warnings(), LogLevel::kWarning, fresh.WithContext("writing the graph's snapshot").ToString());
}

Result<std::uint64_t> PublishModel(const std::string& path, std::string_view name, const Model& model,
                                   double patience) {
  using Clock = std::chrono::steady_clock;
  const auto deadline = Clock::now() + std::chrono::duration<double>(patience);
  bool told = false;
  for (;;) {
    auto store = GraphStore::Open(path, {.access = StoreOptions::Access::kWrite, .log = Warnings()});
    if (store.ok()) {
      if ((*store)->store_id() != model.info.store_id) {
        return FailedPrecondition("the store at " + path + " was replaced while the model was trained; train again");
      }
      const Model::Encoded encoded = model.Encode();
      auto published = ModelStore(**store).Publish(name, encoded.json, encoded.tensors);
      if (published.ok()) RefreshSnapshot(**store, Runtime(1));
      return published;
    }
    const bool wait = store.status().code() == StatusCode::kLocked && Clock::now() < deadline && !Interrupted().load();
    if (!wait) return store.status();
    if (!told) WriteStderr("waiting to publish: another process writes to " + path + "\n");
    told = true;
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
  }
}

}  // namespace kith::tools
