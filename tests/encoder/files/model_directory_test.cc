// SPDX-License-Identifier: BSD-3-Clause
#include "encoder/files/model_directory.h"

#include <algorithm>

#include "encoder/files/fingerprint.h"
#include "encoder/files/weights.h"
#include "tests/support/test_support.h"

namespace sightline::encoder {
namespace {

using ::sightline::testing::IsError;
using ::sightline::testing::IsErrorWith;
using ::sightline::testing::IsOk;
using ::sightline::testing::SourceTree;
using ::sightline::testing::TempDir;
using ::sightline::testing::WriteTestFile;

constexpr auto kInvalid = ErrorCode::kInvalidArgument;

ModelConfig TinyConfig() {
  ModelConfig config;
  config.name = "tiny";
  config.vision = {.image_res = 32, .patch_size = 16, .width = 8, .depth = 1, .heads = 2, .mlp_width = 16};
  config.text = {
      .vocab_size = 5, .width = 8, .heads = 2, .mlp_width = 16, .layers = 2, .fusion_at = 1, .max_positions = 40};
  config.embed_dim = 4;
  return config;
}

Status WriteWeights(const std::filesystem::path& path, const std::vector<TensorToWrite>& tensors, std::byte fill) {
  return WriteSafetensors(path, tensors, {}, [&](size_t i) -> Result<std::vector<std::byte>> {
    return std::vector<std::byte>(*ElementCount(tensors[i].shape) * SizeOf(tensors[i].dtype), fill);
  });
}

/// A model directory of a few kilobytes that a test can damage.
class ModelDirectoryTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto weights = ExpectedWeights(config_);
    for (const WeightSpec& weight : *weights) {
      tensors_.push_back({weight.name, DType::kF32, weight.shape});
    }
    Write();
  }

  void Write(std::byte fill = std::byte{0}) {
    WriteTestFile(dir_ / "config.json", ModelConfigToJson(config_));
    WriteTestFile(dir_ / "vocab.txt", "a\nb\nc\nd\ne\n");
    ASSERT_THAT(WriteWeights(dir_ / "weights.safetensors", tensors_, fill), IsOk());
  }

  TensorToWrite& Tensor(std::string_view name) {
    return *std::find_if(tensors_.begin(), tensors_.end(), [&](const auto& t) { return t.name == name; });
  }

  auto Open() { return ModelDirectory::Open(dir_.path()); }
  std::string Fingerprint() {
    const auto model = Open();
    EXPECT_THAT(model, IsOk());
    return model ? model->fingerprint() : "";
  }

  TempDir dir_;
  ModelConfig config_ = TinyConfig();
  std::vector<TensorToWrite> tensors_;
};
using ModelDirectoryMalformedTest = ModelDirectoryTest;

TEST_F(ModelDirectoryTest, OpensTheSmallModel) {
  const auto model = ModelDirectory::Open(SourceTree("models/sightline-small"));
  ASSERT_THAT(model, IsOk());
  EXPECT_EQ(model->config().name, "sightline-small");
  EXPECT_EQ(model->calibration().coarse_weight, 256);
  EXPECT_EQ(model->fingerprint().size(), 64U);
  EXPECT_EQ(model->parameters(), ParameterCount(*ExpectedWeights(model->config())));
  EXPECT_TRUE(model->tokenizer_bytes().starts_with("[PAD]\n"));
}

TEST_F(ModelDirectoryTest, WithoutCalibrationTheMatchLogitAloneRanks) {
  const auto model = Open();
  ASSERT_THAT(model, IsOk());
  EXPECT_EQ(model->calibration().coarse_weight, 0);
  EXPECT_EQ(model->calibration().fitted_on, "");
  EXPECT_EQ(model->calibration().MatchProbability(0), 0.5);
}

TEST_F(ModelDirectoryTest, FingerprintChangesWithWhatChangesTheOutput) {
  const std::string original = Fingerprint();
  EXPECT_EQ(Fingerprint(), original);
  Write(std::byte{1});
  EXPECT_NE(Fingerprint(), original) << "weights";
  Write();
  EXPECT_EQ(Fingerprint(), original);
  WriteTestFile(dir_ / "vocab.txt", "a\nb\nc\ne\nd\n");
  EXPECT_NE(Fingerprint(), original) << "tokenizer";
  config_.tokenizer.max_words = 29;
  Write();
  EXPECT_NE(Fingerprint(), original) << "configuration";
}

TEST_F(ModelDirectoryTest, FingerprintIgnoresNamesAndCalibration) {
  const std::string original = Fingerprint();
  WriteTestFile(dir_ / "calibration.json",
                R"({"format": "sightline-calibration/1", "coarse_weight": 5, "method": "platt", "a": 2, "b": 1})");
  EXPECT_EQ(Fingerprint(), original);
  config_.name = "renamed";
  config_.tokenizer.file = "words.txt";
  Write();
  std::filesystem::rename(dir_ / "vocab.txt", dir_ / "words.txt");
  EXPECT_EQ(Fingerprint(), original);
}

