// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cstring>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

#include "encoder/encoder.h"
#include "encoder/files/import.h"
#include "encoder/files/model_directory.h"
#include "encoder/runtime/fast_model_internal.h"
#include "encoder/runtime/tensors_internal.h"
#include "eval/matrix_protocol.h"
#include "tests/eval/fixture_reader.h"

namespace sightline::eval {
namespace {

using testing::IsOk;

// The fixture's inputs are normalised floats and token ids, which no user has: they enter below the encoder's
// interface, and the pairs are scored through it.
class MatrixParityTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::filesystem::path model_dir = folder_ / "model";
    WriteVocabulary();
    const auto imported = encoder::ImportCheckpoint(
        testing::TestData("retrieval_tiny/model.th"), model_dir,
        {.dims_file = testing::TestData("retrieval_tiny/dims.json"), .tokenizer_file = folder_ / "vocab.txt"});
    ASSERT_THAT(imported, IsOk());
    auto encoder = encoder::OpenEncoder(model_dir, {.device = encoder::Device::kCpu});
    ASSERT_THAT(encoder, IsOk());
    encoder_ = *std::move(encoder);
    const auto directory = encoder::ModelDirectory::Open(model_dir);
    ASSERT_THAT(directory, IsOk());
    const auto weights = encoder::LoadWeights(*directory);
    ASSERT_THAT(weights, IsOk());
    const c10::InferenceMode inference;
    const encoder::FastModel model(directory->config(), *weights, {});
    EncodeInputs(model);
  }

  // Any words will do: the fixture brings its ids.
  void WriteVocabulary() {
    std::ofstream out(folder_ / "vocab.txt");
    const std::map<int, std::string> special = {{0, "[PAD]"}, {100, "[UNK]"}, {101, "[CLS]"}, {102, "[SEP]"}};
    for (int id = 0; id < 1000; ++id) {
      const auto found = special.find(id);
      if (found != special.end()) {
        out << found->second << "\n";
      } else {
        out << "word" << id << "\n";
      }
    }
  }

  static at::Tensor Load(const encoder::SafetensorsFile& file, std::string_view name) {
    const encoder::TensorView* view = file.Find(name);
    const auto type = view->dtype == encoder::DType::kI64 ? at::kLong : at::kFloat;
    at::Tensor tensor = at::empty(view->shape, type);
    std::memcpy(tensor.data_ptr(), view->data.data(), view->data.size());
    return tensor;
  }

  static TokenMatrix ToMatrix(const at::Tensor& tokens) {
    const at::Tensor values = tokens.contiguous();
    return MakeTokenMatrix({values.data_ptr<float>(), static_cast<size_t>(values.numel())},
                           static_cast<uint32_t>(values.size(0)), static_cast<uint32_t>(values.size(1)),
                           TokenFormat::kFp32);
  }

  static Embedding ToEmbedding(const at::Tensor& row) {
    const at::Tensor values = row.contiguous();
    return {values.data_ptr<float>(), values.data_ptr<float>() + values.numel()};
  }

  void EncodeInputs(const encoder::FastModel& model) {
    const encoder::SafetensorsFile inputs = FixtureReader("retrieval_grid").Tensors("inputs.safetensors");
    const at::Tensor patches = model.Vision(Load(inputs, "image"));
    const at::Tensor embeddings = model.ImageEmbedding(patches);
    for (int64_t i = 0; i < patches.size(0); ++i) {
      patches_.push_back(ToMatrix(patches[i]));
      images_.push_back(ToEmbedding(embeddings[i]));
    }
    const at::Tensor ids = Load(inputs, "text_ids");
    const at::Tensor lengths = Load(inputs, "text_mask").sum(1);
    for (int64_t t = 0; t < ids.size(0); ++t) {
      const at::Tensor states = model.Text(ids.slice(0, t, t + 1).slice(1, 0, lengths[t].item<int64_t>()));
      states_.push_back(ToMatrix(states[0]));
      texts_.push_back(ToEmbedding(model.TextEmbedding(states)[0]));
    }
  }

  static void ExpectNear(const ScoreMatrix& actual, const ScoreMatrix& expected, const std::string& what) {
    ASSERT_EQ(actual.rows(), expected.rows());
    ASSERT_EQ(actual.columns(), expected.columns());
    for (size_t row = 0; row < expected.rows(); ++row) {
      for (size_t column = 0; column < expected.columns(); ++column) {
        EXPECT_NEAR(actual.at(row, column), expected.at(row, column), 1e-4) << what << " " << row << " " << column;
      }
    }
  }

  testing::TempDir folder_;
  std::unique_ptr<encoder::Encoder> encoder_;
  std::vector<Embedding> images_;
  std::vector<Embedding> texts_;
  std::vector<TokenMatrix> patches_;
  std::vector<TokenMatrix> states_;
};

TEST_F(MatrixParityTest, ReproducesTheReferencesMatricesAndMetrics) {
  const FixtureReader fixture("retrieval_grid");
  const encoder::SafetensorsFile expected = fixture.Tensors("expected.safetensors");
  const boost::json::value json = fixture.Json("metrics.json");
  const ScoreMatrix similarity = Similarity(images_, texts_);
  size_t compared = 0;
  ExpectNear(similarity, FixtureReader::Matrix(expected, "similarity"), "similarity");
  for (const size_t k_test : {size_t{5}, size_t{10}}) {
    const std::string k = k_test == 5 ? "k5" : "k10";
    const auto scores = RunMatrixProtocol(similarity, k_test, MatchScorer(*encoder_, states_, patches_, {}));
    ASSERT_THAT(scores, IsOk());
    ExpectNear(scores->image_to_text, FixtureReader::Matrix(expected, "scores_i2t_" + k), "i2t " + k);
    ExpectNear(scores->text_to_image, FixtureReader::Matrix(expected, "scores_t2i_" + k), "t2i " + k);
    const auto metrics = ComputeMetrics(scores->image_to_text, scores->text_to_image, TruthFrom(json));
    ASSERT_THAT(metrics, IsOk());
    const boost::json::value* skipped = json.at("not_portable").as_object().if_contains(k);
    const auto not_portable =
        skipped != nullptr ? boost::json::value_to<std::vector<std::string>>(*skipped) : std::vector<std::string>();
    for (const auto& [key, value] : json.at("metrics").at(k).as_object()) {
      if (std::find(not_portable.begin(), not_portable.end(), std::string(key)) != not_portable.end()) continue;
      EXPECT_NEAR(Named(*metrics, std::string(key)), value.to_number<double>(), 1e-9) << k << " " << key;
      ++compared;
    }
  }
  // All nine of k_test 10. With 5 the reference counts how its sort happens to order unscored entries from the sixth
  // place on: R@1 and R@5 of both directions remain.
  EXPECT_EQ(compared, 9U + 4U);
}

}  // namespace
}  // namespace sightline::eval
