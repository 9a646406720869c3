// SPDX-License-Identifier: BSD-3-Clause
#include "encoder/files/import.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <functional>
#include <set>

#include <nlohmann/json.hpp>

#include "encoder/files/checkpoint_reader.h"
#include "encoder/files/import_plan_internal.h"
#include "encoder/files/model_directory.h"
#include "encoder/files/weights.h"
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

constexpr auto kInvalid = ErrorCode::kInvalidArgument;

std::vector<float> FloatsOf(const SafetensorsFile& file, const std::string& name) {
  const TensorView* const view = file.Find(name);
  EXPECT_NE(view, nullptr) << name;
  std::vector<float> values(view == nullptr ? 0 : view->elements());
  EXPECT_THAT(file.ReadFloats(name, values), IsOk());
  return values;
}

bool IsBuffer(const std::string& name) {
  return name.ends_with(".relative_position_index") || name.ends_with(".position_ids");
}

class ImportTest : public ::testing::Test {
 protected:
  /// The first lines of the real vocabulary.
  std::filesystem::path Vocabulary(int lines) {
    std::ifstream in(TestData("text/vocab.txt"));
    std::string content, line;
    for (int i = 0; i < lines && std::getline(in, line); ++i) content += line + "\n";
    WriteTestFile(dir_ / "words.txt", content);
    return dir_ / "words.txt";
  }

  ImportOptions Options(const std::string& fixture, int words) {
    return {.dims_file = TestData(fixture + "/dims.json"), .tokenizer_file = Vocabulary(words)};
  }

  std::filesystem::path target() const { return dir_ / "model"; }

  /// Nothing but what the test itself put there.
  void ExpectNothingLeft() {
    for (const auto& entry : std::filesystem::directory_iterator(dir_.path())) {
      EXPECT_EQ(entry.path().string().find("importing"), std::string::npos) << entry.path();
    }
  }

  TempDir dir_;
};

class ImportParityTest : public ImportTest {
 protected:
  void ExpectTables(const std::string& file, int image_res, const std::string& expected_case) {
    ImportOptions options = Options("pretrain_tiny", 300);
    options.image_res = image_res;
    const auto report = ImportCheckpoint(TestData("pretrain_tiny/" + file), target(), options);
    ASSERT_THAT(report, IsOk());
    const auto model = ModelDirectory::Open(target());
    const auto expected = SafetensorsFile::Open(TestData("pretrain_tiny/expected.safetensors"));
    ASSERT_THAT(model, IsOk());
    ASSERT_THAT(expected, IsOk());
    EXPECT_EQ(model->config().vision.image_res, image_res);
    for (const std::string block : {"0", "1"}) {
      const auto ours =
          FloatsOf(model->weights(), "vision_encoder.blocks." + block + ".attn.relative_position_bias_table");
      const auto theirs = FloatsOf(*expected, expected_case + ".blocks." + block + ".relative_position_bias_table");
      ASSERT_EQ(ours.size(), theirs.size());
      for (size_t i = 0; i < ours.size(); ++i) ASSERT_NEAR(ours[i], theirs[i], 1e-6) << block << " at " << i;
    }
    const json keys = json::parse(ReadTestFile(TestData("pretrain_tiny/keys.json")))[expected_case];
    auto unexpected = keys["unexpected"].get<std::set<std::string>>();
    unexpected.erase("absolute_frame_pos_embed");  // the file says add_frame_pos, so we keep it
    std::set<std::string> ignored(report->ignored.begin(), report->ignored.end());
    std::erase_if(ignored, IsBuffer);
    EXPECT_EQ(ignored, unexpected);
    EXPECT_EQ(report->frames_copied, 3);
  }
};

