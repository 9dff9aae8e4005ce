#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "tools/cli_fixture.h"

namespace kith::tools {
namespace {

using kith::testing::CliTest;
using kith::testing::Ran;
using ::testing::HasSubstr;

class DemoTest : public CliTest {};

TEST_F(DemoTest, BeatsTheBaselinesAndExplainsByItemsAndFriends) {
  const Ran ran = Done({"demo"});
  for (const char* part : {"Recall@20", "popularity", "item-knn", "because ", "The store stays in", "try next"}) {
    EXPECT_THAT(ran.out, HasSubstr(part));
  }
  // The second run finds the store, uses it, and prints the figures for machines.
  const auto json = Json({"demo"});
  EXPECT_GT(json["kith"]["recall@20"], json["popularity"]["recall@20"]);
  EXPECT_GT(json["kith"]["recall@20"], json["item-knn"]["recall@20"]);
  EXPECT_GT(json["kith"]["ndcg@20"], json["item-knn"]["ndcg@20"]);
  ASSERT_EQ(json["items"].size(), 3U);
  EXPECT_EQ(Json({"stats"})["users"], 1200);

  const std::string guest = json["user"];
  std::set<std::string> vias;
  for (const auto& hit : json["items"]) {
    EXPECT_NE(hit["name"], "");
    const auto explanation = Json({"explain", "--user", guest, "--item", hit["item"]});
    for (const auto& term : explanation["contributions"]) vias.insert(term["via"]);
  }
  EXPECT_TRUE(vias.contains("item"));
  EXPECT_TRUE(vias.contains("friend"));

  const auto before = Json({"recommend", "--user", guest});
  Ingest("{\"user\":\"" + guest +
         "\",\"friend\":\"somebody-new\"}\n{\"user\":\"somebody-new\",\"item\":\"velvet-ballad\"}\n");
  EXPECT_NE(Json({"recommend", "--user", guest})["items"], before["items"]) << "a new friendship changes scores";
}

TEST_F(DemoTest, LeavesAStoreAloneThatItDidNotMake) {
  Ingest("{\"user\":\"u\",\"item\":\"i\"}\n");
  const Ran ran = Run({"demo"});
  EXPECT_EQ(ran.status, 1);
  EXPECT_THAT(ran.err, HasSubstr("not made by the demo"));
  EXPECT_EQ(Json({"stats"})["events"], 1);
}

}  // namespace
}  // namespace kith::tools
