// SPDX-License-Identifier: BSD-3-Clause
#include "eval/picture_files.h"

#include "tests/support/test_support.h"

namespace sightline::eval {
namespace {

using ::testing::ElementsAre;
using testing::IsError;
using testing::IsOk;

class PictureFilesTest : public ::testing::Test {
 protected:
  RetrievalSet Found(std::vector<std::string> images, const std::filesystem::path& folder) {
    RetrievalSet set = {.images = std::move(images), .captions = {}};
    EXPECT_THAT(FindPictureFiles(folder, set), IsOk());
    return set;
  }
  void Make(const std::string& name) { testing::WriteTestFile(folder_ / name, "x"); }

  testing::TempDir folder_;
};

TEST_F(PictureFilesTest, ABareNameIsFoundInTheOneSubfolderThatHasIt) {
  Make("val2014/1.jpg");
  Make("val2014/2.jpg");
  Make("train2014/2.jpg");
  Make("3.jpg");
  EXPECT_THAT(Found({"1.jpg", "2.jpg", "3.jpg", "4.jpg"}, folder_.path()).images,
              ElementsAre("val2014/1.jpg", "2.jpg", "3.jpg", "4.jpg"));
}

TEST_F(PictureFilesTest, TheFoldersOwnNameIsTakenOff) {
  Make("val2014/1.jpg");
  Make("val2014/a/2.jpg");
  EXPECT_THAT(Found({"val2014/1.jpg", "val2014/a/2.jpg", "train2014/1.jpg"}, folder_ / "val2014").images,
              ElementsAre("1.jpg", "a/2.jpg", "train2014/1.jpg"));
}

TEST_F(PictureFilesTest, NoFileStandsForTwoPictures) {
  Make("val2014/1.jpg");
  EXPECT_THAT(Found({"val2014/1.jpg", "1.jpg"}, folder_.path()).images, ElementsAre("val2014/1.jpg", "1.jpg"));
}

TEST_F(PictureFilesTest, AMissingFolderIsAnError) {
  RetrievalSet set;
  EXPECT_THAT(FindPictureFiles(folder_ / "none", set), IsError(ErrorCode::kNotFound));
}

}  // namespace
}  // namespace sightline::eval
