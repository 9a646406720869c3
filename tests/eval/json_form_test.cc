// SPDX-License-Identifier: BSD-3-Clause
#include "eval/json_form.h"

#include "tests/support/test_support.h"

namespace sightline::eval {
namespace {

using testing::IsError;
using testing::IsErrorWith;

Result<JsonForm> Form(std::string_view json) { return RecogniseJsonForm(ByteChunks::OfText(json)); }

TEST(JsonFormTest, FormsAreToldApartByContent) {
  EXPECT_EQ(*Form(R"([{"image": "1.jpg", "caption": []}])"), JsonForm::kX2vlm);
  EXPECT_EQ(*Form(R"({"dataset": "coco", "images": [{"filename": "1.jpg", "sentences": []}]})"), JsonForm::kKarpathy);
  EXPECT_EQ(*Form(R"({"info": {}, "images": [{"file_name": "1.jpg", "id": 1}]})"), JsonForm::kCocoCaptions);
  EXPECT_EQ(*Form(R"({"annotations": [{"image_id": 1}], "images": []})"), JsonForm::kCocoCaptions);
  EXPECT_EQ(*Form(R"({"info": {}, "videos": [{"video_id": "video0"}]})"), JsonForm::kMsrvtt);
  EXPECT_EQ(*Form(R"({"sentences": [{"video_id": "video0"}], "videos": []})"), JsonForm::kMsrvtt);
}

TEST(JsonFormTest, EmptyListsDecideWhenThereIsNothingElse) {
  EXPECT_EQ(*Form("[]"), JsonForm::kX2vlm);
  EXPECT_EQ(*Form(R"({"images": []})"), JsonForm::kKarpathy);
  EXPECT_EQ(*Form(R"({"images": [], "annotations": []})"), JsonForm::kCocoCaptions);
}

TEST(JsonFormMalformedTest, AnythingElseIsRefused) {
  EXPECT_THAT(Form("{}"), IsErrorWith(ErrorCode::kInvalidArgument, "no evaluation set"));
  EXPECT_THAT(Form("3"), IsError(ErrorCode::kInvalidArgument));
  EXPECT_THAT(Form("video_id,sentence\n"), IsError(ErrorCode::kCorruption));
  EXPECT_THAT(RecogniseJsonForm(std::filesystem::path("/nowhere.json")), IsError(ErrorCode::kNotFound));
}

}  // namespace
}  // namespace sightline::eval
