#include "verify_edges.h"

#include <algorithm>
#include <array>
#include <optional>
#include <tuple>
#include <utility>

namespace kith::storage {
namespace {

/// Enough of each for any number of cores to share the work evenly; fewer where there is little of it.
constexpr std::uint64_t kMostParts = 32, kMostBuckets = 64, kLeastEvents = 8192;

std::string Describe(const EdgeKey& key) {
  constexpr std::array<const char*, kNumRelations> kNames = {"interacts", "interacted_by", "trusts", "trusted_by"};
  return std::string(kNames[static_cast<std::size_t>(key.relation)]) + " " + std::to_string(key.source) + " -> " +
         std::to_string(key.target);
}

}  // namespace

EdgeVerifier::EdgeVerifier(const Runtime& runtime, const Database& database, const SnapshotHandle& view,
                           const Counters& counters, const SocialGraph* snapshot)
    : runtime_(runtime), database_(database), view_(view), counters_(counters), snapshot_(snapshot) {
  per_relation_ = std::clamp<std::uint64_t>(counters.last_sequence / kLeastEvents, 1, kMostBuckets);
}

std::uint32_t EdgeVerifier::FirstSource(Relation relation, std::size_t place) const noexcept {
  const std::uint64_t rows = relation == Relation::kInteractedBy ? counters_.items : counters_.users;
  return static_cast<std::uint32_t>((rows + per_relation_ - 1) / per_relation_ * place);
}

std::size_t EdgeVerifier::BucketOf(Relation relation, std::uint32_t source) const noexcept {
  const std::uint32_t per_bucket = std::max(1U, FirstSource(relation, 1));
  const bool trust = relation == Relation::kTrusts || relation == Relation::kTrustedBy;
  return std::min<std::size_t>(source / per_bucket, per_relation_ - 1) + (trust ? per_relation_ : 0);
}

std::string EdgeVerifier::ReadEvent(std::uint64_t sequence, std::string_view value, LogPart& part) const {
  const auto event = DecodeEvent(value);
  if (!event) return "event " + std::to_string(sequence) + " is damaged";
  const bool friendship = event->relation == Relation::kTrusts;
  if (event->user >= counters_.users || event->target >= (friendship ? counters_.users : counters_.items)) {
    return "event " + std::to_string(sequence) + " names an id that is not there";
  }
  if (friendship && event->user == event->target) {
    return "event " + std::to_string(sequence) + " is a friendship with oneself";
  }
  ++part.counts.events;
  part.buckets[BucketOf(event->relation, event->user)].push_back(
      {event->user, event->target, sequence, event->time, event->weight, event->op == Event::Op::kRemove});
  if (event->id.empty()) return "";
  ++part.counts.events_with_id;
  const auto stored = database_.Get(Family::kEventIds, event->id, &view_);
  if (stored.ok() && *stored && DecodeU64(**stored) == sequence) return "";
  return "the id \"" + std::string(event->id) + "\" of event " + std::to_string(sequence) + " leads elsewhere";
}

void EdgeVerifier::ReadLog(LogPart& part) const {
  part.buckets.resize(2 * per_relation_);
  const auto wrong = [&](const std::string& what) {
    if (!what.empty()) part.findings.Add("events: " + what);
  };
  const Bytes8 end = EncodeU64(part.end);
  std::uint64_t expected = part.first;
  const auto rows = database_.Scan(Family::kEvents, &view_);
  // The first part sees what stands before event 1 as well.
  part.first == 1 ? rows->SeekToFirst() : rows->Seek(ToSlice(View(EncodeU64(part.first))));
  for (; rows->Valid() && (part.end == 0 || ToView(rows->key()) < View(end)); rows->Next()) {
    const auto sequence = DecodeU64(ToView(rows->key()));
    if (!sequence) {
      wrong("a key of " + std::to_string(rows->key().size()) + " bytes, expected 8");
      continue;
    }
    if (*sequence != expected) {
      wrong("expected event " + std::to_string(expected) + ", found event " + std::to_string(*sequence));
    }
    part.last_seen = *sequence;
    expected = *sequence + 1;
    wrong(ReadEvent(*sequence, ToView(rows->value()), part));
  }
  if (rows->Valid() && expected < part.end) {
    wrong("expected event " + std::to_string(expected) + ", found event " +
          std::to_string(DecodeU64(ToView(rows->key())).value_or(0)));
  }
  if (const Status read = database_.ScanStatus(*rows, Family::kEvents); !read.ok()) part.findings.Add(read.ToString());
}

void EdgeVerifier::CheckInSnapshot(const EdgeKey& key, const LoggedEvent& winner, Bucket& out) const {
  if (winner.removed) return;
  ++out.live_in_snapshot;
  for (const EdgeKey& side : {key, key.Reversed()}) {
    const bool known = side.source < snapshot_->num_rows(side.relation);
    const Neighbors row = known ? snapshot_->neighbors(side.relation, side.source) : Neighbors{};
    const auto found = std::lower_bound(row.targets.begin(), row.targets.end(), side.target);
    if (found == row.targets.end() || *found != side.target) {
      out.findings.Add("graph snapshot: " + Describe(side) + " is missing");
      continue;
    }
    const auto at = static_cast<std::size_t>(found - row.targets.begin());
    if (row.weight(at) != winner.weight || row.time(at) != winner.time) {
      out.findings.Add("graph snapshot: " + Describe(side) + " differs from what its events add up to");
    }
  }
}

EdgeVerifier::ExpectedEdge EdgeVerifier::Replay(const LoggedEvent* begin, const LoggedEvent* end, Relation relation,
                                                Bucket& out) const {
  const EdgeKey key{relation, begin->user, begin->target};
  // An event without a time stands at the latest time of the events before it; then the greatest (time, sequence) wins.
  std::int64_t latest = kNoTime;
  std::pair<std::int64_t, const LoggedEvent*> winner = {kNoTime, begin};
  for (const LoggedEvent* event = begin; event != end; ++event) {
    const std::int64_t time = event->time == kNoTime ? latest : event->time;
    latest = std::max(latest, time);
    winner = std::max(winner, std::pair(time, event));
    const bool last_in_snapshot = snapshot_ != nullptr && event->sequence <= snapshot_->log_sequence() &&
                                  (event + 1 == end || event[1].sequence > snapshot_->log_sequence());
    if (last_in_snapshot) CheckInSnapshot(key, *winner.second, out);
  }
  const LoggedEvent& won = *winner.second;
  return {
      key,
      {.removed = won.removed, .weight = won.weight, .time = won.time, .order_time = latest, .sequence = won.sequence}};
}

void EdgeVerifier::CheckForward(std::vector<LogPart>& parts, std::size_t bucket, Bucket& out) const {
  std::size_t size = 0;
  for (const LogPart& part : parts) size += part.buckets[bucket].size();
  std::vector<LoggedEvent> events;
  events.reserve(size);
  for (LogPart& part : parts) {
    events.insert(events.end(), part.buckets[bucket].begin(), part.buckets[bucket].end());
    part.buckets[bucket] = {};
  }
  const auto order = [](const LoggedEvent& e) { return std::tuple(e.user, e.target, e.sequence); };
  std::sort(events.begin(), events.end(), [&](const auto& a, const auto& b) { return order(a) < order(b); });

  const bool trust = bucket >= per_relation_;
  const Relation relation = trust ? Relation::kTrusts : Relation::kInteracts;
  std::vector<ExpectedEdge> edges;
  for (std::size_t begin = 0, end = 0; begin < events.size(); begin = end) {
    while (end < events.size() && events[end].user == events[begin].user &&
           events[end].target == events[begin].target) {
      ++end;
    }
    edges.push_back(Replay(events.data() + begin, events.data() + end, relation, out));
  }
  events = {};
  out.live = Compare(relation, bucket - (trust ? per_relation_ : 0), edges, out.findings);
  out.reversed.resize(2 * per_relation_);
  for (const ExpectedEdge& edge : edges) {
    const EdgeKey reversed = edge.key.Reversed();
    out.reversed[BucketOf(reversed.relation, reversed.source)].push_back({reversed, edge.edge});
  }
}

std::uint64_t EdgeVerifier::Compare(Relation relation, std::size_t place, const std::vector<ExpectedEdge>& expected,
                                    Findings& findings) const {
  // Neighbouring buckets leave no gap between them, so that every stored record is somebody's.
  const bool first_of_all = relation == Relation::kInteracts && place == 0;
  const bool last_place = place + 1 == per_relation_, last_of_all = relation == Relation::kTrustedBy && last_place;
  const EdgeKeyBytes begin = EncodeEdgeKey({relation, FirstSource(relation, place), 0});
  EdgeKeyBytes end = EncodeEdgeKey({relation, last_place ? 0 : FirstSource(relation, place + 1), 0});
  if (last_place) end[0] = static_cast<char>(end[0] + 1);

  auto next = expected.begin();
  std::uint64_t live = 0;
  const auto missing = [&](const EdgeKey* before) {
    for (; next != expected.end() && (before == nullptr || next->key < *before); ++next) {
      findings.Add("edges: " + Describe(next->key) + " is missing");
    }
  };
  const auto check = [&](std::string_view key_bytes, std::string_view value) -> std::string {
    const auto key = DecodeEdgeKey(key_bytes);
    if (!key) return "a key of no known relation";
    missing(&*key);
    if (next == expected.end() || next->key != *key) return Describe(*key) + " comes from no event";
    const auto edge = DecodeEdge(value);
    const EdgeRecord& right = (next++)->edge;
    if (!edge) return Describe(*key) + " is damaged";
    if (*edge != right) {
      return Describe(*key) + " differs from what its events add up to, event " + std::to_string(right.sequence);
    }
    live += edge->removed ? 0 : 1;
    return "";
  };
  const auto rows = database_.Scan(Family::kEdges, &view_);
  first_of_all ? rows->SeekToFirst() : rows->Seek(ToSlice(View(begin)));
  for (; rows->Valid() && (last_of_all || ToView(rows->key()) < View(end)); rows->Next()) {
    std::string wrong = check(ToView(rows->key()), ToView(rows->value()));
    if (!wrong.empty()) findings.Add("edges: " + std::move(wrong));
  }
  if (const Status read = database_.ScanStatus(*rows, Family::kEdges); !read.ok()) findings.Add(read.ToString());
  missing(nullptr);
  return live;
}

EdgeVerifier::Counts EdgeVerifier::Run(Findings& findings) {
  const std::uint64_t last = counters_.last_sequence;
  const std::uint64_t events_a_part = std::max(kLeastEvents, (last + kMostParts - 1) / kMostParts);
  std::vector<LogPart> parts(std::max<std::uint64_t>(1, (last + events_a_part - 1) / events_a_part));
  for (std::size_t p = 0; p < parts.size(); ++p) {
    parts[p].first = p * events_a_part + 1;
    parts[p].end = p + 1 < parts.size() ? parts[p].first + events_a_part : 0;
  }
  const auto for_each = [&](std::size_t n, auto work) {
    ParallelFor(runtime_, n, /*grain=*/1, [&](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; ++i) work(i);
    });
  };
  for_each(parts.size(), [&](std::size_t p) { ReadLog(parts[p]); });
  Counts counts;
  std::uint64_t last_seen = 0;
  for (LogPart& part : parts) {
    findings.Add(std::move(part.findings));
    counts.events += part.counts.events;
    counts.events_with_id += part.counts.events_with_id;
    last_seen = std::max(last_seen, part.last_seen);
  }
  if (last_seen != last) {
    findings.Add("events: the counters say " + std::to_string(last) + ", the log ends at " + std::to_string(last_seen));
  }

