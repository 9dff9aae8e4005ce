/// Opt-in header: lends Kith an arena of the host's. It is the only public header that names oneTBB.
#pragma once

#include <tbb/task_arena.h>

#include <memory>

#include "kith/base/parallel.h"

namespace kith {

/// A Runtime that runs inside `arena`, with the arena's concurrency.  The arena must outlive the Runtime.
[[nodiscard]] std::unique_ptr<Runtime> RuntimeFromArena(tbb::task_arena& arena);

}  // namespace kith
