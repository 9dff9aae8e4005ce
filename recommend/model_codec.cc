#include "model_codec.h"

#include <algorithm>
#include <array>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <type_traits>
#include <utility>

#include "kith/gnn/safetensors.h"
#include "kith/recommend/model.h"

namespace kith {
namespace {

using Json = nlohmann::ordered_json;

/// Raise it where an older reader would misread; keys and tensors that old readers may ignore need no new number.
/// 2: the kernel enters by its root and under attention, gates have slopes.  3: friends of friends, and users without
/// items by their friends' vectors; a model of version 2 has these gates closed.
constexpr std::uint32_t kFormatVersion = 3, kOldestVersion = 2;

constexpr std::array<std::pair<AttentionRule, std::string_view>, 5> kRules = {{{AttentionRule::kDegree, "degree"},
                                                                               {AttentionRule::kHouse, "house"},
                                                                               {AttentionRule::kGat, "gat"},
                                                                               {AttentionRule::kGatv2, "gatv2"},
                                                                               {AttentionRule::kMean, "mean"}}};

/// Every tensor that is a matrix, by its name in the file; empty ones are left out.
constexpr std::array<std::pair<std::string_view, Matrix Model::*>, 7> kMatrices = {
    {{"user_base", &Model::user_base},
     {"item_messages", &Model::item_messages},
     {"items", &Model::items},
     {"users", &Model::users},
     {"user_queries", &Model::user_queries},
     {"item_keys", &Model::item_keys},
     {"attention", &Model::attention}}};

constexpr std::array<std::pair<std::string_view, float Gates::*>, 12> kGates = {
    {{"learned", &Gates::learned},
     {"kernel", &Gates::kernel},
     {"neighbours", &Gates::neighbours},
     {"friends", &Gates::friends},
     {"friends_slope", &Gates::friends_slope},
     {"friends_of_friends", &Gates::friends_of_friends},
     {"popular", &Gates::popular},
     {"popular_slope", &Gates::popular_slope},
     {"cold_learned", &Gates::cold_learned},
     {"cold_friends", &Gates::cold_friends},
     {"cold_friends_of_friends", &Gates::cold_friends_of_friends},
     {"cold_popular", &Gates::cold_popular}}};

Json EncodeJson(const Model& model) {
  Json json;
  json["format"] = "kith-model";
  json["format_version"] = kFormatVersion;
  json["architecture"] = model.info.architecture;
  json["store_id"] = model.info.store_id;
  json["log_sequence"] = model.info.log_sequence;
  json["num_users"] = model.info.num_users;
  json["num_items"] = model.info.num_items;
  json["seed"] = model.info.seed;
  json["epochs"] = model.info.epochs;
  for (const auto& [rule, name] : kRules) {
    if (rule == model.rule) json["rule"] = name;
  }
  json["message_scale"] = model.message_scale;
  json["heads"] = model.heads;
  json["leaky_slope"] = model.leaky_slope;
  json["kernel_degree_exponent"] = model.kernel_degree_exponent;
  json["kernel_attention"] = model.kernel_attention;
  json["friend_sharpness"] = model.friend_sharpness;
  Json& gates = json["gates"] = Json::object();
  for (const auto& [name, gate] : kGates) gates[std::string(name)] = model.gates.*gate;
  json["report"] = Json::parse(model.info.report_json);
  json.update(Json::parse(model.unknown_json));
  return json;
}

/// Takes keys out of an object one by one; what is left at the end is unknown to this version.
class Reader {
 public:
  explicit Reader(Json object) : object_(std::move(object)) {}

  template <class T>
  Status Take(std::string_view key, T& value) {
    const auto found = object_.find(key);
    if (found == object_.end()) return Corruption("model.json lacks key \"" + std::string(key) + "\"; train again");
    bool fits = false;
    if constexpr (std::is_same_v<T, std::string>) {
      fits = found->is_string();
    } else if constexpr (std::is_floating_point_v<T>) {
      fits = found->is_number();
    } else if constexpr (std::is_integral_v<T>) {
      fits = found->is_number_unsigned() && found->template get<std::uint64_t>() <= std::numeric_limits<T>::max();
    } else if constexpr (std::is_same_v<T, KernelAttention>) {
      fits = found->is_array() && found->size() == value.size() &&
             std::all_of(found->begin(), found->end(), [](const Json& number) { return number.is_number(); });
    } else {
      fits = found->is_object();
    }
    if (!fits) {
      return Corruption("model.json: key \"" + std::string(key) + "\" holds " + found->dump() +
                        ", which does not fit; train again");
    }
    value = found->template get<T>();
    object_.erase(found);
    return OkStatus();
  }
  [[nodiscard]] const Json& rest() const noexcept { return object_; }

