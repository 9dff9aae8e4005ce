/// Kernel benchmark: the hot loops of training and ranking on one thread, and whole layers on all that are given; each
/// answer is compared with its plain twin.
///
/// Where a loop waits for memory, the floor is the time of the same gathers without arithmetic (one word of every cache
/// line of every row, fetched ahead in the same way); of attention it is a float32 propagation of the same width.  A
/// kernel and its floor are measured in turn, and the least time of each counts: what else runs can only add.  Loops of
/// one thread are measured in that thread's own time, so that a busy machine does not count against them.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "kith/base/parallel.h"
#include "kith/base/status.h"
#include "kith/graph/csr.h"

namespace kith::tools {

struct KernelBenchOptions {
  std::uint32_t repeats = 9;  ///< times each kernel is measured; the least counts
  std::uint64_t seed = 1;     ///< of the synthetic graph and of all numbers

  [[nodiscard]] Status Validate() const;
};

struct KernelBenchRow {
  std::string name;  ///< "kernels/gather/d=64", "layers/gatv2/64"
  std::string size;  ///< "70839 rows 1594021 edges", "1024 x 4096 x 64"
  double milliseconds = 0;
  std::string floor;  ///< "gathers", "propagation", or empty where there is none
  double floor_milliseconds = 0;
  double ratio = 0;      ///< of the two
  double gigaflops = 0;  ///< multiplications and additions a second / 10^9; 0 where they are not the point
  bool verified = false;
};

/// One kernel on one input: what is timed, and how its answer is checked.
struct KernelBenchCase {
  std::string name, size;
  double flops = 0;        ///< of one run
  std::uint32_t runs = 1;  ///< in one measurement, so that it takes a millisecond or so
  std::function<void()> run;
  std::string floor_name;  ///< empty where there is none
  std::function<void()> floor;
  std::function<bool()> verify;  ///< runs once and compares with kernels/reference.h
  bool on_all_threads = false;   ///< timed by the clock on the wall, else by the time of the thread that runs
};

/// About 30 000 users and 41 000 items as one graph of both directions, 1.6 million edges, degrees by a power law,
/// numbered at random: the shape of the Gowalla check-ins.
[[nodiscard]] Result<Csr> SyntheticKernelGraph(const Runtime& runtime, std::uint64_t seed);

/// All cases on the graph; they share its arrays and keep `csr` and the Runtime by reference.
[[nodiscard]] std::vector<KernelBenchCase> KernelBenchCases(const Runtime& runtime, const Csr& csr, std::uint64_t seed);

/// Measures every case; `csr` == nullptr takes the synthetic graph.  Fails (kInvalidArgument) on options.
[[nodiscard]] Result<std::vector<KernelBenchRow>> RunKernelBench(const Runtime& runtime,
                                                                 const KernelBenchOptions& options = {},
                                                                 const Csr* csr = nullptr);

}  // namespace kith::tools
