// SPDX-License-Identifier: BSD-3-Clause
#include "encoder/encoder.h"

#include <chrono>
#include <cmath>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/support/test_support.h"

namespace sightline::encoder {
namespace {

using ::testing::FloatNear;
using testing::IsError;
using testing::IsErrorWith;
using testing::IsOk;
using ::testing::Pointwise;

constexpr float kTolerance = 1e-4f;

std::filesystem::path SmallModel() { return testing::SourceTree("models/sightline-small"); }

/// The small model, loaded once for all tests of a suite.
Encoder& SmallEncoder(Precision precision = Precision::kFp32) {
  const auto open = [](Precision wanted) {
    auto encoder = OpenEncoder(SmallModel(), {.precision = wanted, .device = Device::kCpu});
    EXPECT_THAT(encoder, IsOk());
    return std::move(encoder).value();
  };
  static const std::unique_ptr<Encoder> fp32 = open(Precision::kFp32);
  static const std::unique_ptr<Encoder> bf16 = open(Precision::kBf16);
  return precision == Precision::kFp32 ? *fp32 : *bf16;
}

/// A picture of coloured waves; another `seed` gives another picture.
ImageRgb8 Waves(int seed, int res = 196) {
  ImageRgb8 picture{res, res, {}};
  for (int y = 0; y < res; ++y) {
    for (int x = 0; x < res; ++x) {
      for (int channel = 0; channel < 3; ++channel) {
        const double wave = std::sin(0.02 * (seed + 1) * x + channel) * std::cos(0.03 * (seed + 2) * y);
        picture.pixels.push_back(static_cast<uint8_t>(127.5 + 127 * wave));
      }
    }
  }
  return picture;
}

double Length(const Embedding& embedding) {
  double sum = 0;
  for (float x : embedding) sum += static_cast<double>(x) * x;
  return std::sqrt(sum);
}

double Cosine(const Embedding& a, const Embedding& b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += static_cast<double>(a[i]) * b[i];
  return sum;
}

std::vector<ImageRgb8> ManyWaves(int count) {
  std::vector<ImageRgb8> pictures;
  for (int i = 0; i < count; ++i) pictures.push_back(Waves(i));
  return pictures;
}

std::vector<ImageEncoding> EncodeAll(Encoder& encoder, const std::vector<ImageRgb8>& pictures,
                                     TokenFormat format = TokenFormat::kFp32) {
  std::vector<ImageRequest> requests;
  for (const ImageRgb8& picture : pictures) requests.push_back({&picture, {}});
  std::vector<ImageEncoding> encodings;
  for (auto& result : encoder.EncodeImages(requests, format)) {
    EXPECT_THAT(result, IsOk());
    if (result) encodings.push_back(*std::move(result));
  }
  return encodings;
}

std::vector<TextEncoding> EncodeAll(Encoder& encoder, const std::vector<std::string>& texts) {
  std::vector<TextRequest> requests;
  for (const std::string& text : texts) requests.push_back({text, {}});
  std::vector<TextEncoding> encodings;
  for (auto& result : encoder.EncodeTexts(requests)) {
    EXPECT_THAT(result, IsOk());
    if (result) encodings.push_back(*std::move(result));
  }
  return encodings;
}

std::vector<const TokenMatrix*> PatchesOf(const std::vector<ImageEncoding>& images) {
  std::vector<const TokenMatrix*> patches;
  for (const ImageEncoding& image : images) patches.push_back(&image.patches);
  return patches;
}

std::vector<float> MatchAll(Encoder& encoder, const TokenMatrix& text, const std::vector<const TokenMatrix*>& patches) {
  const MatchRequest request{&text, patches, {}};
  auto results = encoder.Match({&request, 1});
  EXPECT_THAT(results.at(0), IsOk());
  return results.at(0).value_or(std::vector<float>{});
}

std::vector<float> Floats(const TokenMatrix& matrix) {
  std::vector<float> values(static_cast<size_t>(matrix.tokens) * matrix.width);
  EXPECT_THAT(ExpandTokenMatrix(matrix, values), IsOk());
  return values;
}

/// Limits whose deadline has passed.
Limits Expired() { return Limits::After(std::chrono::seconds(-1)); }

TEST(SmallModelTextParityTest, EmbeddingsEqualTheReference) {
  const auto samples = nlohmann::json::parse(testing::ReadTestFile(SmallModel() / "expected.json")).at("samples");
  const auto texts = samples.at("queries").get<std::vector<std::string>>();
  const auto encodings = EncodeAll(SmallEncoder(), texts);
  ASSERT_EQ(encodings.size(), 4U);
  for (size_t i = 0; i < encodings.size(); ++i) {
    const auto expected = samples.at("text_embeddings").at(i).get<std::vector<float>>();
    EXPECT_THAT(encodings[i].embedding, Pointwise(FloatNear(kTolerance), expected)) << texts[i];
    EXPECT_EQ(encodings[i].token_states.tokens, samples.at("token_ids").at(i).size()) << texts[i];
  }
}

TEST(OpenEncoderTest, SaysWhatItLoaded) {
  const EncoderInfo& info = SmallEncoder().info();
  EXPECT_EQ(info.config.name, "sightline-small");
  EXPECT_EQ(info.device, "cpu");
  EXPECT_EQ(info.precision, Precision::kFp32);
  EXPECT_EQ(info.fingerprint.size(), 64U);
  EXPECT_EQ(info.patch_tokens(), 197U);
  EXPECT_EQ(info.patch_width(), 384U);
  EXPECT_EQ(info.calibration.coarse_weight, 256);
  EXPECT_GT(info.parameters, 50'000'000U);
}

TEST(OpenEncoderTest, MissingDirectoryIsNotFound) {
  EXPECT_THAT(OpenEncoder("/nonexistent/model", {}), IsErrorWith(ErrorCode::kNotFound, "/nonexistent/model"));
}

TEST(OpenEncoderTest, CudaWithoutAGpuIsUnsupported) {
  if (OpenEncoder(SmallModel(), {}).value()->info().device != "cpu") GTEST_SKIP() << "there is a GPU";
  EXPECT_THAT(OpenEncoder(SmallModel(), {.device = Device::kCuda}), IsErrorWith(ErrorCode::kUnsupported, "CUDA"));
}

TEST(EncodeImagesTest, EmbeddingsHaveUnitLengthAndPatchesTheModelsShape) {
  const auto encodings = EncodeAll(SmallEncoder(), ManyWaves(2));
  ASSERT_EQ(encodings.size(), 2U);
  for (const ImageEncoding& encoding : encodings) {
    EXPECT_EQ(encoding.embedding.size(), 256U);
    EXPECT_NEAR(Length(encoding.embedding), 1, 1e-5);
    EXPECT_EQ(encoding.patches.tokens, 197U);
    EXPECT_EQ(encoding.patches.width, 384U);
  }
  EXPECT_LT(Cosine(encodings[0].embedding, encodings[1].embedding), 0.9999);
}

TEST(EncodeImagesTest, FirstPatchTokenIsTheMeanOfTheOthers) {
  const auto encodings = EncodeAll(SmallEncoder(), ManyWaves(1));
  const std::vector<float> patches = Floats(encodings.at(0).patches);
  for (size_t column = 0; column < 384; ++column) {
    double sum = 0;
    for (size_t token = 1; token < 197; ++token) sum += patches[token * 384 + column];
    EXPECT_NEAR(patches[column], sum / 196, 1e-4);
  }
}

TEST(EncodeImagesTest, BatchingDoesNotChangeResults) {
  const auto pictures = ManyWaves(11);
  const auto together = EncodeAll(SmallEncoder(), pictures);
  ASSERT_EQ(together.size(), 11U);
  for (size_t i : {size_t{0}, size_t{10}}) {
    const auto alone = EncodeAll(SmallEncoder(), {pictures[i]});
    EXPECT_THAT(alone.at(0).embedding, Pointwise(FloatNear(1e-5f), together[i].embedding));
  }
}

TEST(EncodeImagesTest, PatchesComeInTheFormatAskedFor) {
  const auto pictures = ManyWaves(1);
  const std::vector<float> exact = Floats(EncodeAll(SmallEncoder(), pictures).at(0).patches);
  for (TokenFormat format : {TokenFormat::kFp16, TokenFormat::kInt8}) {
    const TokenMatrix patches = EncodeAll(SmallEncoder(), pictures, format).at(0).patches;
    EXPECT_EQ(patches.format, format);
    EXPECT_THAT(Floats(patches), Pointwise(FloatNear(format == TokenFormat::kFp16 ? 0.01f : 0.2f), exact));
  }
}

TEST(EncodeImagesMalformedInputTest, WrongPixelsFailAloneAndTheOthersAreAnswered) {
  const ImageRgb8 good = Waves(0);
  const ImageRgb8 small = Waves(0, 100);
  ImageRgb8 short_of_pixels = Waves(0);
  short_of_pixels.pixels.pop_back();
  const std::vector<ImageRequest> requests = {{&small, {}}, {&good, {}}, {nullptr, {}}, {&short_of_pixels, {}}};
  const auto results = SmallEncoder().EncodeImages(requests, TokenFormat::kInt8);
  ASSERT_EQ(results.size(), 4U);
  EXPECT_THAT(results[0], IsErrorWith(ErrorCode::kInvalidArgument, "100 x 100"));
  EXPECT_THAT(results[1], IsOk());
  EXPECT_THAT(results[2], IsError(ErrorCode::kInvalidArgument));
  EXPECT_THAT(results[3], IsError(ErrorCode::kInvalidArgument));
}

TEST(EncodeImagesTest, ExpiredAndStoppedRequestsFailAlone) {
  const ImageRgb8 picture = Waves(0);
  std::stop_source stopped;
  stopped.request_stop();
  const std::vector<ImageRequest> requests = {
      {&picture, Expired()}, {&picture, {}}, {&picture, {.stop = stopped.get_token()}}};
  const auto results = SmallEncoder().EncodeImages(requests, TokenFormat::kInt8);
  EXPECT_THAT(results.at(0), IsError(ErrorCode::kDeadlineExceeded));
  EXPECT_THAT(results.at(1), IsOk());
  EXPECT_THAT(results.at(2), IsError(ErrorCode::kCancelled));
}

TEST(EncodeClipsTest, ClipIsTheMeanOfItsFrames) {
  const auto pictures = ManyWaves(3);
  const std::vector<const ImageRgb8*> frames = {&pictures[0], &pictures[1], &pictures[2]};
  const ClipRequest request{frames, {}};
  const auto clips = SmallEncoder().EncodeClips({&request, 1}, TokenFormat::kFp32);
  ASSERT_EQ(clips.size(), 1U);
  ASSERT_THAT(clips[0], IsOk());
  const auto images = EncodeAll(SmallEncoder(), pictures);
  std::vector<float> mean(size_t{197} * 384);
  ASSERT_EQ(clips[0]->frames.size(), 3U);
  for (size_t k = 0; k < 3; ++k) {
    EXPECT_THAT(clips[0]->frames[k], Pointwise(FloatNear(1e-5f), images.at(k).embedding)) << k;
    const std::vector<float> patches = Floats(images.at(k).patches);
    for (size_t i = 0; i < mean.size(); ++i) mean[i] += patches[i] / 3;
  }
  EXPECT_THAT(Floats(clips[0]->patches), Pointwise(FloatNear(kTolerance), mean));
  EXPECT_NEAR(Length(clips[0]->embedding), 1, 1e-5);
  EXPECT_LT(Cosine(clips[0]->embedding, clips[0]->frames[0]), 0.9999);
}

TEST(EncodeTextsTest, MixedLengthsKeepTheirOrder) {
  const std::vector<std::string> texts = {"a dog", "two people are walking on a beach", "a cat",
                                          "food on a plate with a fork"};
  const auto together = EncodeAll(SmallEncoder(), texts);
  ASSERT_EQ(together.size(), texts.size());
  for (size_t i = 0; i < texts.size(); ++i) {
    const TextEncoding alone = EncodeAll(SmallEncoder(), {texts[i]}).at(0);
    EXPECT_EQ(together[i].cleaned, texts[i]);
    EXPECT_NEAR(Length(together[i].embedding), 1, 1e-5);
    EXPECT_THAT(together[i].embedding, Pointwise(FloatNear(1e-5f), alone.embedding)) << texts[i];
  }
}

TEST(EncodeTextsTest, LongTextsAreCutAndSaySo) {
  std::string long_text;
  for (int i = 0; i < 10'000; ++i) long_text += "dog ";
  const auto encodings = EncodeAll(SmallEncoder(), {"a dog", long_text, "electroencephalographically " + long_text});
  EXPECT_FALSE(encodings.at(0).truncated);
  EXPECT_TRUE(encodings.at(1).truncated);
  EXPECT_EQ(encodings.at(1).token_states.tokens, 32U);  // 30 words and the two ends
  EXPECT_TRUE(encodings.at(2).truncated);
  EXPECT_LE(encodings.at(2).token_states.tokens, 40U);
}

TEST(EncodeTextsMalformedInputTest, BadTextsFailAloneWithAReason) {
  const std::vector<TextRequest> requests = {{"", {}},      {"?!...", {}},        {"\xff\xfe dog", {}},
                                             {"a dog", {}}, {"a dog", Expired()}, {"\xe2\x80\x8b", {}}};
  const auto results = SmallEncoder().EncodeTexts(requests);
  EXPECT_THAT(results.at(0), IsError(ErrorCode::kInvalidArgument));
  EXPECT_THAT(results.at(1), IsError(ErrorCode::kInvalidArgument));
  EXPECT_THAT(results.at(2), IsError(ErrorCode::kInvalidArgument));
  EXPECT_THAT(results.at(3), IsOk());
  EXPECT_THAT(results.at(4), IsError(ErrorCode::kDeadlineExceeded));
  EXPECT_THAT(results.at(5), IsErrorWith(ErrorCode::kInvalidArgument, "visible"));  // a zero-width space
}

TEST(MatchTest, BatchingDoesNotChangeLogits) {
  const auto images = EncodeAll(SmallEncoder(), ManyWaves(7));
  const auto texts = EncodeAll(SmallEncoder(), {"a dog", "waves in many colours", "the sea"});
  const auto patches = PatchesOf(images);
  std::vector<MatchRequest> requests;
  for (const TextEncoding& text : texts) requests.push_back({&text.token_states, patches, {}});
  const auto together = SmallEncoder().Match(requests);
  ASSERT_EQ(together.size(), 3U);
  for (size_t t = 0; t < texts.size(); ++t) {
    ASSERT_THAT(together[t], IsOk());
    for (size_t k = 0; k < patches.size(); ++k) {
      const auto alone = MatchAll(SmallEncoder(), texts[t].token_states, {patches[k]});
      EXPECT_NEAR(alone.at(0), (*together[t])[k], 1e-2);  // Note [Logits of the small model]
    }
  }
}

TEST(MatchTest, OnePictureForManyTextsIsNoDifferentFromACopyForEach) {
  const auto images = EncodeAll(SmallEncoder(), ManyWaves(2));
  std::vector<std::string> words;
  for (size_t i = 0; i < 90; ++i) words.push_back("waves" + std::string(i % 3 == 0 ? " in" : " in many") + " colours");
  const auto texts = EncodeAll(SmallEncoder(), words);
  const std::vector<TokenMatrix> copies(texts.size(), images[0].patches);
  std::vector<const TokenMatrix*> pointers;
  for (const TokenMatrix& copy : copies) pointers.push_back(&copy);
  const TokenMatrix* shared = &images[0].patches;
  const TokenMatrix* other = &images[1].patches;
  std::vector<MatchRequest> own_requests;
  std::vector<MatchRequest> shared_requests;
  for (size_t i = 0; i < texts.size(); ++i) {
    const bool is_other = i % 10 == 9;  // Another picture, whose texts have the same lengths.
    shared_requests.push_back({&texts[i].token_states, std::span(is_other ? &other : &shared, 1), {}});
    own_requests.push_back({&texts[i].token_states, std::span(is_other ? &other : &pointers[i], 1), {}});
  }
  const auto expected = SmallEncoder().Match(own_requests);
  const auto logits = SmallEncoder().Match(shared_requests);
  for (size_t i = 0; i < texts.size(); ++i) {
    ASSERT_THAT(logits[i], IsOk());
    ASSERT_THAT(expected[i], IsOk());
    EXPECT_NEAR((*logits[i])[0], (*expected[i])[0], 1e-2) << i;  // Note [Logits of the small model]
  }
}

TEST(MatchTest, NoCandidatesGiveNoLogits) {
  const auto texts = EncodeAll(SmallEncoder(), {"a dog"});
  EXPECT_TRUE(MatchAll(SmallEncoder(), texts.at(0).token_states, {}).empty());
  EXPECT_TRUE(SmallEncoder().Match({}).empty());
}

TEST(MatchTest, CompactPatchesGiveNearlyTheSameLogits) {
  const auto pictures = ManyWaves(4);
  const auto texts = EncodeAll(SmallEncoder(), {"waves in many colours"});
  const auto exact_images = EncodeAll(SmallEncoder(), pictures);
  const auto exact = MatchAll(SmallEncoder(), texts.at(0).token_states, PatchesOf(exact_images));
  for (TokenFormat format : {TokenFormat::kFp16, TokenFormat::kInt8}) {
    const auto images = EncodeAll(SmallEncoder(), pictures, format);
    const auto logits = MatchAll(SmallEncoder(), texts.at(0).token_states, PatchesOf(images));
    EXPECT_THAT(logits, Pointwise(FloatNear(format == TokenFormat::kFp16 ? 0.01f : 0.1f), exact));
  }
}

TEST(MatchMalformedInputTest, BadMatricesFailAloneWithAReason) {
  const auto images = EncodeAll(SmallEncoder(), ManyWaves(1));
  const auto texts = EncodeAll(SmallEncoder(), {"a dog"});
  const TokenMatrix& text = texts.at(0).token_states;
  const TokenMatrix& good = images.at(0).patches;
  TokenMatrix broken = good;
  broken.data.pop_back();
  TokenMatrix few = good;
  few.tokens = 10;
  few.data.resize(TokenMatrixBytes(10, 384, TokenFormat::kFp32));
  TokenMatrix narrow = text;
  narrow.width = 100;
  const TokenMatrix empty{0, 384, TokenFormat::kFp32, {}, {}};
  const std::vector<const TokenMatrix*> with_good = {&good}, with_broken = {&good, &broken}, with_few = {&few},
                                        with_null = {nullptr};
  const std::vector<MatchRequest> requests = {
      {&text, with_broken, {}}, {&text, with_few, {}},    {&text, with_null, {}}, {&narrow, with_good, {}},
      {&empty, with_good, {}},  {nullptr, with_good, {}}, {&text, with_good, {}}, {&text, with_good, Expired()}};
  const auto results = SmallEncoder().Match(requests);
  EXPECT_THAT(results.at(0), IsError(ErrorCode::kCorruption));
  EXPECT_THAT(results.at(1), IsErrorWith(ErrorCode::kInvalidArgument, "10 tokens"));
  EXPECT_THAT(results.at(2), IsError(ErrorCode::kInvalidArgument));
  EXPECT_THAT(results.at(3), IsErrorWith(ErrorCode::kInvalidArgument, "100"));
  EXPECT_THAT(results.at(4), IsError(ErrorCode::kInvalidArgument));
  EXPECT_THAT(results.at(5), IsError(ErrorCode::kInvalidArgument));
  EXPECT_THAT(results.at(6), IsOk());
  EXPECT_THAT(results.at(7), IsError(ErrorCode::kDeadlineExceeded));
}

TEST(EncoderThreadsTest, ConcurrentCallsGiveTheResultsOfLoneCalls) {
  const auto pictures = ManyWaves(2);
  const auto expected = EncodeAll(SmallEncoder(), pictures);
  std::vector<std::vector<ImageEncoding>> seen(3);
  {
    std::vector<std::jthread> threads;
    for (auto& encodings : seen) threads.emplace_back([&] { encodings = EncodeAll(SmallEncoder(), pictures); });
  }
  for (const auto& encodings : seen) {
    ASSERT_EQ(encodings.size(), 2U);
    EXPECT_THAT(encodings[1].embedding, Pointwise(FloatNear(1e-5f), expected[1].embedding));
  }
}

TEST(Bf16Test, EmbeddingsAndLogitsStayCloseToFp32) {
  const auto pictures = ManyWaves(6);
  const std::vector<std::string> queries = {"a dog running on the grass", "waves in many colours"};
  const auto images = EncodeAll(SmallEncoder(), pictures);
  const auto texts = EncodeAll(SmallEncoder(), queries);
  Encoder& bf16 = SmallEncoder(Precision::kBf16);
  EXPECT_EQ(bf16.info().precision, Precision::kBf16);
  EXPECT_EQ(bf16.info().fusion_precision, Precision::kFp32);  // this model's fusion encoder does not survive rounding
  const auto bf16_images = EncodeAll(bf16, pictures);
  const auto bf16_texts = EncodeAll(bf16, queries);
  for (size_t i = 0; i < images.size(); ++i) {
    EXPECT_GT(Cosine(images[i].embedding, bf16_images[i].embedding), 0.999) << i;
  }
  for (size_t t = 0; t < texts.size(); ++t) {
    EXPECT_GT(Cosine(texts[t].embedding, bf16_texts[t].embedding), 0.999) << t;
    const auto exact = MatchAll(SmallEncoder(), texts[t].token_states, PatchesOf(images));
    const auto rounded = MatchAll(bf16, bf16_texts[t].token_states, PatchesOf(bf16_images));
    EXPECT_THAT(rounded, Pointwise(FloatNear(0.3f), exact));
  }
}

}  // namespace
}  // namespace sightline::encoder
