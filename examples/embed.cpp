#include <iostream>

#include "kith/recommend/baselines.h"
#include "kith/recommend/engine.h"

int main(int argc, char** argv) {
  auto engine = kith::Engine::Open(argc > 1 ? argv[1] : "s", {.writable = true}).value();
  kith::CheckOk(engine->Ingest(
      {{.user = "ann", .target = "dune"}, {.user = "bob", .target = "dune"}, {.user = "bob", .target = "emma"}}));
  if (!engine->model()) kith::CheckOk(engine->Publish(kith::ItemKnnModel(kith::Runtime(), *engine->graph()).value()));
  const kith::Answer answer = engine->Recommend("ann", {.reasons = true}).value();
  for (const auto& hit : answer.items) {
    std::cout << hit.rank << ". " << hit.item << " scores " << hit.score;
    for (const auto& reason : hit.reasons) std::cout << ", " << reason.contribution << " via " << reason.key;
    std::cout << '\n';
  }
}