TEST_F(ImportParityTest, EveryWeightOfBothContainersArrives) {
  for (const char* name : {"retrieval_tiny/model.th", "retrieval_tiny/model_legacy.th"}) {
    std::filesystem::remove_all(target());
    const auto report = ImportCheckpoint(TestData(name), target(), Options("retrieval_tiny", 1000));
    ASSERT_THAT(report, IsOk());
    const auto model = ModelDirectory::Open(target());
    const auto checkpoint = Checkpoint::Open(TestData(name));
    ASSERT_THAT(model, IsOk());
    ASSERT_THAT(checkpoint, IsOk());
    size_t weights = 0;
    for (const auto& [key, tensor] : checkpoint->tensors()) {
      if (IsBuffer(key)) continue;
      ++weights;
      ASSERT_NE(model->weights().Find(key), nullptr) << key;
      EXPECT_EQ(model->weights().Find(key)->shape, tensor.shape) << key;
      EXPECT_EQ(FloatsOf(model->weights(), key), *CopyFloats(tensor)) << key;
    }
    EXPECT_EQ(report->weights_written, weights);
    EXPECT_EQ(model->weights().tensors().size(), weights);
    EXPECT_TRUE(std::all_of(report->ignored.begin(), report->ignored.end(), IsBuffer));
    EXPECT_EQ(report->interpolated, std::vector<std::string>{});
    EXPECT_EQ(report->checkpoint_image_res, 64);
    EXPECT_EQ(report->fingerprint, model->fingerprint());
    EXPECT_EQ(model->config().name, name == std::string("retrieval_tiny/model.th") ? "model" : "model_legacy");
    EXPECT_EQ(model->calibration().coarse_weight, 0);
  }
}

TEST_F(ImportParityTest, TablesGrowAsInTheReference) { ExpectTables("pretrain_64.th", 96, "64_to_96"); }
TEST_F(ImportParityTest, TablesShrinkAsInTheReference) { ExpectTables("pretrain_96.th", 64, "96_to_64"); }
TEST_F(ImportParityTest, TablesOfTheSameSizeStay) { ExpectTables("pretrain_64.th", 64, "64_to_64"); }

TEST_F(ImportTest, PretrainingPrefixesAreStripped) {
  EXPECT_EQ(CanonicalKey("text_encoder.bert.encoder.layer.0.output.dense.bias"),
            "text_encoder.encoder.layer.0.output.dense.bias");
  EXPECT_EQ(CanonicalKey("text_encoder.roberta.embeddings.LayerNorm.bias"), "text_encoder.embeddings.LayerNorm.bias");
  EXPECT_EQ(CanonicalKey("module.cross_encoder.bert.encoder.x"), "cross_encoder.encoder.x");
  EXPECT_EQ(CanonicalKey("module.vision_encoder.bert.x"), "vision_encoder.bert.x");
  EXPECT_EQ(CanonicalKey("text_encoder.cls.predictions.bias"), "text_encoder.cls.predictions.bias");
}

TEST_F(ImportTest, FrameEmbeddingIsCopiedAsFarAsItGoes) {
  const auto checkpoint = Checkpoint::Open(TestData("pretrain_tiny/pretrain_64.th"));
  ASSERT_THAT(checkpoint, IsOk());
  const auto rows = *CopyFloats(checkpoint->tensors().at("absolute_frame_pos_embed"));
  ASSERT_EQ(rows.size(), 3U * 32);
  for (const int frames : {2, 3, 5}) {
    std::filesystem::remove_all(target());
    ImportOptions options = Options("pretrain_tiny", 300);
    options.frame_len = frames;
    const auto report = ImportCheckpoint(TestData("pretrain_tiny/pretrain_64.th"), target(), options);
    ASSERT_THAT(report, IsOk());
    EXPECT_EQ(report->frames_copied, std::min(frames, 3));
    const auto model = ModelDirectory::Open(target());
    ASSERT_THAT(model, IsOk());
    std::vector<float> expected = rows;
    expected.resize(static_cast<size_t>(frames) * 32, 0.0F);
    EXPECT_EQ(FloatsOf(model->weights(), "absolute_frame_pos_embed"), expected) << frames;
  }
}

