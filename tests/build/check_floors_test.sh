#!/usr/bin/env bash
# Plants one violation at a time in an empty tree: scripts/check_floors finds each, and lets pass what is allowed.
set -euo pipefail
check="$1"
tree="$(mktemp -d)"
trap 'rm -rf "$tree"' EXIT
failures=0

expect() {  # found|clean file include
  rm -rf "${tree:?}"/*
  mkdir -p "$tree/$(dirname "$2")"
  printf '#pragma once\n#include %s\n' "$3" >"$tree/$2"
  local verdict=clean
  "$check" "$tree" >/dev/null 2>&1 || verdict=found
  if [[ "$verdict" != "$1" ]]; then
    echo "$2 with #include $3: expected $1, was $verdict" >&2
    failures=$((failures + 1))
  fi
}

expect found base/rng.cc '"kith/graph/csr.h"'                                  # a floor above
expect found gnn/layer.cc '"kith/sampler/batcher.h"'                           # a sibling
expect found sampler/include/kith/sampler/a.h '<kith/storage/graph_store.h>'   # a sibling, in a header
expect found recommend/engine.cc '"kith/train/trainer.h"'
expect found tests/graph/csr_test.cc '"kith/gnn/layer.h"'                      # a test stands on its module's floor
expect found kernels/dispatch.cc '"../graph/csr.h"'
expect found recommend/engine.cc '<rocksdb/db.h>'
expect found tools/main.cc '<boost/graph/graph_traits.hpp>'
expect found sampler/batcher.cc '<tbb/parallel_for.h>'
expect found train/trainer.cc '  <oneapi/tbb/parallel_for.h>'
expect found gnn/dense.h '<Eigen/Core>'
expect found gnn/include/kith/gnn/a.h '<nlohmann/json.hpp>'
expect found storage/include/kith/storage/a.h '<rocksdb/db.h>'                 # its own floor, but a public header
expect found base/include/kith/base/a.h '<sys/mman.h>'
expect found base/include/kith/base/tbb_runtime.h '<boost/config.hpp>'         # opt-in, but not to that
expect found base/rng.cc 'HEADER'

expect clean train/trainer.cc '"kith/recommend/engine.h"'
expect clean storage/graph_store.cc '<rocksdb/db.h>'
expect clean graph/include/kith/graph/bgl.h '<boost/graph/graph_traits.hpp>'
expect clean base/include/kith/base/tbb_runtime.h '<tbb/task_arena.h>'
expect clean gnn/layer.cc '<Eigen/Core>'
expect clean base/buffer.cc '<sys/mman.h>'
expect clean base/include/kith/base/a.h '<vector>'
expect clean tools/main.cc '"kith/train/trainer.h"'

exit $((failures > 0))
