#include <gtest/gtest.h>

#include <memory>
#include <type_traits>
#include <utility>

#include "kith/graph/csr.h"
#include "kith/graph/ids.h"
#include "kith/graph/social_graph.h"

namespace kith {
namespace {

static_assert(!std::is_convertible_v<ItemId, UserId> && !std::is_convertible_v<UserId, ItemId>);
static_assert(!std::is_convertible_v<UserId, NodeId> && !std::is_convertible_v<NodeId, ItemId>);
static_assert(!std::is_convertible_v<int, UserId> && !std::is_convertible_v<UserId, int>);
static_assert(!std::is_constructible_v<UserId, ItemId>);

template <class Id>
concept NamesARowOfItems = requires(const SocialGraph& graph, Id id) {
  graph.items(id);
};
static_assert(NamesARowOfItems<UserId>);
static_assert(!NamesARowOfItems<ItemId> && !NamesARowOfItems<NodeId> && !NamesARowOfItems<std::uint32_t>);

template <class Id>
concept NamesARowOfUsers = requires(const SocialGraph& graph, Id id) {
  graph.users(id);
};
static_assert(NamesARowOfUsers<ItemId> && !NamesARowOfUsers<UserId>);

/// `G` is `Csr&` for a graph that lives on and `Csr` for a temporary, which would die before the span.
template <class G>
concept LendsItsRows = requires(G&& graph) {
  std::forward<G>(graph).neighbors(0U);
}
|| requires(G&& graph) { std::forward<G>(graph).weights(0U); }
|| requires(G&& graph) { std::forward<G>(graph).times(0U); }
|| requires(G&& graph) { std::forward<G>(graph).offsets(); }
|| requires(G&& graph) { std::forward<G>(graph).targets(); };
static_assert(LendsItsRows<Csr&> && LendsItsRows<const Csr&>);
static_assert(!LendsItsRows<Csr>);

static_assert(!std::is_default_constructible_v<SocialGraph> && !std::is_copy_constructible_v<SocialGraph>);
static_assert(!std::is_convertible_v<std::shared_ptr<const SocialGraph>, std::shared_ptr<SocialGraph>>);

TEST(Reverse, PairsEachRelationWithItsTranspose) {
  EXPECT_EQ(Reverse(Relation::kInteracts), Relation::kInteractedBy);
  EXPECT_EQ(Reverse(Relation::kTrusts), Relation::kTrustedBy);
  for (int r = 0; r < kNumRelations; ++r) {
    const auto relation = static_cast<Relation>(r);
    EXPECT_NE(Reverse(relation), relation);
    EXPECT_EQ(Reverse(Reverse(relation)), relation);
  }
}

}  // namespace
}  // namespace kith
