// model.json and model.safetensors: bit for bit there and back, and damage refused with a word about what is wrong.
#include <gtest/gtest.h>

#include <bit>
#include <string>

#include "kith/gnn/safetensors.h"
#include "kith/recommend/ranker.h"
#include "random_model.h"

namespace kith {
namespace {

using testing::Finished;
using testing::ModelShape;
using testing::RandomModel;
using testing::RandomSocialGraph;

/// `text` with the first `from` replaced by `to`; the test is wrong where there is none.
std::string Replaced(std::string text, std::string_view from, std::string_view to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

class CodecOfEveryRule : public ::testing::TestWithParam<ModelShape> {};

TEST_P(CodecOfEveryRule, BringsEveryBitBack) {
  const Runtime runtime(1);
  const auto graph = RandomSocialGraph(runtime, 2, 30, 20, 100, 20);
  auto changed = RandomModel(*graph, GetParam());
  changed->info.architecture = "gatv2";
  changed->info.seed = 18446744073709551615ULL;
  changed->info.epochs = 12;
  changed->info.report_json = R"({"recall@20":0.1,"z":[1,2.5],"a":null})";
  changed->gates.learned = 0.1F;
  changed->leaky_slope = std::bit_cast<float>(0x3E4CCCCEU);
  const auto model = Finished(changed);
  const Model::Encoded encoded = model->Encode();
  const auto decoded = Model::Decode(encoded.json, encoded.tensors).value();

  EXPECT_EQ(decoded->info.report_json, model->info.report_json);
  EXPECT_EQ(decoded->info.seed, model->info.seed);
  EXPECT_EQ(decoded->info.store_id, "random");
  EXPECT_EQ(decoded->rule, model->rule);
  EXPECT_EQ(decoded->gates.learned, 0.1F);
  EXPECT_EQ(decoded->leaky_slope, model->leaky_slope);
  EXPECT_EQ(decoded->kernel.offsets, model->kernel.offsets);
  const Model::Encoded again = decoded->Encode();
  EXPECT_EQ(again.json, encoded.json);
  EXPECT_EQ(again.tensors, encoded.tensors);

  // What is decoded ranks with the same bits.
  const Ranker before(model), after(decoded);
  for (std::uint32_t user = 0; user < 30; ++user) {
    EXPECT_EQ(before.Rank(MakeUserView(*graph, *model, UserId{user}), 20),
              after.Rank(MakeUserView(*graph, *decoded, UserId{user}), 20));
  }
}

INSTANTIATE_TEST_SUITE_P(Rules, CodecOfEveryRule,
                         ::testing::Values(ModelShape{8, AttentionRule::kDegree, 1},
                                           ModelShape{8, AttentionRule::kHouse, 1},
                                           ModelShape{12, AttentionRule::kGat, 3},
                                           ModelShape{12, AttentionRule::kGatv2, 2},
                                           ModelShape{8, AttentionRule::kMean, 1}));

TEST(ModelCodec, BringsASmallestModelBack) {
  auto model = std::make_shared<Model>();
  const auto finished = Finished(model);
  const Model::Encoded encoded = finished->Encode();
  EXPECT_EQ(Model::Decode(encoded.json, encoded.tensors).value()->info.num_items, 0U);
}

TEST(ModelCodec, KeepsWhatItDoesNotKnow) {
  const Runtime runtime(1);
  const auto graph = RandomSocialGraph(runtime, 2, 30, 20, 100, 20);
  auto changed = RandomModel(*graph, {});
  const float values[] = {1.5F, -2.0F};
  changed->unknown_tensors.emplace_back("future.tensor", Tensor::Of(std::span<const float>(values)));
  const Model::Encoded encoded = Finished(changed)->Encode();
  const std::string json = Replaced(encoded.json, "{", R"({"future_key":{"x":[1,2]},)");
  const auto decoded = Model::Decode(json, encoded.tensors).value();
  const Model::Encoded again = decoded->Encode();
  EXPECT_NE(again.json.find("future_key"), std::string::npos);
  const TensorFile file = DecodeSafetensors(again.tensors).value();
  EXPECT_EQ(file.Find("future.tensor").value()->AsFloats().value(), (std::vector<float>{1.5F, -2.0F}));
}

TEST(ModelCodec, RefusesANewerFormat) {
  const auto model = Finished(std::make_shared<Model>());
  const Model::Encoded encoded = model->Encode();
  const auto result =
      Model::Decode(Replaced(encoded.json, "\"format_version\": 3", "\"format_version\": 4"), encoded.tensors);
  EXPECT_EQ(result.status().code(), StatusCode::kFailedPrecondition);
  EXPECT_NE(result.status().message().find("this build reads"), std::string_view::npos);
}

TEST(ModelCodec, ReadsAModelFromBeforeFriendsOfFriendsWithTheirGatesClosed) {
  const Runtime runtime(1);
  const auto graph = RandomSocialGraph(runtime, 2, 30, 20, 100, 20);
  const Model::Encoded encoded = Finished(RandomModel(*graph, {}))->Encode();
  std::string older = Replaced(encoded.json, "\"format_version\": 3", "\"format_version\": 2");
  older = Replaced(older, "\"friends_of_friends\"", "\"ignored\"");
  older = Replaced(older, "\"cold_friends_of_friends\"", "\"ignored_too\"");
  older = Replaced(older, "\"cold_learned\"", "\"ignored_as_well\"");
  const auto decoded = Model::Decode(older, encoded.tensors).value();
  EXPECT_EQ(decoded->gates.friends_of_friends, 0);
  EXPECT_EQ(decoded->gates.cold_friends_of_friends, 0);
  EXPECT_EQ(decoded->gates.cold_learned, 0);
  EXPECT_EQ(decoded->gates.friends, RandomModel(*graph, {})->gates.friends);
}

TEST(ModelCodec, RefusesDamage) {
  const Runtime runtime(1);
  const auto graph = RandomSocialGraph(runtime, 2, 30, 20, 100, 20);
  const Model::Encoded good = Finished(RandomModel(*graph, {.rule = AttentionRule::kHouse}))->Encode();
  const std::string damaged[] = {
      "",
      "[]",
      "{\"format\":\"kith-model\"}",
      good.json.substr(0, good.json.size() / 2),
      Replaced(good.json, "kith-model", "other-model"),
      Replaced(good.json, "\"num_items\": 20", "\"num_items\": 21"),
      Replaced(good.json, "\"num_items\": 20", "\"num_items\": -20"),
      Replaced(good.json, "\"num_items\": 20", "\"num_items\": 4294967296"),
      Replaced(good.json, "\"heads\": 1", "\"heads\": \"one\""),
      Replaced(good.json, "\"rule\": \"house\"", "\"rule\": \"palace\""),
      Replaced(good.json, "\"kernel\": ", "\"colonel\": "),
      Replaced(good.json, "\"report\": {}", "\"report\": 7"),
      Replaced(good.json, "\"message_scale\": ", "\"message_scale\": 1e999, \"x\": "),
  };
  for (const std::string& json : damaged) {
    const auto result = Model::Decode(json, good.tensors);
    EXPECT_EQ(result.status().code(), StatusCode::kCorruption) << json.substr(0, 60);
  }
  for (const std::string& tensors :
       {std::string(), good.tensors.substr(0, good.tensors.size() - 5),
        Replaced(good.tensors, "item_degrees", "item_degreez"),
        Replaced(good.tensors, "kernel.values", "kernel.valuez"), Replaced(good.tensors, "\"items\"", "\"itemz\"")}) {
    const auto result = Model::Decode(good.json, tensors);
    EXPECT_EQ(result.status().code(), StatusCode::kCorruption);
  }
}

}  // namespace
}  // namespace kith
