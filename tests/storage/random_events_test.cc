/// Random sequences of events against a map that keeps every event of an edge, with the store reopened on the way.
#include <gmock/gmock.h>

#include <map>
#include <set>
#include <tuple>

#include "kith/base/rng.h"
#include "store_fixture.h"

namespace kith::testing {
namespace {

/// What the header promises, by the slow way: the whole history of each edge, and the winner picked from it.
class SlowStore {
 public:
  void Add(const Event& event) {
    if (!event.id.empty() && !ids_.insert(std::string(event.id)).second) return;
    ++sequence_;
    log_.push_back(Describe({sequence_, event}));
    See(users_, event.user);
    See(event.relation == Relation::kTrusts ? users_ : items_, event.target);
    const auto key = std::tuple(event.relation, std::string(event.user), std::string(event.target));
    histories_[key].push_back({event.time, event.weight, event.op == Event::Op::kRemove});
  }

  /// "user target weight time" of the edges that are live, of one relation.
  [[nodiscard]] std::set<std::string> Edges(Relation relation) const {
    std::set<std::string> edges;
    for (const auto& [key, history] : histories_) {
      if (std::get<0>(key) != relation) continue;
      const Fact* winner = nullptr;
      std::int64_t newest = kNoTime;
      for (const Fact& fact : history) {
        if (fact.time != kNoTime && fact.time < newest) continue;
        newest = std::max(newest, fact.time);
        winner = &fact;
      }
      if (!winner->removed) edges.insert(Line(std::get<1>(key), std::get<2>(key), winner->weight, winner->time));
    }
    return edges;
  }
  [[nodiscard]] static std::string Line(std::string_view user, std::string_view target, float weight,
                                        std::int64_t time) {
    return std::string(user) + " " + std::string(target) + " " + std::to_string(weight) + " " + std::to_string(time);
  }
  [[nodiscard]] const std::vector<std::string>& log() const { return log_; }
  [[nodiscard]] const std::vector<std::string>& users() const { return users_; }
  [[nodiscard]] const std::vector<std::string>& items() const { return items_; }

 private:
  struct Fact {
    std::int64_t time;
    float weight;
    bool removed;
  };
  static void See(std::vector<std::string>& keys, std::string_view key) {
    if (std::find(keys.begin(), keys.end(), key) == keys.end()) keys.emplace_back(key);
  }
  std::uint64_t sequence_ = 0;
  std::vector<std::string> log_, users_, items_;
  std::set<std::string> ids_;
  std::map<std::tuple<Relation, std::string, std::string>, std::vector<Fact>> histories_;
};

/// Owns the strings of a random event.
struct RandomEvent {
  std::string user, target, id;
  Event event;

