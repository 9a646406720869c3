// SPDX-License-Identifier: BSD-3-Clause
// The whole way of a picture: decoder, resize, towers, fusion; against models/sightline-small/expected.json. It needs
// the picture decoders of `media` and so is built only with all parts.
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <ATen/ops/ones.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "encoder/encoder.h"
#include "encoder/model/plain_model_internal.h"
#include "encoder/preprocess.h"
#include "media/image.h"
#include "tests/encoder/support/tensor_fixtures.h"
#include "tests/support/test_support.h"

namespace sightline::encoder {
namespace {

using nlohmann::json;
using testing::IsOk;
using testing::SourceTree;

constexpr double kTolerance = 1e-4;
/// The model amplifies rounding, see Note [Logits of the small model]: expected.json holds the logits of one fp32 run,
/// which lie 2.8e-3 from the same formulas in fp64; PyTorch's own fp32 runs lie 2e-3 to 4e-3 from either
/// (tests/data/sightline_small/make_match_logits.py).
constexpr double kLogitTolerance = 5e-3;

/// What the small model makes of the sample pictures and queries.
struct Outputs {
  std::vector<ImageEncoding> images;
  std::vector<TextEncoding> texts;
  std::vector<std::vector<float>> logits;  ///< [text][image]
};

ImageRgb8 ModelPixels(const std::string& photo, int res) {
  const auto source = media::Source::FromFile(SourceTree("samples/photos") / photo);
  const auto picture = media::DecodeImage(source, {.apply_exif_orientation = false});
  EXPECT_THAT(picture, IsOk()) << photo;
  return picture ? ResizeToModelPixels(*picture, res).value_or(ImageRgb8{}) : ImageRgb8{};
}

Outputs RunSamples(const json& samples, Precision precision) {
  Outputs out;
  const auto encoder =
      OpenEncoder(SourceTree("models/sightline-small"), {.precision = precision, .device = Device::kCpu});
  EXPECT_THAT(encoder, IsOk());
  if (!encoder) return out;
  std::vector<ImageRgb8> pictures;
  for (const std::string photo : samples.at("photos")) pictures.push_back(ModelPixels(photo, 196));
  std::vector<ImageRequest> image_requests;
  for (const ImageRgb8& picture : pictures) image_requests.push_back({&picture, {}});
  for (auto& result : (*encoder)->EncodeImages(image_requests, TokenFormat::kFp32)) {
    EXPECT_THAT(result, IsOk());
    out.images.push_back(std::move(result).value_or(ImageEncoding{}));
  }
  const auto queries = samples.at("queries").get<std::vector<std::string>>();
  std::vector<TextRequest> text_requests;
  for (const std::string& query : queries) text_requests.push_back({query, {}});
  for (auto& result : (*encoder)->EncodeTexts(text_requests)) {
    EXPECT_THAT(result, IsOk());
    out.texts.push_back(std::move(result).value_or(TextEncoding{}));
  }
  std::vector<const TokenMatrix*> patches;
  for (const ImageEncoding& image : out.images) patches.push_back(&image.patches);
  std::vector<MatchRequest> match_requests;
  for (const TextEncoding& text : out.texts) match_requests.push_back({&text.token_states, patches, {}});
  for (auto& result : (*encoder)->Match(match_requests)) {
    EXPECT_THAT(result, IsOk());
    out.logits.push_back(std::move(result).value_or(std::vector<float>{}));
  }
  return out;
}

json Samples() {
  return json::parse(testing::ReadTestFile(SourceTree("models/sightline-small/expected.json"))).at("samples");
}

double LargestDifference(const std::vector<float>& ours, const json& theirs) {
  EXPECT_GE(ours.size(), theirs.size());
  double largest = 0;
  for (size_t i = 0; i < std::min(ours.size(), theirs.size()); ++i) {
    largest = std::max(largest, std::fabs(static_cast<double>(ours[i]) - theirs.at(i).get<double>()));
  }
  return largest;
}

double Cosine(const std::vector<float>& ours, const json& theirs) {
  double sum = 0;
  for (size_t i = 0; i < ours.size(); ++i) sum += static_cast<double>(ours[i]) * theirs.at(i).get<double>();
  return sum;
}

TEST(SmallModelParityTest, SamplesEqualTheReference) {
  const json samples = Samples();
  const Outputs out = RunSamples(samples, Precision::kFp32);
  ASSERT_EQ(out.images.size(), 6U);
  ASSERT_EQ(out.logits.size(), 4U);
  for (size_t i = 0; i < out.images.size(); ++i) {
    EXPECT_LE(LargestDifference(out.images[i].embedding, samples.at("image_embeddings").at(i)), kTolerance) << i;
    std::vector<float> patches(size_t{197} * 384);
    ASSERT_THAT(ExpandTokenMatrix(out.images[i].patches, patches), IsOk());
    EXPECT_LE(LargestDifference(patches, samples.at("mean_token").at(i)), kTolerance) << i;
  }
  for (size_t t = 0; t < out.texts.size(); ++t) {
    EXPECT_EQ(out.texts[t].token_states.tokens, samples.at("token_ids").at(t).size());
    EXPECT_LE(LargestDifference(out.texts[t].embedding, samples.at("text_embeddings").at(t)), kTolerance) << t;
    EXPECT_LE(LargestDifference(out.logits[t], samples.at("match_logits").at(t)), kLogitTolerance) << t;
  }
}

/// Tokens of a matrix as (1, tokens, width) in fp64.
at::Tensor Expand(const TokenMatrix& matrix) {
  std::vector<float> values(size_t{matrix.tokens} * matrix.width);
  EXPECT_THAT(ExpandTokenMatrix(matrix, values), IsOk());
  return at::tensor(values).reshape({1, matrix.tokens, matrix.width}).to(at::kDouble);
}

// With the fusion encoder in fp64 nothing is left of the noise, and the whole way from picture file and words to match
// logit is held to the tolerance of all other values. The towers are those of the product, in fp32.
TEST(SmallModelParityTest, LogitsWithFusionInFp64EqualPyTorch) {
  const Outputs out = RunSamples(Samples(), Precision::kFp32);
  const auto expected = json::parse(testing::ReadTestFile(testing::TestData("sightline_small/match_logits_fp64.json")))
                            .get<std::vector<std::vector<double>>>();
  const testing::FixtureModel model = testing::LoadModel(SourceTree("models/sightline-small"));
  NamedTensors doubles;
  for (const auto& [name, value] : model.weights) doubles[name] = value.to(at::kDouble);
  const PlainModel plain(model.config, doubles);
  ASSERT_EQ(out.texts.size(), expected.size());
  for (size_t t = 0; t < out.texts.size(); ++t) {
    const at::Tensor states = Expand(out.texts[t].token_states);
    const at::Tensor mask = at::ones({1, states.size(1)}, at::kLong);
    ASSERT_EQ(out.images.size(), expected[t].size());
    for (size_t i = 0; i < out.images.size(); ++i) {
      const at::Tensor logits = plain.MatchLogits(plain.Fusion(states, mask, Expand(out.images[i].patches)));
      EXPECT_NEAR(logits[0][1].item<double>(), expected[t][i], kTolerance) << t << " " << i;
    }
  }
}

TEST(SmallModelBf16Test, SamplesStayCloseToTheReference) {
  const json samples = Samples();
  const Outputs out = RunSamples(samples, Precision::kBf16);
  ASSERT_EQ(out.images.size(), 6U);
  ASSERT_EQ(out.logits.size(), 4U);
  for (size_t i = 0; i < out.images.size(); ++i) {
    EXPECT_GT(Cosine(out.images[i].embedding, samples.at("image_embeddings").at(i)), 0.999) << i;
  }
  for (size_t t = 0; t < out.texts.size(); ++t) {
    EXPECT_GT(Cosine(out.texts[t].embedding, samples.at("text_embeddings").at(t)), 0.999) << t;
    EXPECT_LE(LargestDifference(out.logits[t], samples.at("match_logits").at(t)), 0.3) << t;
  }
}

}  // namespace
}  // namespace sightline::encoder
