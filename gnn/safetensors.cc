#include "kith/gnn/safetensors.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "tensor_format.h"

namespace kith {
namespace {

using Json = nlohmann::json;

constexpr std::string_view kMetadata = "__metadata__";
constexpr std::size_t kPrefix = 8;                          ///< u64le header size
constexpr std::size_t kMaxHeader = std::size_t{100} << 20;  ///< the format's own limit
constexpr std::size_t kMaxDepth = 3;                        ///< header, entry, list

Status Damaged(const std::string& what) { return Corruption("safetensors: " + what); }
Status Damaged(const std::string& tensor, const std::string& what) {
  return Damaged("tensor \"" + tensor + "\": " + what);
}

/// The header as an object whose keys are all different, no deeper than the format needs.
Result<Json> ParseHeader(std::string_view text) {
  std::vector<std::set<std::string>> keys;  // of the objects that are open
  std::string duplicate;
  bool too_deep = false;
  const auto watch = [&](int depth, Json::parse_event_t event, Json& parsed) {
    if (static_cast<std::size_t>(depth) > kMaxDepth) too_deep = true;
    if (event == Json::parse_event_t::object_start) keys.emplace_back();
    if (event == Json::parse_event_t::object_end) keys.pop_back();
    if (event == Json::parse_event_t::key) {
      auto name = parsed.get<std::string>();
      if (!keys.back().insert(name).second) duplicate = std::move(name);
    }
    return !too_deep;
  };
  Json header = Json::parse(text.begin(), text.end(), watch, /*allow_exceptions=*/false);
  if (too_deep) return Damaged("the header is nested deeper than the format allows");
  if (!duplicate.empty()) return Damaged(duplicate, "named twice");
  if (header.is_discarded() || !header.is_object()) return Damaged("the header is not a JSON object");
  return header;
}

/// A list of whole numbers >= 0.
bool ReadSizes(const Json& list, std::vector<std::size_t>& sizes) {
  if (!list.is_array()) return false;
  sizes.clear();
  for (const Json& entry : list) {
    if (!entry.is_number_unsigned()) return false;
    sizes.push_back(entry.get<std::size_t>());
  }
  return true;
}

struct Entry {
  std::string name;
  Tensor tensor;  ///< without bytes
  std::size_t begin = 0, end = 0;
};

Result<Entry> ReadEntry(const std::string& name, const Json& json, std::size_t data_size) {
  Entry entry{.name = name, .tensor = {}};
  if (!json.is_object() || !json.contains("dtype") || !json.contains("shape") || !json.contains("data_offsets")) {
    return Damaged(name, "expected an object of dtype, shape and data_offsets");
  }
  const Json& dtype = json["dtype"];
  const auto* known = std::find_if(gnn::kDTypes.begin(), gnn::kDTypes.end(), [&](const gnn::DTypeInfo& info) {
    return dtype.is_string() && dtype.get_ref<const std::string&>() == info.name;
  });
  if (known == gnn::kDTypes.end())
    return Damaged(name, "expected dtype F32, F64, I64, U32 or U8, found " +
                             dtype.dump(-1, ' ', true, Json::error_handler_t::replace));
  entry.tensor.dtype = known->dtype;
  if (!ReadSizes(json["shape"], entry.tensor.shape)) return Damaged(name, "its shape is no list of whole numbers >= 0");
  std::vector<std::size_t> offsets;
  if (!ReadSizes(json["data_offsets"], offsets) || offsets.size() != 2 || offsets[0] > offsets[1] ||
      offsets[1] > data_size) {
    return Damaged(name, "its data_offsets are no range within the " + std::to_string(data_size) + " bytes of data");
  }
  entry.begin = offsets[0];
  entry.end = offsets[1];
  const auto bytes = gnn::ByteSize(entry.tensor.dtype, entry.tensor.shape);
  if (!bytes || *bytes != entry.end - entry.begin) {
    return Damaged(name, "its shape does not fit its " + std::to_string(entry.end - entry.begin) + " bytes");
  }
  return entry;
}

Status ReadMetadata(const Json& json, TensorFile& file) {
  if (!json.is_object()) return Damaged("__metadata__ is not an object");
  for (const auto& [key, value] : json.items()) {
    if (!value.is_string()) return Damaged("__metadata__ \"" + key + "\" is not a string");
    file.metadata.emplace(key, value.get<std::string>());
  }
  return OkStatus();
}

}  // namespace

std::string EncodeSafetensors(const TensorFile& file) {
  Json header = Json::object();
  if (!file.metadata.empty()) {
    for (const auto& [key, value] : file.metadata) header[std::string(kMetadata)][key] = value;
  }
  std::size_t size = 0;
  for (const auto& [name, tensor] : file.tensors) {
    header[name] = {{"dtype", gnn::Name(tensor.dtype)},
                    {"shape", tensor.shape},
                    {"data_offsets", {size, size + tensor.bytes.size()}}};
    size += tensor.bytes.size();
  }
  std::string text = header.dump(-1, ' ', false, Json::error_handler_t::replace);
  text.resize((text.size() + 7) / 8 * 8, ' ');  // the data starts at a multiple of eight, as other writers have it

  std::string out(kPrefix, '\0');
  const std::uint64_t length = text.size();
  static_assert(std::endian::native == std::endian::little);
  std::memcpy(out.data(), &length, kPrefix);
  out.reserve(kPrefix + text.size() + size);
  out += text;
  for (const auto& [name, tensor] : file.tensors) {
    out.append(reinterpret_cast<const char*>(tensor.bytes.data()), tensor.bytes.size());
  }
  return out;
}

Result<TensorFile> DecodeSafetensors(std::string_view bytes) {
  if (bytes.size() < kPrefix) {
    return Damaged("expected at least 8 bytes, found " + std::to_string(bytes.size()));
  }
  std::uint64_t length = 0;
  std::memcpy(&length, bytes.data(), kPrefix);
  if (length > kMaxHeader || length > bytes.size() - kPrefix) {
    return Damaged("the header is said to take " + std::to_string(length) + " bytes, the file has " +
                   std::to_string(bytes.size() - kPrefix) + " after its first eight");
  }
  KITH_ASSIGN_OR_RETURN(const Json header, ParseHeader(bytes.substr(kPrefix, length)));
  const std::string_view data = bytes.substr(kPrefix + length);

  TensorFile file;
  std::vector<Entry> entries;
  for (const auto& [name, json] : header.items()) {
    if (name == kMetadata) {
      KITH_RETURN_IF_ERROR(ReadMetadata(json, file));
      continue;
    }
    KITH_ASSIGN_OR_RETURN(Entry entry, ReadEntry(name, json, data.size()));
    entries.push_back(std::move(entry));
  }
  std::sort(entries.begin(), entries.end(),
            [](const Entry& a, const Entry& b) { return std::pair(a.begin, a.end) < std::pair(b.begin, b.end); });
  std::size_t expected = 0;
  for (const Entry& entry : entries) {
    if (entry.begin != expected) {
      return Damaged(entry.name, "expected to start at byte " + std::to_string(expected) + " of the data, found " +
                                     std::to_string(entry.begin) + " (a hole or an overlap)");
    }
    expected = entry.end;
  }
  if (expected != data.size()) {
    return Damaged("the tensors take " + std::to_string(expected) + " bytes, the file has " +
                   std::to_string(data.size()));
  }
  for (Entry& entry : entries) {
    const auto* begin = reinterpret_cast<const std::byte*>(data.data()) + entry.begin;
    entry.tensor.bytes.assign(begin, begin + (entry.end - entry.begin));
    file.tensors.emplace(std::move(entry.name), std::move(entry.tensor));
  }
  return file;
}

}  // namespace kith
