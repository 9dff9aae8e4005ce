#include "store_format.h"

#include <bit>
#include <cmath>
#include <cstring>

namespace kith::storage {
namespace {

constexpr std::uint8_t kFlagTrusts = 1, kFlagRemove = 2, kFlagWeight = 4, kFlagTime = 8, kFlagId = 16;
constexpr std::uint8_t kFlagRemoved = 1;

template <class T>
char* PutBigEndian(char* out, T value) noexcept {
  for (std::size_t i = sizeof(T); i-- > 0;) {
    out[i] = static_cast<char>(value & 0xFFU);
    value = static_cast<T>(value >> 8);
  }
  return out + sizeof(T);
}

template <class T>
const char* TakeBigEndian(const char* in, T& value) noexcept {
  value = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i) value = static_cast<T>((value << 8) | static_cast<unsigned char>(in[i]));
  return in + sizeof(T);
}

char* PutFloat(char* out, float value) noexcept { return PutBigEndian(out, std::bit_cast<std::uint32_t>(value)); }
char* PutTime(char* out, std::int64_t value) noexcept { return PutBigEndian(out, std::bit_cast<std::uint64_t>(value)); }

const char* TakeFloat(const char* in, float& value) noexcept {
  std::uint32_t bits = 0;
  in = TakeBigEndian(in, bits);
  value = std::bit_cast<float>(bits);
  return in;
}
const char* TakeTime(const char* in, std::int64_t& value) noexcept {
  std::uint64_t bits = 0;
  in = TakeBigEndian(in, bits);
  value = std::bit_cast<std::int64_t>(bits);
  return in;
}

bool IsWeight(float weight) noexcept { return std::isfinite(weight) && weight > 0.0F; }

}  // namespace

std::string_view Name(Family family) noexcept {
  constexpr std::array<std::string_view, kNumFamilies> kNames = {"default",   "events",   "edges",     "user_ids",
                                                                 "user_keys", "item_ids", "item_keys", "item_names",
                                                                 "event_ids", "settings"};
  return kNames[static_cast<std::size_t>(family)];
}

Bytes4 EncodeU32(std::uint32_t value) noexcept {
  Bytes4 bytes;
  PutBigEndian(bytes.data(), value);
  return bytes;
}

Bytes8 EncodeU64(std::uint64_t value) noexcept {
  Bytes8 bytes;
  PutBigEndian(bytes.data(), value);
  return bytes;
}

std::optional<std::uint32_t> DecodeU32(std::string_view bytes) noexcept {
  if (bytes.size() != 4) return std::nullopt;
  std::uint32_t value = 0;
  TakeBigEndian(bytes.data(), value);
  return value;
}

std::optional<std::uint64_t> DecodeU64(std::string_view bytes) noexcept {
  if (bytes.size() != 8) return std::nullopt;
  std::uint64_t value = 0;
  TakeBigEndian(bytes.data(), value);
  return value;
}

void EncodeEvent(const EventRecord& event, std::string& out) {
  const bool weighted = event.weight != 1.0F, timed = event.time != kNoTime;
  const unsigned flags = (event.relation == Relation::kTrusts ? kFlagTrusts : 0U) |
                         (event.op == Event::Op::kRemove ? kFlagRemove : 0U) | (weighted ? kFlagWeight : 0U) |
                         (timed ? kFlagTime : 0U) | (event.id.empty() ? 0U : kFlagId);
  out.resize(9U + (weighted ? 4U : 0U) + (timed ? 8U : 0U) + event.id.size());
  char* at = out.data();
  *at++ = static_cast<char>(flags);
  at = PutBigEndian(at, event.user);
  at = PutBigEndian(at, event.target);
  if (weighted) at = PutFloat(at, event.weight);
  if (timed) at = PutTime(at, event.time);
  if (!event.id.empty()) std::memcpy(at, event.id.data(), event.id.size());
}

