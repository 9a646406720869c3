// SPDX-License-Identifier: BSD-3-Clause
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "eval/coco_set.h"
#include "eval/csv_set.h"
#include "eval/karpathy_set.h"
#include "eval/lines_set.h"
#include "eval/msrvtt_set.h"
#include "tests/support/test_support.h"

namespace sightline::eval {
namespace {

using testing::IsError;
using testing::IsOk;

struct Form {
  std::string name;
  std::string text;
  std::function<Result<RetrievalSet>(ByteChunks)> parse;
  bool is_document = true;  // No part of it is a whole one.
};

std::vector<Form> Forms() {
  return {
      {"x2vlm", R"([{"image": "1.jpg", "caption": ["a dog", "é"], "n": [1.5e3, null, {"x": []}]}])",
       [](ByteChunks chunks) { return ParseRetrievalJson(std::move(chunks)); }},
      {"karpathy", R"({"a": "b", "images": [{"filename": "1.jpg", "split": "test", "sentences": [{"raw": "a dog"}]}]})",
       [](ByteChunks chunks) { return ParseKarpathyJson(std::move(chunks), "test"); }},
      {"coco", R"({"annotations": [{"image_id": 1, "caption": "a dog"}], "images": [{"id": 1, "file_name": "1.jpg"}]})",
       ParseCocoCaptions},
      {"msrvtt",
       R"({"sentences": [{"video_id": "v1", "caption": "a"}], "videos": [{"video_id": "v1", "split": "all"}]})",
       [](ByteChunks chunks) { return ParseMsrvttJson(std::move(chunks), "all"); }},
      {"jsonl", "{\"image\": \"1.jpg\", \"caption\": \"a \\u00e9\"}\n\n{\"image\": \"2.jpg\", \"caption\": [\"b\"]}",
       ParseJsonLinesSet, false},
      {"csv", "image,caption\n1.jpg,\"a \"\"dog\"\"\"\r\n2.jpg,a cat",
       [](ByteChunks chunks) { return ParseCsvSet(std::move(chunks), {}); }, false},
  };
}

void ExpectSetOrError(const Form& form, const std::string& text, size_t chunk_bytes) {
  const auto set = form.parse(ByteChunks::OfText(text, chunk_bytes));
  if (!set) {
    EXPECT_TRUE(set.error().code == ErrorCode::kCorruption || set.error().code == ErrorCode::kInvalidArgument)
        << form.name << ": " << text << ": " << set.error().message;
    return;
  }
  for (const EvalCaption& caption : set->captions) EXPECT_LT(caption.image, set->images.size()) << text;
}

TEST(SetDamageTest, EveryFormIsReadInPiecesOfAnySize) {
  for (const Form& form : Forms()) {
    for (const size_t chunk_bytes : {1U, 2U, 3U, 7U, 1000U}) {
      const auto set = form.parse(ByteChunks::OfText(form.text, chunk_bytes));
      ASSERT_THAT(set, IsOk()) << form.name;
      EXPECT_FALSE(set->captions.empty()) << form.name;
      EXPECT_TRUE(set->left_out.empty()) << form.name;
    }
  }
}

TEST(SetDamageTest, AFileThatIsCutOffIsNotTakenForAWholeOne) {
  for (const Form& form : Forms()) {
    for (size_t length = 0; length < form.text.size(); ++length) {
      const std::string cut = form.text.substr(0, length);
      for (const size_t chunk_bytes : {1U, 1000U}) {
        ExpectSetOrError(form, cut, chunk_bytes);
        if (!form.is_document) continue;
        EXPECT_THAT(form.parse(ByteChunks::OfText(cut, chunk_bytes)), IsError(ErrorCode::kCorruption))
            << form.name << ": " << cut;
      }
    }
  }
}

TEST(SetDamageTest, AnyByteMayBeWrong) {
  for (const Form& form : Forms()) {
    for (size_t at = 0; at < form.text.size(); ++at) {
      for (const char wrong : {'{', '}', '[', ']', '"', ',', ':', '\\', '0', 'x', '\n', '\0', '\xFF', '\xC3'}) {
        std::string text = form.text;
        text[at] = wrong;
        for (const size_t chunk_bytes : {1U, 1000U}) ExpectSetOrError(form, text, chunk_bytes);
        text.erase(at, 1);
        ExpectSetOrError(form, text, 1000);
      }
    }
  }
}

}  // namespace
}  // namespace sightline::eval
