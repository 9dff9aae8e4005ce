/// Counter-based random numbers: chance is a function of (seed, purpose, step, node, draw).
///
/// The same key gives the same numbers on any thread, in any order, on any machine; nothing is stored between draws.
/// Source: Philox4x32-10, Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
/// Key = the 64-bit seed; counter = {draw block, node, step, purpose and high bits of step}.
/// Threads: immutable values.   Cost: about 10 ns for four 32-bit words.
#pragma once

#include <array>
#include <cstdint>

namespace kith {

/// Part of the key, so that two uses of one seed never share a number. Never renumber; add at the end.
enum class Purpose : std::uint8_t {
  kTest = 0,
  kNeighbors = 1,
  kNegatives = 2,
  kShuffle = 3,
  kSplit = 4,
  kInit = 5,
  kDropout = 6,
  kCandidates = 7,
  kWorld = 8,
  kBench = 9,
  kSubspace = 10,
};

/// Philox4x32-10: the ten rounds on one counter under one key.
[[nodiscard]] std::array<std::uint32_t, 4> Philox4x32(std::array<std::uint32_t, 4> counter,
                                                      std::array<std::uint32_t, 2> key) noexcept;

/// The stream of one (seed, purpose, step, node): draw i is a pure function of i.
class Rng {
 public:
  /// step < 2^56.
  Rng(std::uint64_t seed, Purpose purpose, std::uint64_t step = 0, std::uint32_t node = 0) noexcept;

  /// 32 uniform bits of draw i.
  [[nodiscard]] std::uint32_t bits(std::uint32_t i) const noexcept;
  /// Draw i, uniform in [0, n), by multiply-high of 64 bits: bias below 2^-32 * n / 2^32.  REQUIRES: n > 0.
  [[nodiscard]] std::uint32_t bounded(std::uint32_t i, std::uint32_t n) const noexcept;
  /// Draw i, uniform in [0, 1), 24 bits.
  [[nodiscard]] float uniform(std::uint32_t i) const noexcept;
  /// Draw i, standard normal (Box-Muller).
  [[nodiscard]] float normal(std::uint32_t i) const noexcept;

 private:
  [[nodiscard]] std::array<std::uint32_t, 4> block(std::uint32_t i) const noexcept;
  std::array<std::uint32_t, 2> key_;
  std::uint32_t node_, step_low_, step_high_;
};

}  // namespace kith