 private:
  Json object_;
};

Status DecodeGates(Reader& reader, std::uint32_t version, Gates& gates) {
  Json object;
  KITH_RETURN_IF_ERROR(reader.Take("gates", object));
  Reader values(std::move(object));
  for (const auto& [name, gate] : kGates) {
    if (version < 3 && (name.ends_with("friends_of_friends") || name == "cold_learned")) continue;
    KITH_RETURN_IF_ERROR(values.Take(name, gates.*gate));
  }
  return OkStatus();
}

Status DecodeJson(std::string_view text, Model& model) {
  Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return Corruption("model.json is not a JSON object; train again");
  Reader reader(std::move(json));
  std::string format, rule;
  std::uint32_t version = 0;
  KITH_RETURN_IF_ERROR(reader.Take("format", format));
  if (format != "kith-model") return Corruption("model.json: format \"" + format + "\", expected \"kith-model\"");
  KITH_RETURN_IF_ERROR(reader.Take("format_version", version));
  if (version < kOldestVersion || version > kFormatVersion) {
    return FailedPrecondition("model: format version " + std::to_string(version) + ", this build reads " +
                              std::to_string(kOldestVersion) + " to " + std::to_string(kFormatVersion) + "; " +
                              (version > kFormatVersion ? "upgrade kith or train again" : "train again"));
  }
  KITH_RETURN_IF_ERROR(reader.Take("architecture", model.info.architecture));
  KITH_RETURN_IF_ERROR(reader.Take("store_id", model.info.store_id));
  KITH_RETURN_IF_ERROR(reader.Take("log_sequence", model.info.log_sequence));
  KITH_RETURN_IF_ERROR(reader.Take("num_users", model.info.num_users));
  KITH_RETURN_IF_ERROR(reader.Take("num_items", model.info.num_items));
  KITH_RETURN_IF_ERROR(reader.Take("seed", model.info.seed));
  KITH_RETURN_IF_ERROR(reader.Take("epochs", model.info.epochs));
  KITH_RETURN_IF_ERROR(reader.Take("rule", rule));
  bool known = false;
  for (const auto& [value, name] : kRules) {
    if (name == rule) model.rule = value, known = true;
  }
  if (!known) return Corruption("model.json: rule \"" + rule + "\", expected degree, house, gat or gatv2; train again");
  KITH_RETURN_IF_ERROR(reader.Take("message_scale", model.message_scale));
  KITH_RETURN_IF_ERROR(reader.Take("heads", model.heads));
  KITH_RETURN_IF_ERROR(reader.Take("leaky_slope", model.leaky_slope));
  KITH_RETURN_IF_ERROR(reader.Take("kernel_degree_exponent", model.kernel_degree_exponent));
  KITH_RETURN_IF_ERROR(reader.Take("kernel_attention", model.kernel_attention));
  KITH_RETURN_IF_ERROR(reader.Take("friend_sharpness", model.friend_sharpness));
  KITH_RETURN_IF_ERROR(DecodeGates(reader, version, model.gates));
  Json report;
  KITH_RETURN_IF_ERROR(reader.Take("report", report));
  model.info.report_json = report.dump();
  model.unknown_json = reader.rest().dump();
  return OkStatus();
}

TensorFile EncodeTensors(const Model& model) {
  TensorFile file;
  file.metadata["format"] = "kith-model";
  for (const auto& [name, tensor] : model.unknown_tensors) file.tensors[name] = tensor;
  for (const auto& [name, matrix] : kMatrices) {
    if ((model.*matrix).size() != 0) file.tensors[std::string(name)] = Tensor::Of(model.*matrix);
  }
  file.tensors["item_degrees"] = Tensor::Of(std::span<const std::uint32_t>(model.item_degrees));
  if (!model.kernel.empty()) {
    file.tensors["kernel.offsets"] = Tensor::Of(std::span<const std::uint64_t>(model.kernel.offsets));
    file.tensors["kernel.targets"] = Tensor::Of(std::span<const std::uint32_t>(model.kernel.targets));
    file.tensors["kernel.values"] = Tensor::Of(std::span<const float>(model.kernel.values));
  }
  return file;
}

Status DecodeTensors(std::string_view bytes, Model& model) {
  KITH_ASSIGN_OR_RETURN(TensorFile file, DecodeSafetensors(bytes));
  for (const auto& [name, matrix] : kMatrices) {
    const auto found = file.tensors.find(name);
    if (found == file.tensors.end()) continue;
    KITH_ASSIGN_OR_RETURN(model.*matrix, found->second.AsMatrix());
    file.tensors.erase(found);
  }
  KITH_ASSIGN_OR_RETURN(const Tensor* degrees, file.Find("item_degrees"));
  KITH_ASSIGN_OR_RETURN(model.item_degrees, degrees->AsU32());
  file.tensors.erase("item_degrees");
  if (file.tensors.contains("kernel.offsets")) {
    KITH_ASSIGN_OR_RETURN(const Tensor* offsets, file.Find("kernel.offsets"));
    KITH_ASSIGN_OR_RETURN(const Tensor* targets, file.Find("kernel.targets"));
    KITH_ASSIGN_OR_RETURN(const Tensor* values, file.Find("kernel.values"));
    KITH_ASSIGN_OR_RETURN(model.kernel.offsets, offsets->AsU64());
    KITH_ASSIGN_OR_RETURN(model.kernel.targets, targets->AsU32());
    KITH_ASSIGN_OR_RETURN(model.kernel.values, values->AsFloats());
    for (const char* name : {"kernel.offsets", "kernel.targets", "kernel.values"}) file.tensors.erase(name);
  }
  for (auto& [name, tensor] : file.tensors) model.unknown_tensors.emplace_back(name, std::move(tensor));
  return OkStatus();
}

}  // namespace

bool IsJsonObject(std::string_view text) { return Json::parse(text, nullptr, /*allow_exceptions=*/false).is_object(); }

Model::Encoded Model::Encode() const {
  return {EncodeJson(*this).dump(2) + "\n", EncodeSafetensors(EncodeTensors(*this))};
}

Result<std::shared_ptr<const Model>> Model::Decode(std::string_view json, std::string_view tensors) {
  auto model = std::make_shared<Model>();
  KITH_RETURN_IF_ERROR(DecodeJson(json, *model));
  KITH_RETURN_IF_ERROR(DecodeTensors(tensors, *model));
  KITH_RETURN_IF_ERROR(model->Finish());
  return std::shared_ptr<const Model>(std::move(model));
}

}  // namespace kith
