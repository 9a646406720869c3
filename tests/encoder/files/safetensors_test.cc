// SPDX-License-Identifier: BSD-3-Clause
#include "encoder/files/safetensors.h"

#include <cmath>
#include <cstring>
#include <limits>

#include "base/token_matrix.h"
#include "tests/support/test_support.h"

namespace sightline::encoder {
namespace {

using ::sightline::testing::IsError;
using ::sightline::testing::IsErrorWith;
using ::sightline::testing::IsOk;
using ::sightline::testing::ReadTestFile;
using ::sightline::testing::SourceTree;
using ::sightline::testing::TempDir;
using ::sightline::testing::TestData;
using ::sightline::testing::WriteTestFile;

constexpr auto kCorrupt = ErrorCode::kCorruption;

template <typename T>
std::vector<std::byte> BytesOf(std::initializer_list<T> values) {
  std::vector<std::byte> bytes(values.size() * sizeof(T));
  std::memcpy(bytes.data(), std::data(values), bytes.size());
  return bytes;
}

std::string WithHeader(const std::string& header, size_t data_bytes) {
  const uint64_t length = header.size();
  std::string file(reinterpret_cast<const char*>(&length), sizeof(length));
  return file + header + std::string(data_bytes, '\1');
}

class SafetensorsTest : public ::testing::Test {
 protected:
  Result<SafetensorsFile> OpenBytes(const std::string& bytes) {
    const auto path = dir_ / "test.safetensors";
    WriteTestFile(path, bytes);
    return SafetensorsFile::Open(path);
  }
  Result<SafetensorsFile> OpenHeader(const std::string& header, size_t data_bytes) {
    return OpenBytes(WithHeader(header, data_bytes));
  }
  /// One F32 tensor "a" of shape (2) with these data_offsets in a file with 8 bytes of data.
  Result<SafetensorsFile> OpenOffsets(const std::string& offsets) {
    return OpenHeader(R"({"a": {"dtype": "F32", "shape": [2], "data_offsets": )" + offsets + "}}", 8);
  }
  Result<SafetensorsFile> OpenShape(const std::string& shape) {
    return OpenHeader(R"({"a": {"dtype": "F32", "shape": )" + shape + R"(, "data_offsets": [0, 8]}})", 8);
  }

  TempDir dir_;
};
using SafetensorsMalformedTest = SafetensorsTest;

TEST_F(SafetensorsTest, ReadsAFixtureOfAnotherWriter) {
  const auto file = SafetensorsFile::Open(TestData("retrieval_tiny/expected.safetensors"));
  ASSERT_THAT(file, IsOk());
  const TensorView* const tokens = file->Find("vision_tokens");
  ASSERT_NE(tokens, nullptr);
  EXPECT_EQ(tokens->dtype, DType::kF32);
  EXPECT_EQ(tokens->shape, (Shape{3, 17, 64}));
  std::vector<float> features(3 * 32);
  ASSERT_THAT(file->ReadFloats("image_feat", features), IsOk());
  for (size_t row = 0; row < 3; ++row) {
    double sum = 0;
    for (size_t i = 0; i < 32; ++i) sum += std::pow(features[row * 32 + i], 2);
    EXPECT_NEAR(sum, 1, 1e-6) << "features have unit length";
  }
  EXPECT_EQ(file->Find("no such tensor"), nullptr);
}

TEST_F(SafetensorsTest, ReadsTheSmallModelsFile) {
  const auto file = SafetensorsFile::Open(SourceTree("models/sightline-small/weights.safetensors"));
  ASSERT_THAT(file, IsOk());
  EXPECT_EQ(file->metadata().at("format"), "sightline-model/1");
  EXPECT_EQ(file->tensors().size(), 462U);
  EXPECT_EQ(file->Find("temp")->shape, Shape{});
  EXPECT_EQ(file->Find("text_encoder.embeddings.word_embeddings.weight")->dtype, DType::kI8);
}

TEST_F(SafetensorsTest, WrittenTensorsAreReadBack) {
  const auto path = dir_ / "out.safetensors";
  const std::vector<TensorToWrite> tensors = {{"bytes", DType::kU8, {3}},
                                              {"scalar", DType::kF32, {}},
                                              {"wide", DType::kI64, {1, 2}},
                                              {"empty", DType::kF16, {4, 0}}};
  const std::vector<std::vector<std::byte>> data = {
      BytesOf<uint8_t>({1, 2, 3}), BytesOf<float>({0.5F}), BytesOf<int64_t>({-1, 1LL << 40}), {}};
  ASSERT_THAT(WriteSafetensors(path, tensors, {{"made", "here"}},
                               [&](size_t i) -> Result<std::vector<std::byte>> { return data[i]; }),
              IsOk());
  const auto file = SafetensorsFile::Open(path);
  ASSERT_THAT(file, IsOk());
  EXPECT_EQ(file->metadata().at("made"), "here");
  for (size_t i = 0; i < tensors.size(); ++i) {
    const TensorView* const view = file->Find(tensors[i].name);
    ASSERT_NE(view, nullptr) << tensors[i].name;
    EXPECT_EQ(view->dtype, tensors[i].dtype);
    EXPECT_EQ(view->shape, tensors[i].shape);
    EXPECT_TRUE(std::equal(view->data.begin(), view->data.end(), data[i].begin(), data[i].end()));
    const auto address = reinterpret_cast<uintptr_t>(view->data.data());
    EXPECT_EQ(address % SizeOf(view->dtype), 0U) << tensors[i].name << " is aligned";
  }
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(dir_.path()), {}), 1) << "no temporary file stays";
}