TEST_F(ImportTest, ThePlusVariantIsRecognised) {
  WriteTestFile(dir_ / "pieces.model", "not looked into");
  const ImportOptions options{.dims_file = TestData("eps_probe/dims.json"), .tokenizer_file = dir_ / "pieces.model"};
  const auto report = ImportCheckpoint(TestData("eps_probe/plus.th"), target(), options);
  ASSERT_THAT(report, IsOk());
  EXPECT_EQ(report->config.text.kind, TextKind::kXlmRoberta);
  EXPECT_EQ(report->config.fusion_layers(), 2);
  EXPECT_TRUE(std::filesystem::exists(target() / "sentencepiece.bpe.model"));

  std::filesystem::remove_all(target());
  const auto standard = ImportCheckpoint(TestData("eps_probe/standard.th"), target(), Options("eps_probe", 120));
  ASSERT_THAT(standard, IsOk());
  EXPECT_FALSE(standard->config.cross.has_value());
}

TEST_F(ImportTest, AnEmptyFolderIsUsed) {
  std::filesystem::create_directory(target());
  EXPECT_THAT(ImportCheckpoint(TestData("retrieval_tiny/model.th"), target() / "", Options("retrieval_tiny", 1000)),
              IsOk());
  EXPECT_TRUE(std::filesystem::exists(target() / "config.json"));
  ExpectNothingLeft();
}

TEST_F(ImportTest, AFolderWithFilesIsLeftAlone) {
  WriteTestFile(target() / "mine", "x");
  EXPECT_THAT(ImportCheckpoint(TestData("retrieval_tiny/model.th"), target(), Options("retrieval_tiny", 1000)),
              IsErrorWith(ErrorCode::kAlreadyExists, "model"));
  EXPECT_EQ(ReadTestFile(target() / "mine"), "x");
  EXPECT_FALSE(std::filesystem::exists(target() / "config.json"));
}

TEST_F(ImportTest, PresetOfAnotherSizeIsRefused) {
  const ImportOptions options{.preset = ModelSize::kBase, .tokenizer_file = Vocabulary(10)};
  EXPECT_THAT(ImportCheckpoint(TestData("retrieval_tiny/model.th"), target(), options),
              IsErrorWith(kInvalid, "vision width 64, the preset 768: choose the other preset"));
  EXPECT_THAT(ImportCheckpoint(TestData("retrieval_tiny/model.th"), target(), {}),
              IsErrorWith(kInvalid, "give its dims"));
}

TEST_F(ImportTest, WrongOptionsAreRefused) {
  ImportOptions options = Options("retrieval_tiny", 1001);
  EXPECT_THAT(ImportCheckpoint(TestData("retrieval_tiny/model.th"), target(), options),
              IsErrorWith(kInvalid, "1001 words"));
  options = Options("retrieval_tiny", 1000);
  options.image_res = 72;
  EXPECT_THAT(ImportCheckpoint(TestData("retrieval_tiny/model.th"), target(), options),
              IsErrorWith(kInvalid, "16 does not divide image_res 72"));
  options = Options("retrieval_tiny", 1000);
  options.preset = ModelSize::kBase;
  EXPECT_THAT(ImportCheckpoint(TestData("retrieval_tiny/model.th"), target(), options),
              IsErrorWith(kInvalid, "both a preset and dims"));
  options = Options("retrieval_tiny", 1000);
  options.tokenizer_file.clear();
  EXPECT_THAT(ImportCheckpoint(TestData("retrieval_tiny/model.th"), target(), options),
              IsErrorWith(kInvalid, "no tokenizer file"));
  options.tokenizer_file = dir_ / "none.txt";
  EXPECT_THAT(ImportCheckpoint(TestData("retrieval_tiny/model.th"), target(), options),
              IsErrorWith(ErrorCode::kNotFound, "none.txt"));
  EXPECT_THAT(
      ImportCheckpoint(TestData("retrieval_tiny/model.th"), dir_ / "no/parent", Options("retrieval_tiny", 1000)),
      IsError(ErrorCode::kNotFound));
  EXPECT_FALSE(std::filesystem::exists(target()));
}

