// SPDX-License-Identifier: BSD-3-Clause
#include "encoder/files/checkpoint_reader.h"

#include <algorithm>
#include <cstring>
#include <random>
#include <set>

#include <nlohmann/json.hpp>

#include "tests/encoder/files/checkpoint_builder.h"
#include "tests/support/test_support.h"

namespace sightline::encoder {
namespace {

using nlohmann::json;
using ::sightline::testing::IsError;
using ::sightline::testing::IsErrorWith;
using ::sightline::testing::IsOk;
using ::sightline::testing::ReadTestFile;
using ::sightline::testing::TempDir;
using ::sightline::testing::TestData;
using ::sightline::testing::WriteTestFile;

constexpr auto kCorrupt = ErrorCode::kCorruption;

std::string Floats(std::initializer_list<float> values) {
  std::string bytes;
  for (const float value : values) bytes += Raw(value);
  return bytes;
}

json ReadJson(std::string_view name) { return json::parse(ReadTestFile(TestData(name))); }

/// As the config of checkpoint.json spells it.
json ToJson(const PlainValue& value) {
  if (const auto* flag = value.As<bool>()) return *flag;
  if (const auto* integer = value.As<int64_t>()) return *integer;
  if (const auto* number = value.As<double>()) return *number;
  if (const auto* text = value.As<std::string>()) return *text;
  if (const auto* list = value.As<PlainValue::List>()) {
    json array = json::array();
    for (const PlainValue& item : *list) array.push_back(ToJson(item));
    return array;
  }
  if (const auto* dict = value.As<PlainValue::Dict>()) {
    json object = json::object();
    for (const auto& [key, item] : *dict) object[key] = ToJson(item);
    return object;
  }
  return nullptr;
}

/// Element (i0, i1, ..) straight from the definition in CheckpointTensor.
std::vector<std::byte> CopyByDefinition(const CheckpointTensor& tensor) {
  const size_t size = SizeOf(tensor.dtype);
  std::vector<std::byte> out;
  for (uint64_t i = 0; i < *ElementCount(tensor.shape); ++i) {
    uint64_t rest = i, element = tensor.offset;
    for (size_t d = tensor.shape.size(); d-- > 0;) {
      const auto extent = static_cast<uint64_t>(tensor.shape[d]);
      element += rest % extent * static_cast<uint64_t>(tensor.stride[d]);
      rest /= extent;
    }
    const auto bytes = tensor.storage.subspan(element * size, size);
    out.insert(out.end(), bytes.begin(), bytes.end());
  }
  return out;
}

class CheckpointTest : public ::testing::Test {
 protected:
  Result<Checkpoint> OpenBytes(const std::string& bytes) {
    WriteTestFile(dir_ / "test.th", bytes);
    return Checkpoint::Open(dir_ / "test.th");
  }
  TempDir dir_;
};
using CheckpointMalformedTest = CheckpointTest;

class CheckpointParityTest : public ::testing::TestWithParam<const char*> {};

TEST_P(CheckpointParityTest, LayoutIsThatOfTheReference) {
  const auto checkpoint = Checkpoint::Open(TestData(GetParam()));
  ASSERT_THAT(checkpoint, IsOk());
  const json expected = ReadJson("retrieval_tiny/checkpoint.json");
  ASSERT_EQ(checkpoint->tensors().size(), expected["keys"].size());
  for (const auto& [name, layout] : expected["keys"].items()) {
    const auto found = checkpoint->tensors().find(name);
    ASSERT_NE(found, checkpoint->tensors().end()) << name;
    const CheckpointTensor& tensor = found->second;
    EXPECT_EQ(tensor.shape, layout["shape"].get<Shape>()) << name;
    EXPECT_EQ(tensor.stride, layout["stride"].get<Shape>()) << name;
    EXPECT_EQ(tensor.offset, layout["storage_offset"].get<uint64_t>()) << name;
    EXPECT_EQ(tensor.dtype, layout["dtype"] == "int64" ? DType::kI64 : DType::kF32) << name;
    EXPECT_EQ(tensor.storage.size() / SizeOf(tensor.dtype), layout["storage_numel"].get<size_t>()) << name;
  }
}

TEST_P(CheckpointParityTest, SharedStoragesAreShared) {
  const auto checkpoint = Checkpoint::Open(TestData(GetParam()));
  ASSERT_THAT(checkpoint, IsOk());
  std::map<const std::byte*, std::set<std::string>> by_storage;
  for (const auto& [name, tensor] : checkpoint->tensors()) by_storage[tensor.storage.data()].insert(name);
  std::set<std::set<std::string>> shared, expected;
  for (const auto& [data, names] : by_storage) {
    if (names.size() > 1) shared.insert(names);
  }
  const json groups = ReadJson("retrieval_tiny/checkpoint.json")["shared_storage"];
  for (const auto& group : groups) expected.insert(group.get<std::set<std::string>>());
  ASSERT_FALSE(expected.empty());
  EXPECT_EQ(shared, expected);
}

TEST_P(CheckpointParityTest, ConfigIsThatOfTheReference) {
  const auto checkpoint = Checkpoint::Open(TestData(GetParam()));
  ASSERT_THAT(checkpoint, IsOk());
  EXPECT_EQ(ToJson(checkpoint->config()), ReadJson("retrieval_tiny/checkpoint.json")["config"]);
}

TEST_P(CheckpointParityTest, CopiesHonourStrides) {
  const auto checkpoint = Checkpoint::Open(TestData(GetParam()));
  ASSERT_THAT(checkpoint, IsOk());
  size_t strided = 0;
  for (const auto& [name, tensor] : checkpoint->tensors()) {
    EXPECT_EQ(CopyElements(tensor), CopyByDefinition(tensor)) << name;
    if (tensor.shape.size() > 1 && tensor.stride.back() != 1) ++strided;
  }
  EXPECT_GE(strided, 2U) << "the fixture has a transposed and a spread out tensor";
}

INSTANTIATE_TEST_SUITE_P(Containers, CheckpointParityTest,
                         ::testing::Values("retrieval_tiny/model.th", "retrieval_tiny/model_legacy.th"),
                         [](const auto& file) { return file.index == 0 ? "Zip" : "Legacy"; });

TEST(CheckpointContainersParityTest, ZipAndLegacyHoldTheSame) {
  const auto zip = Checkpoint::Open(TestData("retrieval_tiny/model.th"));
  const auto legacy = Checkpoint::Open(TestData("retrieval_tiny/model_legacy.th"));
  ASSERT_THAT(zip, IsOk());
  ASSERT_THAT(legacy, IsOk());
  ASSERT_EQ(zip->tensors().size(), legacy->tensors().size());
  for (const auto& [name, tensor] : zip->tensors()) {
    EXPECT_EQ(CopyElements(tensor), CopyElements(legacy->tensors().at(name))) << name;
  }
}

TEST(CheckpointContainersParityTest, EveryPytorchGenerationHoldsTheSame) {
  const auto recent = Checkpoint::Open(TestData("pretrain_tiny/pretrain_64.th"));
  const auto old = Checkpoint::Open(TestData("pretrain_tiny/pretrain_64_torch113.th"));
  ASSERT_THAT(recent, IsOk());
  ASSERT_THAT(old, IsOk());
  const json keys = ReadJson("pretrain_tiny/keys.json");
  ASSERT_EQ(recent->tensors().size(), keys["pretrain_64_keys"].size());
  for (const auto& [name, shape] : keys["pretrain_64_keys"].items()) {
    ASSERT_TRUE(recent->tensors().contains(name) && old->tensors().contains(name)) << name;
    EXPECT_EQ(recent->tensors().at(name).shape, shape.get<Shape>()) << name;
    EXPECT_EQ(CopyElements(recent->tensors().at(name)), CopyElements(old->tensors().at(name))) << name;
  }
  EXPECT_EQ(recent->tensors().at("text_encoder.cls.predictions.decoder.weight").storage.data(),
            recent->tensors().at("text_encoder.bert.embeddings.word_embeddings.weight").storage.data())
      << "tied weights stay one storage";
  EXPECT_THAT(Checkpoint::Open(TestData("pretrain_tiny/pretrain_96.th")), IsOk());
}

TEST_F(CheckpointTest, BothContainersAreRead) {
  const std::string pickle = MakeModelPickle(4, 1, {2}, {2});
  for (const std::string& file : {MakeZipCheckpoint(pickle, {{"0", Floats({1, 2, 3, 4})}}),
                                  MakeLegacyCheckpoint(pickle, {{"0", Floats({1, 2, 3, 4})}})}) {
    const auto checkpoint = OpenBytes(file);
    ASSERT_THAT(checkpoint, IsOk());
    const auto values = CopyFloats(checkpoint->tensors().at("w"));
    ASSERT_THAT(values, IsOk());
    EXPECT_EQ(*values, (std::vector<float>{2, 4}));
    EXPECT_NE(checkpoint->config().As<std::monostate>(), nullptr);
  }
}

TEST_F(CheckpointTest, ADictionaryWithoutModelIsTheStateDict) {
  const std::string pickle = PickleBuilder().Op("}").Text("w").Tensor("0", 1, 0, {}, {}).Op("s").Stop();
  const auto checkpoint = OpenBytes(MakeZipCheckpoint(pickle, {{"0", Floats({7})}}));
  ASSERT_THAT(checkpoint, IsOk());
  EXPECT_EQ(checkpoint->tensors().at("w").shape, Shape{});
}

TEST_F(CheckpointTest, IntegersAreNoFloats) {
  const auto checkpoint = Checkpoint::Open(TestData("retrieval_tiny/model.th"));
  ASSERT_THAT(checkpoint, IsOk());
  EXPECT_THAT(CopyFloats(checkpoint->tensors().at("text_encoder.embeddings.position_ids")),
              IsErrorWith(ErrorCode::kInvalidArgument, "I64"));
}

TEST_F(CheckpointMalformedTest, OtherFilesAreNoCheckpoints) {
  EXPECT_THAT(Checkpoint::Open(dir_ / "none.th"), IsError(ErrorCode::kNotFound));
  EXPECT_THAT(Checkpoint::Open(dir_.path()), IsError(ErrorCode::kInvalidArgument));
  for (const char* content : {"", "P", "<html>not found</html>", "\x80\x02", "\x80\x04N."}) {
    EXPECT_THAT(OpenBytes(content), IsErrorWith(kCorrupt, "test.th: not a checkpoint")) << content;
  }
  EXPECT_THAT(OpenBytes(MakeZip({{"word/document.xml", "<x/>"}})), IsErrorWith(kCorrupt, "no data.pkl"));
  EXPECT_THAT(OpenBytes(MakeZip({{"a/data.pkl", ""}, {"b/data.pkl", ""}})), IsErrorWith(kCorrupt, "more than one"));
}

TEST_F(CheckpointMalformedTest, UnknownGlobalIsNamed) {
  const std::string pickle = PickleBuilder().Global("posix", "system").Op("(").Text("id").Op("tR").Stop();
  EXPECT_THAT(OpenBytes(MakeZipCheckpoint(pickle, {})), IsErrorWith(ErrorCode::kUnsupported, "posix.system"));
  EXPECT_THAT(OpenBytes(MakeLegacyCheckpoint(pickle, {})), IsErrorWith(ErrorCode::kUnsupported, "posix.system"));
}

TEST_F(CheckpointMalformedTest, MissingOrShortStorageIsNamed) {
  const std::string pickle = MakeModelPickle(4, 0, {4}, {1});
  EXPECT_THAT(OpenBytes(MakeZipCheckpoint(pickle, {})), IsErrorWith(kCorrupt, "w: storage 0 is missing"));
  EXPECT_THAT(OpenBytes(MakeZipCheckpoint(pickle, {{"0", Floats({1, 2, 3})}})),
              IsErrorWith(kCorrupt, "w: storage 0 has 12 bytes, the object says 16"));
  EXPECT_THAT(OpenBytes(MakeLegacyCheckpoint(pickle, {})), IsErrorWith(kCorrupt, "w: storage 0 is missing"));
  EXPECT_THAT(OpenBytes(MakeLegacyCheckpoint(pickle, {{"0", Floats({1, 2, 3})}})),
              IsErrorWith(kCorrupt, "storage 0 has 3 elements, the object says 4"));
}

TEST_F(CheckpointMalformedTest, HugeTensorIsRefusedWithoutAllocatingIt) {
  const int64_t huge = int64_t{1} << 46;
  const std::string pickle = MakeModelPickle(huge, 0, {huge}, {1});
  EXPECT_THAT(OpenBytes(MakeZipCheckpoint(pickle, {{"0", Floats({1})}})),
              IsErrorWith(kCorrupt, "storage 0 has 4 bytes"));
  EXPECT_THAT(OpenBytes(MakeLegacyCheckpoint(pickle, {{"0", Floats({1})}})), IsErrorWith(kCorrupt, "storage 0"));
}

TEST_F(CheckpointMalformedTest, TensorOutsideItsStorageIsRefused) {
  const std::string pickle = MakeModelPickle(4, 1, {4}, {1});
  EXPECT_THAT(OpenBytes(MakeZipCheckpoint(pickle, {{"0", Floats({1, 2, 3, 4})}})),
              IsErrorWith(kCorrupt, "reaches outside"));
}

TEST_F(CheckpointMalformedTest, StorageKeysAreNoPaths) {
  const std::string pickle = PickleBuilder().Op("}").Text("w").Tensor("../version", 1, 0, {1}, {1}).Op("s").Stop();
  EXPECT_THAT(OpenBytes(MakeZipCheckpoint(pickle, {})), IsErrorWith(kCorrupt, "storage ../version is missing"));
}

TEST_F(CheckpointMalformedTest, OneKeyForTwoKindsOfStorageIsRefused) {
  const std::string pickle = PickleBuilder()
                                 .Op("}(")
                                 .Text("a")
                                 .Tensor("0", 2, 0, {2}, {1})
                                 .Text("b")
                                 .Tensor("0", 3, 0, {3}, {1})
                                 .Op("u")
                                 .Stop();
  EXPECT_THAT(OpenBytes(MakeZipCheckpoint(pickle, {{"0", Floats({1, 2})}})), IsErrorWith(kCorrupt, "b: storage 0"));
  EXPECT_THAT(OpenBytes(MakeLegacyCheckpoint(pickle, {{"0", Floats({1, 2})}})), IsErrorWith(kCorrupt, "two ways"));
}

TEST_F(CheckpointMalformedTest, ObjectsThatAreNoStateDictAreRefused) {
  const auto opening = [this](PickleBuilder builder) { return OpenBytes(MakeZipCheckpoint(builder.Stop(), {})); };
  EXPECT_THAT(opening(PickleBuilder().Op("]")), IsErrorWith(kCorrupt, "not a dictionary"));
  EXPECT_THAT(opening(PickleBuilder().Op("}")), IsErrorWith(kCorrupt, "no tensors"));
  EXPECT_THAT(opening(PickleBuilder().Op("}").Text("model").Op("Ns")), IsErrorWith(kCorrupt, "`model`"));
  EXPECT_THAT(opening(PickleBuilder().Op("}").Text("epoch").Op("K\x01s")), IsErrorWith(kCorrupt, "epoch is no tensor"));
  EXPECT_THAT(opening(PickleBuilder().Op("}K\x01K\x01s")), IsErrorWith(kCorrupt, "no text"));
}

TEST_F(CheckpointMalformedTest, AKeyThatComesTwiceIsRefused) {
  const std::string pickle = PickleBuilder()
                                 .Op("}(")
                                 .Text("a")
                                 .Tensor("0", 1, 0, {1}, {1})
                                 .Text("a")
                                 .Tensor("0", 1, 0, {1}, {1})
                                 .Op("u")
                                 .Stop();
  EXPECT_THAT(OpenBytes(MakeZipCheckpoint(pickle, {{"0", Floats({1})}})), IsErrorWith(kCorrupt, "a comes twice"));
}

TEST_F(CheckpointMalformedTest, BigEndianFilesAreUnsupported) {
  const std::string pickle = MakeModelPickle(1, 0, {1}, {1});
  EXPECT_THAT(OpenBytes(MakeZip({{"a/data.pkl", pickle}, {"a/data/0", Floats({1})}, {"a/byteorder", "big"}})),
              IsErrorWith(ErrorCode::kUnsupported, "big"));
  std::string legacy = MakeLegacyCheckpoint(pickle, {{"0", Floats({1})}});
  legacy[legacy.find('\x88')] = '\x89';
  EXPECT_THAT(OpenBytes(legacy), IsErrorWith(ErrorCode::kUnsupported, "big-endian"));
}

TEST_F(CheckpointMalformedTest, EveryTruncationIsAnError) {
  const std::string pickle = MakeModelPickle(4, 0, {4}, {1});
  for (const std::string& file : {MakeZipCheckpoint(pickle, {{"0", Floats({1, 2, 3, 4})}}),
                                  MakeLegacyCheckpoint(pickle, {{"0", Floats({1, 2, 3, 4})}})}) {
    ASSERT_THAT(Checkpoint::FromBytes(AsBytes(file)), IsOk());
    for (size_t length = 0; length < file.size(); ++length) {
      EXPECT_THAT(Checkpoint::FromBytes(AsBytes(file).first(length)), IsError(kCorrupt)) << length;
    }
  }
}

/// Opens damaged bytes and copies whatever is found: an error or values, never a crash.
bool OpenAndCopy(std::span<const std::byte> bytes) {
  const auto checkpoint = Checkpoint::FromBytes(bytes);
  if (!checkpoint) {
    EXPECT_NE(checkpoint.error().code, ErrorCode::kInternal) << checkpoint.error().message;
    return false;
  }
  for (const auto& [name, tensor] : checkpoint->tensors()) CopyElements(tensor);
  return true;
}

class CheckpointFuzzTest : public ::testing::TestWithParam<const char*> {};

// Deterministic: 1500 damaged versions of each file. Damage goes where structure is, not into the weights: one to eight
// bytes of the pickle in front or of the zip directory at the end, and a truncation now and then.
TEST_P(CheckpointFuzzTest, DamagedFilesNeverCrash) {
  std::string bytes = ReadTestFile(TestData(GetParam()));
  constexpr size_t kStructureBytes = 45000;
  ASSERT_GT(bytes.size(), 2 * kStructureBytes);
  std::mt19937 random(4711);
  size_t opened = 0;
  for (int round = 0; round < 1500; ++round) {
    std::vector<std::pair<size_t, char>> undo;
    for (size_t flips = 1 + random() % 8; flips > 0; --flips) {
      const size_t distance = random() % kStructureBytes;
      const size_t at = random() % 3 > 0 ? distance : bytes.size() - 1 - distance;
      undo.emplace_back(at, bytes[at]);
      bytes[at] = static_cast<char>(random() % 256);
    }
    const size_t length = round % 5 == 0 ? random() % bytes.size() : bytes.size();
    if (OpenAndCopy(AsBytes(bytes).first(length))) ++opened;
    for (auto change = undo.rbegin(); change != undo.rend(); ++change) bytes[change->first] = change->second;
  }
  EXPECT_GT(opened, 0U) << "some damage must reach the tensors";
  EXPECT_LT(opened, 1500U) << "some damage must be noticed";
  EXPECT_TRUE(OpenAndCopy(AsBytes(bytes))) << "without damage it opens";
}

INSTANTIATE_TEST_SUITE_P(Containers, CheckpointFuzzTest,
                         ::testing::Values("pretrain_tiny/pretrain_64.th", "pretrain_tiny/pretrain_64_torch113.th",
                                           "retrieval_tiny/model_legacy.th"),
                         [](const auto& file) { return std::string("File").append(std::to_string(file.index)); });

}  // namespace
}  // namespace sightline::encoder