  std::vector<Bucket> buckets(2 * per_relation_);
  for_each(buckets.size(), [&](std::size_t b) { CheckForward(parts, b, buckets[b]); });
  std::vector<Findings> reversed(buckets.size());
  for_each(buckets.size(), [&](std::size_t b) {
    std::vector<ExpectedEdge> edges;
    for (Bucket& from : buckets) {
      edges.insert(edges.end(), from.reversed[b].begin(), from.reversed[b].end());
      from.reversed[b] = {};
    }
    std::sort(edges.begin(), edges.end(), [](const auto& x, const auto& y) { return x.key < y.key; });
    const bool trust = b >= per_relation_;
    (void)Compare(trust ? Relation::kTrustedBy : Relation::kInteractedBy, b - (trust ? per_relation_ : 0), edges,
                  reversed[b]);
  });

  std::array<std::uint64_t, 2> in_snapshot = {};
  for (std::size_t b = 0; b < buckets.size(); ++b) {
    findings.Add(std::move(buckets[b].findings));
    (b < per_relation_ ? counts.interactions : counts.friendships) += buckets[b].live;
    in_snapshot[b / per_relation_] += buckets[b].live_in_snapshot;
  }
  for (Findings& part : reversed) findings.Add(std::move(part));
  if (snapshot_ != nullptr &&
      (snapshot_->num_interactions() != in_snapshot[0] || snapshot_->num_friendships() != in_snapshot[1])) {
    findings.Add("graph snapshot: expected " + std::to_string(in_snapshot[0]) + " interactions and " +
                 std::to_string(in_snapshot[1]) + " friendships, found " +
                 std::to_string(snapshot_->num_interactions()) + " and " +
                 std::to_string(snapshot_->num_friendships()));
  }
  if (counts.interactions != counters_.interactions || counts.friendships != counters_.friendships) {
    findings.Add("edges: the counters say " + std::to_string(counters_.interactions) + " interactions and " +
                 std::to_string(counters_.friendships) + " friendships, found " + std::to_string(counts.interactions) +
                 " and " + std::to_string(counts.friendships));
  }
  return counts;
}

}  // namespace kith::storage