TEST_F(ImportTest, DimsOfAnotherModelAreRefused) {
  EXPECT_THAT(ImportCheckpoint(TestData("retrieval_tiny/model.th"), target(), Options("pretrain_tiny", 300)),
              IsErrorWith(kInvalid,
                          "model.th: weight missing: "
                          "text_encoder.encoder.layer.2.crossattention.self.query.weight (32, 32)"));
  EXPECT_FALSE(std::filesystem::exists(target()));
  ExpectNothingLeft();
}

/// Checkpoints of a model of a few hundred parameters, with single tensors changed.
class ImportStrictTest : public ImportTest {
 protected:
  void SetUp() override {
    WriteTestFile(dir_ / "dims.json", R"({"image_res": 32, "patch_size": 16, "vision_width": 8, "vision_depth": 1,
      "vision_heads": 2, "vision_mlp": 16, "vision_layer_norm_eps": 1e-6, "text_width": 8, "text_heads": 2,
      "text_mlp": 16, "text_num_hidden_layers": 2, "text_fusion_start_at": 1, "text_layer_norm_eps": 1e-12,
      "vocab_size": 20, "max_positions": 12, "type_vocab_size": 2, "pad_id": 0, "embed_dim": 4,
      "mlp_head_layer_norm_eps": 1e-5})");
  }

  /// Writes {"model": {...}, "config": `config`}; `rename` gives each weight its key in the file, "" leaves it out.
  void WriteCheckpoint(const std::function<std::string(const std::string&)>& rename, const std::string& misshapen = "",
                       const std::string& config = "}", const std::string& extra = "") {
    const auto dims = ParseDims(ReadTestFile(dir_ / "dims.json"), ModelVariant::kStandard);
    ASSERT_THAT(dims, IsOk());
    const auto weights = ExpectedWeights(*dims);
    PickleBuilder builder;
    builder.Op("}(").Text("model").Op("}");
    std::map<std::string, std::string> storages;
    for (const WeightSpec& weight : *weights) {
      const std::string key = rename(weight.name);
      if (key.empty()) continue;
      Shape shape = weight.shape;
      if (weight.name == misshapen) shape.push_back(1);
      Shape stride(shape.size(), 1);
      for (size_t i = shape.size(); i-- > 1;) stride[i - 1] = stride[i] * shape[i];
      const uint64_t count = *ElementCount(shape);
      const std::string storage = std::to_string(storages.size());
      builder.Text(key).Tensor(storage, static_cast<int64_t>(count), 0, shape, stride).Op("s");
      for (uint64_t i = 0; i < count; ++i) storages[storage] += Raw(static_cast<float>(i));
    }
    if (!extra.empty()) {
      builder.Text(extra).Tensor("extra", 1, 0, {1}, {1}).Op("s");
      storages["extra"] = Raw(1.0F);
    }
    builder.Text("config").Op(config).Op("u");
    WriteTestFile(dir_ / "small.th", MakeZipCheckpoint(builder.Stop(), storages));
  }

  Result<ImportReport> Import() {
    return ImportCheckpoint(dir_ / "small.th", target(),
                            {.dims_file = dir_ / "dims.json", .tokenizer_file = Vocabulary(20)});
  }
};

TEST_F(ImportStrictTest, ACompleteCheckpointIsTaken) {
  WriteCheckpoint([](const std::string& name) { return name; });
  EXPECT_THAT(Import(), IsOk());
}

TEST_F(ImportStrictTest, DataParallelPrefixIsStripped) {
  WriteCheckpoint([](const std::string& name) { return "module." + name; });
  EXPECT_THAT(Import(), IsOk());
}