  RandomEvent(std::uint64_t seed, std::uint32_t i) {
    const Rng rng(seed, Purpose::kTest, i);
    user = Named("u", rng.bounded(0, 8));
    const bool friendship = rng.bounded(1, 4) == 0;
    target = friendship ? Named("u", 8 + rng.bounded(2, 4)) : Named("i", rng.bounded(2, 8));
    if (rng.bounded(3, 3) == 0) id = Named("e", rng.bounded(4, 200));
    event.relation = friendship ? Relation::kTrusts : Relation::kInteracts;
    event.op = rng.bounded(5, 3) == 0 ? Event::Op::kRemove : Event::Op::kAdd;
    event.weight = static_cast<float>(1 + rng.bounded(6, 3));
    event.time = rng.bounded(7, 2) == 0 ? kNoTime : static_cast<std::int64_t>(rng.bounded(8, 20));
  }
  [[nodiscard]] Event View() const {
    Event view = event;
    view.user = user;
    view.target = target;
    view.id = id;
    return view;
  }
};

std::set<std::string> GraphEdges(const SocialGraph& graph, const KeyTable& keys, Relation relation) {
  std::set<std::string> edges;
  for (const Edge& edge : graph.Edges(relation)) {
    const std::string_view target =
        relation == Relation::kTrusts ? keys.user_key(UserId{edge.target}) : keys.item_key(ItemId{edge.target});
    edges.insert(SlowStore::Line(keys.user_key(UserId{edge.source}), target, edge.weight, edge.time));
  }
  return edges;
}

void ExpectSame(const GraphStore& store, const SlowStore& slow) {
  EXPECT_EQ(AllEvents(store), slow.log());
  const auto graph = store.LoadGraph(Runtime(1)).value();
  const KeyTable keys = store.LoadKeys().value();
  ASSERT_EQ(keys.num_users(), slow.users().size());
  ASSERT_EQ(keys.num_items(), slow.items().size());
  for (std::uint32_t i = 0; i < keys.num_users(); ++i) EXPECT_EQ(keys.user_key(UserId{i}), slow.users()[i]);
  for (std::uint32_t i = 0; i < keys.num_items(); ++i) EXPECT_EQ(keys.item_key(ItemId{i}), slow.items()[i]);
  for (const Relation relation : {Relation::kInteracts, Relation::kTrusts}) {
    EXPECT_EQ(GraphEdges(*graph, keys, relation), slow.Edges(relation));
  }
  EXPECT_THAT(Violations(store), ::testing::IsEmpty());
}

TEST(GraphStore, AgreesWithAMapOverRandomEventsAndReopenings) {
  for (const std::uint64_t seed : {1U, 2U, 3U}) {
    const TemporaryFolder folder;
    SlowStore slow;
    auto store = OpenStore(folder / "s", Access::kCreateOrWrite);
    std::uint32_t next = 0;
    for (std::uint32_t round = 0; round < 12; ++round) {
      std::vector<RandomEvent> owned;
      for (std::uint32_t n = Rng(seed, Purpose::kTest, 1U << 20, round).bounded(0, 60); n > 0; --n) {
        owned.emplace_back(seed, next++);
      }
      std::vector<Event> events;
      for (const RandomEvent& event : owned) events.push_back(event.View());
      for (const Event& event : events) slow.Add(event);
      const AppendResult result = store->Append(events).value();
      EXPECT_EQ(result.last_sequence, slow.log().size());
      EXPECT_EQ(result.stored + result.known_ids, events.size());
      if (round == 5) CheckOk(store->RefreshSnapshot(Runtime(2)));  // later loads: this file and what came after
      if (round % 4 == 3) {
        store.reset();
        store = OpenStore(folder / "s", Access::kWrite);
        ExpectSame(*store, slow);
      }
    }
  }
}

TEST(GraphStore, TellsChangesThatKeepALiveGraphEqualToALoadedOne) {
  const TemporaryFolder folder;
  const Runtime runtime(1);
  const auto store = OpenStore(folder / "s", Access::kCreateOrWrite);
  std::shared_ptr<const SocialGraph> live = store->LoadGraph(runtime).value();
  KeyTable keys = store->LoadKeys().value();
  std::uint32_t next = 0;
  for (std::uint32_t round = 0; round < 10; ++round) {
    std::vector<RandomEvent> owned;
    for (int n = 0; n < 30; ++n) owned.emplace_back(9, next++);
    std::vector<Event> events;
    for (const RandomEvent& event : owned) events.push_back(event.View());
    const AppendResult result = store->Append(events).value();
    for (const std::string& user : result.new_users) keys.AddUser(user);
    for (const std::string& item : result.new_items) keys.AddItem(item);
    live = live->WithEdges(result.changes, keys.num_users(), keys.num_items(), result.last_sequence);
    const auto loaded = store->LoadGraph(runtime).value();
    EXPECT_EQ(live->log_sequence(), loaded->log_sequence());
    for (const Relation relation : {Relation::kInteracts, Relation::kTrusts}) {
      EXPECT_EQ(GraphEdges(*live, keys, relation), GraphEdges(*loaded, store->LoadKeys().value(), relation));
    }
  }
}

}  // namespace
}  // namespace kith::testing