TEST_F(SafetensorsTest, AFailedWriteLeavesTheOldFile) {
  const auto path = dir_ / "out.safetensors";
  WriteTestFile(path, "old");
  const std::vector<TensorToWrite> tensors = {{"a", DType::kF32, {2}}};
  EXPECT_THAT(WriteSafetensors(path, tensors, {},
                               [](size_t) -> Result<std::vector<std::byte>> {
                                 return Fail(ErrorCode::kCorruption, "cannot make it");
                               }),
              IsErrorWith(kCorrupt, "cannot make it"));
  EXPECT_THAT(
      WriteSafetensors(path, tensors, {}, [](size_t) -> Result<std::vector<std::byte>> { return BytesOf<float>({1}); }),
      IsErrorWith(ErrorCode::kInvalidArgument, "a: 4 bytes"));
  EXPECT_EQ(ReadTestFile(path), "old");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(dir_.path()), {}), 1) << "no temporary file stays";
}

TEST_F(SafetensorsTest, ImpossibleTensorsAreNotWritten) {
  const auto none = [](size_t) -> Result<std::vector<std::byte>> { return std::vector<std::byte>{}; };
  const std::vector<TensorToWrite> twice = {{"a", DType::kF32, {0}}, {"a", DType::kF32, {0}}};
  EXPECT_THAT(WriteSafetensors(dir_ / "x", twice, {}, none), IsErrorWith(ErrorCode::kInvalidArgument, "a: "));
  const std::vector<TensorToWrite> negative = {{"a", DType::kF32, {-1}}};
  EXPECT_THAT(WriteSafetensors(dir_ / "x", negative, {}, none), IsError(ErrorCode::kInvalidArgument));
  EXPECT_THAT(WriteSafetensors(dir_ / "no/such/folder/x", {}, {}, none), IsError(ErrorCode::kNotFound));
}