TEST_F(ImportStrictTest, MissingWeightIsNamed) {
  WriteCheckpoint([](const std::string& name) { return name == "itm_head.3.bias" ? "" : name; });
  EXPECT_THAT(Import(), IsErrorWith(kInvalid, "small.th: weight missing: itm_head.3.bias (2)"));
}

TEST_F(ImportStrictTest, ExtraWeightIsNamed) {
  WriteCheckpoint([](const std::string& name) { return name; }, "", "}", "itm_head.4.bias");
  EXPECT_THAT(Import(), IsErrorWith(kInvalid, "small.th: weight not part of this model: itm_head.4.bias (1)"));
  WriteCheckpoint([](const std::string& name) { return name; }, "", "}", "bbox_head.0.bias");
  const auto report = Import();
  ASSERT_THAT(report, IsOk());
  EXPECT_EQ(report->ignored, std::vector<std::string>{"bbox_head.0.bias"});
}

TEST_F(ImportStrictTest, MisshapenWeightIsNamed) {
  WriteCheckpoint([](const std::string& name) { return name; }, "text_proj.bias");
  EXPECT_THAT(Import(), IsErrorWith(kInvalid, "weight text_proj.bias has shape (4, 1), the model needs (4)"));
}

TEST_F(ImportStrictTest, TwoKeysForOneWeightAreRefused) {
  const auto checkpoint_with_both = [](const std::string& name) {
    if (name == "text_encoder.embeddings.LayerNorm.bias")
      return std::string("text_encoder.bert.embeddings.LayerNorm.weight");
    return name;
  };
  WriteCheckpoint(checkpoint_with_both);
  EXPECT_THAT(Import(), IsErrorWith(kInvalid, "two weights for text_encoder.embeddings.LayerNorm.weight"));
}

TEST_F(ImportStrictTest, AFixedTemperatureComesFromTheConfig) {
  const auto without_temp = [](const std::string& name) { return name == "temp" ? "" : name; };
  WriteCheckpoint(without_temp);
  EXPECT_THAT(Import(), IsErrorWith(kInvalid, "weight missing: temp"));
  PickleBuilder config("");
  config.Op("}(").Text("fix_temp").Op("\x88").Text("temp").Op(std::string("G\x3f\xb0\0\0\0\0\0\0", 9)).Op("u");
  WriteCheckpoint(without_temp, "", config.bytes());
  ASSERT_THAT(Import(), IsOk());
  const auto model = ModelDirectory::Open(target());
  ASSERT_THAT(model, IsOk());
  EXPECT_EQ(FloatsOf(model->weights(), "temp"), std::vector<float>{0.0625F});
}

TEST_F(ImportStrictTest, OtherVisionTowersAreUnsupported) {
  WriteCheckpoint([](const std::string& name) {
    return name == "vision_encoder.cls_token" ? "vision_encoder.class_embedding" : name;
  });
  EXPECT_THAT(Import(), IsErrorWith(ErrorCode::kUnsupported, "CLIP ViT"));
  WriteCheckpoint([](const std::string& name) { return name == "vision_encoder.cls_token" ? "" : name; });
  EXPECT_THAT(Import(), IsErrorWith(kInvalid, "no X2-VLM model"));
}

TEST_F(ImportStrictTest, LengthsOfTextsAndClipsComeFromTheConfig) {
  PickleBuilder config("");
  config.Op("}(").Text("max_tokens").Int(9).Text("frame_len").Int(7).Op("u");
  WriteCheckpoint([](const std::string& name) { return name; }, "", config.bytes());
  const auto report = Import();
  ASSERT_THAT(report, IsOk());
  EXPECT_EQ(report->config.tokenizer.max_tokens, 9);
  EXPECT_EQ(report->config.frame_len, 7);
}

}  // namespace
}  // namespace sightline::encoder
