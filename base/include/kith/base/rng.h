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
  kWalks = 11,
  kBootstrap = 11,
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

/// Words of one node under a 64-bit key, a seventh of Philox's work: what the inner loops of samplers draw from.
///
/// The node's state is the 64-bit finalizer of SplitMix (Steele, Lea and Flood, OOPSLA 2014) of key and node; word i is
/// a 32-bit finalizer of two multiplications (Wellons' lowbias32) of state + i * odd, the state's upper half entering
/// between them.  A pure function of (key, node, i), without tables or memory, that vectors compute lane by lane.
/// Take the key from Rng, so that seed, purpose and step enter by Philox.  Within a stream no word comes twice (the map
/// of i is a bijection), which is not seen before some 2^16 draws of one stream.
class WordStream {
 public:
  static constexpr std::uint32_t kStride = 0x9E3779B9, kFirstMultiplier = 0x7FEB352D, kSecondMultiplier = 0x846CA68B;

  constexpr WordStream(std::uint64_t key, std::uint32_t node) noexcept {
    std::uint64_t z = key + (std::uint64_t{node} + 1) * 0x9E3779B97F4A7C15;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9;
    z = (z ^ z >> 27) * 0x94D049BB133111EB;
    z ^= z >> 31;
    low_ = static_cast<std::uint32_t>(z);
    high_ = static_cast<std::uint32_t>(z >> 32);
  }
  [[nodiscard]] constexpr std::uint32_t low() const noexcept { return low_; }
  [[nodiscard]] constexpr std::uint32_t high() const noexcept { return high_; }

  /// 32 uniform bits of draw i.
  [[nodiscard]] constexpr std::uint32_t word(std::uint32_t i) const noexcept {
    std::uint32_t x = low_ + i * kStride;
    x = (x ^ x >> 16) * kFirstMultiplier ^ high_;
    x = (x ^ x >> 15) * kSecondMultiplier;
    return x ^ x >> 16;
  }
  /// Draw i < 2^27, uniform in [0, n) without bias: multiply-high, and the few words that would favour a number are
  /// drawn again (Lemire, ACM TOMACS 29(1), 2019).  REQUIRES: n > 0.
  [[nodiscard]] constexpr std::uint32_t bounded(std::uint32_t i, std::uint32_t n) const noexcept {
    std::uint64_t product = std::uint64_t{word(i)} * n;
    if (static_cast<std::uint32_t>(product) < n) {
      const std::uint32_t unfair = (0U - n) % n;
      for (std::uint32_t again = 1; static_cast<std::uint32_t>(product) < unfair && again < kTries; ++again) {
        product = std::uint64_t{word(i + (again << 27))} * n;
      }
    }
    return static_cast<std::uint32_t>(product >> 32);
  }

 private:
  /// Tries of one draw; all fail once in 2^32 draws at most, and then the last counts.
  static constexpr std::uint32_t kTries = 32;
  std::uint32_t low_ = 0, high_ = 0;
};

}  // namespace kith
