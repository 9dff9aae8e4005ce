#include "kith/gnn/safetensors.h"

#include <gtest/gtest.h>

#include <cstring>

#include "gnn/random_block.h"

namespace kith {
namespace {

TensorFile SmallFile() {
  TensorFile file;
  file.metadata["format"] = "kith";
  file.metadata["note"] = "quote \" and \xC3\xA9";
  file.tensors["embeddings"] = Tensor::Of(testing::RandomMatrix<float>(3, 2, 1));
  file.tensors["counts"] = Tensor::Of(std::span<const std::uint64_t>(std::vector<std::uint64_t>{1, 1ULL << 40}));
  file.tensors["ids"] = Tensor::Of(std::span<const std::uint32_t>(std::vector<std::uint32_t>{7, 0, 4000000000U}));
  file.tensors["gates"] = Tensor::Of(std::span<const double>(std::vector<double>{0.5, -1e300}));
  file.tensors["scale"] = Tensor::Of(std::span<const float>(std::vector<float>{}));
  file.tensors["flags"] = Tensor{.dtype = DType::kU8, .shape = {1, 1, 3}, .bytes = std::vector<std::byte>(3)};
  file.tensors["scalar"] = Tensor{.dtype = DType::kF32, .shape = {}, .bytes = std::vector<std::byte>(4)};
  return file;
}

/// A file with this header and so many bytes of data.
std::string Handmade(const std::string& header, std::size_t data) {
  std::string bytes(8, '\0');
  const std::uint64_t size = header.size();
  std::memcpy(bytes.data(), &size, 8);
  return bytes + header + std::string(data, 'x');
}

Status StatusOf(const std::string& header, std::size_t data) {
  return DecodeSafetensors(Handmade(header, data)).status();
}

void ExpectCorruption(const std::string& header, std::size_t data, std::string_view word) {
  const Status status = StatusOf(header, data);
  EXPECT_EQ(status.code(), StatusCode::kCorruption) << header;
  EXPECT_NE(status.message().find(word), std::string_view::npos) << status.message();
}

TEST(Safetensors, ReadsBackWhatItWrote) {
  const TensorFile file = SmallFile();
  const TensorFile read = DecodeSafetensors(EncodeSafetensors(file)).value();
  EXPECT_EQ(read.metadata, file.metadata);
  ASSERT_EQ(read.tensors.size(), file.tensors.size());
  for (const auto& [name, tensor] : file.tensors) {
    const Tensor& found = *read.Find(name).value();
    EXPECT_EQ(found.dtype, tensor.dtype) << name;
    EXPECT_EQ(found.shape, tensor.shape) << name;
    EXPECT_EQ(found.bytes, tensor.bytes) << name;
  }
  EXPECT_TRUE(
      testing::SameBits(read.Find("embeddings").value()->AsMatrix().value(), testing::RandomMatrix<float>(3, 2, 1)));
  EXPECT_EQ(read.Find("counts").value()->AsU64().value(), (std::vector<std::uint64_t>{1, 1ULL << 40}));
  EXPECT_EQ(read.Find("ids").value()->AsU32().value(), (std::vector<std::uint32_t>{7, 0, 4000000000U}));
  EXPECT_EQ(read.Find("gates").value()->AsDoubles().value(), (std::vector<double>{0.5, -1e300}));
  EXPECT_TRUE(read.Find("scale").value()->AsFloats().value().empty());
}

TEST(Safetensors, WritesTheFormatByteForByte) {
  TensorFile file;
  file.tensors["b"] = Tensor::Of(std::span<const std::uint32_t>(std::vector<std::uint32_t>{258}));
  file.tensors["a"] = Tensor{.dtype = DType::kU8, .shape = {2}, .bytes = {std::byte{9}, std::byte{8}}};
  std::string header =
      R"({"a":{"data_offsets":[0,2],"dtype":"U8","shape":[2]},"b":{"data_offsets":[2,6],"dtype":"U32","shape":[1]}})";
  header.resize((header.size() + 7) / 8 * 8, ' ');
  std::string expected = Handmade(header, 0);
  expected += std::string("\x09\x08\x02\x01\x00\x00", 6);
  EXPECT_EQ(EncodeSafetensors(file), expected);
}

TEST(Safetensors, ReadsAFileOfAnotherWriter) {
  // Tensors out of name order, spaces in the header, as the reference writer may leave them.
  const std::string header = R"({"__metadata__":{"by":"other"}, "z":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},)"
                             R"( "a":{"dtype":"U8","shape":[],"data_offsets":[2,3]}}   )";
  const TensorFile file = DecodeSafetensors(Handmade(header, 3)).value();
  EXPECT_EQ(file.metadata.at("by"), "other");
  EXPECT_EQ(file.tensors.at("z").bytes.size(), 2U);
  EXPECT_TRUE(file.tensors.at("a").shape.empty());
}

TEST(Safetensors, HoldsAnEmptyFile) { EXPECT_TRUE(DecodeSafetensors(EncodeSafetensors({})).value().tensors.empty()); }

TEST(Safetensors, EveryTruncationIsCorruption) {
  const std::string bytes = EncodeSafetensors(SmallFile());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_EQ(DecodeSafetensors(std::string_view(bytes).substr(0, size)).status().code(), StatusCode::kCorruption)
        << size;
  }
  EXPECT_EQ(DecodeSafetensors(bytes + "x").status().code(), StatusCode::kCorruption);
}

TEST(Safetensors, AFlippedByteIsCorruptionOrAnotherValidFile) {
  const std::string bytes = EncodeSafetensors(SmallFile());
  std::size_t refused = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    for (unsigned flip = 1; flip < 256; flip = flip * 2 + 1) {
      std::string damaged = bytes;
      damaged[i] = static_cast<char>(static_cast<unsigned char>(damaged[i]) ^ flip);
      const auto read = DecodeSafetensors(damaged);
      if (!read.ok()) {
        EXPECT_EQ(read.status().code(), StatusCode::kCorruption);
        ++refused;
        continue;
      }
      std::size_t data = 0;
      for (const auto& [name, tensor] : read->tensors) data += tensor.bytes.size();
      EXPECT_LT(data, bytes.size());
    }
  }
  EXPECT_GT(refused, bytes.size());
}