TEST_F(SafetensorsTest, HalvesExpandExactly) {
  const auto path = dir_ / "half.safetensors";
  const std::vector<TensorToWrite> tensors = {{"f16", DType::kF16, {4}}, {"bf16", DType::kBf16, {3}}};
  // IEEE binary16 1.0, -2.0, smallest subnormal, infinity; bfloat16 1.0, -2.0, 3.140625.
  const std::vector<std::vector<std::byte>> data = {BytesOf<uint16_t>({0x3c00, 0xc000, 0x0001, 0x7c00}),
                                                    BytesOf<uint16_t>({0x3f80, 0xc000, 0x4049})};
  ASSERT_THAT(WriteSafetensors(path, tensors, {}, [&](size_t i) -> Result<std::vector<std::byte>> { return data[i]; }),
              IsOk());
  const auto file = SafetensorsFile::Open(path);
  ASSERT_THAT(file, IsOk());
  std::vector<float> halves(4), brains(3);
  ASSERT_THAT(file->ReadFloats("f16", halves), IsOk());
  ASSERT_THAT(file->ReadFloats("bf16", brains), IsOk());
  EXPECT_EQ(halves, (std::vector<float>{1, -2, std::ldexp(1.0F, -24), std::numeric_limits<float>::infinity()}));
  EXPECT_EQ(brains, (std::vector<float>{1, -2, 3.140625F}));
}

TEST_F(SafetensorsTest, Int8ExpandsWithTheScaleOfItsRow) {
  const auto path = dir_ / "int8.safetensors";
  const std::vector<TensorToWrite> tensors = {{"w", DType::kI8, {2, 3}},
                                              {"w.scale", DType::kF32, {2}},
                                              {"bare", DType::kI8, {2}},
                                              {"odd", DType::kI8, {2}},
                                              {"odd.scale", DType::kF32, {1}}};
  const std::vector<std::vector<std::byte>> data = {BytesOf<int8_t>({1, -2, 127, -128, 0, 5}),
                                                    BytesOf<float>({0.5F, 2.0F}), BytesOf<int8_t>({1, 2}),
                                                    BytesOf<int8_t>({1, 2}), BytesOf<float>({1})};
  ASSERT_THAT(WriteSafetensors(path, tensors, {}, [&](size_t i) -> Result<std::vector<std::byte>> { return data[i]; }),
              IsOk());
  const auto file = SafetensorsFile::Open(path);
  ASSERT_THAT(file, IsOk());
  std::vector<float> values(6), two(2);
  ASSERT_THAT(file->ReadFloats("w", values), IsOk());
  EXPECT_EQ(values, (std::vector<float>{0.5F, -1, 63.5F, -256, 0, 10}));
  EXPECT_THAT(file->ReadFloats("w", two), IsErrorWith(ErrorCode::kInvalidArgument, "w: "));
  EXPECT_THAT(file->ReadFloats("bare", two), IsErrorWith(ErrorCode::kInvalidArgument, "bare: "));
  EXPECT_THAT(file->ReadFloats("odd", two), IsErrorWith(ErrorCode::kInvalidArgument, "odd: "));
  EXPECT_THAT(file->ReadFloats("none", two), IsErrorWith(ErrorCode::kNotFound, "none"));
}

TEST_F(SafetensorsMalformedTest, MissingFileIsNotFound) {
  EXPECT_THAT(SafetensorsFile::Open(dir_ / "none"), IsError(ErrorCode::kNotFound));
  EXPECT_THAT(SafetensorsFile::Open(dir_.path()), IsError(ErrorCode::kInvalidArgument));
}

TEST_F(SafetensorsMalformedTest, ShortAndEmptyFilesAreCorrupt) {
  EXPECT_THAT(OpenBytes(""), IsErrorWith(kCorrupt, "test.safetensors"));
  EXPECT_THAT(OpenBytes("1234567"), IsError(kCorrupt));
  EXPECT_THAT(OpenBytes(std::string(8, '\0')), IsError(kCorrupt));
}

TEST_F(SafetensorsMalformedTest, HeaderLengthBeyondTheFileIsCorrupt) {
  EXPECT_THAT(OpenBytes(std::string(8, '\xff') + "{}"), IsErrorWith(kCorrupt, "18446744073709551615"));
  EXPECT_THAT(OpenBytes(std::string("\3\0\0\0\0\0\0\0", 8) + "{}"), IsError(kCorrupt));
}

