// SPDX-License-Identifier: BSD-3-Clause
#include "indexer/encode_stage.h"

#include <array>
#include <memory>

#include "tests/support/fake_encoder.h"
#include "tests/support/test_support.h"

namespace sightline::indexer {
namespace {

using storage::PatchStorage;
using ::testing::ElementsAre;
using testing::FakeEncoder;
using ::testing::HasSubstr;
using ::testing::SizeIs;

ImageRgb8 Plain(uint8_t r, uint8_t g, uint8_t b) {
  ImageRgb8 picture{4, 4, {}};
  for (int i = 0; i < 16; ++i) picture.pixels.insert(picture.pixels.end(), {r, g, b});
  return picture;
}

WorkItem ItemWith(ModelInput input) {
  WorkItem item(FileEntry("/x"));
  item.state = WorkState::kNewContent;
  item.units.emplace_back().input = std::move(input);
  return item;
}

ClipInput TwoFrames() {
  ClipInput clip;
  clip.frames.push_back({500'000, std::make_shared<const ImageRgb8>(Plain(255, 0, 0))});
  clip.frames.push_back({1'500'000, std::make_shared<const ImageRgb8>(Plain(0, 0, 255))});
  return clip;
}

TEST(EncodeStageTest, EveryKindOfABatchIsEncodedInOneCall) {
  FakeEncoder encoder;
  std::array items = {ItemWith(Plain(255, 0, 0)), ItemWith("a red ball"), ItemWith(TwoFrames()),
                      ItemWith(Plain(0, 255, 0)), ItemWith("green")};
  EXPECT_EQ(EncodeItems(encoder, PatchStorage::kInt8, items), 5U);
  EXPECT_EQ(encoder.image_calls, 1U);
  EXPECT_EQ(encoder.clip_calls, 1U);
  EXPECT_EQ(encoder.text_calls, 1U);
  for (const WorkItem& item : items) {
    EXPECT_EQ(item.state, WorkState::kNewContent);
    EXPECT_TRUE(std::holds_alternative<std::monostate>(item.units.at(0).input)) << "what was encoded is let go";
    EXPECT_EQ(item.units[0].stored.tokens.value().format, TokenFormat::kInt8);
  }
  EXPECT_GT(items[3].units[0].stored.record.vectors.at(0).embedding.at(1), 0.9F);
  EXPECT_GT(items[4].units[0].stored.record.vectors.at(0).embedding.at(1), 0.9F);
}

TEST(EncodeStageTest, TokenStatesOfCaptionsAreStoredAsPatchesAre) {
  FakeEncoder encoder;
  for (const auto& [storage, format] :
       {std::pair(PatchStorage::kInt8, TokenFormat::kInt8), {PatchStorage::kFp16, TokenFormat::kFp16}}) {
    std::array items = {ItemWith("a red ball")};
    EncodeItems(encoder, storage, items);
    const auto& tokens = items[0].units.at(0).stored.tokens.value();
    EXPECT_EQ(tokens.format, format);
    EXPECT_EQ(tokens.tokens, 4U) << "three words and [CLS]";
    const encoder::TextRequest request{"a red ball", {}};
    const auto direct = encoder.EncodeTexts(std::span(&request, 1));
    std::vector<float> expected(4 * tokens.width);
    std::vector<float> stored(expected.size());
    ASSERT_THAT(ExpandTokenMatrix(direct[0].value().token_states, expected), testing::IsOk());
    ASSERT_THAT(ExpandTokenMatrix(tokens, stored), testing::IsOk());
    for (size_t i = 0; i < stored.size(); ++i) EXPECT_NEAR(stored[i], expected[i], 0.005);
  }
  std::array items = {ItemWith("a red ball")};
  EncodeItems(encoder, PatchStorage::kNone, items);
  EXPECT_FALSE(items[0].units.at(0).stored.tokens.has_value());
}

TEST(EncodeStageTest, FramesOfClipsAreVectorsUnlessSwitchedOff) {
  FakeEncoder encoder;
  ClipInput bare = TwoFrames();
  bare.store_frame_vectors = false;
  std::array items = {ItemWith(TwoFrames()), ItemWith(std::move(bare))};
  EncodeItems(encoder, PatchStorage::kInt8, items);
  const auto& vectors = items[0].units.at(0).stored.record.vectors;
  ASSERT_THAT(vectors, SizeIs(3));
  EXPECT_EQ(vectors[0].frame_time_us, std::nullopt);
  EXPECT_EQ(vectors[1].frame_time_us, 500'000);
  EXPECT_GT(vectors[1].embedding.at(0), 0.9F) << "red";
  EXPECT_EQ(vectors[2].frame_time_us, 1'500'000);
  EXPECT_GT(vectors[2].embedding.at(2), 0.9F) << "blue";
  EXPECT_THAT(items[1].units.at(0).stored.record.vectors, SizeIs(1));
}

TEST(EncodeStageTest, CaptionLongerThanTheModelReadsIsMarked) {
  FakeEncoder encoder;
  std::string words;
  for (int i = 0; i < 100; ++i) words += "word" + std::to_string(i) + " ";
  std::array items = {ItemWith("short"), ItemWith(std::move(words))};
  EXPECT_EQ(EncodeItems(encoder, PatchStorage::kInt8, items), 2U);
  EXPECT_TRUE(items[0].content_metadata.empty());
  EXPECT_THAT(items[1].content_metadata.find(metadata_key::kTruncated)->second, ElementsAre(MetadataValue(true)));
}

TEST(EncodeStageTest, CaptionThatTheEncoderRefusesFailsAlone) {
  FakeEncoder encoder;
  std::array items = {ItemWith("!!!"), ItemWith("good"), ItemWith(Plain(1, 2, 3))};
  EXPECT_EQ(EncodeItems(encoder, PatchStorage::kInt8, items), 2U);
  EXPECT_EQ(items[0].state, WorkState::kFailed);
  EXPECT_THAT(items[0].reason, HasSubstr("no words"));
  EXPECT_EQ(items[1].state, WorkState::kNewContent);
  EXPECT_EQ(items[2].state, WorkState::kNewContent);
}

TEST(EncodeStageTest, ItemFailsAsAWholeWhenOneOfItsUnitsDoes) {
  FakeEncoder encoder;
  encoder.image_error = [](const ImageRgb8& pixels) -> std::optional<Error> {
    if (pixels.pixels[2] == 255) return Error{ErrorCode::kInternal, "too blue"};
    return std::nullopt;
  };
  std::array items = {ItemWith(TwoFrames())};
  ClipInput red;
  red.frames.push_back({0, std::make_shared<const ImageRgb8>(Plain(255, 0, 0))});
  items[0].units.emplace_back().input = red;
  EXPECT_EQ(EncodeItems(encoder, PatchStorage::kInt8, items), 1U);
  EXPECT_EQ(items[0].state, WorkState::kFailed);
  EXPECT_EQ(items[0].reason, "too blue");
  EXPECT_TRUE(items[0].units.empty());
}

}  // namespace
}  // namespace sightline::indexer