TEST_F(ModelDirectoryTest, CanonicalTextHoldsEveryValueButNames) {
  ModelConfig config = TinyConfig();
  config.cross = CrossConfig{.layers = 7, .norm_eps = 1e-12};
  const std::string text = CanonicalText(config);
  EXPECT_NE(text.find("vision.norm_eps=1e-06\n"), std::string::npos) << text;
  EXPECT_NE(text.find("cross.layers=7\n"), std::string::npos) << text;
  EXPECT_NE(text.find("tokenizer.max_tokens=40\n"), std::string::npos) << text;
  EXPECT_EQ(text.find("tiny"), std::string::npos) << text;
}

TEST_F(ModelDirectoryTest, WeightsMayBeStoredSmall) {
  Tensor("text_proj.weight").dtype = DType::kF16;
  Tensor("vision_proj.weight").dtype = DType::kI8;
  tensors_.push_back({"vision_proj.weight.scale", DType::kF32, {4}});
  Write();
  EXPECT_THAT(Open(), IsOk());
}

TEST_F(ModelDirectoryMalformedTest, MissingPartsAreNotFound) {
  EXPECT_THAT(ModelDirectory::Open(dir_ / "none"), IsErrorWith(ErrorCode::kNotFound, "none/config.json"));
  for (const char* part : {"config.json", "weights.safetensors", "vocab.txt"}) {
    Write();
    std::filesystem::remove(dir_ / part);
    EXPECT_THAT(Open(), IsErrorWith(ErrorCode::kNotFound, part));
  }
}

TEST_F(ModelDirectoryMalformedTest, BrokenPartsAreNamed) {
  WriteTestFile(dir_ / "calibration.json", "{");
  EXPECT_THAT(Open(), IsErrorWith(ErrorCode::kCorruption, "calibration.json"));
  WriteTestFile(dir_ / "weights.safetensors", "");
  std::filesystem::remove(dir_ / "calibration.json");
  EXPECT_THAT(Open(), IsErrorWith(ErrorCode::kCorruption, "weights.safetensors"));
  WriteTestFile(dir_ / "config.json", "no");
  EXPECT_THAT(Open(), IsErrorWith(ErrorCode::kCorruption, "config.json"));
}

TEST_F(ModelDirectoryMalformedTest, MissingTensorIsNamed) {
  std::erase_if(tensors_, [](const auto& tensor) { return tensor.name == "itm_head.3.bias"; });
  Write();
  EXPECT_THAT(Open(), IsErrorWith(kInvalid, "weights.safetensors: weight missing: itm_head.3.bias (2)"));
}

TEST_F(ModelDirectoryMalformedTest, ExtraTensorIsNamed) {
  tensors_.push_back({"itm_head.4.bias", DType::kF32, {2}});
  Write();
  EXPECT_THAT(Open(), IsErrorWith(kInvalid, "not part of this model: itm_head.4.bias"));
}

TEST_F(ModelDirectoryMalformedTest, MisshapenTensorIsNamed) {
  Tensor("text_proj.weight").shape = {8, 4};
  Write();
  EXPECT_THAT(Open(), IsErrorWith(kInvalid, "text_proj.weight has shape (8, 4), the model needs (4, 8)"));
}

TEST_F(ModelDirectoryMalformedTest, TensorOfAnotherTypeIsNamed) {
  Tensor("text_proj.weight").dtype = DType::kI32;
  Write();
  EXPECT_THAT(Open(), IsErrorWith(kInvalid, "weight text_proj.weight is stored as I32"));
  Tensor("text_proj.weight").dtype = DType::kI8;
  Write();
  EXPECT_THAT(Open(), IsErrorWith(kInvalid, "without an F32 scale"));
  tensors_.push_back({"text_proj.weight.scale", DType::kF32, {8}});
  Write();
  EXPECT_THAT(Open(), IsErrorWith(kInvalid, "without an F32 scale"));
}

TEST_F(ModelDirectoryMalformedTest, ScaleOfAFloatTensorIsExtra) {
  tensors_.push_back({"text_proj.weight.scale", DType::kF32, {4}});
  Write();
  EXPECT_THAT(Open(), IsErrorWith(kInvalid, "text_proj.weight.scale"));
}

TEST_F(ModelDirectoryMalformedTest, VocabularyLargerThanTheEmbeddingsIsRefused) {
  WriteTestFile(dir_ / "vocab.txt", "a\nb\nc\nd\ne\nf");
  EXPECT_THAT(Open(), IsErrorWith(kInvalid, "vocab.txt: 6 words, the model has 5"));
  WriteTestFile(dir_ / "vocab.txt", "");
  EXPECT_THAT(Open(), IsErrorWith(kInvalid, "vocab.txt: 0 words"));
}

}  // namespace
}  // namespace sightline::encoder
