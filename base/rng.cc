#include "kith/base/rng.h"

#include <cmath>
#include <numbers>

namespace kith {
namespace {

// Multipliers and key increments of Philox4x32 (Salmon et al. 2011, section 3.3; Random123 philox.h).
constexpr std::uint32_t kMultiplier0 = 0xD2511F53, kMultiplier1 = 0xCD9E8D57;
constexpr std::uint32_t kWeyl0 = 0x9E3779B9, kWeyl1 = 0xBB67AE85;
constexpr int kRounds = 10;

// The draws of one stream live in three disjoint ranges of counter blocks, so that draw 3 of one kind shares no word
// with any draw of another kind: 32-bit words four to a block, normals four to a block, 64-bit words two to a block.
constexpr std::uint32_t kNormalBlocks = 1u << 30;
constexpr std::uint32_t kBoundedBlocks = 1u << 31;

}  // namespace

std::array<std::uint32_t, 4> Philox4x32(std::array<std::uint32_t, 4> counter,
                                        std::array<std::uint32_t, 2> key) noexcept {
  for (int round = 0; round < kRounds; ++round) {
    const std::uint64_t product0 = std::uint64_t{kMultiplier0} * counter[0];
    const std::uint64_t product1 = std::uint64_t{kMultiplier1} * counter[2];
    counter = {static_cast<std::uint32_t>(product1 >> 32) ^ counter[1] ^ key[0], static_cast<std::uint32_t>(product1),
               static_cast<std::uint32_t>(product0 >> 32) ^ counter[3] ^ key[1], static_cast<std::uint32_t>(product0)};
    key[0] += kWeyl0;
    key[1] += kWeyl1;
  }
  return counter;
}

Rng::Rng(std::uint64_t seed, Purpose purpose, std::uint64_t step, std::uint32_t node) noexcept
    : key_{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)},
      node_(node),
      step_low_(static_cast<std::uint32_t>(step)),
      step_high_(static_cast<std::uint32_t>(step >> 32) << 8 | static_cast<std::uint32_t>(purpose)) {}

std::array<std::uint32_t, 4> Rng::block(std::uint32_t i) const noexcept {
  return Philox4x32({i, node_, step_low_, step_high_}, key_);
}

std::uint32_t Rng::bits(std::uint32_t i) const noexcept { return block(i / 4)[i % 4]; }

std::uint32_t Rng::bounded(std::uint32_t i, std::uint32_t n) const noexcept {
  const auto words = block(kBoundedBlocks | i / 2);
  const std::uint64_t high = words[i % 2 * 2], low = words[i % 2 * 2 + 1];
  // The upper 64 bits of (high, low) * n, without a 128-bit type.
  return static_cast<std::uint32_t>((high * n + (low * n >> 32)) >> 32);
}

float Rng::uniform(std::uint32_t i) const noexcept { return static_cast<float>(bits(i) >> 8) * 0x1p-24f; }

float Rng::normal(std::uint32_t i) const noexcept {
  const auto words = block(kNormalBlocks | i / 4);
  const std::uint32_t pair = i % 4 / 2 * 2;
  const double u = (words[pair] + 1.0) * 0x1p-32;  // (0, 1]: the logarithm is finite
  const double angle = 2.0 * std::numbers::pi * words[pair + 1] * 0x1p-32;
  return static_cast<float>(std::sqrt(-2.0 * std::log(u)) * (i % 2 == 0 ? std::cos(angle) : std::sin(angle)));
}

}  // namespace kith