std::optional<EventRecord> DecodeEvent(std::string_view bytes) noexcept {
  if (bytes.size() < 9) return std::nullopt;
  const auto flags = static_cast<std::uint8_t>(bytes[0]);
  if (flags >= 2 * kFlagId) return std::nullopt;
  const bool weighted = (flags & kFlagWeight) != 0, timed = (flags & kFlagTime) != 0, named = (flags & kFlagId) != 0;
  const std::size_t fixed = 9U + (weighted ? 4U : 0U) + (timed ? 8U : 0U);
  if (bytes.size() < fixed || (bytes.size() > fixed) != named) return std::nullopt;
  EventRecord event;
  event.relation = (flags & kFlagTrusts) != 0 ? Relation::kTrusts : Relation::kInteracts;
  event.op = (flags & kFlagRemove) != 0 ? Event::Op::kRemove : Event::Op::kAdd;
  const char* at = bytes.data() + 1;
  at = TakeBigEndian(at, event.user);
  at = TakeBigEndian(at, event.target);
  if (weighted) at = TakeFloat(at, event.weight);
  if (timed) TakeTime(at, event.time);
  if (weighted && (event.weight == 1.0F || !IsWeight(event.weight))) return std::nullopt;
  if (timed && event.time < 0) return std::nullopt;
  event.id = bytes.substr(fixed);
  return event;
}

EdgeKeyBytes EncodeEdgeKey(const EdgeKey& key) noexcept {
  EdgeKeyBytes bytes;
  bytes[0] = static_cast<char>(key.relation);
  PutBigEndian(PutBigEndian(bytes.data() + 1, key.source), key.target);
  return bytes;
}

std::optional<EdgeKey> DecodeEdgeKey(std::string_view bytes) noexcept {
  if (bytes.size() != 9 || static_cast<unsigned char>(bytes[0]) >= kNumRelations) return std::nullopt;
  EdgeKey key;
  key.relation = static_cast<Relation>(bytes[0]);
  TakeBigEndian(TakeBigEndian(bytes.data() + 1, key.source), key.target);
  return key;
}

EdgeBytes EncodeEdge(const EdgeRecord& edge) noexcept {
  EdgeBytes bytes;
  bytes[0] = static_cast<char>(edge.removed ? kFlagRemoved : 0);
  char* at = PutFloat(bytes.data() + 1, edge.weight);
  at = PutTime(at, edge.time);
  at = PutTime(at, edge.order_time);
  PutBigEndian(at, edge.sequence);
  return bytes;
}

std::optional<EdgeRecord> DecodeEdge(std::string_view bytes) noexcept {
  if (bytes.size() != 29 || static_cast<unsigned char>(bytes[0]) > kFlagRemoved) return std::nullopt;
  EdgeRecord edge;
  edge.removed = bytes[0] != 0;
  const char* at = TakeFloat(bytes.data() + 1, edge.weight);
  at = TakeTime(at, edge.time);
  at = TakeTime(at, edge.order_time);
  TakeBigEndian(at, edge.sequence);
  if (!IsWeight(edge.weight) || edge.time < kNoTime || edge.order_time < edge.time) return std::nullopt;
  return edge;
}

CounterBytes EncodeCounters(const Counters& counters) noexcept {
  CounterBytes bytes;
  char* at = PutBigEndian(bytes.data(), counters.commit);
  at = PutBigEndian(at, counters.last_sequence);
  at = PutBigEndian(at, counters.users);
  at = PutBigEndian(at, counters.items);
  at = PutBigEndian(at, counters.interactions);
  PutBigEndian(at, counters.friendships);
  return bytes;
}

std::optional<Counters> DecodeCounters(std::string_view bytes) noexcept {
  if (bytes.size() != 40) return std::nullopt;
  Counters counters;
  const char* at = TakeBigEndian(bytes.data(), counters.commit);
  at = TakeBigEndian(at, counters.last_sequence);
  at = TakeBigEndian(at, counters.users);
  at = TakeBigEndian(at, counters.items);
  at = TakeBigEndian(at, counters.interactions);
  TakeBigEndian(at, counters.friendships);
  return counters;
}

SnapshotNameBytes EncodeSnapshotName(const SnapshotName& name) noexcept {
  SnapshotNameBytes bytes;
  PutBigEndian(PutBigEndian(bytes.data(), name.log_sequence), name.stamp);
  return bytes;
}

std::optional<SnapshotName> DecodeSnapshotName(std::string_view bytes) noexcept {
  if (bytes.size() != std::tuple_size_v<SnapshotNameBytes>) return std::nullopt;
  SnapshotName name;
  TakeBigEndian(TakeBigEndian(bytes.data(), name.log_sequence), name.stamp);
  return name;
}

}  // namespace kith::storage
