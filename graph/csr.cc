#include "kith/graph/csr.h"

#include <algorithm>
#include <atomic>
#include <string>

namespace kith {
namespace {

constexpr std::size_t kRowGrain = 1024;

Status CheckBeside(const char* what, std::size_t size, std::size_t edges) {
  if (size == 0 || size == edges) return OkStatus();
  return Corruption("csr: expected no " + std::string(what) + " or one an edge (" + std::to_string(edges) +
                    "), found " + std::to_string(size));
}

}  // namespace

Csr::Csr(std::uint32_t num_targets, AlignedBuffer<CsrOffset> offsets, AlignedBuffer<std::uint32_t> targets,
         AlignedBuffer<float> weights, AlignedBuffer<std::int64_t> times)
    : num_targets_(num_targets),
      offsets_(std::move(offsets)),
      targets_(std::move(targets)),
      weights_(std::move(weights)),
      times_(std::move(times)) {}

bool Csr::contains(std::uint32_t row, std::uint32_t target) const noexcept {
  const auto targets = neighbors(row);
  return std::binary_search(targets.begin(), targets.end(), target);
}

Status Csr::BrokenRow(std::uint32_t row) const {
  const auto targets = neighbors(row);
  for (std::size_t i = 0; i < targets.size(); ++i) {
    if (targets[i] >= num_targets_) {
      return Corruption("csr: expected targets below " + std::to_string(num_targets_) + ", found " +
                        std::to_string(targets[i]) + " in row " + std::to_string(row));
    }
    if (i > 0 && targets[i] <= targets[i - 1]) {
      return Corruption("csr: expected ascending targets, found " + std::to_string(targets[i]) + " after " +
                        std::to_string(targets[i - 1]) + " in row " + std::to_string(row));
    }
  }
  return OkStatus();
}

Status Csr::Check() const { return Check(Runtime(1)); }

Status Csr::Check(const Runtime& runtime) const {
  if (offsets_.empty() && !targets_.empty()) {
    return Corruption("csr: expected offsets for " + std::to_string(num_edges()) + " edges, found none");
  }
  if (!offsets_.empty() && offsets_[0] != 0) {
    return Corruption("csr: expected offsets to start at 0, found " + std::to_string(offsets_[0]));
  }
  for (std::uint32_t row = 0; row < num_rows(); ++row) {
    if (offsets_[row + 1] < offsets_[row]) {
      return Corruption("csr: expected offsets that never decrease, found less after row " + std::to_string(row));
    }
  }
  if (!offsets_.empty() && offsets_[num_rows()] != num_edges()) {
    return Corruption("csr: expected offsets to end at " + std::to_string(num_edges()) + " edges, found " +
                      std::to_string(offsets_[num_rows()]));
  }
  std::atomic<std::uint32_t> broken = num_rows();
  ParallelFor(runtime, num_rows(), kRowGrain, [&](std::size_t begin, std::size_t end) {
    for (auto row = static_cast<std::uint32_t>(begin); row < end; ++row) {
      const auto targets = neighbors(row);
      bool right = targets.empty() || targets.back() < num_targets_;
      for (std::size_t i = 1; i < targets.size(); ++i) right &= targets[i - 1] < targets[i];
      if (right) continue;
      std::uint32_t seen = broken.load();
      while (row < seen && !broken.compare_exchange_weak(seen, row)) {
      }
      return;
    }
  });
  if (broken != num_rows()) return BrokenRow(broken);
  KITH_RETURN_IF_ERROR(CheckBeside("weights", weights_.size(), num_edges()));
  return CheckBeside("times", times_.size(), num_edges());
}

}  // namespace kith
