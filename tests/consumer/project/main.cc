/// Uses two floors of the installed library and checks the answer.
#include <kith/base/parallel.h>
#include <kith/base/version.h>
#include <kith/graph/csr_builder.h>

#include <cstdio>
#include <vector>

int main() {
  const kith::Runtime runtime;
  const std::vector<kith::Edge> edges = {
      {.source = 0, .target = 2}, {.source = 0, .target = 1}, {.source = 2, .target = 0}};
  const auto csr = kith::BuildCsr(runtime, 3, 3, edges);
  if (!csr.ok()) {
    std::fprintf(stderr, "%s\n", csr.status().ToString().c_str());
    return 1;
  }
  const double degrees = kith::ParallelSum(runtime, 3, 1, [&](std::size_t begin, std::size_t) {
    return static_cast<double>(csr->degree(static_cast<std::uint32_t>(begin)));
  });
  std::printf("kith %s: %zu edges, degrees sum to %g\n", KITH_VERSION, csr->num_edges(), degrees);
  return csr->num_edges() == 3 && degrees == 3 && csr->contains(0, 1) && !csr->contains(1, 0) ? 0 : 1;
}