TEST(Safetensors, NamesWhatIsDamaged) {
  ExpectCorruption(R"([])", 0, "object");
  ExpectCorruption(R"({"a":)", 0, "object");
  ExpectCorruption(R"({"a":3})", 0, "\"a\"");
  ExpectCorruption(R"({"a":{"dtype":"BF16","shape":[1],"data_offsets":[0,2]}})", 2, "BF16");
  ExpectCorruption(R"({"a":{"dtype":"U8","shape":[1.5],"data_offsets":[0,1]}})", 1, "shape");
  ExpectCorruption(R"({"a":{"dtype":"U8","shape":[-1],"data_offsets":[0,1]}})", 1, "shape");
  ExpectCorruption(R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,1]}})", 1, "shape");
  ExpectCorruption(R"({"a":{"dtype":"F64","shape":[4294967296,4294967296],"data_offsets":[0,0]}})", 0, "shape");
  ExpectCorruption(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[1,0]}})", 1, "data_offsets");
  ExpectCorruption(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,9]}})", 1, "data_offsets");
  ExpectCorruption(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0]}})", 1, "data_offsets");
  ExpectCorruption(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}})", 2, "hole");
  ExpectCorruption(
      R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}})", 3,
      "overlap");
  ExpectCorruption(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})", 2, "the file has 2");
  ExpectCorruption(
      R"({"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}})", 0,
      "twice");
  ExpectCorruption(R"({"a":{"dtype":"U8","dtype":"U8","shape":[0],"data_offsets":[0,0]}})", 0, "twice");
  ExpectCorruption(R"({"__metadata__":{"a":1}})", 0, "__metadata__");
  ExpectCorruption(R"({"__metadata__":[]})", 0, "__metadata__");
  ExpectCorruption("{\"\xFF\":{}}", 0, "object");
  ExpectCorruption(R"({"a":)" + std::string(100000, '[') + std::string(100000, ']') + "}", 0, "deeper");
}

TEST(Safetensors, BelievesNoHeaderSizeBeyondTheFile) {
  for (const std::uint64_t size : {std::uint64_t{3}, std::uint64_t{1} << 40, ~std::uint64_t{0}}) {
    std::string bytes(10, '\0');
    std::memcpy(bytes.data(), &size, 8);
    EXPECT_EQ(DecodeSafetensors(bytes).status().code(), StatusCode::kCorruption);
  }
}

TEST(Tensor, SaysSoWhenReadAsSomethingElse) {
  const TensorFile file = SmallFile();
  const Tensor& matrix = file.tensors.at("embeddings");
  EXPECT_EQ(matrix.AsFloats().status().code(), StatusCode::kCorruption);
  EXPECT_EQ(matrix.AsU32().status().code(), StatusCode::kCorruption);
  EXPECT_EQ(file.tensors.at("ids").AsMatrix().status().code(), StatusCode::kCorruption);
  EXPECT_EQ(file.tensors.at("gates").AsU64().status().code(), StatusCode::kCorruption);
  Tensor short_one = matrix;
  short_one.bytes.pop_back();
  EXPECT_EQ(short_one.AsMatrix().status().code(), StatusCode::kCorruption);
  Tensor negative{.dtype = DType::kI64, .shape = {1}, .bytes = std::vector<std::byte>(8, std::byte{0xFF})};
  EXPECT_EQ(negative.AsU64().status().code(), StatusCode::kCorruption);
}

TEST(TensorFile, SaysWhichTensorIsMissing) {
  const TensorFile file = SmallFile();
  const Status missing = file.Find("bias").status();
  EXPECT_EQ(missing.code(), StatusCode::kCorruption);
  EXPECT_NE(missing.message().find("\"bias\""), std::string_view::npos);
}

}  // namespace
}  // namespace kith