TEST_F(SafetensorsMalformedTest, HeaderThatIsNotAnObjectIsCorrupt) {
  for (const char* header : {"[]", "3", "{", "{\"a\": 1}", "{\"a\": {}}", "{\"__metadata__\": {\"a\": 1}}",
                             "{\"__metadata__\": 1}", "{\"a\": {\"dtype\": 1, \"shape\": [], \"data_offsets\": []}}"}) {
    EXPECT_THAT(OpenHeader(header, 0), IsError(kCorrupt)) << header;
  }
}

TEST_F(SafetensorsMalformedTest, UnknownElementTypeIsUnsupported) {
  EXPECT_THAT(OpenHeader(R"({"a": {"dtype": "F8_E4M3", "shape": [1], "data_offsets": [0, 1]}})", 1),
              IsErrorWith(ErrorCode::kUnsupported, "F8_E4M3"));
}

TEST_F(SafetensorsMalformedTest, OffsetsOutsideTheFileAreCorrupt) {
  ASSERT_THAT(OpenOffsets("[0, 8]"), IsOk());
  for (const char* offsets : {"[0, 9]", "[8, 16]", "[8, 0]", "[-8, 0]", "[0, 8.0]", "[0]", "[0, 8, 16]", "8",
                              "[18446744073709551608, 18446744073709551615]", "[1, 8]", "[0, 4]"}) {
    EXPECT_THAT(OpenOffsets(offsets), IsErrorWith(kCorrupt, "a: ")) << offsets;
  }
}

TEST_F(SafetensorsMalformedTest, ShapesThatDoNotFitTheDataAreCorrupt) {
  ASSERT_THAT(OpenShape("[2]"), IsOk());
  ASSERT_THAT(OpenShape("[2, 1, 1]"), IsOk());
  for (const char* shape : {"[1]", "[3]", "[-2]", "[2.0]", "2", "[]", "[0, 2]", "[9223372036854775808]",
                            "[4294967296, 4294967296]", "[4294967296, 4294967296, 2]", "[4611686018427387906]"}) {
    EXPECT_THAT(OpenShape(shape), IsErrorWith(kCorrupt, "a: ")) << shape;
  }
}

TEST_F(SafetensorsMalformedTest, OverlapAndHolesAreCorrupt) {
  const auto two = [](const std::string& a, const std::string& b) {
    return R"({"a": {"dtype": "U8", "shape": [4], "data_offsets": )" + a +
           R"(}, "b": {"dtype": "U8", "shape": [4], "data_offsets": )" + b + "}}";
  };
  ASSERT_THAT(OpenHeader(two("[0, 4]", "[4, 8]"), 8), IsOk());
  EXPECT_THAT(OpenHeader(two("[0, 4]", "[3, 7]"), 7), IsErrorWith(kCorrupt, "b: its data overlaps"));
  EXPECT_THAT(OpenHeader(two("[0, 4]", "[0, 4]"), 4), IsErrorWith(kCorrupt, "overlaps"));
  EXPECT_THAT(OpenHeader(two("[0, 4]", "[5, 9]"), 9), IsErrorWith(kCorrupt, "b: its data follows a hole"));
  EXPECT_THAT(OpenHeader(two("[0, 4]", "[4, 8]"), 9), IsErrorWith(kCorrupt, "behind the last tensor"));
}

TEST_F(SafetensorsMalformedTest, NoTruncationIsAccepted) {
  const std::string whole = WithHeader(
      R"({"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}, "b": {"dtype": "I8", "shape": [2, 2],)"
      R"( "data_offsets": [8, 12]}})",
      12);
  ASSERT_THAT(OpenBytes(whole), IsOk());
  for (size_t length = 0; length < whole.size(); ++length) {
    EXPECT_THAT(OpenBytes(whole.substr(0, length)), IsError(kCorrupt)) << length;
  }
}

}  // namespace
}  // namespace sightline::encoder
