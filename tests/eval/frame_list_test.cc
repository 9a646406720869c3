// SPDX-License-Identifier: BSD-3-Clause
#include "eval/frame_list.h"

#include <string>

#include <boost/json.hpp>

#include "eval/frame_list_indexing.h"
#include "tests/query/query_fixture.h"

namespace sightline::eval {
namespace {

using testing::IsError;
using testing::IsErrorWith;
using testing::IsOk;
using testing::TempDir;
using testing::WriteTestFile;

std::string Text(const Result<std::vector<std::byte>>& bytes) {
  EXPECT_THAT(bytes, IsOk());
  std::string text;
  for (const std::byte byte : *bytes) text.push_back(static_cast<char>(byte));
  return text;
}

// The examples of RFC 4648, section 10.
TEST(Base64Test, DecodesTheExamplesOfTheStandard) {
  EXPECT_EQ(Text(DecodeBase64("")), "");
  EXPECT_EQ(Text(DecodeBase64("Zg==")), "f");
  EXPECT_EQ(Text(DecodeBase64("Zm8=")), "fo");
  EXPECT_EQ(Text(DecodeBase64("Zm9v")), "foo");
  EXPECT_EQ(Text(DecodeBase64("Zm9vYg==")), "foob");
  EXPECT_EQ(Text(DecodeBase64("Zm9v\r\nYmFy\n")), "foobar");
  EXPECT_EQ(Text(DecodeBase64("+/+/")), "\xFB\xFF\xBF");
}

TEST(Base64MalformedTest, WhatIsNotBase64IsRefused) {
  for (const char* text : {"Z", "Zg", "Zg=", "Zg==Zg==", "Z===", "====", "Zm9v=", "Zm-v", "Zm 9", "Zg=v"}) {
    EXPECT_THAT(DecodeBase64(text), IsError(ErrorCode::kCorruption)) << text;
  }
}

constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::string Base64(const std::string& bytes) {
  std::string out;
  for (size_t i = 0; i < bytes.size(); i += 3) {
    uint32_t bits = 0;
    for (size_t k = 0; k < 3; ++k) bits = bits << 8 | (i + k < bytes.size() ? static_cast<uint8_t>(bytes[i + k]) : 0U);
    for (size_t k = 0; k < 4; ++k) out.push_back(i + k <= bytes.size() ? kDigits[bits >> (18 - 6 * k) & 63U] : '=');
  }
  return out;
}

/// A BMP of 4 x 4 pixels in one colour, base64.
std::string Frame(query::Colour colour) {
  std::string bmp = "BM";
  const auto number = [&bmp](uint32_t value, int size) {
    for (int i = 0; i < size; ++i) bmp.push_back(static_cast<char>(value >> (8 * i) & 0xFFU));
  };
  number(54 + 48, 4);
  number(0, 4);
  number(54, 4);  // Where the pixels begin.
  number(40, 4);
  number(4, 4);
  number(4, 4);
  number(1, 2);
  number(24, 2);
  for (int i = 0; i < 6; ++i) number(0, 4);
  for (int i = 0; i < 16; ++i) {
    bmp.push_back(static_cast<char>(colour.blue));
    bmp.push_back(static_cast<char>(colour.green));
    bmp.push_back(static_cast<char>(colour.red));
  }
  return Base64(bmp);
}

void WriteFrames(const std::filesystem::path& path, const std::vector<query::Colour>& colours) {
  boost::json::array frames;
  for (const query::Colour& colour : colours) frames.emplace_back(Frame(colour));
  WriteTestFile(path, boost::json::serialize(frames));
}

class FrameListTest : public query::QueryFixture {
 protected:
  Result<std::vector<storage::JobError>> Index(int frames) {
    const std::vector<std::filesystem::path> files = {folder_ / "a.json", folder_ / "b.json"};
    return IndexFrameLists(files, frames, *collection_, encoder_, {});
  }
  TempDir folder_;
};

TEST_F(FrameListTest, TakesTheFirstFrameOfEachSegment) {
  WriteFrames(folder_ / "a.json", {query::kRed, query::kBlue, query::kGreen, query::kBlue});
  const auto frames = ReadFrameList(folder_ / "a.json", 2, {});
  ASSERT_THAT(frames, IsOk());
  ASSERT_EQ(frames->size(), 2U);
  EXPECT_EQ((*frames)[0].pixels, query::MakePicture(query::kRed).pixels);
  EXPECT_EQ((*frames)[1].pixels, query::MakePicture(query::kGreen).pixels);
  EXPECT_EQ(ReadFrameList(folder_ / "a.json", 6, {})->size(), 6U);
}

TEST_F(FrameListTest, BecomesAClipThatIsFound) {
  WriteFrames(folder_ / "a.json", {query::kRed, query::kRed, query::kRed});
  WriteFrames(folder_ / "b.json", {query::kBlue});
  const auto errors = Index(3);
  ASSERT_THAT(errors, IsOk());
  EXPECT_TRUE(errors->empty());
  const auto answer = Search(Words("blue"));
  ASSERT_THAT(answer, IsOk());
  ASSERT_EQ(answer->hits.size(), 2U);
  EXPECT_EQ(answer->hits[0].path, folder_ / "b.json");
  EXPECT_EQ(answer->hits[0].type, UnitType::kClip);
  EXPECT_TRUE(answer->hits[0].match_logit);
}

TEST_F(FrameListTest, IsReadAgainOnlyWhenItChanged) {
  WriteFrames(folder_ / "a.json", {query::kRed});
  WriteFrames(folder_ / "b.json", {query::kBlue});
  ASSERT_THAT(Index(3), IsOk());
  ASSERT_THAT(Index(3), IsOk());
  EXPECT_EQ(encoder_.clips_encoded, 2U);
  WriteFrames(folder_ / "a.json", {query::kBlue, query::kGreen});
  ASSERT_THAT(Index(3), IsOk());
  EXPECT_EQ(encoder_.clips_encoded, 3U);
  EXPECT_EQ(Search(Words("red"))->hits.size(), 2U);
}

TEST_F(FrameListTest, ABrokenFileIsNamedAndTheRestGoesOn) {
  WriteTestFile(folder_ / "a.json", R"(["Zm9v"])");
  WriteFrames(folder_ / "b.json", {query::kBlue});
  const auto errors = Index(3);
  ASSERT_THAT(errors, IsOk());
  ASSERT_EQ(errors->size(), 1U);
  EXPECT_EQ((*errors)[0].path, folder_ / "a.json");
  EXPECT_THAT((*errors)[0].reason, ::testing::HasSubstr("frame 0"));
  EXPECT_EQ(Search(Words("blue"))->hits.size(), 1U);
}

TEST_F(FrameListTest, MalformedFilesAreErrors) {
  const std::filesystem::path file = folder_ / "a.json";
  const auto read = [&file](std::string_view content) {
    WriteTestFile(file, content);
    return ReadFrameList(file, 3, {});
  };
  EXPECT_THAT(read(""), IsError(ErrorCode::kCorruption));
  EXPECT_THAT(read("[]"), IsError(ErrorCode::kInvalidArgument));
  EXPECT_THAT(read("{}"), IsError(ErrorCode::kInvalidArgument));
  EXPECT_THAT(read("[1]"), IsErrorWith(ErrorCode::kInvalidArgument, "frame 0"));
  EXPECT_THAT(read(R"(["!"])"), IsErrorWith(ErrorCode::kCorruption, "base64"));
  EXPECT_THAT(ReadFrameList(folder_ / "none.json", 3, {}), IsError(ErrorCode::kNotFound));
}

}  // namespace
}  // namespace sightline::eval
